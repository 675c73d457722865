"""Tables and lines on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.status import Status as Spinner
from rich.table import Table
from rich.text import Text

from stack.operations.findings import Finding
from stack.operations.status import Login, ProgramStatus, Status
from stack.programs.kafka_rights import Grant
from stack.programs.logs import last_lines

COLOURS: Final = {"running": "green", "stopped": "dim", "starting": "yellow", "stopping": "yellow"}
NEXT: Final = (
    ("./pycturestream results", "what the cameras see, as it happens; the dashboard shows it in a browser"),
    ("./pycturestream status", "what runs, and the outcomes of the frames"),
    ('./pycturestream sql "SELECT label, count(*) FROM objects GROUP BY 1"', "ask the lake"),
    ("./pycturestream airflow dags trigger hourly_counts", "count the last full hour completely"),
    ("./pycturestream demo-events", "invent a fortnight of history; --remove takes it out again"),
)


class TerminalScreen:
    """Progress of a start or stop: permanent lines, and below them what is being waited for."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._spinner: Spinner | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._quiet()

    def line(self, text: str) -> None:
        """Print a permanent line."""
        self._quiet()
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def waiting(self, text: str) -> None:
        """Show what is being waited for, with a spinner if it is a terminal."""
        if not self._console.is_terminal:
            return
        if self._spinner is None:
            self._spinner = self._console.status(Text(text))
            self._spinner.start()
        self._spinner.update(Text(text))

    def _quiet(self) -> None:
        if self._spinner is not None:
            self._spinner.stop()
            self._spinner = None


def show_programs(console: Console, programs: Sequence[ProgramStatus]) -> None:
    """Print the table of programs."""
    table = Table("program", "state", "restarts", "memory", "address", box=None, pad_edge=False)
    for program in programs:
        memory = f"{program.rss_mb:,.0f} MB" if program.rss_mb else ""
        state = Text(program.state, COLOURS.get(program.state, "red"))
        table.add_row(program.name, state, str(program.restarts), memory, Text(program.url or ""))
    console.print(table)


def show_status(console: Console, status: Status) -> None:
    """Print programs, frames, and how far behind the stream is."""
    show_programs(console, status.programs)
    console.print()
    table = Table(*status.frames, "waiting", title_justify="left", box=None, pad_edge=False)
    waiting = "unknown" if status.lag is None else f"{status.lag:,}"
    table.add_row(*(f"{count:,}" for count in status.frames.values()), waiting)
    console.print(table)
    console.print()
    age = status.last_result_age_s
    console.print(
        "no result yet" if age is None else f"last result {format_duration(age)} ago", highlight=False
    )
    show_login(console, status.airflow)


def show_login(console: Console, login: Login | None) -> None:
    """Print Airflow's address and login."""
    if login is None:
        return
    text = f"Airflow: {login.url}  user {login.user}  password {login.password}  (others: {login.passwords})"
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def format_duration(seconds: float) -> str:
    """Format a duration for people.

    >>> format_duration(3.2), format_duration(150), format_duration(7300)
    ('3.2 s', '2 min', '2 h')
    """
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def show_next(console: Console) -> None:
    """Print commands to try next."""
    console.print("\nTry next:")
    for command, purpose in NEXT:
        console.print(Text.assemble("  ", (command, "bold"), f"  ({purpose})"), soft_wrap=True)


def show_finding(console: Console, finding: Finding) -> None:
    """Print one line, and below a failed check its cure."""
    mark = Text("\u2714", "green") if finding.ok else Text("\u2717", "bold red")
    text = Text(f" {finding.name}: {finding.detail} ")
    console.print(mark, text, Text(f"({finding.seconds:.1f} s)", "dim"), sep="", soft_wrap=True)
    if not finding.ok:
        console.print(Text(f"  cure: {finding.cure}"), soft_wrap=True)


def show_grants(console: Console, grants: Sequence[Grant], *, commands: bool) -> None:
    """Print rights on topics: a table, or commands of Kafka's own tool."""
    table = Table("program", "user", "topic", "operations", box=None, pad_edge=False)
    for grant in grants:
        table.add_row(grant.program, Text(grant.user), Text(grant.topics), ", ".join(grant.words))
    if not commands:
        console.print(table)
    for grant in grants if commands else ():
        console.print(grant.command(), markup=False, highlight=False, soft_wrap=True)


def show_progress(console: Console, text: str) -> None:
    """Print what is being done."""
    console.print(Text(f"\u2026 {text}", "dim"), soft_wrap=True)


def show_log(console: Console, log: Path, count: int = 50) -> None:
    """Print the last lines of a log under its path."""
    console.print(Text(f"==> {log} <==", "bold"), soft_wrap=True)
    for line in last_lines(log, count) or ["(nothing yet)"]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def show_added(console: Console, log: Path, text: str) -> None:
    """Print lines added to a log, each with the program's name."""
    for line in text.splitlines():
        console.print(f"{log.stem}: {line}", markup=False, highlight=False, soft_wrap=True)
