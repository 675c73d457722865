"""The history that reports count, kept in memory as sums of each day and read anew where the lake changed.

Reading begins with the first report, newest days first, in a thread of its own, and stops when nobody has
looked for a while. A day is read again when the files it is made of are others. The rows of a day are kept
only of the few days that reports looked into last.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from dashboards.data.report_counts import Counts, ReportFilter, count
from dashboards.data.report_days import NEEDED, DayReader, Decided, MinuteRows
from dashboards.data.report_sums import Day, read_day
from lake.config.lake_location import LakeLocation
from lake.contracts.camera_hour import days_near
from lake.serving.day_files import of_days
from lake.serving.open_tables import OpenTables, TableSnapshot
from lake.serving.questions import ARRIVING, MAX_DAYS
from lake.storage.reader import LakeUnreadableError

MAX_BYTES: Final = 128 * 2**20
"""Of the sums of all days; older days are left out."""
MAX_ROWS: Final = 1_500_000
"""Of the days whose rows are kept, about 10 bytes for each row; those of MIN_DAYS are kept in any case."""
MIN_DAYS: Final = 3
"""A span has two ends, and the span before it a third."""
POLL_INTERVAL_S: Final = 5.0
LIVE_EVERY: Final = timedelta(seconds=15)
"""A day with live hours changes every two seconds; it is read no more often than this."""
WATCHED: Final = timedelta(minutes=2)
SETTLED: Final = ("minute_counts", "camera_hours", "publications")
Signature = tuple[frozenset[str], frozenset[str]]
"""Files of a day: of what was published, and of what may be live."""


@dataclass(frozen=True, slots=True)
class History:
    """What is known so far.

    Attributes:
        days: oldest first.
        unread: days of the lake that are still to be read.
        left_out: days of more than can be kept.
        read_at: UTC, when the newest of it was read; None before the first.
        error: why reading stopped; empty when it did not.
        version: another one when the days are others.
    """

    days: tuple[Day, ...] = ()
    unread: int = 0
    left_out: int = 0
    read_at: datetime | None = None
    error: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class _Kept:
    day: Day
    decided: Decided
    signature: Signature
    read_at: datetime


class ReportHistory:
    """Reads the lake for reports.

    Args:
        root: root folder of the tables.
        clock: the time now, UTC.
    """

    def __init__(self, root: LakeLocation, clock: Callable[[], datetime]) -> None:
        self._tables, self._clock = OpenTables(root, clock, NEEDED), clock
        self._kept: Mapping[date, _Kept] = MappingProxyType({})
        self._history = History()
        self._opened: TableSnapshot | None = None
        self._rows: OrderedDict[date, MinuteRows] = OrderedDict()
        self._reading = threading.Lock()
        self._asked_at: datetime | None = None
        self._wake, self._ended = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="report history", daemon=True)

    def start(self) -> None:
        """Wait for the first report."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a day that is being read is read to its end."""
        self._ended.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(30)

    def health(self) -> dict[str, str]:
        """For `/healthz`."""
        known = self._history
        if known.error or not self._thread.is_alive():
            return {"state": "error", "sentence": known.error or "reading for reports has ended: restart"}
        if known.read_at is None:
            return {"state": "empty", "sentence": "no report was asked for yet"}
        state = "stale" if known.unread else "ok"
        return {"state": state, "sentence": f"{len(known.days)} days are read, {known.unread} are to be read"}

    def now(self) -> History:
        """What is known; asks for what is not."""
        self._asked_at = self._clock()
        self._wake.set()
        return self._history

    def count(self, asked: ReportFilter) -> Counts:
        """Count what is known.

        Raises:
            LakeUnreadableError: rows of a day are needed, and its files cannot be read.
        """
        return count(self._history.days, asked, self._rows_of)

    def _rows_of(self, day: date) -> MinuteRows:
        """The rows of a day, read where they are not kept; one day at a time, so that memory stays low."""
        with self._reading:
            rows = self._rows.get(day) or self._reader(day).minutes()
            self._keep_rows(rows)
        return rows

    def _reader(self, day: date) -> DayReader:
        """What reads a day as it was added up: nobody looks for newer tables while a person waits."""
        opened, kept = self._opened or self._tables.now(), self._kept.get(day)
        return DayReader(opened, day, kept.decided if kept else Decided.of(opened, day))

    def _keep_rows(self, rows: MinuteRows) -> None:
        self._rows[rows.day] = rows
        self._rows.move_to_end(rows.day)
        while len(self._rows) > MIN_DAYS and sum(one.count for one in self._rows.values()) > MAX_ROWS:
            self._rows.popitem(last=False)

    def refresh(self) -> History:
        """Read what changed, and only that; newest days first."""
        opened, now = self._tables.now(), self._clock()
        self._opened = opened
        wanted = _signatures(opened)
        kept = {day: one for day, one in self._kept.items() if day in wanted}
        changed = [day for day in sorted(wanted, reverse=True) if _must(kept.get(day), wanted[day], now)]
        for number, day in enumerate(changed, 1):
            if self._ended.is_set() or (kept and day < min(kept) and _bytes(kept) >= MAX_BYTES):
                break
            kept[day] = _Kept(*self._read(opened, day), wanted[day], now)
            while len(kept) > 1 and _bytes(kept) > MAX_BYTES:
                del kept[min(kept)]
            self._keep(kept, len(wanted), len(changed) - number, now)
        self._keep(kept, len(wanted), 0, now)
        return self._history

    def _read(self, opened: TableSnapshot, day: date) -> tuple[Day, Decided]:
        with self._reading:
            summed, rows, decided = read_day(opened, day)
            if day in self._rows:
                self._keep_rows(rows)
        return summed, decided

    def _keep(self, kept: Mapping[date, _Kept], wanted: int, unread: int, now: datetime) -> None:
        days = tuple(kept[day].day for day in sorted(kept))
        self._kept = MappingProxyType(dict(kept))
        same = days == self._history.days
        version = self._history.version + (not same)
        self._history = History(days, unread, max(0, wanted - len(kept) - unread), now, version=version)

    def _run(self) -> None:
        while not self._ended.is_set():
            self._wake.wait()
            while not self._ended.wait(0) and self._is_watched():
                self._refresh_or_say()
                self._ended.wait(POLL_INTERVAL_S)
            self._wake.clear()

    def _is_watched(self) -> bool:
        return self._asked_at is not None and self._clock() - self._asked_at < WATCHED

    def _refresh_or_say(self) -> None:
        try:
            self.refresh()
        except LakeUnreadableError as error:
            known = self._history
            said = f"the lake cannot be read: {error}"
            self._history = replace(known, error=said)


def _bytes(kept: Mapping[date, _Kept]) -> int:
    return sum(one.day.bytes for one in kept.values())


def _must(kept: _Kept | None, wanted: Signature, now: datetime) -> bool:
    if kept is None or kept.signature[0] != wanted[0]:
        return True
    return kept.signature != wanted and now - kept.read_at >= LIVE_EVERY


def _signatures(opened: TableSnapshot) -> dict[date, Signature]:
    """Each day that holds anything, and its files."""
    if not opened.has(*NEEDED):
        return {}
    settled = [opened.files[name] for name in SETTLED]
    arriving = [opened.files[name] for name in ARRIVING] if opened.live_days else []
    days = {day for files in settled for day in files} | set(opened.live_days)
    return {
        day: (
            of_days(settled, [day]),
            of_days(arriving, days_near([day])) if day in opened.live_days else frozenset(),
        )
        for day in sorted(days, reverse=True)[:MAX_DAYS]
    }
