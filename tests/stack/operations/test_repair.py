from __future__ import annotations

import os
from pathlib import Path

import pytest
from filelock import FileLock

from stack.operations import repair
from stack.operations.repair import (
    Checkpoint,
    CheckpointUnknownError,
    StreamStillRunsError,
    announce,
    checkpoints,
    choose,
    find_damaged_file,
    put_aside,
)
from stack.programs.supervision import ProgramState
from stack.site.clock import SystemClock
from stack.site.installation import Installation
from tests.jobs.stream.test_offset_ranges import log_batch
from tests.stack.programs.test_supervision import Lines

LIFE = "pycturestream=1"


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """Three queries with whole checkpoints, one of them with the checkpoint of an earlier topic."""
    made = Installation.from_env({"PYCTURESTREAM_DATA": str(tmp_path / "my data")}, tmp_path)
    for query in ("archive_detections", "archive_frames", "detect_objects"):
        fill(tmp_path / "my data" / "checkpoints" / query / LIFE)
    made.settings.run.mkdir()
    return made


def fill(life: Path) -> None:
    for batch in (8, 9, 10):
        log_batch(life, batch, {"pycturestream": {"0": 7}}, done=batch < 10)
    (life / "metadata").write_text('{"id":"abc"}')


def folder(here: Installation, query: str) -> Path:
    return here.settings.data / "checkpoints" / query / LIFE


def test_whole_checkpoints_are_left_alone(here: Installation) -> None:
    assert [(one.query, one.damage) for one in checkpoints(here)] == [
        ("archive_detections", None),
        ("archive_frames", None),
        ("detect_objects", None),
    ]
    assert choose(here, None) == []


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("offsets/10", 'v1\n{}\n{"pycturestream": {"0"', "offsets/10 is no JSON"),
        ("offsets/9", "", "offsets/9 is no JSON"),
        ("offsets/10", "v1\n{}", "offsets/10 is no JSON"),
        ("commits/9", "v1\n", "commits/9 is no JSON"),
        ("commits/9", "\0" * 20, "commits/9 is no JSON"),
        ("metadata", '{"id"', "metadata is no JSON"),
        ("metadata", None, "metadata is missing"),
    ],
)
def test_what_a_full_disk_left_is_found(here: Installation, file: str, text: str | None, said: str) -> None:
    broken = folder(here, "archive_frames") / file
    broken.unlink() if text is None else broken.write_text(text)
    assert choose(here, None) == [Checkpoint("archive_frames", folder(here, "archive_frames"), said)]


def test_a_new_checkpoint_without_any_batch_is_whole(tmp_path: Path) -> None:
    (tmp_path / "offsets").mkdir()
    assert find_damaged_file(tmp_path) is None


def test_only_the_present_life_of_a_topic_counts(here: Installation) -> None:
    old = folder(here, "detect_objects").with_name("pycturestream=0")
    fill(old)
    (old / "metadata").write_text("")
    os.utime(old, (1, 1))
    assert choose(here, None) == []


def test_a_query_that_is_not_there_is_told_from_those_that_are(here: Installation) -> None:
    with pytest.raises(CheckpointUnknownError, match=r"'x' has no checkpoint here; there are: archive_det"):
        choose(here, "x")


def test_what_will_happen_is_said_first(here: Installation) -> None:
    screen = Lines()
    announce(choose(here, "archive_frames"), screen)
    assert screen.said[0].startswith("archive_frames: nothing seems wrong with its checkpoint (")
    assert "earliest record" in screen.said[1]
    assert folder(here, "archive_frames").exists()


def test_a_checkpoint_put_aside_is_kept_whole_and_out_of_the_way(here: Installation) -> None:
    moved = put_aside(here, choose(here, "archive_frames"), Lines(), SystemClock())
    assert [(one.parent.parent, one.name) for one in moved] == [(folder(here, "archive_frames").parent, LIFE)]
    assert moved[0].parent.name.startswith("damaged-")
    assert (moved[0] / "offsets" / "10").exists()
    assert [one.query for one in checkpoints(here)] == ["archive_detections", "detect_objects"]


def test_nothing_is_moved_below_a_stream_that_runs(here: Installation) -> None:
    with FileLock(here.settings.run / "stream.lock"), pytest.raises(StreamStillRunsError):
        put_aside(here, choose(here, "archive_frames"), Lines(), SystemClock())
    assert folder(here, "archive_frames").exists()


ORDERS = ["stop", "start", "healthy"]


@pytest.mark.parametrize(
    ("state", "orders"), [("RUNNING", ORDERS), ("BACKOFF", ORDERS), ("FATAL", ORDERS), ("STOPPED", [])]
)
def test_a_stream_in_use_is_stopped_first_and_started_after(
    here: Installation, monkeypatch: pytest.MonkeyPatch, state: str, orders: list[str]
) -> None:
    given: list[str] = []

    class FakeSupervisor:
        def __init__(self, _installation: Installation) -> None: ...

        def states(self) -> dict[str, ProgramState]:
            return {"stream": ProgramState(state)}

        def start(self, _program: str) -> None:
            assert not folder(here, "archive_frames").exists(), "moved before the start"
            given.append("start")

    monkeypatch.setattr(repair, "Supervisor", FakeSupervisor)
    monkeypatch.setattr(repair, "stop_program", lambda *_: given.append("stop"))
    monkeypatch.setattr(repair, "wait_healthy", lambda *_: given.append("healthy"))
    put_aside(here, choose(here, "archive_frames"), Lines(), SystemClock())
    assert given == orders
