"""The log of a table that is appended to every 2 s: what is over a day old goes at each 50th commit only."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable

from benchmarks.support.tables.arrow_tables import schema
from lake.schema.schemas import EXPIRED_RANGES
from lake.storage.tables import COMMON_PROPERTIES, Lake
from tests.conftest import at

ROW = {"query": "detect_objects", "topic": "pycturestream", "partition": 0, "from_offset": 3, "to_offset": 5}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A table at version 46 whose checkpoint is new and whose commits are two days old."""
    lake = Lake(tmp_path)
    DeltaTable.create(lake.path(EXPIRED_RANGES), schema(EXPIRED_RANGES), configuration=COMMON_PROPERTIES)
    for number in range(46):
        append(lake, number)
    DeltaTable(lake.path(EXPIRED_RANGES)).create_checkpoint()
    old = (at("11:00") - timedelta(days=2)).timestamp()
    for commit in log(lake).glob("*.json"):
        os.utime(commit, (old, old))
    return lake


def append(lake: Lake, number: int) -> None:
    lake.append_arrow(lake.rows(EXPIRED_RANGES, [ROW]), EXPIRED_RANGES, "test", number)


def log(lake: Lake) -> Path:
    return Path(lake.path(EXPIRED_RANGES)) / "_delta_log"


def commits(lake: Lake) -> list[int]:
    return sorted(int(file.stem) for file in log(lake).glob("*.json"))


def test_old_commits_stay_until_the_fiftieth_and_go_with_it(lake: Lake) -> None:
    for number in (46, 47, 48):
        append(lake, number)
    assert commits(lake) == list(range(50))
    append(lake, 49)
    assert commits(lake) == list(range(46, 51))


def test_no_row_is_lost_with_the_old_commits(lake: Lake) -> None:
    for number in range(46, 60):
        append(lake, number)
    stored = DeltaTable(lake.path(EXPIRED_RANGES))
    assert (stored.version(), stored.to_pyarrow_table().num_rows) == (60, 60)
    assert stored.transaction_version("test") == 59
