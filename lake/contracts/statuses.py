"""Statuses of records in groups, as they are counted together. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lake.contracts.wire_format import Status

SKIPPED: Final = (Status.SKIPPED_STALE, Status.SKIPPED_SUPERSEDED)
"""Not terminal: another layer may still analyse the frame."""
QUARANTINED: Final = (Status.CORRUPT, Status.TOO_LARGE, Status.MALFORMED, Status.FAILED)
"""The record could not be analysed, and never will be."""
NOT_ANALYSED: Final = (*SKIPPED, *QUARANTINED)


def is_among(column: str, statuses: Iterable[Status]) -> str:
    """Return the SQL condition that a column holds one of the statuses.

    >>> is_among("d.status", SKIPPED)
    "d.status IN ('skipped_stale', 'skipped_superseded')"
    """
    return f"{column} IN ({', '.join(repr(str(status)) for status in statuses)})"
