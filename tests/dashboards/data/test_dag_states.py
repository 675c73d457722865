"""Airflow's DAGs, asked of a real web server on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from benchmarks.support.running.programs import free_ports
from dashboards.data.dag_states import (
    MAX_DAGS,
    Airflow,
    AirflowAwayError,
    AirflowRefusesError,
    DagRun,
    DagState,
)
from tests.conftest import at
from tests.dashboards.airflow_answers import (
    HOSTILE_DAG,
    FakeAirflow,
    airflow_answering,
    dag,
    run,
    write_passwords,
)

HOURLY = "At 0 minutes past the hour"


def on_day(clock: str) -> datetime:
    return at(clock, "2026-11-20")


@pytest.fixture
def fake() -> Iterator[FakeAirflow]:
    with airflow_answering() as running:
        yield running


@pytest.fixture
def airflow(fake: FakeAirflow, tmp_path: Path) -> Airflow:
    return Airflow(f"127.0.0.1:{fake.port}", write_passwords(tmp_path))


def ran(dag_id: str, state: str, run_type: str, ended: datetime | None) -> DagRun:
    due, began = on_day("12:00"), on_day("12:00:01")
    return DagRun(f"scheduled__{dag_id}", state, run_type, due, began, ended)


def test_each_dag_comes_with_its_last_run(airflow: Airflow) -> None:
    ended = on_day("12:01:06")
    failed = ran("data_quality", "failed", "asset_triggered", ended)
    succeeded = ran("hourly_counts", "success", "scheduled", ended)
    runs = ran("lake_maintenance", "running", "manual", None)
    assert airflow.states() == (
        DagState("data_quality", False, False, "Triggered by assets", None, failed),
        DagState("hourly_counts", False, False, HOURLY, on_day("13:00"), succeeded),
        DagState("lake_maintenance", True, False, HOURLY, on_day("13:00"), runs),
        DagState(HOSTILE_DAG, False, True, "", None, None),
    )


def test_a_token_serves_until_it_is_refused(airflow: Airflow, fake: FakeAirflow) -> None:
    airflow.states()
    airflow.states()
    assert fake.tokens == 1
    fake.tokens = 7
    assert len(airflow.states()) == 4
    assert fake.tokens == 8, "the old token was refused once, and a new one fetched"


def test_a_wrong_password_is_said_and_tried_once_a_look(fake: FakeAirflow, tmp_path: Path) -> None:
    with pytest.raises(AirflowRefusesError, match=r"password of viewer in passwords\.json: ./pycturestream"):
        Airflow(f"127.0.0.1:{fake.port}", write_passwords(tmp_path, "guessed")).states()
    assert fake.asked == ["/auth/token"]


def test_a_token_that_is_never_accepted_is_no_endless_loop(airflow: Airflow, fake: FakeAirflow) -> None:
    fake.valid = False
    with pytest.raises(AirflowRefusesError):
        airflow.states()
    assert fake.asked == ["/auth/token", "/api/v2/dags"]


@pytest.mark.parametrize(
    ("instead", "sentence"),
    [
        ((200, b"<html>I am a printer"), "nothing usable"),
        ((200, b"[" * 100_000), "nothing usable"),
        ((201, b'{"access_token": "x", "dags": [1, 2]}'), "has no dags"),
        ((201, b'{"access_token": "x", "dags": {"dag_id": 1}}'), "has no dags"),
        ((503, b'{"dags": []}'), "HTTP 503"),
        ((302, b'{"dags": []}'), "HTTP 302"),
    ],
)
def test_an_answer_that_is_not_airflows_is_a_sentence(
    airflow: Airflow, fake: FakeAirflow, instead: tuple[int, bytes], sentence: str
) -> None:
    fake.instead = instead
    with pytest.raises(AirflowAwayError, match=sentence):
        airflow.states()


def test_nonsense_in_single_values_is_left_out(airflow: Airflow, fake: FakeAirflow) -> None:
    fake.dags = [dag("odd", is_paused="yes", next_dagrun_run_after="soon", timetable_description=7)]
    fake.runs = {"odd": run("odd", "success", start_date=12, end_date="2026-11-20T12:00:00", run_after=None)}
    last = DagRun("scheduled__odd", "success", "scheduled", None, None, None)
    assert airflow.states() == (DagState("odd", False, False, "7", None, last),)


def test_so_many_dags_are_not_all_asked_for(airflow: Airflow, fake: FakeAirflow) -> None:
    fake.dags = [dag(f"dag{number:03d}") for number in range(MAX_DAGS + 10)]
    assert len(airflow.states()) == MAX_DAGS


def test_a_name_with_a_slash_stays_one_part_of_the_address(airflow: Airflow, fake: FakeAirflow) -> None:
    fake.dags, fake.runs = [dag("../pools?a=b")], {}
    airflow.states()
    assert fake.asked[-1] == "/api/v2/dags/..%2Fpools%3Fa%3Db/dagRuns"


def test_airflow_that_is_away_was_never_started_or_lost_its_file(tmp_path: Path) -> None:
    [port] = free_ports(1)
    file = tmp_path / "airflow" / "passwords.json"
    with pytest.raises(AirflowAwayError, match=r"never started here: \./pycturestream up"):
        Airflow(f"127.0.0.1:{port}", file).states()
    write_passwords(tmp_path)
    with pytest.raises(AirflowAwayError, match=f"does not answer at 127.0.0.1:{port} .*pycturestream up"):
        Airflow(f"127.0.0.1:{port}", file).states()
    file.write_text("{")
    with pytest.raises(AirflowAwayError, match=r"passwords\.json of Airflow cannot be read"):
        Airflow(f"127.0.0.1:{port}", file).states()
    file.write_text(json.dumps(["viewer"]))
    with pytest.raises(AirflowAwayError, match="does not answer"):
        Airflow(f"127.0.0.1:{port}", file).states()
