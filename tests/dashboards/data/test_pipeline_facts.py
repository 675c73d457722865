"""What the pipeline page keeps: its periods, and what `/healthz` says of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.support.running.programs import free_ports, wait_for
from dashboards.data.pipeline_facts import Minutes, Pipeline, PipelineFacts, minutes, oldest_hour
from lake.config.settings import Settings
from lake.schema.batch_schemas import BROKER_HOURS
from tests.conftest import at
from tests.dashboards.pipeline_lake import write_pipeline_lake

NOW = datetime(2026, 11, 20, 12, 34, 56, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, data=tmp_path, kafka="127.0.0.1:1")


@pytest.fixture
def watch(settings: Settings) -> Iterator[PipelineFacts]:
    [port] = free_ports(1)
    made = PipelineFacts(settings, port, lambda: NOW)
    made.start()
    yield made
    made.stop()


def read(watch: PipelineFacts, period: str = "1h") -> Pipeline:
    """Everything, once each part was read or refused."""

    def known() -> Pipeline | None:
        now = watch.now(period)
        parts = (now.stream, now.minutes, now.ledger, now.hours, now.tables, now.dags)
        return now if all(one.read_at or one.error for one in parts) else None

    return wait_for("all parts", known)


def test_the_newest_minutes_are_left_out_until_they_are_stored(settings: Settings) -> None:
    assert minutes(settings, "6h", NOW) == Minutes(
        NOW.replace(hour=6, minute=33, second=0), NOW.replace(minute=33, second=0), ()
    )


def test_a_short_period_still_shows_a_day_of_hours() -> None:
    assert oldest_hour("1h", NOW) == at("12:00", "2026-11-19")
    assert oldest_hour("7d", NOW) == at("12:00", "2026-11-13")


def test_every_part_is_read_whatever_the_others_do(settings: Settings, watch: PipelineFacts) -> None:
    write_pipeline_lake(settings.lake, NOW)
    known = read(watch)
    assert known.minutes.value is not None
    assert len(known.minutes.value.of_queries) == 2 * 18
    assert known.hours.value is not None
    assert [one.unexplained for one in known.hours.value] == [0, 1, 0]
    assert "no Kafka answers" in known.ledger.error
    assert "never started here" in known.dags.error
    longer = read(watch, "7d").minutes.value
    assert longer is not None
    assert longer.last - longer.first == timedelta(days=7)


def test_health_tells_what_is_away_and_what_is_broken(settings: Settings, watch: PipelineFacts) -> None:
    assert watch.health() == {"state": "empty", "sentence": "nobody has looked at the pipeline yet"}
    write_pipeline_lake(settings.lake, NOW)
    read(watch)
    told = watch.health()
    assert told["state"] == "stale"
    assert "the ledger: no Kafka answers" in told["sentence"]
    assert "Airflow: Airflow was never started here" in told["sentence"]


def test_health_is_red_where_the_lake_cannot_be_read(settings: Settings, watch: PipelineFacts) -> None:
    log = settings.lake / BROKER_HOURS.name / "_delta_log" / f"{0:020}.json"
    log.parent.mkdir(parents=True)
    log.write_text("{nonsense")
    read(watch)
    told = watch.health()
    assert told["state"] == "error"
    assert "the hours: " in told["sentence"]


def test_health_is_red_when_a_thread_has_ended(settings: Settings) -> None:
    told = PipelineFacts(settings, 1, lambda: NOW).health()
    assert told["state"] == "error"
    assert "reading of the tables has ended: restart" in told["sentence"]
