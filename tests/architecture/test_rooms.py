"""The rooms of each program: imports run from later rooms to earlier ones, and never in a circle."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAX_MODULES = 8
"""Directly in the folder of a program; the others stand in its rooms."""
ROOMS: Mapping[str, tuple[str, ...]] = {
    "capture": ("pictures", "cameras", "sources", "publish", "agent", "probe", "results"),
    "jobs": (
        "detector", "frames", "stream", "harness", "hours", "quality", "pipeline", "maintenance", "models",
        "evaluation", "demo", "events",
    ),
    "lake": (
        "contracts", "config", "schema", "storage", "kafka", "views", "accounting", "serving", "spark",
    ),
    "dashboards": ("data", "ui", "auth", "explore", "report", "quality", "pipeline", "live", "pages"),
    "stack": ("site", "provision", "airflow", "kafka", "programs", "operations", "cli"),
    "dags": ("scheduling",),
}  # fmt: skip
"""Program → its rooms; each imports only itself and the rooms before it."""
Imports = Mapping[str, set[str]]
"""Module → modules of ours that it imports, at the top or inside a function."""


def modules(root: Path) -> dict[str, Path]:
    """Every module of every program by its dotted name; a package has its own name."""
    found = {}
    for program in ROOMS:
        for path in sorted((root / program).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(tree: ast.Module, known: set[str]) -> Iterator[str]:
    """Modules of ours that a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from names & known or {node.module}


def all_imports(root: Path) -> dict[str, set[str]]:
    """The imports of all modules."""
    found = modules(root)
    return {
        name: set(imported(ast.parse(path.read_bytes()), set(found))) - {name} for name, path in found.items()
    }


def room_of(module: str) -> tuple[str, str]:
    """Program and room of a module; the room is empty for modules of the program's own folder."""
    program, _, rest = module.partition(".")
    room = rest.partition(".")[0]
    return program, room if room in ROOMS[program] else ""


def upward(imports: Imports) -> list[str]:
    """Imports of a room that comes later, or of a program's own folder by one of its rooms."""
    faults = []
    for module, targets in imports.items():
        program, room = room_of(module)
        order = [*ROOMS[program], ""]
        for target in sorted(targets):
            other, to = room_of(target)
            if other == program and target != program and order.index(to) > order.index(room):
                faults.append(f"{module} imports {target}")
    return faults


def circle(imports: Imports) -> list[str]:
    """Modules that import one another in a circle; none where there is no circle."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


IMPORTS = all_imports(ROOT)


def test_imports_run_downwards() -> None:
    assert upward(IMPORTS) == []


def test_no_modules_import_one_another_in_a_circle() -> None:
    assert circle(IMPORTS) == []


@pytest.mark.parametrize("program", ROOMS)
def test_every_folder_of_a_program_is_a_listed_room(program: str) -> None:
    folders = {path.parent.name for path in (ROOT / program).glob("*/__init__.py")}
    assert folders == set(ROOMS[program])


@pytest.mark.parametrize("program", ROOMS)
def test_few_modules_stand_outside_the_rooms(program: str) -> None:
    assert len(list((ROOT / program).glob("*.py"))) <= MAX_MODULES


@pytest.mark.parametrize(
    ("imports", "faults"),
    [
        ({"jobs.detector.a": {"jobs.stream.b"}}, ["jobs.detector.a imports jobs.stream.b"]),
        ({"stack.site.a": {"stack.environment"}}, ["stack.site.a imports stack.environment"]),
        (
            {"jobs.stream.a": {"jobs.detector.b", "lake.views.c"}, "capture.command": {"capture.agent.run"}},
            [],
        ),
    ],
)
def test_an_import_that_runs_back_up_is_seen(imports: Imports, faults: list[str]) -> None:
    assert upward(imports) == faults


def test_a_circle_is_seen() -> None:
    assert circle({"lake.a": {"lake.b"}, "lake.b": {"lake.c"}, "lake.c": {"lake.a"}}) != []
    assert circle({"lake.a": {"lake.b", "lake.c"}, "lake.b": {"lake.c"}, "lake.c": set()}) == []
