"""What the address of the page of quality asks for: hostile, checked into one frozen value."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final, Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from dashboards.data.quality_questions import QualityFilter
from dashboards.ui.filters import FilterError, Filters, one_of
from lake.contracts.hours import HOUR, hour_of
from lake.contracts.wire_format import rfc3339

PERIODS: Final = {"24h": "Last 24 hours", "7d": "Last 7 days", "30d": "Last 30 days"}
SEVERITIES: Final = {"all": "Critical and warnings", "critical": "Critical", "warning": "Warnings"}
SHOWN: Final = {"short": "That fell short", "all": "All"}
DAYS: Final = {"7d": (7, 6), "30d": (30, 24)}
"""Period to days, today included, and hours of the clock in one column; 24h has a column for each hour."""
NAME: Final = re.compile(r"[A-Za-z0-9_]{1,100}")
YEARS: Final = range(2000, 2200)


@dataclass(frozen=True, slots=True)
class QualityQuery:
    """Filters of the page of quality.

    Attributes:
        filters: of these cameras, period and zone are used.
        severity: one of SEVERITIES.
        show: which expectations have a row, one of SHOWN.
        expectation: whose checks are told one by one; empty where none is chosen.
        at: UTC, only those of the column that holds this moment; None for the whole period.
    """

    filters: Filters
    severity: str = "all"
    show: str = "short"
    expectation: str = ""
    at: datetime | None = None

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Self:
        """Check the names and values of an address.

        Raises:
            FilterError: a word that nobody knows.
        """
        period = one_of(query.get("period", "24h"), "period", PERIODS)
        severity = one_of(query.get("severity", "all"), "severity", SEVERITIES)
        show = one_of(query.get("show", "short"), "show", SHOWN)
        known = {name: query[name] for name in ("camera", "zone") if name in query}
        return cls(Filters.from_query({**known, "period": period}), severity, show, *_chosen(query))

    def to_query(self) -> str:
        """The words again, defaults left out."""
        own = {"severity": self.severity, "show": self.show, "expectation": self.expectation}
        own["at"] = rfc3339(self.at) if self.at else ""
        usual = {"severity": "all", "show": "short", "expectation": "", "at": ""}
        said = urlencode({name: value for name, value in own.items() if value != usual[name]})
        return "&".join(part for part in (self.filters.to_query(), said) if part)

    def edges(self, now: datetime, site: str) -> list[datetime]:
        """Where columns begin, UTC, rising, and where the last ends.

        Args:
            now: UTC.
            site: the site's time zone, in whose days and hours the columns are unless `zone` is UTC.
        """
        if self.filters.period not in DAYS:
            return [hour_of(now) + HOUR - number * HOUR for number in range(24, -1, -1)]
        zone = ZoneInfo(self.filters.shown_in(site))
        days, step = DAYS[self.filters.period]
        first = now.astimezone(zone).date() - timedelta(days=days - 1)
        clock = [(day, hour) for day in range(days) for hour in range(0, 24, step)] + [(days, 0)]
        local = [datetime.combine(first + timedelta(days=day), time(hour), zone) for day, hour in clock]
        return [one.astimezone(UTC) for one in local]

    def asked(self, now: datetime, site: str) -> QualityFilter:
        """For the lake: everything in the period."""
        return self._asked(self.edges(now, site))

    def asked_in_detail(self, now: datetime, site: str) -> QualityFilter:
        """For the lake: the chosen column, also where it has left the period since; without one, all."""
        if self.at is None:
            return self.asked(now, site)
        edges = self.edges(self.at, site)
        place = bisect_right(edges, self.at)
        return self._asked(edges[place - 1 : place + 1])

    def _asked(self, edges: Sequence[datetime]) -> QualityFilter:
        severity = "" if self.severity == "all" else self.severity
        first, *cuts, last = edges
        return QualityFilter(first, last, frozenset(self.filters.cameras), severity, tuple(cuts))


def _chosen(query: Mapping[str, str]) -> tuple[str, datetime | None]:
    name, said = query.get("expectation", ""), query.get("at", "")
    if name and not NAME.fullmatch(name):
        raise FilterError(f"expectation {name[:40]!r} is no expectation's name")
    try:
        at = datetime.fromisoformat(said).astimezone(UTC) if name and said else None
    except (ValueError, OverflowError):
        at = None
    if name and said and (at is None or at.year not in YEARS):
        raise FilterError(f"at {said[:40]!r} must be an hour such as 2026-01-02T03:00:00Z")
    return name, at
