from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lake.storage import kept_writers as kept_tables
from lake.storage.kept_writers import KeptWriters
from lake.storage.tables import Lake

ROWS = pa.table({"number": [1, 2]})


@pytest.fixture
def kept(tmp_path: Path) -> KeptWriters:
    write_deltalake(tmp_path / "numbers", ROWS)
    return KeptWriters(tmp_path)


def append(kept: KeptWriters) -> None:
    with kept.to_append("numbers") as table:
        write_deltalake(table, ROWS, mode="append")


def versions(root: Path) -> list[int]:
    return sorted(commit["version"] for commit in DeltaTable(root / "numbers").history())


def test_it_appends_behind_what_others_committed(kept: KeptWriters, tmp_path: Path) -> None:
    append(kept)
    for _ in range(3):
        write_deltalake(tmp_path / "numbers", ROWS, mode="append")
    DeltaTable(tmp_path / "numbers").optimize.compact()
    append(kept)
    assert versions(tmp_path) == list(range(7))
    assert len(DeltaTable(tmp_path / "numbers").to_pyarrow_table()) == 12


def test_it_stays_open(kept: KeptWriters) -> None:
    with kept.to_append("numbers") as first:
        pass
    with kept.to_append("numbers") as second:
        assert second is first


def test_it_goes_on_over_a_log_whose_old_files_were_removed(kept: KeptWriters, tmp_path: Path) -> None:
    append(kept)
    for _ in range(5):
        write_deltalake(tmp_path / "numbers", ROWS, mode="append")
    DeltaTable(tmp_path / "numbers").create_checkpoint()
    for old in range(6):
        (tmp_path / "numbers" / "_delta_log" / f"{old:020}.json").unlink()
    append(kept)
    assert len(DeltaTable(tmp_path / "numbers").to_pyarrow_table()) == 16


def test_it_is_opened_anew_before_its_own_writes_slow_it(
    kept: KeptWriters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_tables, "MAX_COMMITS", 3)
    seen: list[DeltaTable] = []
    for _ in range(6):
        with kept.to_append("numbers") as table:
            seen.append(table)
            write_deltalake(table, ROWS, mode="append")
    assert [table is seen[0] for table in seen] == [True] * 3 + [False] * 3
    assert [table is seen[3] for table in seen[3:]] == [True] * 3


def test_a_table_that_was_made_anew_is_opened_anew(kept: KeptWriters, tmp_path: Path) -> None:
    append(kept)
    shutil.rmtree(tmp_path / "numbers")
    write_deltalake(tmp_path / "numbers", ROWS)
    append(kept)
    assert versions(tmp_path) == [0, 1]


def test_a_lake_travels_without_its_open_tables(kept: KeptWriters, tmp_path: Path) -> None:
    assert pickle.loads(pickle.dumps(Lake(tmp_path))).root == tmp_path
