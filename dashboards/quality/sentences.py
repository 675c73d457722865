"""Audits in words: how many hours were published, held or open, and when the last audit was."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from dashboards.data.quality_history import OVERDUE, Quality
from dashboards.ui.zone_words import shown
from lake.contracts.sentences import count_noun

STATES: Final = ("published", "held", "open")
NO_AUDIT: Final = (
    "No hour of the last 30 days was audited yet. Airflow audits each hour some minutes after its end, once "
    "cameras send. At once: ./pycturestream airflow dags trigger hourly_counts; or with an invented history: "
    "./pycturestream demo-events"
)


def hours(found: Quality) -> Counter[str]:
    """Hours of cameras by state."""
    counted: Counter[str] = Counter()
    for _, state, number in found.decided:
        counted[state] += number
    return counted


def summary(found: Quality) -> str:
    """What became of the hours, and of their checks."""
    counted = hours(found)
    if not counted and not found.checks:
        return "No hour of this period and these cameras was audited: choose a longer period or all cameras."
    failed, warned = sum(one.failed for one in found.checks), sum(one.warned for one in found.checks)
    run = failed + warned + sum(one.passed for one in found.checks)
    told = ", ".join(f"{counted[state]:,} {state}" for state in STATES)
    checks = count_noun(run, "check")
    return f"Hours of cameras: {told}. Of {checks}, {failed:,} failed and {warned:,} warned."


def freshness(newest: tuple[str, datetime] | None, now: datetime, zone: ZoneInfo) -> str:
    """When the last audit was and whose; a cure where it should have been later, or never was.

    Args:
        newest: run and time (UTC) of the last audit.
        now: UTC.
        zone: in which times are shown.
    """
    if newest is None:
        return NO_AUDIT
    run, at = newest
    said = f"The newest audit was at {shown(at, zone)}, in run {run}."
    if now - at <= OVERDUE:
        return said
    hours_ago = (now - at).total_seconds() // 3600
    return f"{said} That is {hours_ago:,.0f} hours ago: see in Airflow whether hourly_counts runs."
