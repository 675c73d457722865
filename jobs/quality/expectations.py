"""All expectations of an audit, in one list. No heavy import, so that the list can be read alone."""

from __future__ import annotations

from typing import Final

from jobs.quality.expectation import Expectation
from jobs.quality.hour_expectations import OF_HOURS
from jobs.quality.object_expectations import OF_OBJECTS
from jobs.quality.record_expectations import OF_DETECTIONS, OF_FRAMES

EXPECTATIONS: Final[tuple[Expectation, ...]] = (*OF_FRAMES, *OF_DETECTIONS, *OF_OBJECTS, *OF_HOURS)
