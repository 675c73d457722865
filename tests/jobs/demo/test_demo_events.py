from __future__ import annotations

import json
from datetime import timedelta

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from jobs.demo import demo_events
from jobs.demo.demo_events import read_arguments, replace_history, requested_history
from jobs.demo.history import History, HistoryError, plan_history
from jobs.demo.lake_writer import SYNTHETIC, remove_history
from jobs.demo.publishing import publish_history
from jobs.demo.rows import chunks
from jobs.pipeline.publish_scopes import Published
from lake.schema.schemas import DETECTIONS, FRAMES, TABLES
from lake.storage.delta_tables import with_all_columns
from lake.storage.reader import read_rows
from lake.storage.tables import Lake
from tests.conftest import at

NOW = at("10:30")
SMALL = History(seed=4, days=1, cameras=2, objects=600, end=NOW)


def test_without_options_a_fortnight_up_to_now_is_asked_for():
    assert requested_history(read_arguments([]), NOW) == History(1, 14, 4, 100_000, NOW)


def test_an_end_that_lies_ahead_is_refused():
    with pytest.raises(HistoryError) as refused:
        requested_history(read_arguments(["--end", "2026-01-02T10:31:00Z"]), NOW)
    assert str(refused.value) == (
        "--end 2026-01-02T10:31:00+00:00 lies in the future: give at most 2026-01-02T10:30:00Z"
    )


def test_an_end_is_read_in_its_own_zone():
    assert read_arguments(["--end", "2026-01-02T11:30:00+01:00"]).end == NOW


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        ("yesterday", "'yesterday' is no date and time; write it as 2026-01-31T10:00:00Z"),
        ("2026-01-02T10:00:00", "'2026-01-02T10:00:00' has no time zone; for UTC write 2026-01-02T10:00:00Z"),
    ],
)
def test_an_end_that_is_no_moment_is_refused(end, sentence, capsys):
    with pytest.raises(SystemExit) as ended:
        read_arguments(["--end", end])
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


def test_a_history_that_cannot_be_made_ends_with_1_and_writes_nothing(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr("os.nice", lambda _: 0)
    monkeypatch.setattr("jobs.harness.process.watch_parents", lambda _: None)
    assert demo_events.main(["--objects", "3"], {"PYCTURESTREAM_DATA": str(tmp_path)}) == 1
    assert "--objects 3 are too few" in caplog.text
    assert list(tmp_path.iterdir()) == []


def a_real_frame(seed_chunk):
    """A frame and its outcome of a real camera, beside the synthetic ones in the same hour."""
    real = {"topic": "pycturestream", "topic_id": "a", "camera_id": "door", "frame_id": "door/1/1"}
    return [
        pa.Table.from_pylist([{**rows.slice(0, 1).to_pylist()[0], **real}], schema=rows.schema)
        for rows in (seed_chunk.frames, seed_chunk.detections)
    ]


def everything(lake):
    """Rows of every table as texts, sorted."""
    found = {table.name: read_rows(lake.root, f"SELECT * FROM {table.name}", table) for table in TABLES}
    return {name: sorted(map(str, rows)) for name, rows in found.items() if rows}


@pytest.fixture(scope="module")
def lake(spark, tmp_path_factory):
    """A lake that holds one real frame."""
    lake = Lake(tmp_path_factory.mktemp("demo"))
    lake.create(spark)
    for table, rows in zip(
        (FRAMES, DETECTIONS), a_real_frame(next(chunks(plan_history(SMALL)))), strict=True
    ):
        target = DeltaTable(lake.path(table))
        schema = pa.schema(target.schema().to_arrow())
        write_deltalake(target, with_all_columns(rows, schema), mode="append")
    return lake


@pytest.mark.spark
def test_a_history_is_written_once_published_whole_and_removed_without_a_trace(spark, lake):
    before, plan = everything(lake), plan_history(SMALL)
    report = replace_history(lake.root, plan)
    written = everything(lake)
    assert {name: report[name] for name in ("from", "to", "objects", "frames", "outages")} == {
        "from": "2026-01-01T10:00:00Z",
        "to": "2026-01-02T10:00:00Z",
        "objects": 600,
        "frames": int(plan.frames.sum()),
        "outages": plan.listed_outages(),
    }
    assert len(written["frames"]) == report["frames"] + 1
    assert json.dumps(report)

    assert replace_history(lake.root, plan) == report
    assert everything(lake) == written

    done = publish_history(spark, lake, plan, "a run", lambda: NOW + timedelta(minutes=1), lake.root / "docs")
    assert done == Published(published=int((~plan.outages).sum()), held=0)
    assert published_objects(lake) == expected_objects(plan)
    assert critical_failures(lake) == []

    replace_history(lake.root, plan_history(History(5, 1, 2, 600, NOW)))
    assert {name: len(rows) for name, rows in everything(lake).items()}.keys() == written.keys()

    removed = remove_history(lake.root)
    assert removed.keys() == {table.name for table, _ in SYNTHETIC}
    assert everything(lake) == before


def published_objects(lake):
    """Objects of each hour and camera, as the published tables say in three ways."""
    from lake.schema.batch_schemas import CAMERA_HOURS, HOURLY_COUNTS, PUBLISHED_OBJECTS

    ways = (
        ("SELECT hour, camera_id, count(*) AS n FROM published_objects GROUP BY 1, 2", PUBLISHED_OBJECTS),
        ("SELECT hour, camera_id, sum(object_count) AS n FROM hourly_counts GROUP BY 1, 2", HOURLY_COUNTS),
        ("SELECT hour, camera_id, objects AS n FROM camera_hours", CAMERA_HOURS),
    )
    found = [
        {(row["hour"], row["camera_id"]): row["n"] for row in read_rows(lake.root, *way)} for way in ways
    ]
    assert found[0] == found[1] == found[2]
    return found[0]


def expected_objects(plan):
    return {
        (plan.history.hour(number), name): int(plan.objects[number, camera])
        for number in range(24)
        for camera, name in enumerate(plan.history.names)
        if plan.objects[number, camera]
    }


def critical_failures(lake):
    from lake.schema.batch_schemas import QUALITY_RESULTS

    sql = "SELECT expectation FROM quality_results WHERE NOT success AND severity = 'critical'"
    return read_rows(lake.root, sql, QUALITY_RESULTS)


@pytest.mark.spark
def test_a_real_camera_with_a_name_of_the_demo_keeps_the_demo_out(lake):
    target = DeltaTable(lake.path(DETECTIONS))
    schema = pa.schema(target.schema().to_arrow())
    [_, rows] = a_real_frame(next(chunks(plan_history(SMALL))))
    name = pa.array(["synthetic-door"])
    rows = rows.set_column(rows.schema.get_field_index("camera_id"), "camera_id", name)
    write_deltalake(target, with_all_columns(rows, schema), mode="append")
    before = everything(lake)
    with pytest.raises(HistoryError, match=r"^synthetic-door is the name of a real camera in this lake"):
        replace_history(lake.root, plan_history(SMALL))
    assert everything(lake) == before
