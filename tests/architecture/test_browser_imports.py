"""Nothing imports a package of the browser before a browser starts: unit tests run without them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
BROWSER = ("playwright", "axe_playwright_python")


def imported_at_once(source: str) -> Iterator[str]:
    """First names of what is imported with the module, which a block of TYPE_CHECKING is not."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def test_modules_of_tests_import_no_browser() -> None:
    imported = {
        str(path.relative_to(TESTS)): set(imported_at_once(path.read_text("utf-8")))
        for path in sorted(TESTS.rglob("*.py"))
    }
    assert [name for name, names in imported.items() if names & set(BROWSER)] == []
