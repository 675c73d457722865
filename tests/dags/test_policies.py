"""Rules that every DAG keeps, and what each of ours looks like to Airflow."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
OURS = [
    "airflow_history", "data_quality", "evaluate_models", "hourly_counts", "lake_maintenance", "stream_watch",
]  # fmt: skip
TIMETABLES = {
    "airflow_history": "CronTriggerTimetable",
    "data_quality": "AssetTriggeredTimetable",
    "evaluate_models": "NullTimetable",
    "hourly_counts": "CronDataIntervalTimetable",
    "lake_maintenance": "CronTriggerTimetable",
    "stream_watch": "CronTriggerTimetable",
}


def tasks(parsed: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{dag_id}.{name}", task)
        for dag_id, dag in parsed["dags"].items()
        for name, task in dag["tasks"].items()
    ]


def spark_jobs(parsed: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: task for name, task in tasks(parsed) if task["type"] == "SparkJob"}


def test_every_file_loads_and_brings_nothing_heavy(parsed: dict[str, Any]) -> None:
    assert (parsed["errors"], parsed["heavy"]) == ({}, [])


def test_a_dag_is_named_as_its_file(parsed: dict[str, Any]) -> None:
    assert {dag_id: Path(dag["file"]).name for dag_id, dag in parsed["dags"].items()} == {
        name: f"{name}.py" for name in OURS
    }


def test_every_dag_says_what_it_is_for_and_runs_once_at_a_time(parsed: dict[str, Any]) -> None:
    dags = parsed["dags"]
    assert [name for name, dag in dags.items() if len(dag["doc"]) < 100 or not dag["tags"]] == []
    assert {(dag["max_active_runs"], dag["catchup"]) for dag in dags.values()} == {(1, False)}


def test_only_a_timetable_with_data_intervals_schedules_hours(parsed: dict[str, Any]) -> None:
    found = {name: dag["timetable"] for name, dag in parsed["dags"].items()}
    assert {name: kind.removeprefix("Partitioned") for name, kind in found.items()} == TIMETABLES


def test_every_task_has_an_owner_an_end_and_tells_its_failure(parsed: dict[str, Any]) -> None:
    faulty = [
        name
        for name, task in tasks(parsed)
        if task["owner"] != "pycturestream" or not task["timeout_s"] or not task["tells"]
    ]
    assert faulty == []


def test_every_task_but_the_gate_is_tried_again_with_growing_pauses(parsed: dict[str, Any]) -> None:
    assert {name for name, task in tasks(parsed) if task["retries"] < 2} == {"data_quality.gate"}
    assert {task["backoff"] for _, task in tasks(parsed)} == {2.0}


def test_no_leaf_hides_a_failure(parsed: dict[str, Any]) -> None:
    leaves = {name: task["trigger_rule"] for name, task in tasks(parsed) if not task["downstream"]}
    assert set(leaves.values()) == {"all_success"}, leaves


def test_spark_jobs_are_submitted_one_at_a_time_to_a_connection_that_is_not_yarn(
    parsed: dict[str, Any],
) -> None:
    jobs = spark_jobs(parsed)
    assert {(job["pool"], job["connection"]) for job in jobs.values()} == {("spark", "spark_batch")}
    assert parsed["connection"] == ["local[1]", "client"]
    assert {name: str(Path(job["application"]).relative_to(ROOT)) for name, job in jobs.items()} == {
        "data_quality.check_quality": "jobs/quality/check_quality.py",
        "evaluate_models.evaluate_models": "jobs/evaluation/evaluate_models.py",
        "hourly_counts.count_objects": "jobs/hours/count_objects.py",
        "hourly_counts.detect_skipped": "jobs/hours/detect_skipped.py",
        "lake_maintenance.maintain_lake": "jobs/maintenance/maintain_lake.py",
    }


def test_an_hour_is_planned_detected_counted_and_announced(parsed: dict[str, Any]) -> None:
    hourly = parsed["dags"]["hourly_counts"]["tasks"]
    assert {name: task["upstream"] for name, task in hourly.items()} == {
        "plan_hours": [],
        "detect_skipped": ["plan_hours"],
        "count_objects": ["detect_skipped", "plan_hours"],
        "announce_candidate": ["count_objects", "plan_hours"],
    }
    assert hourly["count_objects"]["trigger_rule"] == "none_failed_min_one_success"
    assert hourly["announce_candidate"]["outlets"] == ["objects_candidate"]


def test_what_was_checked_is_announced_and_what_was_held_fails_the_run(parsed: dict[str, Any]) -> None:
    quality = parsed["dags"]["data_quality"]["tasks"]
    assert {name: task["upstream"] for name, task in quality.items()} == {
        "choose_candidates": [],
        "check_quality": ["choose_candidates"],
        "announce_published": ["check_quality"],
        "gate": ["check_quality"],
    }
    assert quality["announce_published"]["outlets"] == ["hourly_counts"]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("2026-01-31T10:00:00Z", True),
        ("2026-01-31T10:00:00.000Z", True),  # as the form's calendar writes it
        ("2026-01-31T10:00:00+02:00", True),
        ("2026-01-31T10:30:00Z", False),
        ("2026-01-31T10:00:00", False),
        ("yesterday", False),
    ],
)
def test_the_form_takes_only_whole_hours_with_a_zone(parsed: dict[str, Any], text: str, fits: bool) -> None:
    pattern = parsed["dags"]["hourly_counts"]["params"]["from"]["pattern"]
    assert bool(re.search(pattern, text)) is fits


def test_the_form_takes_hours_cameras_and_choices_of_the_right_type(parsed: dict[str, Any]) -> None:
    form = parsed["dags"]["hourly_counts"]["params"]
    assert {name: field["type"] for name, field in form.items()} == {
        "from": ["null", "string"],
        "to": ["null", "string"],
        "cameras": ["null", "array"],
        "so_far": ["null", "boolean"],
        "dry_run": ["null", "boolean"],
    }
    assert {form[name]["format"] for name in ("from", "to")} == {"date-time"}
    assert parsed["dags"]["lake_maintenance"]["params"]["work"]["enum"] == [
        "due",
        "optimize",
        "vacuum",
        "retention",
        "all",
    ]
