"""How memory that nobody needs any more goes back to the system: set before anything is allocated.

Many threads answer and read. By default they share many heaps, and what is free in one is of no use to the
others: over a long history the process held twice of what it needed.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import MutableMapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Final

ARENAS: Final = (-8, 1)
"""M_ARENA_MAX of glibc: one heap for all threads, most of which wait for Python's lock anyway."""
MMAP_THRESHOLD: Final = (-3, 128 * 1024)
"""M_MMAP_THRESHOLD: larger arrays lie outside of the heap, and go back when they are freed. Else glibc raises
the threshold by itself, up to 32 MB, and whatever small lies above a freed array keeps its room."""
JEMALLOC: Final = "narenas:2,dirty_decay_ms:0,muzzy_decay_ms:0"
"""For the engine below `deltalake`, which reads it as it is loaded."""
ARROW_POOL: Final = "system"
"""The same heap for Arrow, whose own keeps what it freed."""


def tune_malloc(env: MutableMapping[str, str]) -> None:
    """Set up the allocators of this process; nothing happens where the system has others.

    Args:
        env: of this process, before `deltalake` and `pyarrow` are imported.
    """
    env.setdefault("_RJEM_MALLOC_CONF", JEMALLOC)
    env.setdefault("ARROW_DEFAULT_MEMORY_POOL", ARROW_POOL)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(*ARENAS)
        mallopt(*MMAP_THRESHOLD)


class _NoPandas(MetaPathFinder):
    """Finds pandas nowhere, and leaves all other modules to others."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raise ModuleNotFoundError for pandas."""
        if fullname == "pandas":
            raise ModuleNotFoundError(
                "pandas is left out of this process to keep its memory low", name=fullname
            )
        return None


def leave_out_pandas() -> None:
    """Let Arrow and Plotly find no pandas: no page uses it, and they load it for themselves, 30 MB."""
    sys.meta_path.insert(0, _NoPandas())
