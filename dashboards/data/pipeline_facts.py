"""What the pipeline page keeps between requests: six readings, each in a thread of its own."""

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
    """What the queries did from `first` up to `last`, UTC, whole minutes."""

    first: datetime
    last: datetime
    of_queries: tuple[QueryMinute, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Everything that the page shows, each as it was read last."""

    stream: Reading[StreamState]
    minutes: Reading[Minutes]
    ledger: Reading[RecentLedger]
    hours: Reading[tuple[HourAccount, ...]]
    tables: Reading[tuple[TableSize, ...]]
    dags: Reading[tuple[DagState, ...]]


class PipelineFacts:
    """Reads while somebody looks at the page.

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
        """Wait for the first look."""
        for one in self._all:
            one.start()

    def stop(self) -> None:
        """End all threads; each ends its reading."""
        for one in self._all:
            one.end()
        for one in self._all:
            one.stop()

    def now(self, period: str) -> Pipeline:
        """What is known; asks for what is not.

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
        """For `/healthz`; a broker or an Airflow that is away makes its own part old, and no error."""
        known = {one.name: one.newest() for one in self._all}
        unread = [f"{name}: {known[name].error}" for name in known if known[name].error]
        if any(known[one.name].error for one in (self.minutes, self.hours, self.tables)):
            return {"state": "error", "sentence": "; ".join(unread)}
        if unread:
            return {"state": "stale", "sentence": "; ".join(unread)}
        sizes: tuple[TableSize, ...] | None = known[self.tables.name].value
        if sizes is None:
            return {"state": "empty", "sentence": "nobody has looked at the pipeline yet"}
        there = sum(one.version is not None for one in sizes)
        said = f"{there} of {len(sizes)} tables are there"
        return {"state": "ok" if there else "empty", "sentence": said}


def minutes(settings: Settings, period: str, now: datetime) -> Minutes:
    """What the queries did; the newest minutes are left out, since each is stored when it is over."""
    last = (now - MINUTE).replace(second=0, microsecond=0)
    first = last - PERIODS[period]
    return Minutes(first, last, query_minutes(settings.lake, first, last))


def oldest_hour(period: str, now: datetime) -> datetime:
    """From which hour on the reconciliation is shown."""
    return hour_of(now) - max(PERIODS[period], MIN_HOURS)
