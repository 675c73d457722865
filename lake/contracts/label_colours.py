"""The colour of each label: the same in every picture, live or stored. Standard library only."""

from __future__ import annotations

import zlib
from typing import Final

COLOURS: Final = ("#C2185B", "#1565C0", "#2E7D32", "#AD4E00", "#6A1B9A", "#00695C", "#B71C1C", "#0E7490")
"""Dark enough for white text (contrast at least 4.5:1)."""


def colour_number(label: str) -> int:
    """Return the number of a label's colour; COLOURS repeat."""
    return zlib.crc32(label.encode()) % 997


def colour_of(label: str) -> str:
    """Return the colour of a label as #RRGGBB.

    >>> colour_of("person")
    '#0E7490'
    """
    return COLOURS[colour_number(label) % len(COLOURS)]
