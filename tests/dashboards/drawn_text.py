"""What a page's components say, as a reader sees them."""

from __future__ import annotations

from typing import Any


def text(drawn: Any) -> str:
    """All text, in order."""
    if isinstance(drawn, list | tuple):
        return "".join(map(text, drawn))
    if drawn is None or isinstance(drawn, str | int | float):
        return "" if drawn is None else str(drawn)
    return text(getattr(drawn, "children", None))


def found(drawn: Any, kind: str) -> list[Any]:
    """All components of a kind, such as `A` or `Td`, in order."""
    if isinstance(drawn, list | tuple):
        return [one for part in drawn for one in found(part, kind)]
    own = [drawn] if type(drawn).__name__ == kind else []
    return [*own, *found(getattr(drawn, "children", None) or [], kind)]


def rows(drawn: Any) -> list[list[str]]:
    """Text of the cells of a table, its heads first."""
    return [[text(cell) for cell in row.children] for row in found(drawn, "Tr")]
