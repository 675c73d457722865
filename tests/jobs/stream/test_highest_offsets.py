from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from jobs.stream import highest_offsets
from jobs.stream.highest_offsets import HighestOffsets
from lake.config.lake_location import LakeLocation
from tests.conftest import at

DAY = at("11:00").date()


def said(offset: int, layer: str = "speed", partition: int = 0, topic_id: str = "id") -> dict[str, Any]:
    return {
        "topic": "pycturestream", "topic_id": topic_id, "partition": partition, "offset": offset,
        "layer": layer, "day": DAY,
    }  # fmt: skip


class Stored:
    """A table with rows of one day, and what was asked of it."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows, self.asked = list(rows), []

    def __call__(self, _root: LakeLocation, sql: str, *_: Any) -> list[dict[str, Any]]:
        self.asked.append(sql)
        return [row for row in self.rows if str(row["day"]) in sql]


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> Stored:
    table = Stored(said(7), said(3, partition=1))
    monkeypatch.setattr(highest_offsets, "read_rows", table)
    return table


def may_be(highest: HighestOffsets, *rows: dict[str, Any]) -> list[tuple[int, int]]:
    return [(row["partition"], row["offset"]) for row in highest.may_be_stored(rows)]


def test_what_lies_above_all_that_is_stored_is_new(stored: Stored, tmp_path: Any) -> None:
    arrived = [said(7), said(8), said(5), said(3, partition=1), said(4, partition=1), said(1, partition=2)]
    assert may_be(HighestOffsets(tmp_path), *arrived) == [(0, 7), (0, 5), (1, 3)]


def test_what_was_stored_since_may_be_stored(stored: Stored, tmp_path: Any) -> None:
    highest = HighestOffsets(tmp_path)
    highest.may_be_stored([said(9)])
    highest.stored([said(9), said(8)])
    assert may_be(highest, said(9), said(10), said(8)) == [(0, 9), (0, 8)]


def test_the_table_is_asked_once_for_each_day(stored: Stored, tmp_path: Any) -> None:
    highest = HighestOffsets(tmp_path)
    for offset in range(20, 30):
        highest.may_be_stored([said(offset)])
    tomorrow: date = DAY + timedelta(days=1)
    assert highest.may_be_stored([{**said(0), "day": tomorrow}]) == []
    assert [str(DAY) in stored.asked[0], str(tomorrow) in stored.asked[1], len(stored.asked)] == [
        True,
        True,
        2,
    ]


def test_other_layers_and_other_lives_of_a_topic_are_kept_apart(stored: Stored, tmp_path: Any) -> None:
    highest = HighestOffsets(tmp_path)
    highest.stored([said(90, layer="batch")])
    assert may_be(highest, said(8), said(99, layer="batch"), said(1, topic_id="new")) == [(0, 99)]
