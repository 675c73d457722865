"""Read a JSON list of objects, or JSON lines, row by row: a file of any size in the memory of a few rows.

The standard library decodes each row; only where one ends and the next begins is found here. Spark reads such
a list as one value into one worker's memory, and pandas the whole file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, TextIO

CHUNK_CHARACTERS: Final = 1 << 20
MAX_ROW_LENGTH: Final = 1 << 16
"""Characters; a longer row is taken as broken, instead of reading on to the file's end."""
SHOWN: Final = 80
SPACE: Final = re.compile(r"[ \t\r\n]*")


class JsonRowsError(ValueError):
    """A file that is no list of JSON objects; the message names row and line."""


class JsonRows:
    """Iterator over the JSON objects in a text.

    During iteration, `place` is where the last one begins.

    Args:
        text: one JSON list of objects, or objects one after another, as JSON lines have them.
        at_once: characters that are read together.
    """

    def __init__(self, text: TextIO, at_once: int = CHUNK_CHARACTERS) -> None:
        self._text, self._at_once = text, at_once
        self._decode = json.JSONDecoder().raw_decode
        self._window, self._at, self._is_last = "", 0, False
        self._lines_before, self._begin = 0, 0
        self.number = 0

    @property
    def place(self) -> str:
        """Row and line, both counted from 1, such as `row 3 (line 12)`."""
        line = self._lines_before + self._window.count("\n", 0, self._begin) + 1
        return f"row {self.number} (line {line})"

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Iterate over the objects, once.

        Raises:
            JsonRowsError: the text is malformed.
        """
        is_list = self._next() == "["
        end = "]" if is_list else ""
        self._at += is_list
        while (sign := self._next()) != end:
            if is_list and self.number:
                self._skip_comma(sign)
            yield self._row()
        self._at += is_list
        if is_list and self._next():
            raise JsonRowsError(f"after the list's end there is more: {self._preview()}")

    def _skip_comma(self, sign: str) -> None:
        if sign != ",":
            raise JsonRowsError(f"after {self.place} a comma or ] is missing: {self._preview()}")
        self._at += 1

    def _row(self) -> dict[str, Any]:
        sign = self._next()
        self.number, self._begin = self.number + 1, self._at
        if sign != "{":
            raise JsonRowsError(f"{self.place} is no JSON object: {self._preview()}")
        while True:
            try:
                row, self._at = self._decode(self._window, self._at)
            except json.JSONDecodeError as error:
                self._read_more(f"{error.msg}, {self._preview()}")
            except RecursionError as error:
                raise JsonRowsError(f"{self.place} is nested too deeply: {self._preview()}") from error
            else:
                return dict(row)

    def _read_more(self, reason: str) -> None:
        """Read more of an incomplete row."""
        if self._is_last or len(self._window) - self._at > MAX_ROW_LENGTH:
            raise JsonRowsError(f"{self.place} is no JSON object: {reason}")
        self._read()

    def _next(self) -> str:
        """Return the next character that is no space; empty at the end."""
        while True:
            match = SPACE.match(self._window, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._window):
                return self._window[self._at]
            if self._is_last:
                return ""
            self._read()

    def _read(self) -> None:
        """Drop the consumed text, and read more."""
        try:
            more = self._text.read(self._at_once)
        except UnicodeDecodeError as error:
            raise JsonRowsError(f"after row {self.number} the file is not UTF-8: {error}") from error
        self._lines_before += self._window.count("\n", 0, self._at)
        self._window, self._is_last = self._window[self._at :] + more, not more
        self._begin = self._at = 0

    def _preview(self) -> str:
        text = self._window[self._at : self._at + SHOWN]
        return repr(text) if text else "the file ends here"
