from __future__ import annotations

import os
from pathlib import Path

from jobs.stream.checkpoints import Life, checkpoint_of, last_life, unread_ranges
from jobs.stream.offset_ranges import OffsetRange
from tests.jobs.stream.test_offset_ranges import log_batch


def test_a_topic_made_anew_gets_a_new_checkpoint_and_leaves_its_old_life(tmp_path: Path) -> None:
    old = checkpoint_of(tmp_path, "q", {"b": "2", "a": "1"})
    assert old == tmp_path / "q" / "a=1+b=2"
    old.mkdir(parents=True)
    assert last_life(tmp_path, "q", {"a": "1", "b": "2"}) is None
    assert last_life(tmp_path, "q", {"a": "1", "b": "3"}) == Life(old, {"a": "1", "b": "2"})
    assert last_life(tmp_path, "other", {"a": "1"}) is None


def test_of_several_lives_the_newest_was_the_last(tmp_path: Path) -> None:
    for age, uuid in ((300, "1"), (100, "2"), (200, "3")):
        folder = checkpoint_of(tmp_path, "q", {"a": uuid})
        folder.mkdir(parents=True)
        os.utime(folder, (1_000_000 - age, 1_000_000 - age))
    life = last_life(tmp_path, "q", {"a": "4"})
    assert life is not None
    assert life.topic_ids == {"a": "2"}


def test_what_was_not_read_of_the_old_topic_is_known_up_to_its_last_seen_end(tmp_path: Path) -> None:
    log_batch(tmp_path, 0, {"a": {"0": 7, "1": 4}}, {"b": {"0": 5}})
    life = Life(tmp_path, {"a": "1", "b": "2"})
    assert unread_ranges(life, {"a": "9", "b": "2"}, {("a", 0): 12, ("a", 1): 3}) == [
        OffsetRange("a", 0, 7, 12),
        OffsetRange("a", 1, 4, 4),
    ]
