"""The sizing tables: their arithmetic on figures typed by hand, and the page that shows them."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from benchmarks.speed.how_big import CAMERAS, RATES, ROWS, Costs, Fleet, costs_from, main, table, title

PAGE = Path(__file__).parents[2] / "docs" / "how-big.md"
ROUND = Costs(
    worker_ms=10, jvm_ms=4, kafka_ms=2, driver_ms=1, drawing_ms=4, picture_bytes=100_000,
    result_bytes=200_000, objects=2, frame_bytes=100, outcome_bytes=200, object_bytes=300,
    camera_hour_bytes=1_000_000, notice_bytes=50, notice_ms=3, log_bytes=2000, fixed_s=60, record_ms=0.1,
    run_mb=1000, record_bytes=1000, feed_ms=0.5, dashboard_mb=100,
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
    }


def test_one_camera_still_needs_the_least_of_each() -> None:
    needs = rows(1, 0.5)
    least = "partitions of the frames topic", "executors of 4 cores", "brokers"
    assert [needs[name] for name in least] == [2, 1, 3]


@pytest.mark.parametrize(("cameras", "seconds"), [(2666, 15), (10_000, 4), (100_000, 0.4)])
def test_frames_are_committed_more_often_where_more_come_than_fit_into_one_batch(
    cameras: int, seconds: float
) -> None:
    assert Fleet(cameras, 0.5, ROUND).frames_commit_s == pytest.approx(seconds)


@pytest.mark.parametrize("rate", RATES)
def test_the_page_holds_the_tables_that_are_printed(rate: float) -> None:
    assert f"### {title(rate)}\n\n{table(rate, CAMERAS, Costs())}\n\n" in PAGE.read_text("utf-8")


def test_other_cameras_rates_and_costs_can_be_asked_for() -> None:
    app = typer.Typer()
    app.command()(main)
    args = ["--cameras", "250", "--fps", "0.5", "--cost", "picture_bytes=60000"]
    printed = CliRunner().invoke(app, args).stdout
    wanted = table(0.5, [250], Costs(picture_bytes=60_000))
    assert printed == f"### Each camera with a frame every 2 s\n\n{wanted}\n"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("pictures=1", "'pictures' is no cost; they are: camera_hour_bytes, "),
        ("worker_ms=fast", "'worker_ms=fast': 'fast' is not a number"),
        ("worker_ms=0", "'worker_ms=0': it must be above 0"),
    ],
)
def test_a_cost_that_makes_no_sense_is_refused(change: str, reason: str) -> None:
    with pytest.raises(typer.BadParameter, match=reason):
        costs_from([change])
