"""Tables of the page of quality: held hours, one expectation's checks, days. All words are drawn as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from dash import html

from dashboards.data.quality_history import HeldHour, Quality
from dashboards.quality.data_docs_routes import PREFIX
from dashboards.quality.days import COLUMNS, Day
from dashboards.quality.query import QualityQuery
from dashboards.quality.sentences import hours
from dashboards.ui.filters import Filters
from dashboards.ui.zone_words import shown
from lake.contracts.data_docs import DocumentedRun, run_of
from lake.contracts.hours import HOUR
from lake.contracts.sentences import count_noun

MAX_REASONS: Final = 10
MAX_REASON_LENGTH: Final = 600
HELD: Final = ("Hour", "Camera", "Held since", "Reasons", "Served meanwhile", "See")
DETAILS: Final = ("Hour", "Camera", "Result", "Looked at", "Fell short", "Some of these", "Audited")


def table(heads: Sequence[str], rows: Sequence[Any], caption: str = "") -> Any:
    """A table that scrolls by itself where it is too wide."""
    head = html.Thead(html.Tr([html.Th(word, scope="col") for word in heads]))
    parts = [html.Caption(caption)] if caption else []
    words: dict[str, Any] = {"role": "region", "aria-label": caption or heads[0], "tabIndex": "0"}
    return html.Div(html.Table([*parts, head, html.Tbody(rows)]), className="scrolled", **words)


def held_table(found: Quality, query: QualityQuery, runs: Sequence[DocumentedRun], zone: ZoneInfo) -> Any:
    """Held hours with their reasons; a sentence where there are none."""
    if not found.held:
        return html.P("No hour of this period is held.")
    rows = [_held(one, query, run_of(runs, one.run_id, one.decided_at), zone) for one in found.held]
    count = hours(found)["held"]
    more = f"; the newest {len(rows):,} are shown" if count > len(rows) else ""
    return table(HELD, rows, f"{count_noun(count, 'hour')} of cameras{more}")


def _held(one: HeldHour, query: QualityQuery, run: DocumentedRun | None, zone: ZoneInfo) -> Any:
    served = "nothing of this hour"
    if one.published_at:
        served = f"what was published at {shown(one.published_at, zone)}"
    cells = [
        one.camera,
        shown(one.since, zone),
        html.Ul([html.Li(reason) for reason in _reasons(one.reasons)]),
        served,
        html.Ul([html.Li(link) for link in _links(one, query, run)], className="links"),
    ]
    return _row(shown(one.hour, zone), cells, HELD)


def _reasons(reasons: Sequence[str]) -> list[str]:
    told = [
        reason if len(reason) <= MAX_REASON_LENGTH else f"{reason[:MAX_REASON_LENGTH]} …"
        for reason in reasons[:MAX_REASONS]
    ]
    rest = len(reasons) - len(told)
    return [*told, *([f"and {rest} more"] if rest else [])] or ["none was told"]


def _links(one: HeldHour, query: QualityQuery, run: DocumentedRun | None) -> list[Any]:
    about = Filters(
        (one.camera,), (), one.hour, one.hour + HOUR, "custom", zone=query.filters.zone
    ).to_query()
    docs: Any = html.Span("no Data Docs", title="Only the last audits keep their pages")
    if run:
        docs = html.A("Data Docs", href=f"{PREFIX}{run.page}", title=f"Run {one.run_id}")
    return [
        docs,
        html.A("Explore", href=f"/explore?{about}"),
        html.A("Report", href=f"/report?{about}"),
    ]


def details_table(rows: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> Any:
    """Checks of one expectation by hour and camera."""
    if not rows:
        return html.P("Not run in these hours, for these cameras and this severity.")
    first = rows[0]
    told = html.P(f"Expected: {first['sentence']} ({first['subject']}; {first['severity']}).")
    caption = count_noun(first["count"], "check")
    if first["count"] > len(rows):
        caption += f", of which {len(rows):,} are shown: those that fell short first"
    return html.Div([told, table(DETAILS, [_detail(row, zone) for row in rows], caption)])


def _detail(row: Mapping[str, Any], zone: ZoneInfo) -> Any:
    state: dict[str, Any] = {"data-state": row["state"]}
    cells = [
        row["camera_id"],
        html.Span(row["state"], className="state", **state),
        f"{row['checked']:,}",
        f"{row['unexpected']:,}",
        row["observed"] or "-",
        [shown(row["checked_at"], zone), html.Br(), row["run_id"]],
    ]
    return _row(shown(row["hour"], zone), cells, DETAILS)


def _row(name: str, cells: Sequence[Any], heads: Sequence[str]) -> Any:
    """Each cell knows its head, which a phone shows before it."""
    words: list[dict[str, Any]] = [{"data-head": head} for head in heads[1:]]
    inside = [html.Td(html.Div(cell), **word) for cell, word in zip(cells, words, strict=True)]
    return html.Tr([html.Th(name, scope="row"), *inside])


def days_table(days: Sequence[Day]) -> Any:
    """The trend in numbers."""
    rows = [
        html.Tr(
            [html.Th(f"{day.day:%a %d %b %Y}", scope="row"), *(html.Td(f"{number:,}") for number in day.all)]
        )
        for day in reversed(days)
    ]
    return html.Details([html.Summary("The same in numbers"), table(("Day", *COLUMNS), rows, "By day")])


def span_said(first: datetime, last: datetime, zone: ZoneInfo) -> str:
    """Hours in words."""
    return f"{first.astimezone(zone):%Y-%m-%d %H:%M} to {shown(last, zone)}"
