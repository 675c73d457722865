"""One expectation of the audit: the rows it checks, the condition, and its sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

FRAMES: Final = "frames"
DETECTIONS: Final = "detections"
OBJECTS: Final = "objects_candidate"
CAMERA_HOURS: Final = "camera_hours_candidate"
SUBJECTS: Final = (FRAMES, DETECTIONS, OBJECTS, CAMERA_HOURS)

CRITICAL, WARNING = "critical", "warning"

Where = tuple[tuple[str, str, Any], ...]
"""Conditions on columns that must all hold: column, operator (==, !=, <, <=, >, >=, in), value."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """A condition on each row of a subject.

    Attributes:
        name: unique; its name in `quality_results`.
        subject: one of SUBJECTS.
        sentence: what is expected, for people.
        kind: name of a class of great_expectations.expectations that judges row by row.
        arguments: of that class.
        where: only rows that fulfil it are checked, so that one fault is reported once.
        severity: critical holds the hour, warning only warns.
    """

    name: str
    subject: str
    sentence: str
    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    where: Where = ()
    severity: str = CRITICAL


UNIQUE: Final = "ExpectCompoundColumnsToBeUnique"
PRESENT: Final = "ExpectColumnValuesToNotBeNull"
ABSENT: Final = "ExpectColumnValuesToBeNull"
IN_SET: Final = "ExpectColumnValuesToBeInSet"
BETWEEN: Final = "ExpectColumnValuesToBeBetween"
MATCH: Final = "ExpectColumnValuesToMatchRegex"
EQUAL: Final = "ExpectColumnPairValuesToBeEqual"
IN_ORDER: Final = "ExpectColumnPairValuesAToBeGreaterThanB"


def pair(first: str, second: str) -> dict[str, Any]:
    """Return arguments of EQUAL: two missing values are equal, a missing and a present one are not."""
    return {"column_A": first, "column_B": second, "ignore_row_if": "both_values_are_missing"}


def not_before(later: str, earlier: str) -> dict[str, Any]:
    """Return arguments of IN_ORDER: rows with a missing value are not checked."""
    ignored = "either_value_is_missing"
    return {"column_A": later, "column_B": earlier, "or_equal": True, "ignore_row_if": ignored}


def in_set(column: str, values: tuple[str, ...]) -> dict[str, Any]:
    """Return arguments of IN_SET; missing values are not checked."""
    return {"column": column, "value_set": list(values)}


def between(column: str, low: float | None, high: float | None) -> dict[str, Any]:
    """Return arguments of BETWEEN, bounds inclusive; missing values are not checked."""
    return {"column": column, "min_value": low, "max_value": high}
