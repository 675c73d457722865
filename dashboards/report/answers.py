"""What the report answers, from the browser's words to figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from dashboards.data.report_history import History, ReportHistory
from dashboards.report import sentences as report_words
from dashboards.report.charts import CHARTS
from dashboards.report.query import ReportQuery, before
from dashboards.ui.context import Context
from dashboards.ui.filters import join_names
from lake.contracts.time_zones import is_time_zone
from lake.contracts.wire_format import rfc3339

CONTROLS: Final = (
    "camera",
    "label",
    "period",
    "from",
    "to",
    "threshold",
    "axis",
    "bucket",
    "measure",
    "zone",
)


def words_of(controls: Mapping[str, Any], site: str) -> dict[str, str]:
    """The controls' values as the words of an address; times are read in the zone that is shown."""
    said = {name: str(value) for name, value in controls.items() if isinstance(value, str | int | float)}
    for name in ("camera", "label"):
        said[name] = join_names(map(str, controls.get(name) or ()))
    word = said.get("zone", "")
    zone = ZoneInfo("UTC" if word == "utc" else word if is_time_zone(word) else site)
    custom = said.get("period") == "custom"
    for name in ("from", "to"):
        said[name] = _utc(said.get(name, ""), zone) if custom else ""
    return {name: value for name, value in said.items() if value}


def _utc(said: str, zone: ZoneInfo) -> str:
    """A picker's time, which has no zone, in UTC; anything else as it is, for the reader to refuse."""
    try:
        return rfc3339(datetime.fromisoformat(said).replace(tzinfo=zone).astimezone(UTC)) if said else ""
    except (ValueError, OverflowError):
        return said


def zone_of(query: ReportQuery, context: Context) -> str:
    """Name of the zone in which times are shown."""
    return query.filters.shown_in(context.settings.time_zone)


def history(context: Context) -> ReportHistory:
    """What the report reads."""
    return context.services.report


def names(known: History) -> tuple[list[str], list[str]]:
    """All cameras and labels, for the controls."""
    cameras = {name for day in known.days for name in day.cameras}
    cameras |= {hour.camera for day in known.days for hour in day.hours}
    return sorted(cameras), sorted({name for day in known.days for name in day.labels})


def answer(known: History, query: ReportQuery, context: Context) -> tuple[Any, ...]:
    """Charts, sentence, freshness and comparison of a query."""
    zone, reading = zone_of(query, context), history(context)
    asked = query.asked(context.clock(), zone)
    counts, earlier = reading.count(asked), reading.count(before(asked))
    return (
        *(chart.build(counts, query, zone) for chart in CHARTS),
        report_words.summary(counts),
        report_words.freshness(known, counts, ZoneInfo(zone)),
        report_words.comparison(counts, earlier),
    )


def token(known: History, query: ReportQuery) -> str:
    """Changes when there is something new to draw, and every minute, since times are shown in minutes."""
    minute = known.read_at and known.read_at.replace(second=0, microsecond=0)
    return f"{known.version} {minute} {known.unread} {known.error} {query.to_query()}"


def options(found: Iterable[str], chosen: Iterable[str]) -> list[str]:
    """Names to choose from; a chosen one stays although it is not known."""
    return sorted({*found, *chosen})
