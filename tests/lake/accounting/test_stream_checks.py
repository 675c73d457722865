"""Complaints about the speed layer, from states typed by hand."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lake.accounting.stream_checks import (
    camera_problems,
    find_problems,
    lag_problems,
    read_so_far,
    stream_problems,
)
from lake.config.settings import Settings
from tests.conftest import at

NOON = at("12:00")


def seconds_ago(seconds: float) -> str:
    return (NOON - timedelta(seconds=seconds)).isoformat()


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"state": "running", "updated_at": seconds_ago(2)}, []),
        ({}, ["the stream has not said anything yet: ./pycturestream up"]),
        ({"state": "running", "updated_at": seconds_ago(60)}, []),
        (
            {"state": "running", "updated_at": seconds_ago(61)},
            ["the stream gave no sign of life for 61 s: ./pycturestream logs stream"],
        ),
        (
            {"state": "starting", "updated_at": seconds_ago(2)},
            ["the stream is starting: ./pycturestream logs stream"],
        ),
        ({"state": "running", "updated_at": seconds_ago(2), "paused": "no room"}, ["no room"]),
    ],
)
def test_a_stream_is_well_while_what_it_says_is_fresh(said: dict[str, Any], found: list[str]) -> None:
    assert list(stream_problems(said, NOON)) == found


def camera(last_frame_s: float | None, state: str = "running", error: str | None = None) -> dict[str, Any]:
    last = None if last_frame_s is None else seconds_ago(last_frame_s)
    return {"state": state, "last_frame_at": last, "last_error": error}


def test_only_cameras_that_should_give_pictures_and_do_not_are_complained_about() -> None:
    cameras = {
        "door": camera(300),
        "gate": camera(300.5),
        "garden": camera(600, "source_lost", "no route to host"),
        "desk": camera(None, "starting"),
        "demo": camera(9000, "ended"),
    }
    assert list(camera_problems({"updated_at": seconds_ago(1), "cameras": cameras}, NOON)) == [
        "camera desk never gave a picture: no error is known",
        "camera garden gave no picture for 10 min: no route to host",
        "camera gate gave no picture for 5 min: no error is known",
    ]


def test_an_agent_that_died_is_one_complaint_and_one_that_ended_in_order_is_none() -> None:
    died = {"updated_at": seconds_ago(90), "cameras": {"door": camera(90)}}
    slow = {"updated_at": seconds_ago(60), "cameras": {"door": camera(60)}}
    ended = {"updated_at": seconds_ago(90), "cameras": {"door": camera(90, "ended")}}
    assert list(camera_problems(died, NOON)) == [
        "the camera agent gave no sign of life for 90 s: ./pycturestream logs capture"
    ]
    assert [list(camera_problems(said, NOON)) for said in (slow, ended, {}, {"cameras": []})] == [[]] * 4


def test_a_query_that_is_more_than_a_full_batch_behind_is_named() -> None:
    read = {
        ("detect_objects", "pycturestream"): {0: 10, 1: 0},
        ("archive_frames", "pycturestream"): {0: 11, 1: 0},  # exactly a full batch
    }
    ends = {"pycturestream": {0: 2010, 1: 1}}
    assert list(lag_problems(read, ends)) == [
        "detect_objects is 2,001 records of pycturestream behind: ./pycturestream status"
    ]


def test_what_was_read_is_nothing_where_the_stream_says_nothing_usable() -> None:
    told = {"queries": {"detect_objects": {"offsets": {"pycturestream": {"0": 4, "1": 7}}}, "other": None}}
    assert read_so_far(told) == {("detect_objects", "pycturestream"): {0: 4, 1: 7}}
    assert read_so_far({"queries": []}) == {}


def test_a_broker_that_is_away_is_a_complaint_of_its_own(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, data=tmp_path, kafka="127.0.0.1:1")
    settings.run.mkdir()
    told = {"state": "running", "updated_at": NOON.isoformat(),
            "queries": {"detect_objects": {"offsets": {"pycturestream": {"0": 4}}}}}  # fmt: skip
    (settings.run / "stream.json").write_text(json.dumps(told))
    (sentence,) = find_problems(settings, NOON)
    assert sentence.startswith("no Kafka answers at 127.0.0.1:1: is it running?")


def test_files_that_are_not_there_or_broken_are_complained_about_and_raise_nothing(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, data=tmp_path, kafka="127.0.0.1:1")
    settings.run.mkdir()
    (settings.run / "stream.json").write_text("{half")
    assert find_problems(settings, NOON) == ["the stream has not said anything yet: ./pycturestream up"]
