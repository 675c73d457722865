"""What the page of quality answers, from the browser's words to tables and charts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from dashboards.data.quality_history import QualityHistory
from dashboards.quality import days as quality_days
from dashboards.quality import sentences as quality_words
from dashboards.quality import tables as quality_tables
from dashboards.quality.data_docs_routes import docs_folder
from dashboards.quality.heat_map import heat_map
from dashboards.quality.query import QualityQuery
from dashboards.ui.context import Context
from dashboards.ui.filters import FilterError, join_names
from lake.contracts.data_docs import documented_runs
from lake.contracts.hours import hour_of
from lake.storage.reader import LakeUnreadableError

CHOOSE: Final = "Choose an expectation, or one of its cells, to see its checks one by one."


def history(context: Context) -> QualityHistory:
    """The open tables that this server keeps."""
    return context.services.quality


def words_of(controls: Mapping[str, Any]) -> dict[str, str]:
    """The controls' values as the words of an address."""
    said = {name: value for name, value in controls.items() if isinstance(value, str)}
    said["camera"] = join_names(map(str, controls.get("camera") or ()))
    return {name: value for name, value in said.items() if value}


def token(query: QualityQuery, context: Context) -> str:
    """Changes when there is something new to draw, and every hour, since the period moves."""
    return f"{history(context).versions()} {hour_of(context.clock())} {query.to_query()}"


def answer(query: QualityQuery, context: Context) -> tuple[Any, ...]:
    """Summary, freshness, held hours, map, both charts and their numbers."""
    site, now = context.settings.time_zone, context.clock()
    name, edges, known = query.filters.shown_in(site), query.edges(now, site), history(context)
    found, newest, zone = known.ask(query.asked(now, site)), known.newest_audit(), ZoneInfo(name)
    days = quality_days.by_day(found, edges, name)
    return (
        quality_words.summary(found) if newest or found.decided else "",
        quality_words.freshness(newest, now, zone),
        quality_tables.held_table(found, query, documented_runs(docs_folder()), zone),
        heat_map(found, query, edges, name),
        quality_days.hours_by_day(days),
        quality_days.checks_by_day(days),
        quality_tables.days_table(days),
    )


def chosen_details(chosen: Mapping[str, str], words: str, context: Context) -> tuple[str, Any]:
    """Which checks are chosen, in a sentence, and these one by one.

    Args:
        chosen: the browser's words `expectation` and `at`.
        words: the other filters, as in an address.
        context: of the server.
    """
    try:
        query = QualityQuery.read(dict(parse_qsl(words)) | dict(chosen))
        return _details(query, context) if query.expectation else (CHOOSE, None)
    except FilterError as error:
        return f"{error}.", None
    except LakeUnreadableError as error:
        return f"The lake cannot be read: {error}. Choose it again.", None


def _details(query: QualityQuery, context: Context) -> tuple[str, Any]:
    site = context.settings.time_zone
    asked = query.asked_in_detail(context.clock(), site)
    zone = ZoneInfo(query.filters.shown_in(site))
    rows = history(context).details(asked, query.expectation)
    span = quality_tables.span_said(asked.first, asked.last, zone)
    return f"{query.expectation}, {span}", quality_tables.details_table(rows, zone)
