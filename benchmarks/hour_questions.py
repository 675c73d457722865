"""What the batch layer and the dashboard ask of an hour of many cameras: seconds and memory of each question.

Each question runs in a fresh process, so that its memory is its own: the start of Python and the imports,
about 100 MB, are in it.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from benchmarks.simulated_hour import LIFE, Fleet
from dashboards.data.exploring import Explorer
from dashboards.data.hour_accounts import hour_accounts
from dashboards.data.quality_history import QualityHistory
from dashboards.data.quality_questions import QualityFilter
from dashboards.data.report_counts import ReportFilter, count
from dashboards.data.report_history import ReportHistory
from dashboards.data.table_sizes import TableSizes
from lake.accounting.ledger import balance
from lake.accounting.open_frames import count_open_frames, open_frames
from lake.accounting.pending_work import has_rows, hours_due, missing_records
from lake.contracts.hours import HOUR, Scope
from lake.schema.schemas import DETECTIONS, FRAMES
from lake.serving.questions import Question

PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Hour:
    """What questions are about."""

    root: Path
    fleet: Fleet
    hour: datetime

    @property
    def later(self) -> datetime:
        """When the hourly run asks."""
        return self.hour + HOUR + timedelta(minutes=6)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one question: seconds, peak memory in MB, and a number that shows that it was answered."""

    seconds: float
    memory_mb: float
    answer: int


def due(about: Hour) -> int:
    """Hours to be counted."""
    return len(hours_due(about.root, about.later))


def present(about: Hour) -> int:
    """Whether the hour holds anything."""
    return int(has_rows(about.root, Scope((about.hour,))))


def waiting(about: Hour) -> int:
    """Frames that no layer has analysed."""
    return count_open_frames(about.root, Scope((about.hour,)))


def listed(about: Hour) -> int:
    """The same, row by row, as `detect_skipped` takes them."""
    return len(open_frames(about.root, Scope((about.hour,))))


def lacking(about: Hour) -> int:
    """Records that the archives do not hold yet."""
    each = range(about.fleet.per_hour // about.fleet.partitions)
    spans = dict.fromkeys(range(about.fleet.partitions), each)
    return sum(missing_records(about.root, table, LIFE, spans) for table in (FRAMES, DETECTIONS))


def ledger(about: Hour) -> int:
    """Records that every table accounts for."""
    each = about.fleet.per_hour // about.fleet.partitions
    found = balance(about.root, LIFE, dict.fromkeys(range(about.fleet.partitions), each))
    holes = (*found.detections.unaccounted, *found.frames.unaccounted)
    return found.detections.records - sum(hole.end - hole.start for hole in holes)


def accounts(about: Hour) -> int:
    """Records of the hour that its account explains."""
    return sum(one.received - one.unexplained for one in hour_accounts(about.root, about.hour, about.later))


def report(about: Hour) -> int:
    """Objects over the threshold: read all days into memory, count once."""
    known = ReportHistory(about.root, lambda: about.later).refresh()
    return sum(count(known.days, ReportFilter(about.hour, about.hour + 2 * HOUR)).cameras.values())


def explore(about: Hour) -> int:
    """Objects over the threshold, and the newest page of them."""
    explorer = Explorer(about.root, lambda: about.later)
    question = Question(about.hour.date(), about.later.date(), "TRUE", (), 0.5)
    found = explorer.count(question)
    assert explorer.rows(question, 0, PAGE).num_rows == PAGE, "a page is not full"
    return found


def quality(about: Hour) -> int:
    """Checks of a day by expectation."""
    asked = QualityFilter(about.hour - 23 * HOUR, about.hour + HOUR)
    known = QualityHistory(about.root, lambda: about.later)
    assert known.newest_audit(), "no audit was found"
    assert len(known.cameras()) == about.fleet.cameras, "cameras lack"
    return sum(one.passed + one.warned + one.failed for one in known.ask(asked).checks)


def sizes(about: Hour) -> int:
    """Files of all tables."""
    return sum(one.files for one in TableSizes(about.root).look())


BEFORE: Final[dict[str, Callable[[Hour], int]]] = {
    "hours that are due": due,
    "is there anything in the hour": present,
    "what the archives lack": lacking,
    "frames that wait for the batch layer": waiting,
    "list these frames": listed,
    "live hour: report reads it": report,
    "live hour: first page of Explore": explore,
    "sizes of all tables": sizes,
}
AFTER: Final[dict[str, Callable[[Hour], int]]] = {
    "hours that are due": due,
    "ledger of the records": ledger,
    "account of the hour": accounts,
    "published hour: report reads it": report,
    "published hour: first page of Explore": explore,
    "audits of a day": quality,
    "sizes of all tables": sizes,
}
"""Before the hourly run, and after it."""


def ask(question: Callable[[Hour], int], about: Hour) -> Cost:
    """In this process."""
    began = time.perf_counter()
    answer = question(about)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Cost(time.perf_counter() - began, peak / unit, answer)


def ask_all(questions: dict[str, Callable[[Hour], int]], about: Hour) -> dict[str, Any]:
    """Each in a process of its own, one after the other."""
    fresh = get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh, max_tasks_per_child=1) as pool:
        return {name: pool.submit(ask, question, about).result() for name, question in questions.items()}
