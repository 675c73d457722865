"""What the report's charts show, against direct questions to Spark SQL on random hours."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import SparkSession

from benchmarks.support.tables.hour_rows import Row, add, fill, outcome, record, thing
from dashboards.data.report_counts import Counts, ReportFilter
from dashboards.data.report_history import ReportHistory
from dashboards.report import figures as report_figures
from dashboards.report.query import ReportQuery
from jobs.hours import count_objects, publish_hours
from lake.config.settings import Settings
from lake.contracts.hours import Scope
from lake.schema.batch_schemas import CAMERA_HOURS_CANDIDATE, PUBLICATIONS
from lake.spark.catalog import register_lake
from lake.storage.reader import read_rows
from lake.storage.tables import Lake
from tests.conftest import at
from tests.jobs.random_hours import HOURS, random_hours

pytestmark = pytest.mark.spark

Span = tuple[datetime, datetime]
NOW = at("06:00", "2026-01-03")
ZONE = "Asia/Kolkata"
"""Half an hour off: hours of its clock lie in two of UTC."""
SPANS = {
    "both days in part": (at("22:17"), at("02:00", "2026-01-03")),
    "one whole day and a part": (at("13:07", "2026-01-01"), at("01:29", "2026-01-03")),
    "whole days": (at("00:00"), at("00:00", "2026-01-04")),
}
FIRST, LAST = SPANS["both days in part"]
SUM = ReportQuery.read({"measure": "sum", "bucket": "60", "axis": "hour"})
HELD_HOUR = HOURS[2]


@pytest.fixture(scope="module")
def lake(spark: SparkSession, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Two hours published, one held, one never counted; and bad objects in the held one."""
    own = replace(settings, data=tmp_path_factory.mktemp("reported"), report_threshold=0.55)
    lake = Lake(own.lake)
    lake.create(spark)
    frames, detections = random_hours(7)
    fill(lake.root, frames, anywhere(detections))
    candidate = count_objects.run(spark, lake, Scope(HOURS[:2]), "run", NOW)
    rows = read_rows(lake.root, "SELECT hour, camera_id FROM camera_hours_candidate", CAMERA_HOURS_CANDIDATE)
    publish_hours.publish(
        spark, lake, candidate, [(row["hour"], row["camera_id"]) for row in rows], "run", NOW
    )
    register_lake(spark, own, "objects serving_camera_hours publication_states")
    spark.sql("CACHE TABLE counted AS SELECT * FROM objects")  # the view takes seconds for each question
    yield lake
    spark.catalog.setCurrentDatabase("default")
    spark.sql("DROP DATABASE pycturestream CASCADE")


def anywhere(detections: list[Row]) -> list[Row]:
    """Give every object a box of its own; some reach over the edge of the picture, some are no box at all."""
    dice = random.Random(7)
    for seen in (seen for row in detections for seen in row["objects"]):
        y, x = dice.uniform(-0.2, 1), dice.uniform(-0.2, 1)
        box = {"ymin": y, "xmin": x, "ymax": y + dice.random() / 2, "xmax": x + dice.random() / 2}
        unplaced = {"sector_v": None, "sector_h": None, **dict.fromkeys(box)}
        seen |= dice.choices([box, dict.fromkeys(box, math.nan), unplaced], (20, 1, 1))[0]
    return detections


def read(lake: Lake) -> ReportHistory:
    history = ReportHistory(lake.root, lambda: NOW)
    history.refresh()
    return history


def counts(lake: Lake, threshold: float = 0.55, span: Span = (FIRST, LAST), **more: Any) -> Counts:
    return read(lake).count(ReportFilter(*span, threshold=threshold, **more))


def ask(spark: SparkSession, columns: str, where: str = "TRUE", span: Span = (FIRST, LAST)) -> dict[Any, int]:
    """Objects in the span, by columns; times are those of the zone."""
    local = f"from_utc_timestamp(observed_at, '{ZONE}')"
    first, last = (at.isoformat() for at in span)
    within = f"observed_at >= TIMESTAMP '{first}' AND observed_at < TIMESTAMP '{last}'"
    asked = columns.format(local=local)
    sql = f"SELECT {asked}, count(*) AS n FROM counted WHERE {within} AND {where} GROUP BY ALL"
    return {tuple(row[:-1]) if len(row) > 2 else row[0]: row[-1] for row in spark.sql(sql).collect()}


def drawn(figure: dict[str, Any]) -> dict[str, int]:
    """Sums of stacked bars by x, zeros left out."""
    sums: dict[str, int] = {}
    for trace in figure["data"]:
        for x, y in zip(trace["x"], trace["y"], strict=True):
            sums[x] = sums.get(x, 0) + (y or 0)
    return {x: y for x, y in sums.items() if y}


