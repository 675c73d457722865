"""Expectations by hours as a table of coloured letters: the heat map and its table are one and the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

from dash import html

from dashboards.data.quality_history import Checks, Expected, Quality
from dashboards.quality.query import QualityQuery
from lake.contracts.wire_format import rfc3339

STATES: Final = {"failed": "F", "warned": "W", "passed": "P", "not run": "·"}
MEANING: Final = {
    "failed": "failed: critical, holds the hour",
    "warned": "warned",
    "passed": "passed",
    "not run": "not run: no audit, or nothing to look at",
}
HEADS: Final = {"24h": ("%a %d", "%H"), "7d": ("%a %d", "%H"), "30d": ("%B %Y", "%d")}
"""Period to what is written over its columns: in common, and for each."""
MAX_ROWS: Final = 200


@dataclass(slots=True)
class Cell:
    """Checks of one expectation in one column, over its hours and cameras; see `Checks`."""

    failed: int = 0
    warned: int = 0
    passed: int = 0
    checked: int = 0
    unexpected: int = 0

    @property
    def state(self) -> str:
        """The worst of them, one of STATES."""
        return next((one for one in ("failed", "warned", "passed") if getattr(self, one)), "not run")

    def add(self, checks: Checks) -> None:
        """Count more."""
        for name in ("failed", "warned", "passed", "checked", "unexpected"):
            setattr(self, name, getattr(self, name) + getattr(checks, name))


@dataclass(slots=True)
class Row:
    """One expectation: a cell for each column, and all together."""

    cells: list[Cell]
    whole: Cell = field(default_factory=Cell)


def rows_of(found: Quality, edges: Sequence[datetime]) -> dict[str, Row]:
    """Each expectation's row: those that failed most come first."""
    rows: dict[str, Row] = {}
    for checks in found.checks:
        row = rows.setdefault(checks.expectation, Row([Cell() for _ in edges[1:]]))
        row.cells[checks.column].add(checks)
        row.whole.add(checks)
    subjects = {name: one.subject for name, one in found.expected}
    order = sorted(rows, key=lambda n: (-rows[n].whole.failed, -rows[n].whole.warned, subjects.get(n, ""), n))
    return {name: rows[name] for name in order}


def heat_map(found: Quality, query: QualityQuery, edges: Sequence[datetime], zone: str) -> list[Any]:
    """The table and what its letters mean; a sentence where there is nothing to show."""
    rows = rows_of(found, edges)
    short = {name: row for name, row in rows.items() if row.whole.failed or row.whole.warned}
    wanted = rows if query.show == "all" else short
    if not rows:
        return [html.P("No check was run in this period.")]
    if not wanted:
        return [html.P(f"All {len(rows)} expectations were met. To see them, choose All.")]
    words = dict(found.expected)
    body = [_row(name, row, words, query, edges, zone) for name, row in [*wanted.items()][:MAX_ROWS]]
    said = f"{len(wanted)} of {len(rows)} expectations; times in {zone}"
    table = html.Table([_head(query, edges, ZoneInfo(zone)), html.Tbody(body)])
    scrolled: dict[str, Any] = {"role": "region", "aria-label": "Expectations by hour", "tabIndex": "0"}
    return [html.Div([_legend(), html.P(said)]), html.Div(table, className="scrolled", **scrolled)]


def _legend() -> Any:
    known = [(letter, state) for state, letter in STATES.items()]
    return html.P(
        [
            html.Span(
                [html.Span(letter, className="state", **_data(state=state)), f" {MEANING[state]}"],
                className="meaning",
            )
            for letter, state in known
        ],
        className="legend",
    )


def _head(query: QualityQuery, edges: Sequence[datetime], zone: ZoneInfo) -> Any:
    over, each = HEADS[query.filters.period]
    local = [edge.astimezone(zone) for edge in edges[:-1]]
    groups = [(name, len(list(group))) for name, group in groupby(local, key=lambda at: f"{at:{over}}")]
    corner = html.Th("Expectation", scope="col", rowSpan=2)
    tops = [html.Th(name, scope="colgroup", colSpan=count) for name, count in groups]
    columns = [html.Th(f"{at:{each}}", scope="col", title=f"{at:%Y-%m-%d %H:%M %Z}") for at in local]
    return html.Thead([html.Tr([corner, *tops]), html.Tr(columns)])


def _row(
    name: str,
    row: Row,
    words: Mapping[str, Expected],
    query: QualityQuery,
    edges: Sequence[datetime],
    zone: str,
) -> Any:
    sentence = words[name].sentence if name in words else ""
    link = html.A(name, href=_address(replace(query, expectation=name, at=None)), title=sentence)
    head = html.Th(link, scope="row", title=sentence)
    cells = [
        _cell(cell, replace(query, expectation=name, at=edge), ZoneInfo(zone))
        for cell, edge in zip(row.cells, edges, strict=False)
    ]
    return html.Tr([head, *cells], **_data(expectation=name))


def _cell(cell: Cell, chosen: QualityQuery, zone: ZoneInfo) -> Any:
    """Only what fell short is a stop of the keyboard: the others are reached by their row's name."""
    assert chosen.at
    words = _data(state=cell.state, at=rfc3339(chosen.at))
    letter = STATES[cell.state]
    if cell.state not in ("failed", "warned"):
        return html.Td(letter, **words)
    said = (
        f"{chosen.at.astimezone(zone):%Y-%m-%d %H:%M}: {cell.state}; "
        f"{cell.unexpected:,} of {cell.checked:,} rows fell short"
    )
    named: dict[str, Any] = {"aria-label": said}
    link = html.A(letter, href=_address(chosen), **named)
    return html.Td(link, title=said, **words)


def _address(query: QualityQuery) -> str:
    return f"/quality?{query.to_query()}"


def _data(**words: str) -> dict[str, Any]:
    """Attributes for styles and scripts."""
    return {f"data-{name}": value for name, value in words.items()}
