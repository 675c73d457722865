"""Moments inside a micro-batch: the stream is frozen there, looked at, and killed if the moment is right."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable

from benchmarks.support.running.programs import PATIENCE_S
from benchmarks.support.running.system import System
from lake.config.lake_location import LakeLocation
from tests.faults.traffic import frames_arriving


def last(folder: LakeLocation) -> int:
    """Number of the last entry of a checkpoint's log, -1 when it has none."""
    return max((int(entry.name) for entry in folder.glob("*") if entry.name.isdigit()), default=-1)


def is_open(checkpoint: LakeLocation, batch: int) -> bool:
    """Whether Spark planned the batch and has not finished it."""
    planned = (checkpoint / "offsets" / str(batch)).exists()
    return planned and not (checkpoint / "commits" / str(batch)).exists()


def open_batch(checkpoint: LakeLocation) -> int | None:
    """The batch under way; None between two."""
    batch = last(checkpoint / "offsets")
    return batch if is_open(checkpoint, batch) else None


def stored_batch(table: LakeLocation, version: int, writer: str) -> int | None:
    """The micro-batch of the query that a Delta commit says it holds; None when it is another's."""
    entries = map(json.loads, (table / "_delta_log" / f"{version:020}.json").read_text().splitlines())
    txns = [entry["txn"] for entry in entries if "txn" in entry]
    return next((txn["version"] for txn in txns if txn["appId"].startswith(f"{writer}-")), None)


def next_version(table: LakeLocation) -> int:
    """Version that the next commit of a Delta table will have."""
    return max(int(entry.name.removesuffix(".json")) for entry in (table / "_delta_log").glob("*.json")) + 1


def kill_at(system: System, moment: Callable[[], int | None]) -> int:
    """SIGKILL the stream's JVM in a moment, proven while every thread of it stands still.

    `moment` gives the batch it is about, None when it is not now; it is asked again in the frozen state,
    and a moment that passed while freezing lets the JVM run on.
    """
    jvm = system.jvm
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if moment() is None:
            time.sleep(0.0005)
            continue
        jvm.send_signal(signal.SIGSTOP)
        batch = moment()
        if batch is not None:
            jvm.kill()
            return batch
        jvm.send_signal(signal.SIGCONT)
    raise AssertionError(f"the window was not hit within {PATIENCE_S:g} s")


def kill_between_commits(system: System, query: str, table: str) -> None:
    """Kill the JVM when Delta holds a batch of the query that its checkpoint still lacks."""
    checkpoint, folder = system.checkpoint(query), system.lake / table
    version = next_version(folder)

    def stored_but_open() -> int | None:
        nonlocal version
        while (folder / "_delta_log" / f"{version:020}.json").exists():
            batch = stored_batch(folder, version, query)
            if batch is not None and is_open(checkpoint, batch):
                return batch
            version += 1
        return None

    with frames_arriving(system, f"killed-{table}"):
        batch = kill_at(system, stored_but_open)
    assert stored_batch(folder, version, query) == batch, "Delta holds the batch"
    assert is_open(checkpoint, batch), "and the checkpoint lacks it"
