"""The batch layer as people drive it: the command, the API with a token, and a real browser."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from benchmarks.support.running.chromium import open_page
from benchmarks.support.running.programs import wait_for
from benchmarks.support.running.whole_system import ASKED_EVERY_S, RUN_S, RefusedError, WholeSystem
from benchmarks.support.running.wire import old_frame, pictures, send
from dashboards.data.exploring import Explorer
from lake.config.settings import Settings
from lake.contracts.hours import HOUR, format_hour, last_full_hour
from lake.schema.batch_schemas import HOURLY_COUNTS, QUALITY_RESULTS
from lake.schema.schemas import DETECTIONS
from lake.schema.schemas import FRAMES as STORED_FRAMES
from lake.serving.questions import Question
from lake.storage.reader import read_rows
from stack.programs.processes import marked
from tests.browser.airflow_pages import DAGS, AirflowPages
from tests.end_to_end.test_demo import listening_at

pytestmark = [pytest.mark.system, pytest.mark.timeout(1500)]

FRAMES, HELD_BACK = 6, 3
"""So many pictures say that they were taken so many hours ago: the speed layer skips them as stale."""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeSystem]:
    """Everything but the cameras, and Airflow, which is started on top."""
    made = WholeSystem(tmp_path_factory.mktemp("whole system"), {})
    try:
        made.up("--no-capture", "--no-airflow")
        yield made
    finally:
        made.down()


@pytest.fixture(scope="module")
def hour(system: WholeSystem) -> datetime:
    """A full hour in which one camera took six pictures with people on them; all were skipped."""
    taken = last_full_hour(datetime.now(UTC)) - HELD_BACK * HOUR
    jpegs = pictures(Settings.from_env(os.environ).home / "clips")
    moments = [taken + timedelta(minutes=number) for number in range(FRAMES)]
    send(system.kafka, [
        old_frame(jpeg, "door", moment.replace(tzinfo=None).isoformat())
        for jpeg, moment in zip(jpegs, moments, strict=True)
    ])  # fmt: skip

    def archived() -> bool:
        """Each table has an archive of its own, and either may be the first."""
        lake = system.data / "lake"
        skipped = "SELECT count(*) AS n FROM detections WHERE status = 'skipped_stale'"
        stored = "SELECT count(*) AS n FROM frames"
        found = [read_rows(lake, skipped, DETECTIONS), read_rows(lake, stored, STORED_FRAMES)]
        return all(rows[0]["n"] == FRAMES for rows in found)

    wait_for("six skipped pictures in the lake", archived)
    return taken


@pytest.fixture(scope="module")
def counted(system: WholeSystem, hour: datetime) -> dict[str, Any]:
    """The run that counted the hour: the first one scheduled, of the last hour, takes up what is due."""
    system.up("--no-capture")
    return system.finished("hourly_counts", run_type="scheduled")


def test_an_hour_is_analysed_counted_checked_and_published(
    system: WholeSystem, hour: datetime, counted: dict[str, Any]
) -> None:
    tasks = ("plan_hours", "detect_skipped", "count_objects", "announce_candidate")
    assert system.task_states(counted) == dict.fromkeys(tasks, "success"), system.task_logs()
    audit = system.finished("data_quality", run_type="asset_triggered")
    assert audit["state"] == "success", system.task_logs()
    decisions = [(row["hour"], row["camera_id"], row["state"]) for row in system.publications()]
    assert set(decisions) == {(hour, "door", "open"), (hour, "door", "published")}, system.task_logs()
    rows = read_rows(
        system.data / "lake",
        "SELECT hour, camera_id, sum(object_count) AS n FROM hourly_counts"
        " WHERE label = 'person' AND score_bin >= 0.5 GROUP BY 1, 2",
        HOURLY_COUNTS,
    )
    assert [(row["hour"], row["camera_id"]) for row in rows] == [(hour, "door")]
    assert rows[0]["n"] >= FRAMES


def test_an_hour_without_data_is_skipped_and_not_red(system: WholeSystem, counted: dict[str, Any]) -> None:
    empty = format_hour(last_full_hour(datetime.now(UTC)) - 20 * HOUR)
    path = "/dags/hourly_counts/dagRuns"
    system.api("POST", path, {"dag_run_id": "by-api", "logical_date": None, "conf": {"from": empty}})
    run = system.finished("hourly_counts", dag_run_id="by-api")
    assert (run["state"], run["data_interval_start"]) == ("success", None)
    assert set(system.task_states(run).values()) == {"skipped"}
    assert f"nothing came in {empty}" in system.task_logs()


def test_a_backfill_by_the_command_does_each_of_its_hours(
    system: WholeSystem, counted: dict[str, Any]
) -> None:
    first = last_full_hour(datetime.now(UTC)) - 30 * HOUR
    system.command(
        "airflow", "backfill", "create", "--dag-id", "hourly_counts", "--reprocess-behavior", "none",
        "--from-date", format_hour(first), "--to-date", format_hour(first + HOUR), "--max-active-runs", "1",
    )  # fmt: skip
    for hour in (first, first + HOUR):
        run = system.finished("hourly_counts", run_type="backfill", data_interval_start=format_hour(hour))
        assert run["state"] == "success", system.task_logs()


def test_a_poisoned_hour_is_held_until_it_is_good_again(
    system: WholeSystem, hour: datetime, counted: dict[str, Any]
) -> None:
    system.finished("data_quality", run_type="asset_triggered")
    good = served(system)
    poison(system, hour)
    audit = recount(system, hour)
    assert audit["state"] == "failed"
    assert system.task_states(audit) == {
        "choose_candidates": "success", "check_quality": "success", "announce_published": "skipped",
        "gate": "failed",
    }, system.task_logs()  # fmt: skip
    assert failed_expectations(system, audit) == [
        ("door", "scores_are_in_range"),
        ("yard", "scores_are_in_range"),
    ]
    told = json.loads((system.data / "run" / "failed-data_quality.json").read_text())
    assert f"{format_hour(hour)} door is held" in told["sentence"]
    assert "each score is from 0.2 to 1" in told["sentence"]
    with urlopen(told["data_docs"], timeout=60) as page:
        assert b"Data quality" in page.read()
    assert served(system) == good, (
        "the last good numbers stay, and yard, never published, is not shown as live"
    )
    DeltaTable(system.data / "lake" / "detections").delete("layer = 'promoted'")
    told = system.command("batch", "hour", format_hour(hour), patience_s=RUN_S)
    assert f"published {format_hour(hour)}: door" in told
    assert served(system) == good


def recount(system: WholeSystem, hour: datetime) -> dict[str, Any]:
    """Count an hour anew, started by Airflow's own command; the audit that follows."""
    before = {run["dag_run_id"] for run in system.runs("data_quality")}
    form = f'{{"from": "{format_hour(hour)}"}}'
    system.command("airflow", "dags", "trigger", "hourly_counts", "--run-id", "by-command", "--conf", form)
    run = system.finished("hourly_counts", dag_run_id="by-command")
    assert run["state"] == "success", system.task_logs()

    def audited() -> str | None:
        new = [run["dag_run_id"] for run in system.runs("data_quality") if run["dag_run_id"] not in before]
        return new[-1] if new else None

    audit = wait_for("the audit of a count", audited, every_s=ASKED_EVERY_S)
    return system.finished("data_quality", dag_run_id=audit)


