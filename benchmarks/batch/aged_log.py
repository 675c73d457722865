"""Makes the Delta log of a table as long as hours of commits make it.

Each commit appends one small file; every 1,800 commits, an hour at one every 2 s, an OPTIMIZE replaces them
by one; every 50 there is a checkpoint. So the newest checkpoint holds what a real one does: the compacted
files, the small ones since, and their tombstones. Two short cuts that no reader of the newest version
can see: all small files are links to one, and the older checkpoints are links to the table's first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from deltalake import DeltaTable

from benchmarks.support.tables.hour_rows import add, outcome, record
from lake.schema.schemas import DETECTIONS

OPTIMIZED_EVERY: Final = 1800
CHECKPOINT_EVERY: Final = 50
SPREAD: Final = timedelta(hours=5.5)
"""Over which the commits are spread: less than the log is kept."""
FAR: Final = 10**9
"""Offset of the rows, which no record of a benchmark has."""
ROWS: Final = 20
WRITER: Final = "aged"
Action = dict[str, Any]


def entries_of(table: Path) -> int:
    """Files in the table's log."""
    return sum(1 for _ in os.scandir(table / "_delta_log"))


def age(table: Path, entries: int, since_optimize: int, now: datetime) -> None:
    """Commit to `detections` until its log has so many entries; the last OPTIMIZE is so many commits ago."""
    rows = [outcome(record(FAR + number, now - SPREAD)) for number in range(ROWS)]
    add(table.parent, DETECTIONS, rows)
    stored = DeltaTable(table)
    stored.create_checkpoint()
    first, log = stored.version() + 1, table / "_delta_log"
    oldest = log / f"{stored.version():020}.checkpoint.parquet"
    commits = round((entries - entries_of(table)) * CHECKPOINT_EVERY / (CHECKPOINT_EVERY + 1))
    moments = (now - SPREAD + number * SPREAD / commits for number in range(commits))
    written = zip(actions(_added(stored), commits, since_optimize), moments, strict=True)
    for version, (made, moment) in enumerate(written, first):
        _link_files(table, made)
        transaction = {"txn": {"appId": WRITER, "version": version - first}}
        _write_commit(log / f"{version:020}.json", [*made, transaction], moment)
        if version % CHECKPOINT_EVERY == 0 and version < first + commits - CHECKPOINT_EVERY:
            os.link(oldest, log / f"{version:020}.checkpoint.parquet")
    DeltaTable(table).create_checkpoint()


def actions(small: Action, commits: int, since_optimize: int) -> Iterator[list[Action]]:
    """What each commit does: adds a small file, or replaces all since the last OPTIMIZE by one."""
    waiting: list[Action] = []
    for number in range(commits):
        left = commits - number - 1
        if left >= since_optimize and (left - since_optimize) % OPTIMIZED_EVERY == 0 and waiting:
            yield [*map(_remove, waiting), {"add": _named(small, f"optimized-{number}", False)}]
            waiting = []
        else:
            waiting.append(_named(small, f"small-{number}", True))
            yield [{"add": waiting[-1]}]


def _added(table: DeltaTable) -> Action:
    """The action that added the rows, as delta-rs wrote it."""
    newest = Path(table.table_uri.removeprefix("file://")) / "_delta_log" / f"{table.version():020}.json"
    said = [json.loads(line) for line in newest.read_text().splitlines()]
    return next(action["add"] for action in said if "add" in action)


def _named(add_file: Action, name: str, is_new: bool) -> Action:
    folder = add_file["path"].rpartition("/")[0]
    return {**add_file, "path": f"{folder}/{name}.parquet", "dataChange": is_new, "from": add_file["path"]}


def _remove(added: Action) -> Action:
    kept = {name: added[name] for name in ("path", "partitionValues", "size")}
    return {"remove": {**kept, "extendedFileMetadata": True, "dataChange": False}}


def _link_files(table: Path, made: list[Action]) -> None:
    for one in (action["add"] for action in made if "add" in action):
        os.link(table / one.pop("from"), table / one["path"])


def _write_commit(path: Path, made: list[Action], moment: datetime) -> None:
    at = int(moment.timestamp() * 1000)
    for action in made:
        if "remove" in action:
            action["remove"]["deletionTimestamp"] = at
    said = [*made, {"commitInfo": {"timestamp": at, "operation": "WRITE", "operationParameters": {}}}]
    path.write_text("\n".join(json.dumps(action) for action in said))
    os.utime(path, (moment.timestamp(), moment.timestamp()))
