"""The pipeline page's tables; every name that comes from outside is text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from dash import html

from dashboards.data.dag_states import DagRun, DagState
from dashboards.data.hour_accounts import HourAccount
from dashboards.data.table_sizes import TableSize
from dashboards.pipeline.sentences import clock, link, size
from lake.accounting.ledger import ARCHIVED, Account, Ledger, Span
from lake.config.settings import LOOPBACK
from lake.contracts.statuses import QUARANTINED, SKIPPED
from lake.contracts.wire_format import Status

ACCOUNTS: Final = (
    "Table", "Received", "Detected", "Skipped", "Quarantined", "Archived", "Expired", "Unaccounted for",
    "Counted twice",
)  # fmt: skip
HOURS: Final = (
    "Hour", "Received", "Analysed live", "Analysed by batch", "Skipped", "Corrupt", "Expired", "Unexplained",
    "Archived", "Not archived",
)  # fmt: skip
SIZES: Final = ("Table", "Rows", "Files", "Size", "Version", "Last commit", "What it did", "Holds")
DAGS: Final = ("DAG", "Last run", "Kind", "Started", "Took", "Next run", "Schedule")
LONG: Final = 40
"""Letters that still stand on one line."""
MARKS: Final = {"success": "✓", "failed": "✗", "running": "▶", "queued": "…"}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A number that should be 0 and is not; a word says so."""

    count: int


def table(words: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Any:
    """A table that scrolls by itself where it is wider than the page; its first column names the row."""
    head = html.Thead(html.Tr([html.Th(one, scope="col") for one in heads]))
    body = html.Tbody([html.Tr([html.Th(first, scope="row"), *map(_cell, rest)]) for first, *rest in rows])
    region: dict[str, Any] = {"aria-label": words, "role": "region", "tabIndex": "0"}
    return html.Div(html.Table([head, body]), className="wide", **region)


def _cell(value: Any) -> Any:
    """Numbers stand to the right; text of several words may be broken."""
    if isinstance(value, int):
        return html.Td(f"{value:,}", className="number")
    if isinstance(value, Mismatch):
        return html.Td(html.Strong(f"{value.count:,}: wrong"), className="number")
    long = isinstance(value, str) and len(value) > LONG
    return html.Td("-" if value is None or value == "" else value, className="long" if long else "")


def ledger(found: Ledger) -> Any:
    """Both accounts."""
    rows = [_account(found.detections, False), _account(found.frames, True)]
    return table("Ledger", ACCOUNTS, rows)


def _account(account: Account, archives: bool) -> list[Any]:
    def total(*statuses: str) -> int:
        return sum(account.counts.get(status, 0) for status in statuses)

    analysed = [total(Status.DETECTED), total(*SKIPPED), total(*QUARANTINED)]
    counted = [None, None, None, total(ARCHIVED)] if archives else [*analysed, None]
    lost, doubled = _marked(_records(account.unaccounted)), _marked(_records(account.duplicates))
    return [account.table, account.records, *counted, account.expired, lost, doubled]


def _records(spans: Iterable[Span]) -> int:
    return sum(one.end - one.start for one in spans)


def _marked(count: int) -> int | Mismatch:
    """A number that should be 0."""
    return Mismatch(count) if count else 0


def hours(found: Sequence[HourAccount], zone: ZoneInfo) -> Any:
    """The reconciliation, newest hour first."""
    return table("Reconciliation by hour", HOURS, [_hour(one, zone) for one in reversed(found)])


def _hour(one: HourAccount, zone: ZoneInfo) -> list[Any]:
    became = [one.analysed_live, one.analysed_batch, one.skipped, one.corrupt, one.expired]
    return [
        clock(one.hour, zone),
        one.received,
        *became,
        _marked(one.unexplained),
        one.archived,
        one.unarchived,
    ]


def sizes(found: Sequence[TableSize], zone: ZoneInfo) -> Any:
    """All tables, the missing ones too."""
    return table("Tables of the lake", SIZES, [_size(one, zone) for one in found])


def _size(one: TableSize, zone: ZoneInfo) -> list[Any]:
    if one.version is None:
        why = html.Strong(f"cannot be read: {one.trouble[:200]}") if one.trouble else html.Strong("missing")
        return [one.name, why, None, None, None, None, None, one.holds]
    changed = clock(one.changed_at, zone)
    held = size(one.bytes)
    return [one.name, one.rows, one.files, held, str(one.version), changed, one.operation, one.holds]


def dags(found: Sequence[DagState], port: int, now: datetime, zone: ZoneInfo) -> Any:
    """All DAGs with their last runs."""
    return table("DAGs", DAGS, [_dag(one, f"http://{LOOPBACK}:{port}", now, zone) for one in found])


def _dag(one: DagState, airflow: str, now: datetime, zone: ZoneInfo) -> list[Any]:
    page = f"{airflow}/dags/{quote(one.dag_id, safe='')}"
    broken = [html.Strong(" (cannot be imported)")] if one.broken else []
    coming = (
        "paused" if one.paused else clock(one.next_at, zone) if one.next_at else "on an event, or by hand"
    )
    return [[link(page, one.dag_id), *broken], *_run(one.last, page, now, zone), coming, one.schedule]


def _run(run: DagRun | None, page: str, now: datetime, zone: ZoneInfo) -> list[Any]:
    if run is None:
        return ["never ran", None, None, None]
    words = f"{MARKS.get(run.state, '')} {run.state}".strip()
    opened = link(f"{page}/runs/{quote(run.run_id, safe='')}", words)
    return [opened, run.run_type.replace("_", " "), clock(run.started_at, zone), _took(run, now)]


def _took(run: DagRun, now: datetime) -> str:
    """How long a run took, or runs already."""
    if run.started_at is None:
        return "-"
    seconds = max(0, round(((run.ended_at or now) - run.started_at).total_seconds()))
    minutes, hours = seconds // 60, seconds // 3600
    if hours:
        said = f"{hours:,} h {minutes % 60} min"
    else:
        said = f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"
    return said if run.ended_at else f"{said} so far"