def poison(system: WholeSystem, hour: datetime) -> None:
    """A promoted run says of each frame of door, and of one of yard, what no model says: a score of 7."""
    sql = f"SELECT * FROM detections WHERE layer = 'batch' AND observed_at >= TIMESTAMP '{format_hour(hour)}'"
    rows = read_rows(system.data / "lake", sql, DETECTIONS)
    bad = [
        {**row, "layer": "promoted", "objects": [{**seen, "score": 7.0} for seen in row["objects"]]}
        for row in rows
    ]
    stranger = {"camera_id": "yard", "frame_id": "yard/0", "offset": 1_000_000}
    stored = DeltaTable(system.data / "lake" / "detections")
    schema = pa.schema(stored.schema().to_arrow())
    write_deltalake(stored, pa.Table.from_pylist([*bad, {**bad[0], **stranger}], schema), mode="append")


def served(system: WholeSystem) -> list[tuple[Any, ...]]:
    """Objects as reports see them."""
    explorer = Explorer(system.data / "lake", lambda: datetime.now(UTC))
    asked = Question(date(2000, 1, 1), date(2100, 1, 1), "TRUE", (), 0.5)
    columns = ["camera_id", "frame_id", "label", "score", "state"]
    return sorted(
        tuple(row.values()) for part in explorer.batches(asked, columns) for row in part.to_pylist()
    )


def failed_expectations(system: WholeSystem, audit: dict[str, Any]) -> list[tuple[str, str]]:
    """Camera and name of each critical expectation that failed in an audit."""
    sql = (
        "SELECT camera_id, expectation FROM quality_results WHERE NOT success AND severity = 'critical'"
        f" AND run_id = '{audit['dag_run_id']}' ORDER BY 1, 2"
    )
    rows = read_rows(system.data / "lake", sql, QUALITY_RESULTS)
    return [(row["camera_id"], row["expectation"]) for row in rows]


@pytest.mark.parametrize(
    ("user", "conf", "status"),
    [
        (None, {}, 401),
        ("viewer", {}, 403),
        ("admin", {"cameras": ["a b"]}, 400),
        ("admin", {"from": "yesterday"}, 400),
        ("admin", {"to": "2026-01-31T10:30:00Z"}, 400),
        ("admin", {"cameras": "door"}, 400),
    ],
)
def test_who_may_not_and_what_cannot_be_meant_is_refused(
    system: WholeSystem, user: str | None, conf: dict[str, Any], status: int
) -> None:
    with pytest.raises(RefusedError) as refused:
        system.api("POST", "/dags/hourly_counts/dagRuns", {"logical_date": None, "conf": conf}, user)
    assert refused.value.status == status


def test_a_person_sees_the_dags_the_form_and_the_log_of_a_task(
    system: WholeSystem, counted: dict[str, Any]
) -> None:
    with open_page() as page:
        person = AirflowPages(page, system.url, "admin", system.password("admin"))
        assert person.dags() == list(DAGS)
        form = person.trigger_form("hourly_counts")
        for field in ("First hour", "Last hour", "Cameras", "This hour so far", "Dry run"):
            form.get_by_text(field, exact=True).first.wait_for()
        person.run("hourly_counts", counted["dag_run_id"], "count_objects")
        page.get_by_text("jobs/hours/count_objects.py").first.wait_for()


def test_doctor_finds_nothing_wrong_with_it(system: WholeSystem) -> None:
    assert json.loads(system.command("doctor", "--quick", "--json"))["ok"] is True


def test_everything_listens_on_loopback(system: WholeSystem) -> None:
    programs = marked(Path(system.data) / "run" / "supervisord.conf")
    heard = {ip for process in programs for ip in listening(process)}
    assert heard
    assert {ip for ip in heard if not ip.startswith("127.") and ip != "::1"} == set()


def listening(process: psutil.Process) -> list[str]:
    try:
        return listening_at(process)
    except psutil.AccessDenied:
        return []
