from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs.stream.offset_ranges import (
    CheckpointError,
    OffsetRange,
    OffsetsWentBackError,
    committed_ends,
    missing_ranges,
    planned_ranges,
    query_id,
    subtract_ranges,
)


def log_batch(checkpoint: Path, batch: int, *sources: dict[str, dict[str, int]], done: bool = True) -> None:
    for folder in ("offsets", "commits"):
        (checkpoint / folder).mkdir(parents=True, exist_ok=True)
    (checkpoint / "offsets" / str(batch)).write_text("\n".join(["v1", "{}", *map(json.dumps, sources)]))
    if done:
        (checkpoint / "commits" / str(batch)).write_text("v1\n{}")


def test_a_first_batch_was_meant_to_read_from_offset_0(tmp_path: Path) -> None:
    log_batch(tmp_path, 0, {"t": {"0": 7, "1": 0}})
    assert planned_ranges(tmp_path, 0) == [OffsetRange("t", 0, 0, 7), OffsetRange("t", 1, 0, 0)]


def test_a_batch_goes_on_where_the_one_before_ended(tmp_path: Path) -> None:
    log_batch(tmp_path, 4, {"t": {"0": 7}})
    log_batch(tmp_path, 5, {"t": {"0": 9, "1": 3}})  # partition 1 was added to the topic
    assert planned_ranges(tmp_path, 5) == [OffsetRange("t", 0, 7, 9), OffsetRange("t", 1, 0, 3)]


def test_a_batch_of_a_topic_made_anew_is_refused_before_it_is_committed(tmp_path: Path) -> None:
    log_batch(tmp_path, 4, {"t": {"0": 645, "1": 45}})
    log_batch(tmp_path, 5, {"t": {"0": 645, "1": 6}}, done=False)
    with pytest.raises(OffsetsWentBackError, match="t/1 went back from offset 45 to 6"):
        planned_ranges(tmp_path, 5)


def test_a_checkpoint_without_the_batch_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="offsets/3 is missing"):
        planned_ranges(tmp_path, 3)


def test_only_finished_batches_count_as_read(tmp_path: Path) -> None:
    log_batch(tmp_path, 9, {"t": {"0": 7}})
    log_batch(tmp_path, 10, {"t": {"0": 9}}, done=False)
    assert committed_ends(tmp_path) == {("t", 0): 7}
    assert committed_ends(tmp_path / "new") == {}


def test_every_kind_of_gap_is_found() -> None:
    planned = [OffsetRange("t", 0, 10, 20), OffsetRange("t", 1, 0, 2), OffsetRange("u", 0, 5, 5)]
    seen = {("t", 0): [3, 13, 12, 12, 17, 18, 25]}
    assert missing_ranges(planned, seen) == [
        OffsetRange("t", 0, 10, 12),
        OffsetRange("t", 0, 14, 17),
        OffsetRange("t", 0, 19, 20),
        OffsetRange("t", 1, 0, 2),
    ]


def test_nothing_is_missing_when_everything_was_seen() -> None:
    assert missing_ranges([OffsetRange("t", 0, 1, 3)], {("t", 0): [1, 2]}) == []


def test_a_checkpoint_knows_its_query(tmp_path: Path) -> None:
    (tmp_path / "metadata").write_text('{"id":"abc"}')
    assert query_id(tmp_path) == "abc"
    with pytest.raises(CheckpointError, match="has no metadata"):
        query_id(tmp_path / "new")


def test_what_is_known_already_is_left_out_of_the_gaps() -> None:
    gaps = [OffsetRange("t", 0, 0, 10), OffsetRange("t", 1, 0, 4), OffsetRange("u", 0, 0, 4)]
    known = [OffsetRange("t", 0, 8, 12), OffsetRange("t", 0, 0, 2), OffsetRange("t", 0, 1, 5)]
    assert subtract_ranges(gaps, [*known, OffsetRange("t", 1, 0, 4), OffsetRange("t", 2, 0, 9)]) == [
        OffsetRange("t", 0, 5, 8),
        OffsetRange("u", 0, 0, 4),
    ]
