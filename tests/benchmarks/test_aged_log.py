from __future__ import annotations

import pytest
from deltalake import DeltaTable

from benchmarks.batch.aged_log import ROWS, actions, age, entries_of
from benchmarks.support.tables.arrow_tables import schema
from benchmarks.support.tables.hour_rows import outcome, record
from lake.schema.schemas import DETECTIONS
from lake.storage.reader import read_rows
from lake.storage.tables import COMMON_PROPERTIES, Lake
from tests.conftest import at

SMALL = {
    "path": "day=2026-01-02/part-0.parquet",
    "partitionValues": {"day": "2026-01-02"},
    "size": 900,
    "modificationTime": 5,
    "dataChange": True,
    "stats": '{"numRecords":20}',
}


def said(commit):
    """Verb and file of each action."""
    return [(verb, one["path"].rpartition("/")[2]) for action in commit for verb, one in action.items()]


def test_each_commit_adds_a_small_file_and_an_optimize_replaces_those_before_it():
    assert [said(commit) for commit in actions(SMALL, 5, since_optimize=2)] == [
        [("add", "small-0.parquet")],
        [("add", "small-1.parquet")],
        [("remove", "small-0.parquet"), ("remove", "small-1.parquet"), ("add", "optimized-2.parquet")],
        [("add", "small-3.parquet")],
        [("add", "small-4.parquet")],
    ]


def test_an_hour_of_commits_lies_between_two_optimizes():
    made = list(actions(SMALL, 3700, since_optimize=50))
    compacted = {number: len(commit) for number, commit in enumerate(made) if len(commit) > 1}
    assert compacted == {49: 50, 1849: 1800, 3649: 1800}
    assert (
        sum("add" in action and action["add"]["dataChange"] for commit in made for action in commit) == 3697
    )


def test_a_compacted_file_is_no_new_data_and_a_removed_one_is_named_with_its_partition():
    [_, _, last] = actions(SMALL, 3, since_optimize=0)
    remove, add = last[0]["remove"], last[-1]["add"]
    assert (add["dataChange"], add["partitionValues"], add["from"]) == (
        False,
        {"day": "2026-01-02"},
        "day=2026-01-02/part-0.parquet",
    )
    assert remove == {
        "path": "day=2026-01-02/small-0.parquet",
        "partitionValues": {"day": "2026-01-02"},
        "size": 900,
        "extendedFileMetadata": True,
        "dataChange": False,
    }


@pytest.fixture
def table(tmp_path):
    """`detections` without rows."""
    folder = tmp_path / DETECTIONS.name
    told = {"partition_by": ["day"], "configuration": COMMON_PROPERTIES}
    DeltaTable.create(str(folder), schema(DETECTIONS), **told)
    return folder


def test_an_aged_table_has_about_as_many_entries_as_asked_and_reads_as_after_its_last_optimize(table):
    age(table, 300, 20, at("11:00"))
    aged = DeltaTable(table)
    names = sorted(path.rpartition("/")[2].partition("-")[0] for path in aged.file_uris())
    assert abs(entries_of(table) - 300) <= 2
    assert names == ["optimized", "part", *["small"] * 20]
    assert aged.to_pyarrow_table(columns=["offset"]).num_rows == 22 * ROWS
    assert len(list((table / "_delta_log").glob("*.checkpoint.parquet"))) == 300 // 51 + 1


def test_a_stream_goes_on_where_the_aged_log_ends(table):
    age(table, 300, 20, at("11:00"))
    version = DeltaTable(table).version()
    lake = Lake(table.parent)
    row = outcome(record(7, at("11:00")))
    lake.append_arrow(lake.rows(DETECTIONS, [row]), DETECTIONS, "stream", 0)
    where = 'SELECT "offset" FROM detections WHERE "offset" < 1000'
    assert (DeltaTable(table).version(), read_rows(lake.root, where, DETECTIONS)) == (
        version + 1,
        [{"offset": 7}],
    )
