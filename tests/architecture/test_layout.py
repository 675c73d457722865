"""How the project is laid out, read from its source: a rule that is broken names file and line."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("capture", "dags", "dashboards", "jobs", "stack")
ROOMS = (*PROGRAMS, "lake")
NO_NAMES = {"utils", "util", "helpers", "helper", "common", "shared", "core", "misc", "base", "manager"}
SHADOWING = sys.stdlib_module_names | {"kafka", "delta"}
MAINS = {"__main__.py", "command.py", "clock.py"}
CLOCKS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
}
Rule = Callable[[Path, ast.Module], list[str]]


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and first name of everything imported, at the top or inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module.partition(".")[0]


def programs_imported(path: Path, tree: ast.Module) -> list[str]:
    """Programs meet only through data: each may import itself and the lake, the lake only itself."""
    room = path.parts[0]
    strangers = set(PROGRAMS) - {room}
    return [f"{path}:{line} imports {name}" for line, name in imports(tree) if name in strangers]


def imports_of_tests(path: Path, tree: ast.Module) -> list[str]:
    """Nothing needs its tests to run."""
    return [f"{path}:{line} imports {name}" for line, name in imports(tree) if name in ("tests", "pytest")]


def names_that_say_nothing(path: Path, tree: ast.Module) -> list[str]:
    """A name says what is inside, and hides no module of others when run as a script."""
    return [f"{path}: a better name?"] if path.stem in {*NO_NAMES, *SHADOWING} - {"__main__"} else []


def missing_docstring(path: Path, tree: ast.Module) -> list[str]:
    """Every module says what it is for."""
    return [] if ast.get_docstring(tree) else [f"{path}: no docstring"]


def missing_annotations_import(path: Path, tree: ast.Module) -> list[str]:
    """Annotations are never evaluated; a package's docstring alone needs no such line."""
    bare = all(isinstance(node, ast.Expr) for node in tree.body)
    found = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
    return [] if bare or found else [f"{path}: no `from __future__ import annotations`"]


def clocks_below_main(path: Path, tree: ast.Module) -> list[str]:
    """Only a `main`, or the module of a command, asks what time it is; others are told."""
    if path.name in MAINS:
        return []
    return [f"{path}:{node.lineno} {ast.unparse(node)}" for node in outside_main(tree) if asks_time(node)]


def outside_main(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those within a function named main."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.FunctionDef) and child.name == "main"):
            yield child
            yield from outside_main(child)


def asks_time(node: ast.AST) -> bool:
    """Whether this is such as `datetime.now`, called or handed on."""
    if not isinstance(node, ast.Attribute):
        return False
    owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
    return (owner, node.attr) in CLOCKS


RULES = (
    programs_imported,
    imports_of_tests,
    names_that_say_nothing,
    missing_docstring,
    missing_annotations_import,
    clocks_below_main,
)


def sources(root: Path) -> list[Path]:
    """Every module of every room, relative to the root."""
    return [path.relative_to(root) for room in ROOMS for path in sorted((root / room).rglob("*.py"))]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_holds_everywhere(rule: Rule) -> None:
    found = [fault for path in sources(ROOT) for fault in rule(path, ast.parse((ROOT / path).read_bytes()))]
    assert found == []


def test_every_room_was_looked_at() -> None:
    assert {path.parts[0] for path in sources(ROOT)} == set(ROOMS)


def test_no_package_hides_below_tests() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


BROKEN = [
    (
        programs_imported,
        "jobs/a.py",
        "def f():\n    from capture.pictures.encoding import x",
        "jobs/a.py:2 imports capture",
    ),
    (programs_imported, "lake/a.py", "import stack.site.ports", "lake/a.py:1 imports stack"),
    (imports_of_tests, "lake/a.py", "import pytest", "lake/a.py:1 imports pytest"),
    (names_that_say_nothing, "stack/utils.py", "", "stack/utils.py: a better name?"),
    (missing_docstring, "stack/a.py", "x = 1", "stack/a.py: no docstring"),
    (
        missing_annotations_import,
        "stack/a.py",
        "x = 1",
        "stack/a.py: no `from __future__ import annotations`",
    ),
    (clocks_below_main, "stack/a.py", "def f():\n return datetime.now(UTC)", "stack/a.py:2 datetime.now"),
    (clocks_below_main, "jobs/a.py", "import time\nrun(clock=time.time)", "jobs/a.py:2 time.time"),
    (
        clocks_below_main,
        "jobs/a.py",
        "x = datetime.datetime.utcnow()",
        "jobs/a.py:1 datetime.datetime.utcnow",
    ),
]


@pytest.mark.parametrize(("rule", "path", "source", "fault"), BROKEN)
def test_each_rule_sees_what_breaks_it(rule: Rule, path: str, source: str, fault: str) -> None:
    assert rule(Path(path), ast.parse(source)) == [fault]


KEPT = [
    (programs_imported, "jobs/a.py", "import lake.config.settings\nimport jobs.detector.sectors"),
    (clocks_below_main, "jobs/a.py", "def main():\n    run(lambda: datetime.now(UTC))"),
    (clocks_below_main, "capture/command.py", "datetime.now(UTC)"),
    (clocks_below_main, "stack/a.py", "def f(clock):\n    return clock.now() + time.monotonic()"),
    (missing_annotations_import, "stack/__init__.py", '"""Only words."""'),
]


@pytest.mark.parametrize(("rule", "path", "source"), KEPT)
def test_each_rule_lets_the_right_thing_pass(rule: Rule, path: str, source: str) -> None:
    assert rule(Path(path), ast.parse(source)) == []
