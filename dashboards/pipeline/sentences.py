"""The pipeline page in sentences: how fresh each part is, how the stream is, what does not balance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from dash import html

from dashboards.data.background_reader import Reading
from dashboards.data.hour_accounts import HourAccount
from dashboards.data.ledger_now import RecentLedger
from dashboards.data.pipeline_facts import Minutes
from dashboards.data.stream_now import QueryState, StreamState
from dashboards.data.table_sizes import TableSize
from dashboards.pipeline.figures import step_of
from lake.accounting.ledger import Ledger
from lake.contracts.sentences import count_noun, printable_line

MAX_LETTERS: Final = 400
LOOPBACK_NAMES: Final = ("127.0.0.1", "localhost", "::1")
NO_PROBLEMS: Final = "Nothing to complain about."
DOCTOR: Final = "./pycturestream doctor looks for the cause."
UNITS: Final = ("kB", "MB", "GB", "TB")


def clock(at: datetime | None, zone: ZoneInfo) -> str:
    """A moment in the zone shown, to the minute.

    >>> clock(None, ZoneInfo("UTC"))
    '-'
    """
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if at else "-"


def size(count: int) -> str:
    """Bytes for people.

    >>> size(999), size(25_600), size(3_000_000_000)
    ('999 B', '25.6 kB', '3.0 GB')
    """
    if count < 1000:
        return f"{count} B"
    power = min((len(str(count)) - 1) // 3, len(UNITS))
    return f"{count / 1000**power:.1f} {UNITS[power - 1]}"


def freshness(kept: Reading[Any], zone: ZoneInfo, cure: str = DOCTOR) -> Any:
    """How old a part is, and why it is not newer."""
    read = f"{kept.read_at.astimezone(zone):%Y-%m-%d %H:%M %Z}" if kept.read_at else ""
    if kept.error:
        said = printable_line(kept.error, MAX_LETTERS).rstrip(".")
        about = f"These numbers are old, read at {read}: " if read else "This cannot be read: "
        return html.Span(f"{about}{said}. {cure}".strip(), className="trouble")
    if not read:
        return "Reading …"
    return f"These numbers may be old, read at {read}. Reading anew …" if kept.old else f"Read at {read}."


def link(address: str, words: str) -> Any:
    """A link to a program on this machine; anything else is only said."""
    try:
        parts = urlsplit(address)
        own = parts.scheme == "http" and parts.hostname in LOOPBACK_NAMES and not parts.username
    except ValueError:
        own = False
    return html.A(words, href=address, target="_blank", rel="noreferrer") if own else words


def stream(now: StreamState) -> list[Any]:
    """How the stream is, with the way to its Spark UI."""
    if not now.alive:
        return ["The stream does not run."]
    queries = [_query(one) for one in now.queries]
    said = ["The stream runs. ", *(f"{one} " for one in queries)]
    return [*said, link(now.ui, "Spark UI"), "." if now.ui else ""] if now.ui else said


def _query(one: QueryState) -> str:
    name = printable_line(one.query)
    if one.batch is None:
        return f"{name} has not ended its first batch yet."
    waits = {None: "nobody knows what waits for it", 0: "nothing waits for it"}
    behind = waits.get(one.behind) or f"{count_noun(one.behind or 0, 'record')} behind"
    took = f", in {one.took_ms / 1000:.2f} s" if one.took_ms is not None else ""
    return f"{name}: {behind}; last batch {count_noun(one.rows, 'record')}{took}."


def problem_list(said: Sequence[str]) -> Any:
    """Each complaint, or that there is none."""
    if not said:
        return html.P(NO_PROBLEMS)
    return html.Div(html.Ul([html.Li(printable_line(one, MAX_LETTERS)) for one in said]), role="alert")


def charts(minutes: Minutes) -> str:
    """What a point and a gap of the charts mean."""
    if not minutes.of_queries:
        return (
            "No micro-batch ran in this period: choose a longer one, or start the stream: ./pycturestream up."
        )
    step = step_of(minutes)
    point = (
        "Each point is one minute."
        if step == 1
        else (f"Each point stands for {step} minutes: mean records, median and worst durations, most behind.")
    )
    return f"{point} A gap means that no micro-batch ran: nothing came in, or the stream was off."


def balance(now: RecentLedger, zone: ZoneInfo) -> list[Any]:
    """Whether every record is claimed exactly once, and if not, which are not."""
    until = f"Of the records that the broker had at {now.until.astimezone(zone):%H:%M:%S %Z}"
    ledger = now.ledger
    if ledger.is_balanced:
        return [html.P(f"{until}, every one is accounted for exactly once.")]
    faults = [printable_line(line, MAX_LETTERS) for line in _faults(ledger)]
    cure = (
        "Records that the stream has not read yet are missing too: see above whether it is behind."
        " If not, ./pycturestream logs stream says more."
    )
    listed = html.Ul([html.Li(fault) for fault in faults])
    return [
        html.Div(
            [html.P(f"{until}, not every one is accounted for exactly once:"), listed, cure], role="alert"
        )
    ]


def _faults(ledger: Ledger) -> Iterable[str]:
    for account in (ledger.detections, ledger.frames):
        if not account.is_balanced:
            yield str(account)


def reconciled(hours: Sequence[HourAccount]) -> str:
    """How many hours add up."""
    if not hours:
        return (
            "No closed hour is recorded in this period: the DAG hourly_counts asks the broker for each hour"
            " once it is over; ./pycturestream batch hour does it without Airflow."
        )
    wrong = sum(one.unexplained != 0 for one in hours)
    if not wrong:
        return f"{count_noun(len(hours), 'closed hour')}: every record received is explained."
    total = count_noun(len(hours), "closed hour")
    return f"{wrong:,} of {total} hold records that nothing explains: marked below."


def tables(sizes: Sequence[TableSize]) -> str:
    """What all tables come to, and which are missing."""
    there = [one for one in sizes if one.version is not None]
    missing = [one.name for one in sizes if one.version is None and not one.trouble]
    if not there and missing:
        return "The lake has no tables yet: the stream makes them when it starts: ./pycturestream up."
    files, held = sum(one.files for one in there), sum(one.bytes for one in there)
    said = f"{count_noun(len(there), 'table')}, {count_noun(files, 'file')}, {size(held)}."
    if missing:
        said += f" Missing: {', '.join(missing)}. The stream makes them when it starts: ./pycturestream up."
    return said
