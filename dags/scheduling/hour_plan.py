"""What the DAGs' first tasks decide; runs inside a task, where the lake may be read."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from dags.scheduling.outcomes import NothingToDoError, RefusedError
from dags.scheduling.run_hours import SETTLING, Interval, RunRequest, audit_arguments, run_request
from lake.accounting.broker_hours import record_broker_hours
from lake.accounting.pending_work import archives_lacking, frames_to_detect, has_rows, hours_due
from lake.config.settings import Settings, text
from lake.contracts.clock import utc_now
from lake.contracts.hours import HOUR, HourError, Scope, format_hour
from lake.kafka.client import BrokerAwayError

ARCHIVE_TIMEOUT: Final = timedelta(minutes=20)
"""So long the archives are waited for; what they bring later reopens its hour."""
DETECT, COUNT = "detect_skipped", "count_objects"

log = logging.getLogger(__name__)


def plan(run: Any, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the tasks of `hourly_counts` have to do; None while the archives are waited for.

    Raises:
        RefusedError: the form holds what cannot be meant.
        NothingToDoError: there is nothing to count.
    """
    settings, now = Settings.from_env(os.environ), utc_now()
    wanted = _asked(run, params)
    if wanted.publish and (lacking := _lacking(settings, wanted, now)):
        if now - run.start_date < ARCHIVE_TIMEOUT:
            log.info("waiting: %s", lacking)
            return None
        log.warning("going on after %s without all: %s", ARCHIVE_TIMEOUT, lacking)
    _record_broker_hours(settings, now)
    if run.run_type == "scheduled":
        wanted = _with_due(settings, wanted, now)
    if not has_rows(settings.lake, wanted.scope):
        raise NothingToDoError(f"nothing came in {_spoken(wanted.scope)}; there is nothing to count")
    log.info("doing %s", _spoken(wanted.scope))
    return {
        "arguments": wanted.arguments(),
        "scope": _plain(wanted.scope),
        "publish": wanted.publish and not wanted.dry_run,
        DETECT: _why_not_detect(settings, wanted),
    }


def audit_plan(run: Any, params: Mapping[str, Any], extras: list[Mapping[str, Any]]) -> dict[str, Any]:
    """What `check_quality` has to do.

    Raises:
        RefusedError: the form, or an event, holds what cannot be meant.
    """
    try:
        candidates, named = audit_arguments(params, extras, run.run_after)
    except HourError as error:
        raise RefusedError(str(error)) from error
    if named is not None:
        return {"arguments": named.arguments()}
    return {"arguments": ["--candidates", json.dumps(candidates)]}


def _asked(run: Any, params: Mapping[str, Any]) -> RunRequest:
    try:
        return run_request(params, Interval.of(run), run.run_after)
    except ValueError as error:
        raise RefusedError(str(error)) from error


def _lacking(settings: Settings, wanted: RunRequest, now: datetime) -> str | None:
    """What is not yet stored of the newest of the hours, as a sentence."""
    end = wanted.scope.hours[-1] + HOUR
    if now < end + SETTLING:
        return f"records of {format_hour(end - HOUR)} may still come until {format_hour(end + SETTLING)}"
    return archives_lacking(settings, end)


def _record_broker_hours(settings: Settings, now: datetime) -> None:
    try:
        record_broker_hours(settings, now)
    except BrokerAwayError as error:
        log.warning("the broker's own count of its hours waits for the next run: %s", error)


def _with_due(settings: Settings, wanted: RunRequest, now: datetime) -> RunRequest:
    due = hours_due(settings.lake, now)
    if late := set(due) - set(wanted.scope.hours):
        log.info(
            "reopened by late records, or never counted: %s",
            ", ".join(format_hour(hour) for hour in sorted(late)),
        )
    return replace(wanted, scope=Scope((*wanted.scope.hours, *due), wanted.scope.cameras))


def _why_not_detect(settings: Settings, wanted: RunRequest) -> str:
    if not wanted.publish:
        return "the hour still runs, and the speed layer may yet analyse its frames"
    if text(os.environ, "DETECT_SKIPPED") == "off":
        return "PYCTURESTREAM_DETECT_SKIPPED is off"
    if not frames_to_detect(settings.lake, wanted.scope):
        return "the speed layer skipped nothing"
    return ""


def _plain(scope: Scope) -> dict[str, Any]:
    return {
        "hours": [format_hour(hour) for hour in scope.hours],
        "cameras": list(scope.cameras or ()) or None,
    }


def _spoken(scope: Scope) -> str:
    names = [format_hour(hour) for hour in scope.hours]
    hours = names[0] if len(names) == 1 else f"{len(names)} hours from {names[0]} to {names[-1]}"
    return f"{hours}, {', '.join(scope.cameras)}" if scope.cameras else hours
