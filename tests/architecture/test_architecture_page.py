"""The pages for contributors agree with the code: paths, names, and the arrows of imports."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = {page: (ROOT / page).read_text("utf-8") for page in ("docs/architecture.md", "CONTRIBUTING.md")}
ROOMS = ("capture", "dags", "dashboards", "jobs", "lake", "stack", "tests", "benchmarks")
PATHS = sorted(
    {(page, path) for page, text in PAGES.items() for path in re.findall(r"`([\w.]+/[\w./]*)`", text)
     if path.split("/")[0] in ROOMS}
)  # fmt: skip
NAMES = sorted(
    {(page, path, name) for page, text in PAGES.items()
     for path, names in re.findall(r"`([\w/]+\.py)` \(((?:`\w+`(?:, )?)+)\)", text)
     for name in re.findall(r"\w+", names)}
)  # fmt: skip
ARROWS = re.findall(r"^ +(\w+/\w+) --> (\w+/\w+)$", PAGES["docs/architecture.md"], re.MULTILINE)
PROGRAMS = sorted({arrow[0].split("/")[0] for arrow in ARROWS})
Imports = dict[str, set[str]]
"""Sub-package → the others of its program that it imports."""


@pytest.mark.parametrize(("page", "path"), PATHS)
def test_a_path_exists(page: str, path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize(("page", "path", "name"), NAMES)
def test_a_name_is_in_its_file(page: str, path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_bytes())
    assert re.search(rf"^(def|class|async def) {name}\b|^{name}\b.*=", ast.unparse(tree), re.MULTILINE)


def imports_of(program: str) -> Imports:
    found: Imports = {}
    for path in (ROOT / program).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ImportFrom) and node.module:
                here, there = package(path), package(ROOT / f"{node.module.replace('.', '/')}.py")
                if here != there and there.startswith(f"{program}/") and here.startswith(f"{program}/"):
                    found.setdefault(here, set()).add(there)
    return found


def package(path: Path) -> str:
    """Program and sub-package of a file."""
    return "/".join(path.relative_to(ROOT).parts[:-1][:2])


def reached(start: str, arrows: Imports) -> set[str]:
    """All that arrows lead to from a sub-package."""
    found, waiting = set[str](), [start]
    while waiting:
        new = arrows.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_picture_of_imports_shows_what_is_imported(program: str) -> None:
    imported = imports_of(program)
    drawn: Imports = {}
    for start, end in ARROWS:
        if start.startswith(f"{program}/"):
            drawn.setdefault(start, set()).add(end)
    assert {
        (start, end) for start, ends in drawn.items() for end in ends - imported.get(start, set())
    } == set()
    assert {(start, end) for start, ends in imported.items() for end in ends - reached(start, drawn)} == set()
