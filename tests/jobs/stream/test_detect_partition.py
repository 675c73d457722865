from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jobs.detector.detector import DetectorSettings
from jobs.frames.analyse_frames import Analysis, Clock, Frame
from jobs.frames.frame_policy import ALL, Policy
from jobs.frames.frame_records import Record
from jobs.frames.outcome_messages import Message, RunDescription, StageTimes, result
from jobs.stream.detect_partition import SeenRecords, SpeedLayer
from lake.contracts.wire_format import rfc3339
from tests.conftest import at

BATCH_AT = at("11:00:10")
LATER = at("11:00:11")


def record(offset: int, camera: str = "door", seen: str = "11:00:09", value: bytes = b"\xff\xd8") -> Record:
    captured = rfc3339(at(seen)).encode()
    headers = {
        "schema": b"frame/1",
        "frame_id": b"f%d" % offset,
        "captured_at": captured,
        "sent_at": captured,
    }
    return {
        "topic": "pycturestream",
        "partition": 1,
        "offset": offset,
        "timestamp": at("11:00:09.5"),
        "key": camera.encode(),
        "value": b"\xff\xd8",
        "headers": [{"key": name, "value": said} for name, said in headers.items()],
        "batch_at": BATCH_AT,
    }


class Analyser:
    """Sees nothing on any picture; remembers what it saw together, and which results carry one."""

    def __init__(self) -> None:
        self.together: list[list[int]] = []
        self.with_picture: set[tuple[int, int]] = set()

    def __call__(self, frames: Sequence[Frame], analysis: Analysis, now: Clock) -> list[Message]:
        self.together.append([frame["offset"] for frame in frames])
        self.with_picture |= analysis.with_picture
        stages = StageTimes(analysis.batch_at, now(), now())
        return [result(frame, [], None, analysis.run, stages) for frame in frames]


def answer(records: Sequence[Record], analyser: Analyser, policy: Policy, step: int = 16) -> list[list[Any]]:
    detector = DetectorSettings("litert", Path("/nowhere"))
    speed = SpeedLayer("id", "UTC", policy, "a:b", detector, RunDescription("run-1", "speed", "UTC", 0.5))
    answers = speed.process(records, analyser, lambda: LATER, step)
    return [[(message.topic, json.loads(message.value)) for message in messages] for messages in answers]


def said(answers: list[list[Any]]) -> list[tuple[str, int, str]]:
    return [
        (topic, value["record"]["offset"], value["status"])
        for messages in answers
        for topic, value in messages
    ]


def test_every_record_is_answered_once_and_only_the_newest_is_analysed() -> None:
    analyser = Analyser()
    records = [
        record(1, seen="11:00:01"),
        record(2),
        record(3, "../x"),
        record(4, seen="11:00:08"),
        record(5, "yard"),
    ]
    assert said(answer(records, analyser, Policy())) == [
        ("frame-outcomes", 1, "skipped_stale"),
        ("frame-outcomes", 3, "malformed"),
        ("frame-outcomes", 4, "skipped_superseded"),
        ("resultstream", 2, "detected"),
        ("resultstream", 5, "detected"),
    ]
    assert (analyser.together, analyser.with_picture) == ([[2, 5]], {(1, 2), (1, 5)})


def test_under_the_policy_all_frames_are_analysed_as_they_come() -> None:
    analyser = Analyser()
    answers = answer([record(offset) for offset in range(5)], analyser, Policy(ALL), step=2)
    assert [len(messages) for messages in answers] == [2, 2, 1]
    assert (analyser.together, analyser.with_picture) == ([[0, 1], [2, 3], [4]], {(1, 4)})


def test_a_result_names_the_batch_by_the_time_that_was_stored_for_it() -> None:
    ((messages,),) = [answer([record(7)], Analyser(), Policy())]
    stages = messages[0][1]["stages"]
    assert stages == dict.fromkeys(("started_at", "finished_at"), "2026-01-02T11:00:11.000000Z") | {
        "batch_at": "2026-01-02T11:00:10.000000Z"
    }


def test_a_partition_without_records_says_nothing() -> None:
    assert answer([], Analyser(), Policy()) == []


def test_places_of_all_workers_come_together() -> None:
    places = SeenRecords()
    assert places.addInPlace(places.zero([("t", 0, 1)]), [("t", 1, 5)]) == [("t", 1, 5)]
