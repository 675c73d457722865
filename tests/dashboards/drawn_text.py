"""What a page says, as a reader sees it: its components, or what the browser made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


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


def cells(part: Locator) -> list[list[str]]:
    """Text of a part's table, once it is there."""
    part.locator("tbody tr").first.wait_for()
    read = "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.replace(/\\n/g, ' ')))"
    return list(part.locator("tr").evaluate_all(read))


def lines(page: Page, name: str) -> dict[str, list[Any]]:
    """Name of each line that the browser draws, and its values where there are some."""
    page.locator(f"#pipeline-{name} .scatterlayer .trace").first.wait_for()
    data = page.evaluate(
        "name => document.querySelector(`#pipeline-${name} .js-plotly-plot`).data"
        ".map(one => [one.name, [...one.y].filter(value => value !== null && !Number.isNaN(value))])",
        name,
    )
    return dict(data)
