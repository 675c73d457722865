"""The sizing tables: their arithmetic on figures typed by hand, and the page that holds them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.sizing import BEGIN, END, KEPT, PAGE, page_text, with_text
from benchmarks.sizing_inputs import Inputs, NotMeasuredError, read_inputs
from benchmarks.sizing_rows import ROWS, Fleet

ROUND = Inputs(
    bench="then", simulation="there", stream_fps=100, worker_ms=10, jvm_ms=4, kafka_ms=2, driver_ms=1,
    drawing_ms=4, picture_bytes=100_000, result_bytes=200_000, objects=2, frame_bytes=100, outcome_bytes=200,
    object_bytes=300, camera_hour_bytes=1_000_000, notice_bytes=50, notice_ms=3, log_bytes=2000, fixed_s=60,
    record_ms=0.1, run_mb=1000, record_bytes=1000, feed_ms=0.5, dashboard_mb=100,
)  # fmt: skip


def rows(cameras: int, rate: float) -> dict[str, float]:
    return {name: round(row(Fleet(cameras, rate, ROUND)), 3) for name, row in ROWS.items()}


def test_the_needs_of_a_thousand_cameras_follow_from_what_one_frame_takes() -> None:
    assert rows(1000, 0.5) == {
        "frames a second": 500,
        "cores that the stream keeps busy": 9.6,
        "partitions of the frames topic": 10,
        "executors of 4 cores": 4,
        "cores that Kafka keeps busy": 1,
        "brokers": 8,
        "MB/s into Kafka": 450,
        "MB/s out of Kafka": 650,
        "minutes of pictures in a topic of 2 GB": 0.716,
        "GB of pictures a day": 4324.32,
        "GB of pictures in 7 days": 30270.24,
        "GB of all other tables a day": 45.744,
        "seconds between commits to `frames`, at most": 15,
        "commits a day to `frames` and `detections`": 100_800,
        "their log files' MB a day": 201.6,
        "files of both a day, once compacted": 32_283.068,
        "Airflow: tasks a day": 505,
        "Airflow: minutes of an hourly run, one core": 4,
        "Airflow: GB of memory of it": 2.849,
        "notices of cameras a second": 33.333,
        "dashboard: cores to follow all pictures": 0.25,
        "dashboard: GB of memory on the live page": 0.355,
        "dashboard: days that a report keeps in memory": 0.231,
    }


def test_one_camera_still_needs_the_least_of_each() -> None:
    said = rows(1, 0.5)
    least = "partitions of the frames topic", "executors of 4 cores", "brokers"
    assert [said[name] for name in least] == [2, 1, 3]


@pytest.mark.parametrize(("cameras", "frames_s"), [(2666, 15), (10_000, 4), (100_000, 0.4)])
def test_frames_are_committed_more_often_where_more_come_than_fit_into_one_batch(
    cameras: int, frames_s: float
) -> None:
    assert Fleet(cameras, 0.5, ROUND).archive_every_s == pytest.approx(frames_s)


def found(cameras: int, seconds: float, memory_mb: float) -> dict[str, Any]:
    size = {"bytes": 1000, "rows": 100}
    names = ("frames", "detections", "objects_candidate", "published_objects", "minute_counts",
             "hourly_counts", "camera_hours_candidate", "camera_hours", "quality_results",
             "publications")  # fmt: skip
    run = {"seconds": {"whole run": seconds}, "memory_mb": memory_mb}
    return {"records": 100 * cameras, "tables": dict.fromkeys(names, size), "hourly_run": run,
            "measured": "day", "machine": "box"}  # fmt: skip


def test_the_inputs_are_medians_of_the_rounds_and_a_line_through_two_hours() -> None:
    cpu = {"Python workers": 11, "Spark's JVM": 4, "Kafka": 1, "Spark's driver": 0.5}
    rounds = [
        {"stream": fps, "cpu_ms": cpu | {"Kafka": kafka}} for fps, kafka in ((90, 1), (100, 3), (120, 2))
    ]
    usual = {"drawing_ms": 5, "result_bytes": 9, "picture_bytes": 1}
    written = {
        "fleet": {"objects": 2},
        "usual": usual, "commits": {"detections": {"count": 10}},
        "tables_as_archived": {"detections": {"log": {"bytes": 70}}},
    }  # fmt: skip
    spoken = {"tables": {"camera_status": {"bytes": 500}}, "sent": 10, "cpu_ms_per_notice": {"a": 1, "b": 2}}
    looked = {"alone": 0.2, "per_second": 100, "memory_mb": 180.4}
    told = read_inputs(
        {"rounds": rounds, "picture_kb": 107.6},
        {"hour": {"10": found(10, 20, 500), "100": found(100, 110, 1400)},
         "write": {"100": written, "10": {}}, "status": {"100": spoken}, "pages": {"100": looked}},
        "yesterday",
    )  # fmt: skip
    assert told == Inputs(
        bench="yesterday, 2 cores", simulation="day, box", stream_fps=100, worker_ms=11, jvm_ms=4, kafka_ms=2,
        driver_ms=0.5, drawing_ms=5, picture_bytes=107_600, result_bytes=9, objects=2, frame_bytes=10,
        outcome_bytes=10, object_bytes=0.4, camera_hour_bytes=40, notice_bytes=50, notice_ms=3, log_bytes=7,
        fixed_s=10, record_ms=10, run_mb=400, record_bytes=104_858, feed_ms=2, dashboard_mb=180,
    )  # fmt: skip


def test_a_part_that_was_never_run_is_named() -> None:
    with pytest.raises(NotMeasuredError, match="'hour' lacks: run python"):
        read_inputs({"rounds": [], "picture_kb": 1}, {"hour": {"10": found(10, 20, 500)}}, "")


def test_only_what_lies_between_the_marks_is_written_anew() -> None:
    assert with_text(f"a\n{BEGIN}old{END}\nb", "new") == f"a\n{BEGIN}\n\nnew\n\n{END}\nb"


def test_the_page_holds_what_the_code_makes_of_the_figures_beside_it() -> None:
    page, kept = PAGE.read_text("utf-8"), json.loads(KEPT.read_text()) if KEPT.exists() else None
    assert with_text(page, page_text(kept)) == page
