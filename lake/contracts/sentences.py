"""Detected objects in words, in the manner of the first PyctureStream. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

IRREGULAR: Final = {
    "knife": "knives",
    "mouse": "mice",
    "sheep": "sheep",
    "skis": "skis",
    "scissors": "scissors",
}
SIBILANTS: Final = ("s", "x", "z", "ch", "sh")
NO_OBJECTS: Final = "No objects detected."
MAX_SCORE: Final = 1000
"""A number from here on is no score; a message may hold one too large to be written with decimals."""


def plural(label: str) -> str:
    """Return the plural of a noun.

    >>> plural("person"), plural("bus"), plural("wine glass")
    ('persons', 'buses', 'wine glasses')
    """
    if label in IRREGULAR:
        return IRREGULAR[label]
    return label + ("es" if label.endswith(SIBILANTS) else "s")


def count_noun(number: int, noun: str) -> str:
    """Write a number and its noun; the plural ends in s.

    >>> count_noun(1, "record"), count_noun(2000, "record")
    ('1 record', '2,000 records')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def printable_line(value: object, longest: int = 100) -> str:
    """Return text from a message as one printable line, without control characters."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(value)[:longest])


def place(thing: Mapping[str, Any]) -> str:
    """Return the place of the object, such as `middle left`; empty if its message has none."""
    sector = thing.get("sector")
    if isinstance(sector, Sequence) and not isinstance(sector, str):
        return printable_line(" ".join(str(word) for word in sector))
    return ""


def _at(where: str) -> str:
    return f" at {where}" if where else ""


def line(thing: Mapping[str, Any]) -> str:
    """Describe one object with its score.

    >>> line({"label": "person", "score": 0.87, "sector": ["middle", "left"]})
    'person (0.87) at middle left'
    """
    score = thing.get("score")
    shown = f" ({score:.2f})" if isinstance(score, (int, float)) and abs(score) < MAX_SCORE else ""
    return printable_line(thing.get("label", "object")) + shown + _at(place(thing))


def sentences(things: Sequence[Mapping[str, Any]]) -> list[str]:
    """Describe each kind of object in each place, in the order of their first mention.

    >>> person = {"label": "person", "sector": ["middle", "left"]}
    >>> sentences([person, {"label": "cup", "sector": ["top", "right"]}, person])
    ['2 persons at middle left.', 'cup at top right.']
    """
    if not things:
        return [NO_OBJECTS]
    counts = Counter((printable_line(thing.get("label", "object")), place(thing)) for thing in things)
    return [
        f"{label}{_at(where)}." if count == 1 else f"{count} {plural(label)}{_at(where)}."
        for (label, where), count in counts.items()
    ]
