from __future__ import annotations

from typing import Any

from jobs.stream.archive_detections import first_outcomes
from tests.conftest import at


def said(offset: int, read_at: int, layer: str = "speed", topic: str = "resultstream") -> dict[str, Any]:
    return {
        "topic": "pycturestream", "topic_id": "id", "partition": 0, "offset": offset,
        "appended_at": at("11:00"), "layer": layer, "day": at("11:00").date(),
        "from_topic": topic, "from_partition": 0, "from_offset": read_at,
    }  # fmt: skip


def identity(offset: int, layer: str = "speed") -> tuple[Any, ...]:
    return ("pycturestream", "id", 0, offset, at("11:00"), layer)


def test_of_two_outcomes_of_a_record_the_first_wins() -> None:
    arrived = [said(5, 11, topic="frame-outcomes"), said(6, 12), said(5, 10)]
    assert first_outcomes(arrived, set()) == [2, 1]


def test_a_record_that_is_stored_is_not_stored_again() -> None:
    assert first_outcomes([said(5, 10), said(6, 11)], {identity(5)}) == [1]


def test_each_layer_says_its_own() -> None:
    assert first_outcomes([said(5, 10, "batch")], {identity(5)}) == [0]
