"""Which objects a page speaks of: the address's words, checked, and their SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self
from urllib.parse import urlencode

from lake.contracts import STORED_SCORE, rfc3339
from lake.sql_words import quoted

PERIODS: Final = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
    "all": timedelta(days=400),
}
MOST_NAMES, LONGEST_NAME = 50, 200


class FilterError(ValueError):
    """A filter that cannot be meant; the message names it and what fits."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked at; times are UTC, half-open."""

    cameras: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    first: datetime | None = None
    last: datetime | None = None
    period: str = "24h"
    threshold: float = 0.5
    zone: str = "site"

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Self:
        """Read an address's words; a word that is missing has its default."""
        period = query.get("period", "24h")
        if period not in (*PERIODS, "today", "custom"):
            raise FilterError(f"period {period[:40]!r} is none of: {', '.join(PERIODS)}, today, custom")
        threshold = _number(query.get("threshold", "0.5"))
        first, last = _moment(query.get("from", "")), _moment(query.get("to", ""))
        if period == "custom" and (first is None or last is None or first >= last):
            raise FilterError("a period of one's own needs `from` before `to`")
        zone = "utc" if query.get("zone") == "utc" else "site"
        named = _names(query.get("camera", "")), _names(query.get("label", ""))
        return cls(*named, first, last, period, threshold, zone=zone)

    def to_query(self) -> str:
        """The words again, defaults left out."""
        said = {"camera": ",".join(self.cameras), "label": ",".join(self.labels)}
        said |= {"period": self.period if self.period != "24h" else ""}
        said |= {
            "from": rfc3339(self.first) if self.first else "",
            "to": rfc3339(self.last) if self.last else "",
        }
        said |= {"threshold": f"{self.threshold:g}" if self.threshold != 0.5 else ""}
        said |= {"zone": "utc" if self.zone == "utc" else ""}
        return urlencode({name: value for name, value in said.items() if value})

    def span(self, now: datetime) -> tuple[datetime, datetime]:
        """First moment and the one after the last, UTC."""
        if self.period == "custom" and self.first and self.last:
            return self.first, self.last
        if self.period == "today":
            return now.replace(hour=0, minute=0, second=0, microsecond=0), now
        return now - PERIODS[self.period], now

    def where(self, now: datetime) -> str:
        """SQL over observed_at, camera_id and label; day and score are for the reader to add."""
        first, end = self.span(now)
        parts = [f"observed_at >= TIMESTAMP '{rfc3339(first)}' AND observed_at < TIMESTAMP '{rfc3339(end)}'"]
        for column, names in (("camera_id", self.cameras), ("label", self.labels)):
            if names:
                parts.append(f"{column} IN ({', '.join(map(quoted, names))})")
        return " AND ".join(parts)


def _number(said: str) -> float:
    try:
        read = float(said)
    except ValueError:
        read = float("nan")
    if not STORED_SCORE <= read <= 1:
        raise FilterError(f"threshold {said[:40]!r} must be a number from {STORED_SCORE} to 1")
    return read


def _names(said: str) -> tuple[str, ...]:
    names = tuple(name for name in said.split(",") if name)
    if len(names) > MOST_NAMES or any(len(name) > LONGEST_NAME or "\x00" in name for name in names):
        raise FilterError(f"at most {MOST_NAMES} names of {LONGEST_NAME} characters may be chosen")
    if any("\ud800" <= letter <= "\udfff" for name in names for letter in name):
        raise FilterError(f"name {said[:40]!r} holds half a character; write it anew")
    return names


def _moment(said: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(said) if said else None
        return read.astimezone(UTC) if read and read.tzinfo else None
    except (ValueError, OverflowError) as error:
        raise FilterError(f"time {said[:40]!r} must be like 2026-01-02T03:04:05Z") from error
