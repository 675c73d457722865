"""Data of the pipeline page, cached between requests: six readings, each in its own thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from dashboards.data.background_reader import BackgroundReader, Reading
from dashboards.data.dag_states import Airflow, DagState
from dashboards.data.hour_accounts import HourAccount, hour_accounts
from dashboards.data.ledger_now import RecentLedger, ledger_now
from dashboards.data.stream_now import StreamState, stream_now
from dashboards.data.stream_rates import QueryMinute, query_minutes
from dashboards.data.table_sizes import TableSize, TableSizes
from lake.config.settings import Settings
from lake.contracts.hours import hour_of

MINUTE: Final = timedelta(minutes=1)
MIN_HOURS: Final = timedelta(days=1)
"""Hours are closed one by one; a shorter period would show hardly any."""
ALL: Final = ""
"""The key of what is the same for every period."""

PERIODS: Final = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
}


@dataclass(frozen=True, slots=True)
class Minutes:
    """Progress of the queries from `first` up to `last`, UTC, whole minutes."""

    first: datetime
    last: datetime
    of_queries: tuple[QueryMinute, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Everything that the page shows, each from its last reading."""

    stream: Reading[StreamState]
    minutes: Reading[Minutes]
    ledger: Reading[RecentLedger]
    hours: Reading[tuple[HourAccount, ...]]
    tables: Reading[tuple[TableSize, ...]]
    dags: Reading[tuple[DagState, ...]]


class PipelineFacts:
    """Background readers that run while somebody looks at the page.

    Args:
        settings: where lake, broker and run folder are.
        airflow: where Airflow's API answers, host:port.
        clock: the time now, UTC.
    """

    def __init__(self, settings: Settings, airflow: str, clock: Callable[[], datetime]) -> None:
        lake, sizes = settings.lake, TableSizes(settings.lake)
        dags = Airflow(airflow, settings.data / "airflow" / "passwords.json")

        def watched(
            name: str, seconds: int, read: Callable[[str, datetime], Any]
        ) -> BackgroundReader[str, Any]:
            return BackgroundReader(name, timedelta(seconds=seconds), read, clock)

        self.stream = watched("the stream", 4, lambda _, now: stream_now(settings, now))
        self.minutes = watched(
            "the stream's progress", 15, lambda period, now: minutes(settings, period, now)
        )
        self.ledger = watched("the ledger", 60, lambda _, now: ledger_now(settings, now))
        self.hours = watched(
            "the hours", 60, lambda period, now: hour_accounts(lake, oldest_hour(period, now), now)
        )
        self.tables = watched("the tables", 15, lambda _, now: sizes.look())
        self.dags = watched("Airflow", 10, lambda _, now: dags.states())
        self._all = (self.stream, self.minutes, self.ledger, self.hours, self.tables, self.dags)

    def start(self) -> None:
        """Start the threads, which wait for the first request."""
        for reader in self._all:
            reader.start()

    def stop(self) -> None:
        """End all threads; each ends its reading."""
        for reader in self._all:
            reader.end()
        for reader in self._all:
            reader.stop()

    def now(self, period: str) -> Pipeline:
        """Return cached data and schedule a refresh.

        Args:
            period: one of PERIODS.
        """
        return Pipeline(
            self.stream.now(ALL),
            self.minutes.now(period),
            self.ledger.now(ALL),
            self.hours.now(period),
            self.tables.now(ALL),
            self.dags.now(ALL),
        )

    def health(self) -> dict[str, str]:
        """Return the health for `/healthz`; an absent broker or Airflow makes it stale, not an error."""
        readings = {reader.name: reader.newest() for reader in self._all}
        unread = [f"{name}: {readings[name].error}" for name in readings if readings[name].error]
        if any(readings[reader.name].error for reader in (self.minutes, self.hours, self.tables)):
            return {"state": "error", "sentence": "; ".join(unread)}
        if unread:
            return {"state": "stale", "sentence": "; ".join(unread)}
        sizes: tuple[TableSize, ...] | None = readings[self.tables.name].value
        if sizes is None:
            return {"state": "empty", "sentence": "nobody has looked at the pipeline yet"}
        existing = sum(reader.version is not None for reader in sizes)
        sentence = f"{existing} of {len(sizes)} tables are there"
        return {"state": "ok" if existing else "empty", "sentence": sentence}


def minutes(settings: Settings, period: str, now: datetime) -> Minutes:
    """Return the queries' progress up to the last stored minute; each is stored when it is over."""
    last = (now - MINUTE).replace(second=0, microsecond=0)
    first = last - PERIODS[period]
    return Minutes(first, last, query_minutes(settings.lake, first, last))


def oldest_hour(period: str, now: datetime) -> datetime:
    """Return the first hour of the reconciliation that is shown."""
    return hour_of(now) - max(PERIODS[period], MIN_HOURS)
