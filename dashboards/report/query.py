"""What the address of the report asks for: hostile, checked into one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Self
from urllib.parse import urlencode

from dashboards.data.report_counts import MINUTE, ReportFilter
from dashboards.data.report_days import BINS_PER_ONE
from dashboards.data.report_sums import STEP
from dashboards.report.series import is_steady
from dashboards.ui.filters import Filters, one_of
from lake.serving.questions import MAX_DAYS

AXES: Final = {
    "hour": "Hour of the day",
    "minute": "Minute of the hour",
    "weekday": "Day of the week",
    "day": "Day",
    "week": "Week (ISO 8601)",
    "month": "Month",
}
BUCKETS: Final = {
    1: "1 minute",
    5: "5 minutes",
    15: "15 minutes",
    60: "1 hour",
    360: "6 hours",
    1440: "1 day",
}
MEASURES: Final = {"rate": "Objects per frame", "sum": "Objects"}
MAX_BUCKETS: Final = 2000


@dataclass(frozen=True, slots=True)
class ReportQuery:
    """Filters of all pages, and how their counts are drawn.

    Attributes:
        filters: what is counted; its threshold is a multiple of 0.05, as published counts are by such steps.
        axis: of the histogram, one of AXES.
        bucket: of the time line, minutes, one of BUCKETS.
        measure: one of MEASURES.
        said_threshold: the least score that the address names, of which the nearest multiple is counted.
    """

    filters: Filters
    axis: str = "hour"
    bucket: int = 15
    measure: str = "rate"
    said_threshold: float = 0.5

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Self:
        """Check the names and values of an address.

        Raises:
            FilterError: a word that nobody knows.
        """
        axis = one_of(query.get("axis", "hour"), "axis", AXES)
        buckets = {str(minutes): minutes for minutes in BUCKETS}
        bucket = one_of(query.get("bucket", "15"), "bucket", buckets)
        measure = one_of(query.get("measure", "rate"), "measure", MEASURES)
        filters = Filters.from_query(query)
        nearest = round(filters.threshold * BINS_PER_ONE) / BINS_PER_ONE
        return cls(replace(filters, threshold=nearest), axis, buckets[bucket], measure, filters.threshold)

    def to_query(self) -> str:
        """The words again, defaults left out."""
        own = {"axis": self.axis, "bucket": str(self.bucket), "measure": self.measure}
        usual = {"axis": "hour", "bucket": "15", "measure": "rate"}
        said = urlencode({name: value for name, value in own.items() if value != usual[name]})
        return "&".join(part for part in (self.filters.to_query(), said) if part)

    def asked(self, now: datetime, zone: str = "UTC") -> ReportFilter:
        """For the lake: whole minutes, at most the newest MOST_DAYS.

        Args:
            now: UTC.
            zone: name of the zone in which times are shown.
        """
        first, last = self.filters.span(now)
        last = min(last, now + timedelta(days=1))
        first = max(min(first, last), last - timedelta(days=MAX_DAYS))
        end = _minute(last) + (MINUTE if last != _minute(last) else timedelta())
        names = frozenset(self.filters.cameras), frozenset(self.filters.labels)
        asked = ReportFilter(
            _minute(first), max(end, _minute(first) + MINUTE), *names, self.filters.threshold
        )
        fine = self.fitting_bucket(asked.minutes) < STEP
        return (
            replace(asked, step=1)
            if fine or (self.axis == "minute" and not is_steady(asked, zone))
            else asked
        )

    def fitting_bucket(self, minutes: int) -> int:
        """The bucket asked for, or the least that does not draw more than MOST_BUCKETS."""
        return next((one for one in BUCKETS if one >= self.bucket and minutes <= one * MAX_BUCKETS), 1440)


def before(asked: ReportFilter) -> ReportFilter:
    """The same for the period before, of the same length, in no finer steps than are needed for its sums."""
    return replace(asked, first=asked.first - (asked.last - asked.first), last=asked.first, step=STEP)


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
