from __future__ import annotations

from lake.contracts import sentences
from lake.contracts.sentences import plural

BOOK = {"label": "book", "score": 0.6, "sector": ["middle", "left"]}


def test_nothing_found_is_said():
    assert sentences.sentences([]) == ["No objects detected."]


def test_the_same_in_one_place_is_said_once_with_its_number():
    assert sentences.sentences([BOOK, BOOK]) == ["2 books at middle left."]


def test_the_same_in_two_places_is_said_twice():
    assert sentences.sentences([BOOK, {**BOOK, "sector": ["top", "center"]}]) == [
        "book at middle left.",
        "book at top center.",
    ]


def test_plurals_sound_right():
    labels = ["person", "bus", "bench", "toothbrush", "knife", "mouse", "sheep", "scissors", "teddy bear"]
    assert [plural(label) for label in labels] == [
        "persons",
        "buses",
        "benches",
        "toothbrushes",
        "knives",
        "mice",
        "sheep",
        "scissors",
        "teddy bears",
    ]


def test_an_object_without_a_place_or_score_is_still_named():
    assert sentences.line({"label": "cat"}) == "cat"
    assert sentences.sentences([{"label": "cat", "sector": "top"}]) == ["cat."]


def test_a_score_that_is_no_share_is_not_told() -> None:
    for score in (10**400, float("nan"), float("inf"), "high"):
        assert sentences.line({"label": "cat", "score": score}) == "cat"
