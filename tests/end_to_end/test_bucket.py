"""The real stream with its tables and its checkpoints in a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.support.running.system import Broker, System
from stack.provision.s3_jars import provide_s3
from tests.faults.windows import kill_between_commits
from tests.lake.s3_store import SECRET, environment, running_store

pytestmark = pytest.mark.system


@pytest.fixture
def system(broker: Broker, tmp_path: Path) -> Iterator[System]:
    with running_store() as store:
        made = System(tmp_path / "some data", broker, environment(store, "s3a://lake/of-a-site"))
        provide_s3(made.installation.settings, print)
        try:
            made.start_stream()
            yield made
        finally:
            made.stop()


def test_a_stream_killed_between_two_commits_loses_and_doubles_nothing_in_a_bucket(
    system: System,
) -> None:
    starts = system.stream.starts
    kill_between_commits(system, "archive_frames", "frames")
    ledger = system.settle()
    assert ledger.is_balanced, ledger
    assert ledger.frames.counts["archived"] > 0
    assert system.stream.starts > starts
    assert str(system.checkpoint("archive_frames")).startswith(
        "s3a://lake/of-a-site/_checkpoints/archive_frames/"
    )
    assert not (system.data / "lake").exists()
    assert not (system.data / "checkpoints").exists()
    assert not system.stream.said(SECRET)