@pytest.mark.parametrize("step", [1, 15])
@pytest.mark.parametrize("span", SPANS.values(), ids=SPANS)
def test_every_chart_shows_what_spark_sql_counts(
    spark: SparkSession, lake: Lake, span: Span, step: int
) -> None:
    def told(columns: str, where: str = "TRUE") -> dict[Any, int]:
        return ask(spark, columns, where, span)

    found = counts(lake, span=span, step=step)
    assert found.objects > 50
    by_label = told("label")
    [pie] = report_figures.donut(found, SUM)["data"]
    assert dict(zip(pie["labels"], pie["values"], strict=True)) == by_label
    assert found.cameras == told("camera_id")
    hours = told("date_format({local}, 'HH')")
    assert drawn(report_figures.histogram(found, SUM, ZONE)) == hours
    for axis, word in (("minute", "mm"), ("day", "yyyy-MM-dd"), ("month", "yyyy-MM"), ("weekday", "E")):
        figure = report_figures.histogram(found, replace(SUM, axis=axis), ZONE)
        assert drawn(figure) == told(f"date_format({{local}}, '{word}')"), axis
    buckets = told("date_format({local}, \"yyyy-MM-dd'T'HH\")")
    line = report_figures.timeline(found, SUM, ZONE)
    assert summed_by_hour(line) == buckets
    sectors = told("sector_v, sector_h", "sector_v IS NOT NULL")
    [tiles] = report_figures.sectors(found, SUM)["data"]
    names = [(v, h) for v in tiles["y"] for h in tiles["x"]]
    tiled = [z for row in tiles["z"] for z in row]
    assert dict(zip(names, tiled, strict=True)) == {name: sectors.get(name, 0) for name in names}
    assert found.placeless == told("sector_v").get(None, 0) > 0
    week = told("date_format({local}, 'E'), date_format({local}, 'HH')")
    [heat] = report_figures.week(found, SUM, ZONE)["data"]
    shown = {(day, hour): z for day, row in zip(heat["y"], heat["z"], strict=True)
             for hour, z in zip(heat["x"], row, strict=True) if z}  # fmt: skip
    assert shown == week
    assert found.cells.tolist() == cells(told("ymin, xmin, ymax, xmax", "sector_v IS NOT NULL"))


def summed_by_hour(line: dict[str, Any]) -> dict[str, int]:
    """The first bar begins with the span, and so may not begin with its hour."""
    sums: dict[str, int] = {}
    for x, y in drawn(line).items():
        sums[x[:13]] = sums.get(x[:13], 0) + y
    return sums


def cells(boxes: dict[tuple[float, ...], int]) -> list[list[int]]:
    """A map of positions by hand: 18 rows of 32 cells; a centre beyond the edge is drawn at the edge."""

    def place(low: float, high: float, count: int) -> int:
        middle = (low + high) / 2
        return count - 1 if math.isnan(middle) else min(max(math.floor(middle * count), 0), count - 1)

    found = [[0] * 32 for _ in range(18)]
    for (ymin, xmin, ymax, xmax), number in boxes.items():
        found[place(ymin, ymax, 18)][place(xmin, xmax, 32)] += number
    return found


@pytest.mark.parametrize("threshold", [0.55, 0.6, 0.75, 1.0])
def test_a_threshold_is_compared_as_spark_does(spark: SparkSession, lake: Lake, threshold: float) -> None:
    assert counts(lake, threshold).labels == ask(spark, "label", f"CAST(score AS DOUBLE) >= {threshold}D")


def test_cameras_and_labels_are_chosen_as_in_sql(spark: SparkSession, lake: Lake) -> None:
    found = counts(lake, cameras=frozenset({"door"}), labels=frozenset({"cat", "dog"}))
    assert found.labels == ask(spark, "label", "camera_id = 'door' AND label IN ('cat', 'dog')")
    assert {one.camera for one in found.hours} == {"door"}


def test_frames_of_whole_hours_are_those_of_their_coverage(spark: SparkSession, lake: Lake) -> None:
    history = read(lake)
    for hour in HOURS:
        [row] = spark.sql(
            "SELECT sum(analysed) AS analysed, sum(received) AS received FROM serving_camera_hours "
            f"WHERE hour = TIMESTAMP '{hour.isoformat()}'"
        ).collect()
        found = history.count(ReportFilter(hour, hour + timedelta(hours=1)))
        assert found.analysed == row["analysed"] > 0
        assert sum(one.received for one in found.hours) == row["received"]


def test_a_poisoned_hour_that_is_held_changes_no_chart(lake: Lake) -> None:
    def charts(found: Counts) -> Any:
        asked = (report_figures.timeline, report_figures.histogram, report_figures.week)
        return [draw(found, SUM, ZONE) for draw in asked] + [
            draw(found, SUM) for draw in (report_figures.donut, report_figures.sectors, report_figures.cells)
        ]

    def hold(camera: str) -> None:
        row = {
            "hour": HELD_HOUR,
            "camera_id": camera,
            "state": "held",
            "decided_at": NOW,
            "day": HELD_HOUR.date(),
        }
        add(lake.root, PUBLICATIONS, [row | {"run_id": "audit"}])

    def again() -> Counts:
        history.refresh()
        return history.count(ReportFilter(FIRST, LAST))

    history = ReportHistory(lake.root, lambda: NOW + timedelta(hours=len(seen)))
    seen: list[Any] = []
    for camera in ("door", "gate", "yard", "(unknown)", "poisoned"):
        hold(camera)
    before = charts(again())
    bad = record(9_000, HELD_HOUR + timedelta(minutes=5), "poisoned")
    fill(lake.root, [], [outcome(bad, "detected", *[thing("ghost", 0.99)] * 50)])
    seen.append(1)
    after = again()
    assert charts(after) == before
    assert {one.state for one in after.hours if one.hour == HELD_HOUR} == {"held"}
    yard = record(9_001, HOURS[3] + timedelta(minutes=5), "yard")
    fill(lake.root, [], [outcome(yard, "detected", thing("ghost", 0.99))])
    seen.append(1)
    assert again().labels["ghost"] == 1
