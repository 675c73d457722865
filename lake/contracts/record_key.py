"""The columns that name a Kafka record in every table. Standard library only."""

from __future__ import annotations

from typing import Final

RECORD_PLACE: Final = ("topic", "topic_id", "partition", "offset")
"""Where a record lies. After a broker lost data, another record may lie there."""
RECORD_KEY: Final = (*RECORD_PLACE, "appended_at")
"""What names a record."""
