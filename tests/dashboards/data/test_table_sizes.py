"""Sizes of tables, from small ones written without a JVM."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from dashboards.data.table_sizes import TableSize, TableSizes
from lake.schema.table import Table

PETS = Table("pets", "One row per pet", "name STRING")
ABSENT = Table("absent", "Nothing", "name STRING")


def add(root: Path, *names: str) -> None:
    write_deltalake(root / PETS.name, pa.table({"name": list(names)}), mode="append")


def stored_bytes(root: Path) -> int:
    return sum(file.stat().st_size for file in (root / PETS.name).glob("*.parquet"))


def undated(size: TableSize) -> TableSize:
    assert isinstance(size.changed_at, datetime)
    assert size.changed_at.tzinfo is not None
    return replace(size, changed_at=None)


def test_a_table_is_told_from_its_log_and_a_missing_one_by_name(tmp_path: Path) -> None:
    add(tmp_path, "cat", "dog")
    add(tmp_path, "cow")
    sizes = TableSizes(tmp_path, (PETS, ABSENT))
    pets, absent = sizes.look()
    held = stored_bytes(tmp_path)
    assert undated(pets) == TableSize("pets", "One row per pet", 1, 2, held, 3, None, "WRITE")
    assert absent == TableSize("absent", "Nothing")


def test_a_look_sees_what_was_done_since_the_last_one(tmp_path: Path) -> None:
    add(tmp_path, "cat")
    add(tmp_path, "dog")
    sizes = TableSizes(tmp_path, (PETS,))
    sizes.look()
    DeltaTable(tmp_path / PETS.name).optimize.compact()
    [pets] = sizes.look()
    assert (pets.version, pets.files, pets.rows, pets.operation) == (2, 1, 2, "OPTIMIZE")
    shutil.rmtree(tmp_path / PETS.name)
    assert sizes.look() == (TableSize("pets", "One row per pet"),)


def test_rows_are_unknown_where_a_file_does_not_say(tmp_path: Path) -> None:
    add(tmp_path, "cat")
    for log in (tmp_path / PETS.name / "_delta_log").glob("*.json"):
        lines = [line for line in log.read_text().splitlines() if line]
        log.write_text("\n".join(line.replace('\\"numRecords\\":1,', "") for line in lines))
    [pets] = TableSizes(tmp_path, (PETS,)).look()
    assert (pets.files, pets.rows) == (1, None)


def test_one_broken_table_hides_no_other(tmp_path: Path) -> None:
    add(tmp_path, "cat")
    log = tmp_path / ABSENT.name / "_delta_log" / f"{0:020}.json"
    log.parent.mkdir(parents=True)
    log.write_text("{nonsense")
    broken, pets = TableSizes(tmp_path, (ABSENT, PETS)).look()
    assert pets.rows == 1
    assert broken.version is None
    assert broken.trouble != ""
