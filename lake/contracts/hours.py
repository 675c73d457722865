"""Hours of UTC, and the scope of a batch run: which hours, of which cameras. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from lake.contracts.camera_hour import UNKNOWN_CAMERA
from lake.contracts.wire_format import check_camera_id

HOUR: Final = timedelta(hours=1)
MAX_HOURS: Final = 24 * 400
"""Detections are kept 400 days; a longer range is a slip of the pen."""


class HourError(ValueError):
    """A text names no hour, or a range is impossible."""


def hour_of(moment: datetime) -> datetime:
    """Return the UTC hour that contains a moment with a zone.

    >>> hour_of(datetime(2026, 1, 2, 3, 59, tzinfo=UTC))
    datetime.datetime(2026, 1, 2, 3, 0, tzinfo=datetime.timezone.utc)
    """
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def last_full_hour(now: datetime) -> datetime:
    """Return the newest hour that is over."""
    return hour_of(now) - HOUR


def parse_hour(text: str) -> datetime:
    """Parse an hour in RFC 3339, for example `2026-01-31T10:00:00Z`.

    Raises:
        HourError: no date and time, no zone, or not the start of an hour.
    """
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise HourError(f"{text!r} is no date and time; write it as 2026-01-31T10:00:00Z") from error
    if moment.tzinfo is None:
        raise HourError(f"{text!r} has no time zone; for UTC write {text}Z")
    if moment != hour_of(moment):
        raise HourError(f"{text!r} is not the start of an hour; write {format_hour(hour_of(moment))}")
    return hour_of(moment)


def format_hour(hour: datetime) -> str:
    """Format an hour for people and programs.

    >>> format_hour(datetime(2026, 1, 31, 10, tzinfo=UTC))
    '2026-01-31T10:00:00Z'
    """
    return hour.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def hours_between(first: datetime, last: datetime) -> tuple[datetime, ...]:
    """Return all hours from the first to the last, both included.

    Raises:
        HourError: the last comes before the first, or there are more than 400 days of them.
    """
    count = (hour_of(last) - hour_of(first)) // HOUR + 1
    if count < 1:
        raise HourError(
            f"the last hour {format_hour(last)} comes before the first, {format_hour(first)}: swap them"
        )
    if count > MAX_HOURS:
        raise HourError(
            f"{format_hour(first)} to {format_hour(last)} are {count} hours; at most {MAX_HOURS} at once"
        )
    return tuple(hour_of(first) + number * HOUR for number in range(count))


@dataclass(frozen=True, slots=True)
class Scope:
    """Hours (UTC, sorted, each once) and cameras; `cameras` None means all of them.

    UNKNOWN_CAMERA stands among them for records that name none.
    """

    hours: tuple[datetime, ...]
    cameras: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Sort the hours, and refuse an empty scope or an invalid camera."""
        if not self.hours:
            raise HourError("no hour is named")
        object.__setattr__(self, "hours", tuple(sorted({hour_of(hour) for hour in self.hours})))
        if self.cameras is not None:
            named = {camera for camera in self.cameras if camera == UNKNOWN_CAMERA or check_camera_id(camera)}
            names = tuple(sorted(named))
            object.__setattr__(self, "cameras", names or None)

    @property
    def days(self) -> tuple[str, ...]:
        """Return the UTC days of the hours, as ISO dates."""
        return tuple(sorted({hour.strftime("%Y-%m-%d") for hour in self.hours}))

    def where(self) -> str:
        """Return the scope as a condition on `day`, `hour` and `camera_id`, for Spark and DataFusion."""
        days = ", ".join(f"DATE '{day}'" for day in self.days)
        hours = ", ".join(f"TIMESTAMP '{format_hour(hour)}'" for hour in self.hours)
        condition = f"day IN ({days}) AND hour IN ({hours})"
        if self.cameras is None:
            return condition
        return condition + " AND camera_id IN (" + ", ".join(f"'{name}'" for name in self.cameras) + ")"

    def __or__(self, other: Scope) -> Scope:
        """Return the scope that covers both: all cameras if either means all."""
        restricted = self.cameras is not None and other.cameras is not None
        cameras = (*(self.cameras or ()), *(other.cameras or ())) if restricted else None
        return Scope((*self.hours, *other.hours), cameras)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A count that waits for its audit: a scope, and the Delta versions that hold it."""

    scope: Scope
    objects_version: int
    camera_hours_version: int

    def to_extra(self) -> dict[str, Any]:
        """Return plain values for the extra of an asset event or an argument."""
        return {
            "hours": [format_hour(hour) for hour in self.scope.hours],
            "cameras": list(self.scope.cameras) if self.scope.cameras else None,
            "objects_candidate": self.objects_version,
            "camera_hours_candidate": self.camera_hours_version,
        }

    @classmethod
    def from_extra(cls, extra: Mapping[str, Any]) -> Self:
        """Read the output of `to_extra`.

        Raises:
            HourError: something is missing or unusable.
        """
        try:
            hours, cameras = [parse_hour(hour) for hour in extra["hours"]], extra["cameras"]
            versions = int(extra["objects_candidate"]), int(extra["camera_hours_candidate"])
        except (KeyError, TypeError) as error:
            raise HourError(f"{dict(extra)!r} names no candidate: {error!r}") from error
        return cls(Scope(tuple(hours), tuple(cameras) if cameras else None), *versions)


def merged(candidates: Sequence[Candidate]) -> Candidate:
    """Merge candidates at the newest versions: those still hold what older ones counted elsewhere."""
    scope = candidates[0].scope
    for candidate in candidates[1:]:
        scope = scope | candidate.scope
    return Candidate(
        scope,
        max(candidate.objects_version for candidate in candidates),
        max(candidate.camera_hours_version for candidate in candidates),
    )
