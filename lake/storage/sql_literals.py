"""SQL literals: the only place where text from outside is quoted."""

from __future__ import annotations

from datetime import date
from typing import Final

MAX_LENGTH: Final = 1000


class UnquotableTextError(ValueError):
    """Text cannot be part of a query."""


def quoted(text: str) -> str:
    """Return text as an SQL literal, its quotes doubled.

    >>> quoted("it's")
    "'it''s'"

    Raises:
        UnspeakableTextError: it holds a NUL, or is too long.
    """
    if "\x00" in text or len(text) > MAX_LENGTH:
        raise UnquotableTextError(f"{text[:40]!r} holds a NUL or over {MAX_LENGTH} characters: shorten it")
    return "'" + text.replace("'", "''") + "'"


def days_between(alias: str, first: date, last: date) -> str:
    """Return the condition that a row is in these UTC days, both included; other days are not read.

    >>> days_between("r", date(2026, 1, 2), date(2026, 1, 3))
    "r.day BETWEEN DATE '2026-01-02' AND DATE '2026-01-03'"
    """
    return f"{alias}.day BETWEEN DATE '{first.isoformat()}' AND DATE '{last.isoformat()}'"
