"""No feature of the first version is lost: docs/parity.md names a test for each, and the test runs."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FEATURES = [f"S{number}" for number in range(1, 67)]
OPTIONAL = {"S14", "S24", "S56", "S60"}
"""Features that may be left out, with the reason."""
LEFT_OUT = "left out: "


def rows_of(text: str) -> list[list[str]]:
    """The cells of each row of the table."""
    lines = [line for line in text.splitlines() if line.startswith("| S")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def fault_of(row: list[str], root: Path = ROOT) -> str | None:
    """Why the row shows nothing; None when it does."""
    number, _, used, test = row
    if used.startswith(LEFT_OUT):
        return None if number in OPTIONAL and not test else f"{number} may not be left out"
    path, _, name = test.partition("::")
    if not (root / path).is_file():
        return f"{number} names no file: {test!r}"
    functions = [node for node in ast.walk(ast.parse((root / path).read_bytes())) if named(node, name)]
    if not functions:
        return f"{number} names no test: {test!r}"
    return f"{number}: {name} is skipped" if is_skipped(functions[0]) else None


def named(node: ast.AST, name: str) -> bool:
    """Whether this is the test of that name."""
    return isinstance(node, ast.FunctionDef) and node.name == name and name.startswith("test_")


def is_skipped(function: ast.AST) -> bool:
    """Whether a mark or a call within keeps the test from running."""
    return any(
        isinstance(node, ast.Attribute) and node.attr in ("skip", "skipif", "xfail")
        for node in ast.walk(function)
    )


ROWS = rows_of((ROOT / "docs" / "parity.md").read_text("utf-8"))


def test_every_feature_has_one_row_in_order() -> None:
    assert [row[0] for row in ROWS] == FEATURES


def test_every_row_names_a_test_that_runs() -> None:
    assert [fault for row in ROWS if (fault := fault_of(row))] == []


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("| S1 | a | b | tests/none.py::test_a |", "S1 names no file: 'tests/none.py::test_a'"),
        ("| S1 | a | b | tests/a.py::test_b |", "S1 names no test: 'tests/a.py::test_b'"),
        ("| S1 | a | b | tests/a.py::test_skipped |", "S1: test_skipped is skipped"),
        ("| S1 | a | left out: why | |", "S1 may not be left out"),
        ("| S60 | a | left out: why | |", None),
        ("| S1 | a | b | tests/a.py::test_a |", None),
    ],
)
def test_a_row_that_shows_nothing_is_found(tmp_path: Path, row: str, fault: str | None) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "a.py").write_text(
        "def test_a():\n    assert True\n\n\n@pytest.mark.skip\ndef test_skipped():\n    assert True\n"
    )
    assert fault_of(rows_of(row)[0], tmp_path) == fault
