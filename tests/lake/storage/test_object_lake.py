from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from deltalake.exceptions import DeltaError

from benchmarks.support.running.programs import QUICK_TO_START, ROOT
from benchmarks.support.tables.hour_rows import LIFE, rows_of
from dashboards.data.exploring import Explorer
from dashboards.data.provenance import Record, provenance
from dashboards.data.table_sizes import TableSizes
from jobs.stream.checkpoints import Life, checkpoint_of, last_life
from jobs.stream.offset_ranges import committed_ends
from lake.accounting.ledger import balance
from lake.config.settings import Settings
from lake.schema.schemas import EXPIRED_RANGES, FRAMES
from lake.spark.conf import write_spark_conf
from lake.storage.reader import read_rows
from lake.storage.tables import Lake
from stack.provision.java import find_java
from stack.provision.s3_jars import provide_s3
from tests.conftest import at
from tests.jobs.hours.test_publish_hours import DOOR, published
from tests.lake.object_programs import COMMITS
from tests.lake.s3_store import SECRET, environment, running_store

pytestmark = [pytest.mark.spark, pytest.mark.timeout(900)]

EVERY = list(range(COMMITS))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A lake in a bucket of a store that runs while the tests of this file do."""
    with running_store() as store:
        env = os.environ | environment(store, "s3a://lake/pycture-stream")
        yield replace(Settings.from_env(env), data=tmp_path_factory.mktemp("object lake"))


@pytest.fixture(scope="module")
def said(settings: Settings) -> str:
    """What two programs said: one makes the lake, then both and delta-rs commit to one table at once."""
    provide_s3(settings, print)
    with program(settings, "make") as make, program(settings, "other") as other:
        said = [until_ready(make), until_ready(other)]
        for one in (make, other):
            print(file=one.stdin, flush=True)
        commit_without_spark(Lake(settings.lake))
        for one in (make, other):
            said.append(one.communicate(timeout=300)[0])
            assert one.returncode == 0, said
    return "".join(said)


@contextmanager
def program(settings: Settings, name: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.lake.object_programs", name],
        cwd=ROOT, env=os.environ | spark_environment(settings), text=True, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)


def spark_environment(settings: Settings) -> dict[str, str]:
    folder = settings.run / "spark-conf"
    write_spark_conf(settings, folder)
    return {
        **settings.to_env(),
        "SPARK_CONF_DIR": str(folder),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        "JDK_JAVA_OPTIONS": QUICK_TO_START,
        "JAVA_HOME": str(find_java(settings.home)),
    }


def until_ready(process: subprocess.Popen[str]) -> str:
    said = ""
    while not said.endswith("ready\n"):
        line = process.stdout.readline()
        assert line, said
        said += line
    return said


def commit_without_spark(lake: Lake) -> None:
    """Each commit a second time too, which is a repeat."""
    for number in sorted([*EVERY, *EVERY]):
        known = {
            "query": "delta-rs",
            "topic": "race",
            "from_offset": number,
            "to_offset": number,
            "cause": "expired",
        }
        lake.append_arrow(lake.rows(EXPIRED_RANGES, [known]), EXPIRED_RANGES, "race-delta-rs", number)


@pytest.mark.usefixtures("said")
def test_an_hour_is_counted_and_published_as_on_a_disk(settings: Settings) -> None:
    assert published(Lake(settings.lake)) == DOOR


@pytest.mark.usefixtures("said")
def test_two_programs_of_spark_and_one_of_delta_rs_that_commit_at_once_lose_nothing(
    settings: Settings,
) -> None:
    written = rows_of(settings.lake, EXPIRED_RANGES, "query, from_offset", "query, from_offset")
    assert written == [(name, number) for name in ("delta-rs", "make", "other") for number in EVERY]


@pytest.mark.usefixtures("said")
def test_the_dashboard_and_the_ledger_read_it_as_they_read_a_disk(settings: Settings) -> None:
    known = provenance(Explorer(settings.lake, lambda: at("14:00")), Record(at("11:00").date(), LIFE, 0, 1))
    assert known is not None
    assert (known.origin["camera_id"], [one["status"] for one in known.analyses]) == ("gate", ["detected"])
    assert str(balance(settings.lake, LIFE, {0: 2})).splitlines() == [
        "detections: of 2 records 2 detected, 0 expired. It balances.",
        "frames: of 2 records 2 archived, 0 expired. It balances.",
    ]
    (size,) = TableSizes(settings.lake, (FRAMES,)).look()
    assert (size.rows, size.files, size.trouble) == (2, 1, "")


def test_a_store_that_writes_over_a_commit_is_refused(said: str) -> None:
    refused = "probe: the store of s3a://forgetful/lake wrote over an object that If-None-Match protected"
    assert refused in said


def test_no_secret_is_in_what_is_said_shown_or_written(settings: Settings, said: str) -> None:
    assert '"fs.s3a.secret.key", "*********(redacted)"' in said
    files = [file.read_text() for file in (settings.run / "spark-conf").iterdir()]
    with pytest.raises((DeltaError, OSError)) as failure:
        read_rows(replace(settings, lake_url="s3a://nowhere/lake").lake, "SELECT 1 FROM frames", FRAMES)
    assert SECRET not in "".join([said, *files, repr(failure.value), repr(settings)])


def test_a_checkpoint_in_a_bucket_is_read_like_one_on_a_disk(settings: Settings) -> None:
    root, old, new = settings.checkpoints, {"frames": "Old_1"}, {"frames": "New-2"}
    assert last_life(root, "detect", new) is None
    former = checkpoint_of(root, "detect", old)
    former.mkdir(parents=True)
    assert last_life(root, "detect", new) == Life(former, old)
    assert committed_ends(former) == {}
    checkpoint_of(root, "detect", new).mkdir(parents=True)
    assert last_life(root, "detect", new) is None
