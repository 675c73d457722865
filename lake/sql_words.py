"""Text from outside as words of SQL: the only place where it is quoted."""

from __future__ import annotations

from typing import Final

LONGEST: Final = 1000


class UnspeakableTextError(ValueError):
    """Text that no query may hold."""


def quoted(text: str) -> str:
    """Text as a literal of SQL, its quotes doubled.

    >>> quoted("it's")
    "'it''s'"

    Raises:
        UnspeakableTextError: it holds a NUL, or is too long.
    """
    if "\x00" in text or len(text) > LONGEST:
        raise UnspeakableTextError(f"{text[:40]!r} holds a NUL or over {LONGEST} characters: shorten it")
    return "'" + text.replace("'", "''") + "'"
