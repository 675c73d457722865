"""Benchmarks and tests share `benchmarks.support`, and import nothing else of each other."""

from __future__ import annotations

import ast
import importlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = "benchmarks.support"
MAX_MODULES = 8


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported, a module or what is in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def rooms_of(path: Path) -> tuple[str, ...]:
    """Packages of benchmarks that a module may import: its own room, and the support."""
    if path.parts[:2] == ("tests", "benchmarks"):
        return ("benchmarks",)
    own = ".".join(path.parts[:2])
    return (SUPPORT, own) if path.parts[0] == "benchmarks" else (SUPPORT,)


def faults(path: Path, tree: ast.Module) -> list[str]:
    """What a module of benchmarks or tests imports, and may not."""
    watched = {"benchmarks"} if path.parts[0] == "tests" else {"benchmarks", "tests", "pytest"}
    found = [(line, name) for line, name in imports(tree) if name.partition(".")[0] in watched]
    allowed = tuple(f"{room}." for room in rooms_of(path))
    return [f"{path}:{line} imports {name}" for line, name in found if not f"{name}.".startswith(allowed)]


def test_benchmarks_and_tests_share_only_their_support() -> None:
    found = [*ROOT.glob("benchmarks/**/*.py"), *ROOT.glob("tests/**/*.py")]
    paths = [path.relative_to(ROOT) for path in found]
    assert {path.parts[0] for path in paths} == {"benchmarks", "tests"}
    assert [one for path in paths for one in faults(path, ast.parse((ROOT / path).read_bytes()))] == []


def test_a_room_of_benchmarks_has_few_modules() -> None:
    folders = Counter(path.parent.relative_to(ROOT) for path in ROOT.glob("benchmarks/**/*.py"))
    assert folders
    assert {str(folder): count for folder, count in folders.items() if count > MAX_MODULES} == {}


@pytest.mark.parametrize(
    "file", [Path("Makefile"), *(path.relative_to(ROOT) for path in ROOT.glob("docs/*.md"))], ids=str
)
def test_a_benchmark_that_is_named_exists(file: Path) -> None:
    named = set(re.findall(r"-m (benchmarks[\w.]*\w)", (ROOT / file).read_text("utf-8")))
    assert [name for name in named if not (ROOT / f"{name.replace('.', '/')}.py").is_file()] == []


@pytest.mark.parametrize(
    ("path", "source", "name"),
    [
        ("benchmarks/speed/a.py", "import pytest", "pytest"),
        ("benchmarks/speed/a.py", "from tests import conftest", "tests.conftest"),
        ("benchmarks/speed/a.py", "import benchmarks.pages.b", "benchmarks.pages.b"),
        ("benchmarks/support/a.py", "from benchmarks.speed import bench", "benchmarks.speed.bench"),
        ("tests/jobs/a.py", "from benchmarks.speed import bench", "benchmarks.speed.bench"),
        ("tests/jobs/a.py", "def f():\n from benchmarks.supports import x", "benchmarks.supports.x"),
    ],
)
def test_a_forbidden_import_is_found(path: str, source: str, name: str) -> None:
    assert [fault.partition(" imports ")[2] for fault in faults(Path(path), ast.parse(source))] == [name]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("benchmarks/speed/a.py", "from benchmarks.speed import b\nimport benchmarks.support.c"),
        ("tests/benchmarks/a.py", "import benchmarks.speed.b\nimport pytest"),
        ("tests/jobs/a.py", "from benchmarks.support import c\nfrom tests.conftest import at"),
    ],
)
def test_an_import_of_the_own_room_or_of_the_support_is_none(path: str, source: str) -> None:
    assert faults(Path(path), ast.parse(source)) == []


BENCHMARKS = sorted(path.relative_to(ROOT) for path in (ROOT / "benchmarks").rglob("*.py"))


@pytest.mark.parametrize("path", BENCHMARKS, ids=str)
def test_a_benchmark_finds_what_it_imports(path: Path) -> None:
    importlib.import_module(".".join(path.with_suffix("").parts))
