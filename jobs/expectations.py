"""All that an audit expects, in one list. No heavy import: the list alone may be asked for."""

from __future__ import annotations

from typing import Final

from jobs.expectation import Expectation
from jobs.expectations_of_hours import OF_HOURS
from jobs.expectations_of_objects import OF_OBJECTS
from jobs.expectations_of_records import OF_DETECTIONS, OF_FRAMES

EXPECTATIONS: Final[tuple[Expectation, ...]] = (*OF_FRAMES, *OF_DETECTIONS, *OF_OBJECTS, *OF_HOURS)
