"""`repair checkpoint`: moves a query's damaged checkpoint away, so that the stream can start again.

A checkpoint is a folder for each query and life of its topics: `metadata` names the query, `offsets` holds
the planned range of each micro-batch, `commits` which ones are done.
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
    """A query that has no checkpoint in this installation."""


class StreamStillRunsError(RuntimeError):
    """A stream that the supervisor did not start uses the checkpoints."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The current checkpoint of a query; `damage` as from `find_damaged_file`."""

    query: str
    folder: Path
    damage: str | None


def checkpoints(installation: Installation) -> list[Checkpoint]:
    """Return the current checkpoint of each query: that of the newest life of its topics.

    Raises:
        CheckpointUnknownError: the checkpoints are in a bucket, where nothing can be moved in one step.
    """
    root = installation.settings.checkpoints
    if not isinstance(root, Path):
        raise CheckpointUnknownError(
            f"the checkpoints are in {root}: stop the stream, move the query's folder away with the tool of"
            " your store, and start the stream again"
        )
    present = []
    for query in sorted(folder for folder in root.glob("*") if folder.is_dir()):
        lives = [folder for folder in query.glob("*=*") if folder.is_dir()]
        if lives:
            newest = max(lives, key=lambda folder: folder.stat().st_mtime)
            present.append(Checkpoint(query.name, newest, find_damaged_file(newest)))
    return present


def find_damaged_file(checkpoint: Path) -> str | None:
    """Describe the first file that Spark cannot have written like this; None if all can be read."""
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
    """Return whether a file holds JSON; an entry of a log has a version line, then one or more of JSON."""
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
    """Return the checkpoint of the query, damaged or not; without a query all damaged ones.

    Raises:
        CheckpointUnknownError: the query has none.
    """
    present = checkpoints(installation)
    if query is None:
        return [checkpoint for checkpoint in present if checkpoint.damage]
    chosen = [checkpoint for checkpoint in present if checkpoint.query == query]
    if not chosen:
        names = ", ".join(checkpoint.query for checkpoint in present) or "none at all yet"
        raise CheckpointUnknownError(f"query {query!r} has no checkpoint here; there are: {names}")
    return chosen


def announce(chosen: Sequence[Checkpoint], screen: ProgressScreen) -> None:
    """Print what is wrong, and the consequences of the repair."""
    for checkpoint in chosen:
        damage = checkpoint.damage or "nothing seems wrong with its checkpoint"
        screen.line(f"{checkpoint.query}: {damage} ({checkpoint.folder})")
    screen.line(f"when a checkpoint is put aside, {CONSEQUENCES}")


def put_aside(
    installation: Installation, chosen: Sequence[Checkpoint], screen: ProgressScreen, clock: Clock
) -> list[Path]:
    """Stop the stream, move the checkpoints away, and start it again if it was running.

    Returns:
        Their new folders.

    Raises:
        StreamStillRunsError: a stream that the supervisor did not start uses them.
        UnhealthyError: the stream did not become healthy again.
    """
    supervisor = Supervisor(installation)
    state = supervisor.states().get(STREAM)
    in_use = state is not None and state.state not in OUT_OF_USE
    if state is not None and in_use:
        stop_program(STREAM, state.pid, supervisor, screen, clock)
    try:
        with FileLock(installation.settings.run / "stream.lock", timeout=5):
            moved = [_move(checkpoint, f"damaged-{clock.now():%Y%m%dT%H%M%S.%fZ}") for checkpoint in chosen]
    except Timeout as error:
        raise StreamStillRunsError("a stream runs that `up` did not start; end it, then try again") from error
    for checkpoint, folder in zip(chosen, moved, strict=True):
        screen.line(f"{checkpoint.query}: the checkpoint lies in {folder} now")
    if in_use:
        supervisor.start(STREAM)
        wait_healthy(installation, STREAM, supervisor, screen, clock)
    return moved


def _move(checkpoint: Checkpoint, name: str) -> Path:
    target = checkpoint.folder.parent / name / checkpoint.folder.name
    target.parent.mkdir()
    return checkpoint.folder.rename(target)
