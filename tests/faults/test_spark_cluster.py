"""Streaming and a batch job on workers that know nothing of the driver's machine, and kills they survive."""

from __future__ import annotations

import os
import shutil
import socket
import sysconfig
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
import pytest

from benchmarks.support.running.cluster import Cluster, cluster_of
from benchmarks.support.running.programs import Program, wait_for
from benchmarks.support.running.system import System, running_broker
from benchmarks.support.running.wire import Place, frame, old_frame, pictures
from lake.config.settings import PREFIX, Settings
from lake.contracts.hours import HOUR, format_hour, last_full_hour
from stack.kafka.broker import why_not_ready
from tests.conftest import INTERPRETED
from tests.faults.windows import is_open, last, open_batch

pytestmark = pytest.mark.system

MANY = 120
SITE = ZoneInfo("Europe/Berlin")
"""The zone of the tests' site, in which old clients tell the time."""
STALE = 4


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A stream of its own, and two workers; the model lies where only the driver is told of it."""
    folder = tmp_path_factory.mktemp("spark cluster")
    model = folder / "of the driver" / "coco-ssd"
    shutil.copytree(Settings.from_env(os.environ).models / "coco-ssd", model)
    environ = {"MODEL": str(model), "STALE_AFTER_SECONDS": "3600"}
    with running_broker(folder / "broker") as broker:
        own = {PREFIX + name: value for name, value in environ.items()}
        system = System(folder / "some data", broker, {**own, **cluster_of(2)}, INTERPRETED)
        made = Cluster(system)
        try:
            made.start()
            system.start_stream()
            yield made
        finally:
            system.stop()


def send_from_many(system: System, prefix: str) -> list[Place]:
    """A frame of each of many cameras, so that all are analysed."""
    clip = cycle(pictures(system.installation.settings.home / "clips"))
    return system.send(*(frame(next(clip), f"{prefix}-{number}") for number in range(MANY)))


def stale_hour() -> datetime:
    return last_full_hour(datetime.now(UTC)) - 2 * HOUR


def test_workers_without_our_code_and_model_detect_with_what_spark_brings(cluster: Cluster) -> None:
    system = cluster.system
    model = Path(system.stream.env[PREFIX + "MODEL"])
    away = model.rename(model.with_name("away"))
    try:
        rows = system.outcomes(send_from_many(system, "first"))
    finally:
        away.rename(model)
    assert {row["status"] for row in rows} == {"detected"}
    assert all(row["objects"] for row in rows)
    executors = [one for worker in cluster.workers for one in cluster.executors(worker)]
    assert len(executors) == 2
    assert {one.environ().get("PYTHONPATH") for one in executors} == {None}
    assert {one.environ()["HOME"] for one in executors} == {str(cluster.home)}
    known = " ".join(word for one in executors for word in one.cmdline())
    settings = system.installation.settings
    assert [path for path in (settings.home, settings.run, model) if str(path) in known] == []


def test_a_batch_job_submitted_as_airflow_does_runs_beside_the_stream(cluster: Cluster) -> None:
    system, hour = cluster.system, stale_hour()
    jpegs = pictures(system.installation.settings.home / "clips")
    stamps = [(hour + timedelta(minutes=n)).astimezone(SITE).replace(tzinfo=None) for n in range(STALE)]
    zoned = [stamp.isoformat() for stamp in stamps]
    places = system.send(*(old_frame(jpegs[n], "late", zoned[n]) for n in range(STALE)))
    assert {row["status"] for row in system.outcomes(places)} == {"skipped_stale"}
    job = submitted(system, "hours/detect_skipped", "--hours", format_hour(hour), "--cameras", "late")
    job.start()
    assert job.process is not None
    assert job.process.wait(120) == 0, job.tail()
    rows = [row for row in system.rows("detections") if row["layer"] == "batch"]
    assert sorted((row["partition"], row["offset"], row["status"]) for row in rows) == sorted(
        (*place, "detected") for place in places
    )


def submitted(system: System, job: str, *arguments: str) -> Program:
    """A batch program under spark-submit, on the batch layer's master."""
    submit, env = Path(sysconfig.get_path("scripts")) / "spark-submit", system.stream.env
    code = str(system.installation.root / "jobs" / f"{job}.py")
    command = [str(submit), "--master", env[PREFIX + "BATCH_MASTER"], code, *arguments]
    made = Program(command, env, system.data / "logs" / f"{Path(job).name}.log")
    system.programs.append(made)
    return made


def in_the_middle_of_a_batch(system: System, camera: str, kill: Callable[[], None]) -> None:
    """Kill while the detection is at work on frames that were just sent."""
    checkpoint = system.checkpoint("detect_objects")
    before = last(checkpoint / "offsets")
    send_from_many(system, camera)
    batch = system.wait(
        "open batch", lambda: found if (found := open_batch(checkpoint) or -1) > before else None
    )
    kill()
    assert is_open(checkpoint, batch)


def check_ledger(system: System, starts: int) -> None:
    """Nothing lost, nothing doubled; the application lived on."""
    ledger = system.settle()
    assert ledger.is_balanced, ledger
    assert system.stream.starts == starts


def test_an_executor_killed_in_the_middle_of_a_batch_is_replaced(cluster: Cluster) -> None:
    system, starts = cluster.system, cluster.system.stream.starts
    victim = cluster.executors(cluster.workers[0])[0]
    in_the_middle_of_a_batch(system, "executor-killed", victim.kill)
    check_ledger(system, starts)
    wait_for(
        "new executor",
        lambda: [one for one in cluster.executors(cluster.workers[0]) if one.pid != victim.pid],
    )


def test_master_and_a_worker_killed_in_the_middle_of_a_batch_are_started_again(cluster: Cluster) -> None:
    system, starts = cluster.system, cluster.system.stream.starts
    victim = cluster.workers[1]
    orphans = victim.tree()

    def kill() -> None:
        cluster.master.kill()
        victim.kill()

    in_the_middle_of_a_batch(system, "worker-killed", kill)
    cluster.start()
    check_ledger(system, starts)
    _, left = psutil.wait_procs(orphans, timeout=20)
    assert left == [], "what a dead worker had started ends by itself"
    wait_for("executor of the new worker", lambda: cluster.executors(victim))


def test_the_broker_killed_in_the_middle_of_a_batch(cluster: Cluster) -> None:
    system = cluster.system
    in_the_middle_of_a_batch(system, "broker-killed", system.broker.program.kill)
    system.broker.program.start()
    wait_for("broker that answers", lambda: not why_not_ready(system.broker.address))
    ledger = system.settle()
    assert ledger.is_balanced, ledger


def test_a_model_that_arrives_changed_stops_the_application_with_one_sentence(cluster: Cluster) -> None:
    system = cluster.system
    system.stream.stop()
    [archive] = (system.installation.settings.run / "shipped").glob("model-*.zip")
    tamper(archive, "labels.txt", b"cat\n")
    system.stream.start()
    wait_for("end of the application", lambda: not system.stream.runs)
    archive.unlink()
    said = [line for line in system.stream.lines() if "SHA-256" in line][-1]
    assert "/labels.txt has SHA-256 175cc6f362b2" in said
    assert "model.json says" in said
    assert f"did not arrive on {socket.gethostname()} as the driver has it" in said


def tamper(archive: Path, name: str, value: bytes) -> None:
    """Change one file of an archive."""
    with zipfile.ZipFile(archive) as old:
        files = {one: old.read(one) for one in old.namelist()} | {name: value}
    with zipfile.ZipFile(archive, "w") as new:
        for one, content in files.items():
            new.writestr(one, content)
