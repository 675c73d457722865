"""`repair checkpoint`: puts a query's damaged place-keeping aside, so that the stream can start again.

A checkpoint is a folder for each query and life of its topics: `metadata` names the query, `offsets` says
what each micro-batch was to read, `commits` which ones are done.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from stack.operations.shutdown import stop_program
from stack.programs.programs import STREAM
from stack.programs.supervision import Supervisor
from stack.programs.waiting import ProgressScreen, wait_healthy
from stack.site.clock import Clock
from stack.site.installation import Installation

OUT_OF_USE: Final = ("STOPPED", "STOPPING", "EXITED")
CONSEQUENCES: Final = (
    "the query begins again at the earliest record that Kafka still holds; what the tables hold already is"
    " recognised and not stored twice"
)


class CheckpointUnknownError(LookupError):
    """A query that has no checkpoint here."""


class StreamStillRunsError(RuntimeError):
    """A stream that the supervisor does not know works on the checkpoints."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The present checkpoint of a query; `find_damaged_file` says what is wrong, None when nothing is."""

    query: str
    folder: Path
    damage: str | None


def checkpoints(installation: Installation) -> list[Checkpoint]:
    """The present checkpoint of each query: that of the newest life of its topics.

    Raises:
        CheckpointUnknownError: the checkpoints are in a bucket, where nothing can be moved in one step.
    """
    root = installation.settings.checkpoints
    if not isinstance(root, Path):
        raise CheckpointUnknownError(
            f"the checkpoints are in {root}: stop the stream, move the query's folder away with the tool of"
            " your store, and start the stream again"
        )
    found = []
    for query in sorted(folder for folder in root.glob("*") if folder.is_dir()):
        lives = [folder for folder in query.glob("*=*") if folder.is_dir()]
        if lives:
            newest = max(lives, key=lambda folder: folder.stat().st_mtime)
            found.append(Checkpoint(query.name, newest, find_damaged_file(newest)))
    return found


def find_damaged_file(checkpoint: Path) -> str | None:
    """The first file that cannot be what Spark wrote; None when all can be read."""
    files = [entry for log in ("offsets", "commits") for entry in _entries(checkpoint / log)]
    if files and not (checkpoint / "metadata").exists():
        return "metadata is missing"
    for file in (checkpoint / "metadata", *files):
        if file.exists() and not _is_readable(file):
            return f"{file.relative_to(checkpoint)} is no JSON"
    return None


def _entries(log: Path) -> list[Path]:
    return sorted(
        (entry for entry in log.glob("*") if entry.name.isdigit()), key=lambda entry: int(entry.name)
    )


def _is_readable(file: Path) -> bool:
    """Whether it holds JSON; a log's entry first a version, then a line of JSON or more."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        documents = lines if file.name == "metadata" else lines[1:]
        whole = all(isinstance(json.loads(line), dict) for line in documents)
    except (OSError, ValueError):
        return False
    least = {"metadata": 1, "offsets": 2, "commits": 1}
    kind = file.name if file.name == "metadata" else file.parent.name
    return whole and len(documents) >= least[kind]


def choose(installation: Installation, query: str | None) -> list[Checkpoint]:
    """The checkpoint of the query named, damaged or not; without a name all that are damaged.

    Raises:
        CheckpointUnknownError: the query has none.
    """
    present = checkpoints(installation)
    if query is None:
        return [one for one in present if one.damage]
    chosen = [one for one in present if one.query == query]
    if not chosen:
        names = ", ".join(one.query for one in present) or "none at all yet"
        raise CheckpointUnknownError(f"query {query!r} has no checkpoint here; there are: {names}")
    return chosen


def announce(chosen: Sequence[Checkpoint], screen: ProgressScreen) -> None:
    """Say what is wrong, and what putting it aside means."""
    for one in chosen:
        screen.line(f"{one.query}: {one.damage or 'nothing seems wrong with its checkpoint'} ({one.folder})")
    screen.line(f"when a checkpoint is put aside, {CONSEQUENCES}")


def put_aside(
    installation: Installation, chosen: Sequence[Checkpoint], screen: ProgressScreen, clock: Clock
) -> list[Path]:
    """Move the checkpoints away with the stream stopped, and start it again if it was in use.

    Returns:
        Where they are now.

    Raises:
        StreamStillRunsError: a stream works on them that the supervisor did not start.
        UnhealthyError: the stream did not become healthy again.
    """
    supervisor = Supervisor(installation)
    state = supervisor.states().get(STREAM)
    in_use = state is not None and state.state not in OUT_OF_USE
    if state is not None and in_use:
        stop_program(STREAM, state.pid, supervisor, screen, clock)
    try:
        with FileLock(installation.settings.run / "stream.lock", timeout=5):
            moved = [_move(one, f"damaged-{clock.now():%Y%m%dT%H%M%S.%fZ}") for one in chosen]
    except Timeout as error:
        raise StreamStillRunsError("a stream runs that `up` did not start; end it, then try again") from error
    for one, folder in zip(chosen, moved, strict=True):
        screen.line(f"{one.query}: the checkpoint lies in {folder} now")
    if in_use:
        supervisor.start(STREAM)
        wait_healthy(installation, STREAM, supervisor, screen, clock)
    return moved


def _move(one: Checkpoint, name: str) -> Path:
    target = one.folder.parent / name / one.folder.name
    target.parent.mkdir()
    return one.folder.rename(target)
