"""A write that another commit got in the way of is done again, with the errors that delta-rs really gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, Field, write_deltalake
from deltalake.exceptions import DeltaError
from deltalake.schema import PrimitiveType

from lake.storage import tables
from lake.storage.tables import ATTEMPTS, retry_on_conflict


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that were waited for, at once."""
    waited: list[float] = []
    monkeypatch.setattr(tables.time, "sleep", waited.append)
    return waited


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_deltalake(tmp_path, pa.table({"number": [1, 2, 3]}))
    return tmp_path


def delete_first(folder: Path) -> None:
    DeltaTable(folder).delete("number = 1")


def add_column(folder: Path) -> None:
    DeltaTable(folder).alter.add_columns([Field("more", PrimitiveType("long"))])


@pytest.mark.parametrize("meanwhile", [delete_first, add_column])
def test_a_write_is_done_again_after_the_commit_that_came_first(
    folder: Path, meanwhile: Callable[[Path], None], waits: list[float]
) -> None:
    read_before = [DeltaTable(folder)]
    meanwhile(folder)
    retry_on_conflict(lambda: read_before.pop().delete("number = 2") if read_before else delete(folder))
    assert 2 not in DeltaTable(folder).to_pyarrow_table()["number"].to_pylist()
    assert len(waits) == 1


def delete(folder: Path) -> None:
    DeltaTable(folder).delete("number = 2")


def test_a_write_that_always_conflicts_fails_after_its_last_attempt(folder: Path, waits: list[float]) -> None:
    read_before = [DeltaTable(folder) for _ in range(ATTEMPTS + 1)]
    delete_first(folder)
    with pytest.raises(DeltaError, match="a concurrent transaction"):
        retry_on_conflict(lambda: read_before.pop().delete("number = 1"))
    assert (len(read_before), len(waits)) == (1, ATTEMPTS - 1)


def test_an_error_that_is_no_conflict_is_not_tried_again(folder: Path, waits: list[float]) -> None:
    with pytest.raises(DeltaError, match="nothing"):
        retry_on_conflict(lambda: DeltaTable(folder).delete("nothing = 1"))
    assert waits == []
