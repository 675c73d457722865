"""Decisions of the DAGs' first tasks; runs inside a task, where the lake may be read."""

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
    """Plan the tasks of `hourly_counts`; return None while waiting for the archives.

    Raises:
        RefusedError: the form holds what cannot be meant.
        NothingToDoError: there is nothing to count.
    """
    settings, now = Settings.from_env(os.environ), utc_now()
    request = _read_request(run, params)
    if request.publish and (lacking := _find_lacking(settings, request, now)):
        if now - run.start_date < ARCHIVE_TIMEOUT:
            log.info("waiting: %s", lacking)
            return None
        log.warning("going on after %s without all: %s", ARCHIVE_TIMEOUT, lacking)
    _record_broker_hours(settings, now)
    if run.run_type == "scheduled":
        request = _add_due_hours(settings, request, now)
    if not has_rows(settings.lake, request.scope):
        raise NothingToDoError(f"nothing came in {_format_scope(request.scope)}; there is nothing to count")
    log.info("doing %s", _format_scope(request.scope))
    return {
        "arguments": request.arguments(),
        "scope": _scope_to_dict(request.scope),
        "publish": request.publish and not request.dry_run,
        DETECT: _skip_reason(settings, request),
    }


def audit_plan(run: Any, params: Mapping[str, Any], extras: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Plan the task `check_quality`.

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


def _read_request(run: Any, params: Mapping[str, Any]) -> RunRequest:
    try:
        return run_request(params, Interval.of(run), run.run_after)
    except ValueError as error:
        raise RefusedError(str(error)) from error


def _find_lacking(settings: Settings, request: RunRequest, now: datetime) -> str | None:
    """Return what is not yet stored of the newest hour, as a sentence."""
    end = request.scope.hours[-1] + HOUR
    if now < end + SETTLING:
        return f"records of {format_hour(end - HOUR)} may still come until {format_hour(end + SETTLING)}"
    return archives_lacking(settings, end)


def _record_broker_hours(settings: Settings, now: datetime) -> None:
    try:
        record_broker_hours(settings, now)
    except BrokerAwayError as error:
        log.warning("the broker's own count of its hours waits for the next run: %s", error)


def _add_due_hours(settings: Settings, request: RunRequest, now: datetime) -> RunRequest:
    due = hours_due(settings.lake, now)
    if late := set(due) - set(request.scope.hours):
        log.info(
            "reopened by late records, or never counted: %s",
            ", ".join(format_hour(hour) for hour in sorted(late)),
        )
    return replace(request, scope=Scope((*request.scope.hours, *due), request.scope.cameras))


def _skip_reason(settings: Settings, request: RunRequest) -> str:
    if not request.publish:
        return "the hour still runs, and the speed layer may yet analyse its frames"
    if text(os.environ, "DETECT_SKIPPED") == "off":
        return "PYCTURESTREAM_DETECT_SKIPPED is off"
    if not frames_to_detect(settings.lake, request.scope):
        return "the speed layer skipped nothing"
    return ""


def _scope_to_dict(scope: Scope) -> dict[str, Any]:
    return {
        "hours": [format_hour(hour) for hour in scope.hours],
        "cameras": list(scope.cameras or ()) or None,
    }


def _format_scope(scope: Scope) -> str:
    names = [format_hour(hour) for hour in scope.hours]
    hours = names[0] if len(names) == 1 else f"{len(names)} hours from {names[0]} to {names[-1]}"
    return f"{hours}, {', '.join(scope.cameras)}" if scope.cameras else hours
