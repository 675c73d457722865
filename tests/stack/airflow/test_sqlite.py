"""Airflow's SQLite file: reading and writing within a savepoint waits for other writers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from stack.airflow.sqlite import CONNECT_ARGS


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "airflow.db"
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE dag_run (run_id TEXT)")
    return path


@pytest.fixture
def scheduler(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file, timeout=0, check_same_thread=False)) as connection:
        yield connection


def write(connection: sqlite3.Connection) -> None:
    with connection:
        connection.execute("INSERT INTO dag_run VALUES ('scheduled')")


def backfill(file: Path, connect_args: dict[str, Any], meanwhile: Any) -> None:
    """Look for a run and make one within a savepoint, as Airflow does for each hour."""
    engine = create_engine(f"sqlite:///{file}?timeout=5", connect_args=connect_args)
    try:
        with engine.connect() as connection:
            with connection.begin_nested():
                _make_run(connection, meanwhile)
            connection.commit()
    finally:
        engine.dispose()


def _make_run(connection: Connection, meanwhile: Any) -> None:
    connection.execute(text("SELECT * FROM dag_run")).all()
    meanwhile()
    connection.execute(text("INSERT INTO dag_run VALUES ('backfill')"))


def runs(connection: sqlite3.Connection) -> list[str]:
    return [run for (run,) in connection.execute("SELECT run_id FROM dag_run ORDER BY 1")]


def test_without_it_a_writer_in_between_ends_the_savepoint_at_once(
    file: Path, scheduler: sqlite3.Connection
) -> None:
    with pytest.raises(OperationalError, match="database is locked"):
        backfill(file, {}, lambda: write(scheduler))


def test_another_writer_waits_until_the_savepoint_is_committed(
    file: Path, scheduler: sqlite3.Connection
) -> None:
    def try_to_write() -> None:
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            write(scheduler)

    backfill(file, CONNECT_ARGS, try_to_write)
    write(scheduler)
    assert runs(scheduler) == ["backfill", "scheduled"]


def test_the_savepoint_waits_until_another_writer_has_committed(
    file: Path, scheduler: sqlite3.Connection
) -> None:
    scheduler.execute("BEGIN IMMEDIATE")
    scheduler.execute("INSERT INTO dag_run VALUES ('scheduled')")
    later = Timer(0.3, scheduler.commit)
    later.start()
    backfill(file, CONNECT_ARGS, later.join)
    assert runs(scheduler) == ["backfill", "scheduled"]


def test_a_savepoint_within_a_transaction_begins_no_other(file: Path, scheduler: sqlite3.Connection) -> None:
    engine = create_engine(f"sqlite:///{file}", connect_args=CONNECT_ARGS)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO dag_run VALUES ('first')"))
        with connection.begin_nested():
            connection.execute(text("INSERT INTO dag_run VALUES ('second')"))
    engine.dispose()
    assert runs(scheduler) == ["first", "second"]
