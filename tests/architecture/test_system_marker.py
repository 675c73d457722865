"""Tests that start real engines carry the marker `system`: `make unit` skips them, and they may run twice."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).parents[1]
STARTERS = {"running_broker", "running_dashboard", "running_browser", "running_cluster",
            "running_secured_broker", "System"}  # fmt: skip


def starts_engines(source: str) -> bool:
    """Whether a module of tests names what starts a broker, a stream, a dashboard or a browser."""
    return any(isinstance(node, ast.Name) and node.id in STARTERS for node in ast.walk(ast.parse(source)))


def test_what_starts_engines_is_recognised() -> None:
    assert starts_engines("with running_broker(folder) as broker: pass")
    assert starts_engines("def test_a_stream(system: System): pass")
    assert not starts_engines("def test_a_page(client): 'of a System'")


def test_modules_that_start_engines_carry_the_marker() -> None:
    sources = {str(path.relative_to(TESTS)): path.read_text("utf-8") for path in TESTS.rglob("test_*.py")}
    starting = {name for name, source in sources.items() if starts_engines(source)}
    assert len(starting) > 15
    assert sorted(name for name in starting if "pytest.mark.system" not in sources[name]) == []
