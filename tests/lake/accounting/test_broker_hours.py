from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lake.accounting.broker_hours import hour_rows, record_broker_hours
from lake.config.settings import Settings
from lake.kafka.client import BrokerAwayError
from tests.conftest import at

UTC_TIME = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema({
    "hour": UTC_TIME, "topic": pa.string(), "topic_id": pa.string(), "partition": pa.int32(),
    "from_offset": pa.int64(), "to_offset": pa.int64(), "read_at": UTC_TIME,
})  # fmt: skip


class FakeBroker:
    """Partition → append times of its records, in order; both functions of `broker` that are asked."""

    def __init__(self, *partitions: list[datetime]) -> None:
        self.partitions = partitions

    def first_appended(self, _bootstrap: str, _topic: str) -> datetime | None:
        return min((times[0] for times in self.partitions if times), default=None)

    def offsets_at(
        self, _bootstrap: str, _topic: str, moments: Iterable[datetime]
    ) -> dict[datetime, dict[int, int]]:
        return {
            moment: {
                number: sum(time < moment for time in times) for number, times in enumerate(self.partitions)
            }
            for moment in moments
        }


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = Settings(home=tmp_path, data=tmp_path, kafka="127.0.0.1:1")
    write_deltalake(settings.lake / "broker_hours", SCHEMA.empty_table())
    monkeypatch.setattr("lake.accounting.broker_hours.topic_ids", lambda *_: {"pycturestream": "id"})
    return settings


def speak(monkeypatch: pytest.MonkeyPatch, broker: FakeBroker) -> None:
    for name in ("first_appended", "offsets_at"):
        monkeypatch.setattr(f"lake.accounting.broker_hours.{name}", getattr(broker, name))


def recorded(settings: Settings) -> list[tuple[Any, ...]]:
    rows = DeltaTable(settings.lake / "broker_hours").to_pyarrow_table().to_pylist()
    names = ("topic_id", "hour", "partition", "from_offset", "to_offset", "read_at")
    return sorted(tuple(row[name] for name in names) for row in rows)


def test_each_closed_hour_is_recorded_once_from_the_first_record_on(
    here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = FakeBroker([at("09:10"), at("09:59:59.999"), at("11:00"), at("11:30")], [at("10:00")], [])
    speak(monkeypatch, broker)
    assert record_broker_hours(here, at("11:05")) == 6
    assert record_broker_hours(here, at("11:59:59")) == 0
    assert record_broker_hours(here, at("12:00")) == 3
    first, second = at("11:05"), at("12:00")
    assert recorded(here) == [
        ("id", at("09:00"), 0, 0, 2, first),
        ("id", at("09:00"), 1, 0, 0, first),
        ("id", at("09:00"), 2, 0, 0, first),
        ("id", at("10:00"), 0, 2, 2, first),
        ("id", at("10:00"), 1, 0, 1, first),
        ("id", at("10:00"), 2, 0, 0, first),
        ("id", at("11:00"), 0, 2, 4, second),
        ("id", at("11:00"), 1, 1, 1, second),
        ("id", at("11:00"), 2, 0, 0, second),
    ]


def test_after_a_long_silence_the_hours_of_two_days_are_asked_for_without_losing_a_record(
    here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak(monkeypatch, FakeBroker([at("09:10")]))
    assert record_broker_hours(here, at("10:00")) == 1
    late = at("10:00") + timedelta(days=5)
    speak(monkeypatch, FakeBroker([at("09:10"), at("23:00"), late - timedelta(minutes=1)]))
    assert record_broker_hours(here, late) == 48
    spans = [row[1:5] for row in recorded(here)]
    assert spans[:3] == [
        (at("09:00"), 0, 0, 1),
        (late - timedelta(hours=48), 0, 1, 2),
        (late - timedelta(hours=47), 0, 2, 2),
    ]
    assert spans[-1] == (late - timedelta(hours=1), 0, 2, 3)


def test_a_topic_without_records_has_no_hours(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    speak(monkeypatch, FakeBroker([], []))
    assert record_broker_hours(here, at("10:00")) == 0
    assert recorded(here) == []


def test_offsets_never_go_back() -> None:
    ends = {at("11:00"): {0: 3}, at("12:00"): {0: 9}}
    rows = list(hour_rows([at("10:00"), at("11:00")], ends, {0: (at("09:00"), 7)}))
    assert [(row["from_offset"], row["to_offset"]) for row in rows] == [(7, 7), (7, 9)]


def test_a_broker_that_is_away_is_said(tmp_path: Path) -> None:
    settings = replace(Settings(home=tmp_path, data=tmp_path), kafka="127.0.0.1:1")
    with pytest.raises(BrokerAwayError, match=r"no Kafka answers at 127\.0\.0\.1:1: is it running\?"):
        record_broker_hours(settings, at("10:00"))
