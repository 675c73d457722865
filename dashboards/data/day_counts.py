"""Counts of a question's objects per day, cached while the files of the day are the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from lake.contracts.camera_hour import days_near
from lake.serving.day_files import of_days
from lake.serving.open_tables import DETECTIONS, TableSnapshot
from lake.serving.questions import Question

MAX_COUNTS: Final = 64
"""Questions whose counts are kept."""
PUBLISHED: Final = ("published_objects", "publications")


@dataclass(frozen=True, slots=True)
class _Counted:
    files: Mapping[date, int] = field(default_factory=dict)
    counts: Mapping[date, int] = field(default_factory=dict)


class DayCounts:
    """Counts of the last questions: a live day changes every two seconds, the others hardly ever."""

    def __init__(self) -> None:
        self._counted: OrderedDict[Question, _Counted] = OrderedDict()

    def of(
        self,
        question: Question,
        opened: TableSnapshot,
        count: Callable[[Question, Mapping[date, int]], Mapping[date, int]],
    ) -> dict[date, int]:
        """Return objects by UTC day, for days that have some.

        Args:
            question: the question, without an order.
            opened: the tables it is asked of.
            count: counts a part of the question's days, given what was counted before.
        """
        previous = self._counted.get(question, _Counted())
        files = {day: hash(signature) for day, signature in _files(question, opened).items()}
        changed = {day for day, signature in files.items() if previous.files.get(day) != signature}
        counts = {
            day: number for day, number in previous.counts.items() if day in files and day not in changed
        }
        if changed:
            found = count(replace(question, first=min(changed), last=max(changed)), previous.counts)
            counts |= {day: number for day, number in found.items() if day in changed}
        self._counted[question] = _Counted(files, counts)
        self._counted.move_to_end(question)
        while len(self._counted) > MAX_COUNTS:
            self._counted.popitem(last=False)
        return counts


def _files(question: Question, opened: TableSnapshot) -> dict[date, frozenset[str]]:
    """Return the files that decide a day's count; of the arriving tables where it is live."""
    published = [opened.files.get(name, {}) for name in PUBLISHED]
    arriving = [opened.files.get(DETECTIONS, {})]
    live = set(opened.live_days)
    days = {day for files in published for day in files} | live
    return {
        day: of_days(published, [day]) | (of_days(arriving, days_near([day])) if day in live else frozenset())
        for day in days
        if question.first <= day <= question.last
    }
