"""Tables are compacted while the archives write to them."""

from __future__ import annotations

import pytest
from deltalake import DeltaTable

from benchmarks.support.running.system import System
from tests.faults.traffic import frames_arriving

pytestmark = pytest.mark.system

FEW = 4
"""Files of a table, enough that those of one day can be joined also just after midnight."""


def test_optimize_beside_the_running_archives_breaks_and_doubles_nothing(system: System) -> None:
    starts, was = system.stream.starts, {name: version(system, name) for name in ("frames", "detections")}
    sql = system.program("sql", "lake.spark.sql_shell", "OPTIMIZE frames", "--format", "json")
    with frames_arriving(system, "optimised"):
        for name in was:
            system.wait(f"several files of {name}", lambda name=name: files(system, name) > FEW)
        sql.start()
        while sql.runs:
            DeltaTable(system.lake / "detections").optimize.compact()
            wait_for_commit(system, "detections")
        for name in was:
            wait_for_commit(system, name)
    assert sql.stop() == 0, sql.tail()
    ledger = system.settle()
    assert ledger.is_balanced, ledger
    assert system.stream.starts == starts, "no query failed"
    for name, before in was.items():
        done = [entry["operation"] for entry in DeltaTable(system.lake / name).history()]
        since = list(reversed(done))[before + 1 :]
        assert "OPTIMIZE" in since
        assert "WRITE" in since[since.index("OPTIMIZE") :], "the archive went on behind it"


def wait_for_commit(system: System, table: str) -> None:
    now = version(system, table)
    system.wait("next commit", lambda: version(system, table) > now)


def files(system: System, table: str) -> int:
    return len(DeltaTable(system.lake / table).file_uris())


def version(system: System, table: str) -> int:
    return DeltaTable(system.lake / table).version()
