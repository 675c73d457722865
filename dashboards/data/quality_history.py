"""Audit results and decisions, read without a JVM; answers are cached until a table changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from dashboards.data import quality_questions as questions
from dashboards.data.quality_questions import MAX_DAYS, QualityFilter
from lake.config.lake_location import LakeLocation
from lake.contracts.hours import HOUR, hour_of
from lake.serving.open_tables import OpenTables, TableSnapshot
from lake.storage.reader import LakeUnreadableError

NAMES: Final = ("quality_results", "publications")
MAX_ANSWERS: Final = 16
OVERDUE: Final = timedelta(hours=3)
"""Every hour is audited within minutes after its end; without an audit for so long, none is running."""
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Checks:
    """Results of one expectation in one column of a question, over its hours and cameras.

    Attributes:
        expectation: its name.
        column: number of the column, see `QualityFilter`.
        failed, warned, passed: hours of cameras; those without a row to look at are in none of them.
        checked, unexpected: rows looked at, and rows that fell short.
    """

    expectation: str
    column: int
    failed: int
    warned: int
    passed: int
    checked: int
    unexpected: int


@dataclass(frozen=True, slots=True)
class Expected:
    """Description of an expectation: its subject, the severity of a failure, and its sentence."""

    subject: str
    severity: str
    sentence: str


@dataclass(frozen=True, slots=True)
class HeldHour:
    """An hour and camera whose newest audit failed.

    Attributes:
        hour: UTC, its start.
        camera: camera id.
        since: UTC, first decision to hold it after it was published last.
        decided_at: UTC, the newest decision, and `run_id` whose it was.
        reasons: one sentence for each critical expectation that failed.
        published_at: UTC, when what is served meanwhile was published; None where nothing is served.
    """

    hour: datetime
    camera: str
    since: datetime
    decided_at: datetime
    run_id: str
    reasons: tuple[str, ...]
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class Quality:
    """The answer to a question.

    Attributes:
        checks: by expectation and column, in no order.
        expected: by name of the expectation.
        decided: column, state, and hours of cameras; in no order.
        held: newest first, at most MAX_HELD.
    """

    checks: tuple[Checks, ...] = ()
    expected: tuple[tuple[str, Expected], ...] = ()
    decided: tuple[tuple[int, str, int], ...] = ()
    held: tuple[HeldHour, ...] = ()


class QualityHistory:
    """Reads the lake for the quality page.

    Args:
        root: root folder of the tables.
        clock: the time now, UTC.
    """

    def __init__(self, root: LakeLocation, clock: Callable[[], datetime]) -> None:
        self._tables, self._clock = OpenTables(root, clock, NAMES), clock
        self._lock = threading.Lock()
        self._answered: TableSnapshot | None = None
        self._answers: OrderedDict[Hashable, Any] = OrderedDict()

    def start(self) -> None:
        """Do nothing: tables are opened by the first question."""

    def stop(self) -> None:
        """Do nothing: nothing runs between questions."""

    def health(self) -> dict[str, str]:
        """Return the health for `/healthz`."""
        try:
            newest, now = self.newest_audit(), self._clock()
        except LakeUnreadableError as error:
            return {"state": "error", "sentence": f"the lake cannot be read: {error}"}
        if newest is None:
            return {"state": "empty", "sentence": f"no hour of the last {MAX_DAYS} days was audited"}
        state = "stale" if now - newest[1] > OVERDUE else "ok"
        return {"state": state, "sentence": f"the newest audit was at {newest[1]:%Y-%m-%d %H:%M} UTC"}

    def versions(self) -> tuple[int, ...]:
        """Return the versions of the tables, which change when there may be something new."""
        return tuple(table.version() for _, table in sorted(self._tables.now().tables.items()))

    def ask(self, audits: QualityFilter) -> Quality:
        """Return the checks and decisions."""
        return self._kept(audits, lambda opened: _read(opened, audits), Quality())

    def details(self, audits: QualityFilter, expectation: str) -> list[dict[str, Any]]:
        """Return checks of one expectation by hour and camera, see `quality_questions.details`."""
        return self._rows(questions.details(audits, expectation))

    def newest_audit(self) -> tuple[str, datetime] | None:
        """Return run and time (UTC) of the last audit, or None."""
        rows = self._rows(questions.newest_audit(self._lately()))
        return (rows[0]["run_id"], rows[0]["checked_at"]) if rows else None

    def cameras(self) -> list[str]:
        """Return names of all cameras that were counted or audited lately, sorted."""
        return sorted(row["name"] for row in self._rows(questions.cameras(self._lately())))

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        nothing: list[dict[str, Any]] = []
        return self._kept(sql, lambda opened: _rows(opened, sql), nothing)

    def _lately(self) -> QualityFilter:
        last = hour_of(self._clock()) + HOUR
        return QualityFilter(last - timedelta(days=MAX_DAYS), last)

    def _kept(self, key: Hashable, read: Callable[[TableSnapshot], Answer], nothing: Answer) -> Answer:
        """Return the cached answer, or read it now; one question is read at a time."""
        opened = self._tables.now()
        if not opened.has(*NAMES):
            return nothing
        with self._lock:
            if opened is not self._answered:
                self._answered, self._answers = opened, OrderedDict()
            if key not in self._answers:
                self._answers[key] = read(opened)
            self._answers.move_to_end(key)
            while len(self._answers) > MAX_ANSWERS:
                self._answers.popitem(last=False)
            answer: Answer = self._answers[key]
        return answer


def _rows(opened: TableSnapshot, sql: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = opened.ask(sql).to_pylist()
    return rows


def _read(opened: TableSnapshot, audits: QualityFilter) -> Quality:
    return Quality(
        tuple(Checks(**row) for row in _rows(opened, questions.checks_by_column(audits))),
        tuple(
            (row["expectation"], _parse_expected(row))
            for row in _rows(opened, questions.expectations(audits))
        ),
        tuple(
            (row["column"], row["state"], row["hours"])
            for row in _rows(opened, questions.hours_by_state(audits))
        ),
        tuple(_parse_held(row) for row in _rows(opened, questions.held_hours(audits))),
    )


def _parse_expected(row: dict[str, Any]) -> Expected:
    return Expected(row["subject"], row["severity"], row["sentence"])


def _parse_held(row: dict[str, Any]) -> HeldHour:
    return HeldHour(
        row["hour"],
        row["camera_id"],
        row["since"],
        row["decided_at"],
        row["run_id"] or "",
        tuple(row["reasons"] or ()),
        row["published_at"],
    )
