"""What is found of live hours without Spark, on random hours."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, QueryBuilder

from benchmarks.support.tables.arrow_tables import write
from lake.schema.batch_schemas import PUBLICATIONS
from lake.schema.schemas import DETECTIONS, FRAMES
from lake.storage.reader import read_rows
from lake.views.all_views import with_views
from lake.views.live_views import LIVE_DETECTIONS
from lake.views.view import for_datafusion, read_by
from tests.dashboards.explore_lake import at, record
from tests.jobs.brute_force import Recount, cell_of
from tests.jobs.random_hours import HOURS, random_hours

LATENCIES = ("latency_p50_s", "latency_p95_s")
ORDER = "ORDER BY d.appended_at, d.partition, d.offset, d.run_id"


@pytest.mark.parametrize("seed", range(3))
def test_both_words_for_live_detections_find_the_same_rows(tmp_path: Path, seed: int) -> None:
    _, rows = random_hours(seed)
    rows += [rows[0] | {"offset": 900 + number, "frame_id": None} for number in range(seed)]
    write(tmp_path, DETECTIONS, rows)
    held = {"hour": HOURS[1], "state": "held", "decided_at": HOURS[1], "run_id": "a", "day": HOURS[1].date()}
    write(tmp_path, PUBLICATIONS, [held | {"camera_id": "door"}])

    def ask(sql: str) -> pa.Table:
        builder = QueryBuilder()
        for table in (DETECTIONS, PUBLICATIONS):
            builder = builder.register(table.name, DeltaTable(tmp_path / table.name))
        return pa.table(builder.execute(with_views(f"SELECT d.* FROM {sql} d {ORDER}")).read_all())

    found, wanted = ask(LIVE_DETECTIONS.name), ask(f"({for_datafusion(LIVE_DETECTIONS.sql)})")
    assert found.schema.names == wanted.schema.names
    assert found.to_pylist() == wanted.to_pylist()
    again, analysed = wanted["is_duplicate"].to_pylist(), wanted["analyses"].to_pylist()
    assert (sum(again) > 10, sum(one > 1 for one in analysed) > 10, len(again) > 200) == (True, True, True)


def test_an_analysed_frame_says_for_ten_seconds_what_was_to_be_seen(tmp_path: Path) -> None:
    """Frames at 10:00:00, :04 and :30 are sure of 4, 10 and 10 seconds; the last of an hour, at :55, of 5."""
    seconds = (0, 4, 30, 3595)
    rows = [
        record(2 * number)
        | {"observed_at": at(10) + timedelta(seconds=second), "status": "detected", "objects": []}
        for number, second in enumerate(seconds)
    ]
    write(tmp_path, DETECTIONS, rows)
    write(tmp_path, FRAMES, rows)
    write(tmp_path, PUBLICATIONS, [])
    sql = with_views("SELECT camera_id, analysed, seconds_observed FROM live_camera_hours")
    assert read_rows(tmp_path, sql, DETECTIONS, FRAMES, PUBLICATIONS) == [
        {"camera_id": "yard", "analysed": 4, "seconds_observed": 29.0}
    ]


def test_both_words_read_the_same_tables_and_views() -> None:
    assert read_by(LIVE_DETECTIONS.datafusion) == read_by(LIVE_DETECTIONS.sql)


@pytest.mark.parametrize("seed", range(3))
def test_live_hours_are_counted_as_a_recount_by_brute_force_counts_them(tmp_path: Path, seed: int) -> None:
    frames, detections = random_hours(seed)
    builder = QueryBuilder()
    for table, rows in ((FRAMES, frames), (DETECTIONS, detections), (PUBLICATIONS, [])):
        write(tmp_path, table, rows)
        builder = builder.register(table.name, DeltaTable(tmp_path / table.name))
    answer = builder.execute(with_views("SELECT l.* FROM live_camera_hours l")).read_all()
    found = {(row["hour"], row["camera_id"]): row for row in pa.table(answer).to_pylist()}
    live = {cell_of(row) for row in detections if row["replay_id"] is None}
    assert {*found} == live
    coverage = Recount(frames, detections).coverage()
    for cell in live:
        wanted = {name: value for name, value in coverage[cell].items() if name in found[cell]}
        told = {name: found[cell][name] for name in wanted}
        latencies = [[part.pop(name) for name in LATENCIES] for part in (told, wanted)]
        # DataFusion interpolates in steps.
        assert latencies[0] == [value and pytest.approx(value, rel=1e-5, abs=1e-4) for value in latencies[1]]
        assert {**told, "seconds_observed": round(told["seconds_observed"], 4)} == wanted
    assert (len(live) > 10, len(wanted) > 15) == (True, True)
