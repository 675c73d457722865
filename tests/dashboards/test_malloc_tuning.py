"""How the server's memory is set up before anything uses it."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from types import SimpleNamespace

import pytest

from dashboards.malloc_tuning import JEMALLOC, tune_malloc

NAME, POOL = "_RJEM_MALLOC_CONF", "ARROW_DEFAULT_MEMORY_POOL"
LOADED = (
    "import dashboards.malloc_tuning, sys; print([n for n in sys.modules if n in ('numpy', 'deltalake')])"
)

TIMES = """
import sys
from datetime import UTC, datetime
from dashboards.malloc_tuning import leave_out_pandas
leave_out_pandas()
import pyarrow as pa
import plotly.graph_objects
shape = pa.schema([("at", pa.timestamp("us", "UTC")), ("n", pa.int64())])
rows = pa.Table.from_pylist([{"at": datetime(2026, 1, 2, tzinfo=UTC), "n": 1}], schema=shape)
assert rows.to_pylist() == [{"at": datetime(2026, 1, 2, tzinfo=UTC), "n": 1}]
assert rows["n"].to_numpy().tolist() == [1]
print("pandas" in sys.modules)
"""


def test_all_threads_share_one_heap_where_the_system_knows_of_heaps(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[int, int]] = []
    linux = SimpleNamespace(mallopt=lambda *option: said.append(option))
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: linux)
    env: dict[str, str] = {}
    tune_malloc(env)
    assert (env, said) == ({NAME: JEMALLOC, POOL: "system"}, [(-8, 1), (-3, 131_072)])


def test_a_system_without_such_settings_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: SimpleNamespace())
    env = {NAME: "narenas:7", POOL: "mimalloc"}
    tune_malloc(env)
    assert env == {NAME: "narenas:7", POOL: "mimalloc"}, "who chose otherwise is not overruled"


def test_the_settings_come_before_what_reads_them() -> None:
    found = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_arrow_and_plotly_do_their_work_without_loading_pandas() -> None:
    found = subprocess.run([sys.executable, "-c", TIMES], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"
