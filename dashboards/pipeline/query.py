"""What the address of the pipeline page asks for: hostile, checked into one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlencode

from dashboards.data.pipeline_facts import PERIODS
from dashboards.ui.filters import FilterError

WORDS: Final = {"1h": "Last hour", "6h": "Last 6 hours", "24h": "Last 24 hours", "7d": "Last 7 days"}
USUAL: Final = "1h"


@dataclass(frozen=True, slots=True)
class PipelineQuery:
    """How far back is looked, one of PERIODS, and in which zone times are shown: site or utc."""

    period: str = USUAL
    zone: str = "site"

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Self:
        """Check the words of an address.

        Raises:
            FilterError: a period that nobody knows.
        """
        period = str(query.get("period") or USUAL)
        if period not in PERIODS:
            raise FilterError(f"period {period[:40]!r} is none of: {', '.join(PERIODS)}")
        return cls(period, "utc" if query.get("zone") == "utc" else "site")

    def to_query(self) -> str:
        """The words again, defaults left out."""
        said = {"period": self.period if self.period != USUAL else "", "zone": self.zone.replace("site", "")}
        return urlencode({name: value for name, value in said.items() if value})

    def shown_in(self, site: str) -> str:
        """Name of the zone in which times are shown."""
        return "UTC" if self.zone == "utc" else site


assert set(WORDS) == set(PERIODS)
