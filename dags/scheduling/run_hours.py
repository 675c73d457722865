"""Hours of a run: the one place that decides them, whatever started the run. No Airflow in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

from lake.contracts.hours import (
    HOUR,
    Candidate,
    HourError,
    Scope,
    format_hour,
    hour_of,
    hours_between,
    last_full_hour,
    merged,
    parse_hour,
)

SETTLING: Final = timedelta(minutes=5)
"""Records may come so long after the end of their hour without being late."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Data interval of a run, UTC, end excluded. A run without one has None for it."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, dag_run: Any) -> Self | None:
        """Return the interval of an Airflow run, or None if it has none or an empty one."""
        start, end = dag_run.data_interval_start, dag_run.data_interval_end
        return cls(start, end) if start is not None and end is not None and start < end else None


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Hours, cameras and options requested of a run.

    Attributes:
        scope: hours and cameras.
        publish: whether what is counted goes on to its audit; not so for an hour that still runs.
        dry_run: only say what would be done.
    """

    scope: Scope
    publish: bool = True
    dry_run: bool = False

    def arguments(self) -> list[str]:
        """Return the request as command line arguments of a job."""
        hours = ",".join(format_hour(hour) for hour in self.scope.hours)
        cameras = ["--cameras", ",".join(self.scope.cameras)] if self.scope.cameras else []
        return ["--hours", hours, *cameras, *(["--dry-run"] if self.dry_run else [])]


def run_request(params: Mapping[str, Any], interval: Interval | None, now: datetime) -> RunRequest:
    """Return the request of a run, from its form or its interval.

    The form comes first: `so_far`, then `from` and `to` (one alone means that hour). Without them a run that
    was scheduled, backfilled or given a date does its data interval, and any other the last full hour.

    Args:
        params: of the run: from, to, cameras, so_far, dry_run; each may be missing or empty.
        interval: the run's data interval.
        now: the moment for which the run was made.

    Raises:
        HourError: a value that cannot be meant; the message names it and the cure.
    """
    cameras, dry_run = tuple(params.get("cameras") or ()), bool(params.get("dry_run"))
    first, last = params.get("from"), params.get("to")
    if params.get("so_far"):
        if first or last:
            raise HourError("'this hour so far' is one hour by itself: leave the first and last hour empty")
        return RunRequest(Scope((hour_of(now),), cameras), publish=False, dry_run=dry_run)
    return RunRequest(Scope(_hours(first or last, last or first, interval, now), cameras), dry_run=dry_run)


def _hours(
    first: str | None, last: str | None, interval: Interval | None, now: datetime
) -> tuple[datetime, ...]:
    if first and last:
        hours = hours_between(parse_hour(first), parse_hour(last))
    elif interval is not None:
        hours = hours_between(interval.start, interval.end - HOUR)
    else:
        hours = (last_full_hour(now),)
    if hours[-1] > last_full_hour(now):
        raise HourError(
            f"the hour {format_hour(hours[-1])} is not over: "
            f"take {format_hour(last_full_hour(now))} or an earlier one"
        )
    return hours


def audit_arguments(
    params: Mapping[str, Any], extras: list[Mapping[str, Any]], now: datetime
) -> tuple[list[Mapping[str, Any]], RunRequest | None]:
    """Return what to audit: the candidates of all triggering events, or hours named by hand.

    Args:
        params: of the run; an hour named there comes first.
        extras: of the events that started the run, one candidate each; one run may stand for several.
        now: the moment for which the run was made.

    Returns:
        The candidates, merged into one at most, or what was asked for.

    Raises:
        HourError: an event that names no candidate, or hours that cannot be meant.
    """
    if extras and not (params.get("from") or params.get("to")):
        return [merged([Candidate.from_extra(extra) for extra in extras]).to_extra()], None
    return [], run_request(params, None, now)
