"""Which objects a page speaks of: the address's words, checked, and their SQL."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self
from urllib.parse import urlencode

from lake.contracts.time_zones import is_time_zone
from lake.contracts.wire_format import STORED_SCORE, rfc3339
from lake.storage.sql_literals import quoted

PERIODS: Final = {
    "1h": timedelta(hours=1),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
    "all": timedelta(days=400),
}
PARTS: Final = {"minute": 60, "hour": 24, "weekday": 7}
"""What recurs, and how often it does; weekdays count from Monday, 0."""
MOST_NAMES, LONGEST_NAME = 50, 200

PART_SQL: Final = {
    "minute": "date_part('minute', {local})",
    "hour": "date_part('hour', {local})",
    "weekday": "(date_part('dow', {local}) + 6) % 7",
}


NAME: Final = re.compile(r"(?:\\.|[^,\\])+", re.DOTALL)
UNESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
"""Names are parted by commas; a comma in a name has a backslash before it."""


class FilterError(ValueError):
    """A filter that cannot be meant; the message names it and what fits."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked at; times are UTC, half-open.

    `zone` is "site", "utc" or an IANA name. `part` is what recurs, such as ("hour", 13): only the hours from
    13:00 to 14:00 of the zone shown.
    """

    cameras: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    first: datetime | None = None
    last: datetime | None = None
    period: str = "24h"
    threshold: float = 0.5
    zone: str = "site"
    part: tuple[str, int] | None = None

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
        zone = _zone(query.get("zone") or "site")
        named = _names(query.get("camera", "")), _names(query.get("label", ""))
        return cls(*named, first, last, period, threshold, zone, _part(query.get("part", "")))

    def to_query(self) -> str:
        """The words again, defaults left out."""
        said = {"camera": join_names(self.cameras), "label": join_names(self.labels)}
        said |= {"period": self.period if self.period != "24h" else ""}
        said |= {
            "from": rfc3339(self.first) if self.first else "",
            "to": rfc3339(self.last) if self.last else "",
        }
        said |= {"threshold": f"{self.threshold:g}" if self.threshold != 0.5 else ""}
        said |= {"zone": self.zone if self.zone != "site" else ""}
        said |= {"part": f"{self.part[0]}:{self.part[1]}" if self.part else ""}
        return urlencode({name: value for name, value in said.items() if value})

    def shown_in(self, site: str) -> str:
        """Name of the zone in which times are shown: the site's, unless another one was chosen."""
        return {"site": site, "utc": "UTC"}.get(self.zone, self.zone)

    def span(self, now: datetime) -> tuple[datetime, datetime]:
        """First moment and the one after the last, UTC."""
        if self.period == "custom" and self.first and self.last:
            return self.first, self.last
        if self.period == "today":
            return now.replace(hour=0, minute=0, second=0, microsecond=0), now
        return now - PERIODS[self.period], now

    def where(self, now: datetime, site: str) -> str:
        """SQL over observed_at, camera_id and label; day and score are for the reader to add.

        Args:
            now: UTC.
            site: the site's time zone, in which parts of the clock are meant unless `zone` is UTC.
        """
        first, end = self.span(now)
        parts = [f"observed_at >= TIMESTAMP '{rfc3339(first)}' AND observed_at < TIMESTAMP '{rfc3339(end)}'"]
        for column, names in (("camera_id", self.cameras), ("label", self.labels)):
            if names:
                parts.append(f"{column} IN ({', '.join(map(quoted, names))})")
        if self.part:
            local = f"observed_at AT TIME ZONE {quoted(self.shown_in(site))}"
            parts.append(f"{PART_SQL[self.part[0]].format(local=local)} = {self.part[1]}")
        return " AND ".join(parts)


def join_names(names: Iterable[str]) -> str:
    r"""Names as an address says them.

    >>> print(join_names(["cat", "salt, pepper"]))
    cat,salt\, pepper
    """
    return ",".join(re.sub(r"([,\\])", r"\\\1", name) for name in names)


def _number(said: str) -> float:
    try:
        read = float(said)
    except ValueError:
        read = float("nan")
    if not STORED_SCORE <= read <= 1:
        raise FilterError(f"threshold {said[:40]!r} must be a number from {STORED_SCORE} to 1")
    return read


def _zone(said: str) -> str:
    if said in ("site", "utc") or is_time_zone(said):
        return said
    raise FilterError(f"zone {said[:40]!r} is none of: site, utc, a name such as Europe/Berlin")


def _names(said: str) -> tuple[str, ...]:
    names = tuple(UNESCAPED.sub(r"\1", name) for name in NAME.findall(said))
    if len(names) > MOST_NAMES or any(len(name) > LONGEST_NAME or "\x00" in name for name in names):
        raise FilterError(f"at most {MOST_NAMES} names of {LONGEST_NAME} characters may be chosen")
    if any("\ud800" <= letter <= "\udfff" for name in names for letter in name):
        raise FilterError(f"name {said[:40]!r} holds half a character; write it anew")
    return names


def _part(said: str) -> tuple[str, int] | None:
    if not said:
        return None
    name, _, number = said.partition(":")
    if name in PARTS and number.isdecimal() and len(number) <= 2 and int(number) < PARTS[name]:
        return name, int(number)
    raise FilterError(f"part {said[:40]!r} must be like hour:13 or weekday:0")


def _moment(said: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(said) if said else None
        return read.astimezone(UTC) if read and read.tzinfo else None
    except (ValueError, OverflowError) as error:
        raise FilterError(f"time {said[:40]!r} must be like 2026-01-02T03:04:05Z") from error


def one_of(said: str, name: str, known: Collection[str]) -> str:
    """The word itself, when it is known.

    Raises:
        FilterError: it is not.
    """
    if said not in known:
        raise FilterError(f"{name} {said[:40]!r} is none of: {', '.join(known)}")
    return said
