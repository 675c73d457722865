"""The contact sheet: whole, escaped, and asking nothing of the network."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from jobs.detector.detected_object import DetectedObject
from jobs.evaluation.comparison import ModelResults, Picture, PictureResult
from jobs.evaluation.model_choice import Candidate
from jobs.evaluation.report import ReportHeader, render_report
from tests.conftest import at

ABOUT = ReportHeader("run <1>", at("11:00"), 0.5)
HOSTILE = "<script>alert('x')</script>"
CAT = DetectedObject(HOSTILE, 0.876, 0.0, 0.0, 0.5, 0.5)
DOG = DetectedObject("dog", 0.49, 0.5, 0.5, 1.0, 1.0)
PICTURE = Picture('a "b" & <c>.jpg', "ab" * 32, 640, 480)


def evaluated(name: str, *answers: PictureResult, load_s: float | None = 1.25) -> ModelResults:
    return ModelResults(
        Candidate(name, "tensorflow", Path(name)), "cd" * 32 if load_s else None, load_s, answers
    )


GONE = Picture("x.png", None)
REFUSED = "no <model>"
PAGE = render_report(
    ABOUT,
    [
        evaluated(
            "first",
            PictureResult(PICTURE, (CAT, DOG), 0.0123, None, b"jpeg"),
            PictureResult(GONE, error="gone"),
        ),
        evaluated(
            "<second>",
            PictureResult(PICTURE, error=REFUSED, annotated=b"plain"),
            PictureResult(GONE, error=REFUSED),
            load_s=None,
        ),
    ],
)


class Words(HTMLParser):
    """The text of every element of one kind, and all names of elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.images: list[dict[str, str | None]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "img":
            self.images.append(dict(attrs))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.tags[-1], data.strip()))

    def of(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]


def test_the_table_tells_each_model_in_one_line() -> None:
    assert Words(PAGE).of("td") + Words(PAGE).of("code")[1:2] == [
        *("first", "tensorflow", "1.25 s", "12.3 ms", "1", "1"),
        *("<second>", "tensorflow", "-", "-", "0", "2", "-"),
        "cd" * 6,
    ]


def test_every_picture_shows_what_every_model_found_or_why_not() -> None:
    words = Words(PAGE)
    assert [text for text in words.of("h2")] == [PICTURE.name, "x.png"]
    assert words.images == [
        {"alt": f"{PICTURE.name}: {HOSTILE} 0.88", "src": "data:image/jpeg;base64,anBlZw=="},
        {"alt": f"{PICTURE.name}: no <model>", "src": "data:image/jpeg;base64,cGxhaW4="},
    ]
    assert words.of("b") == ["first:tensorflow", "<second>:tensorflow"] * 2


def test_nothing_in_the_page_is_a_script_or_comes_from_outside() -> None:
    assert set(Words(PAGE).tags) & {"script", "link", "iframe", "object", "a", "c", "model"} == set()
    assert re.findall(r"https?:|url\(|@import|src=\"(?!data:)", PAGE) == []
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in PAGE
