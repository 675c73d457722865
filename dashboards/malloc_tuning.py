"""How memory that nobody needs any more goes back to the system: set before anything is allocated.

Many threads answer and read. By default they share many heaps, and what is free in one is of no use to the
others: over a long history the process held twice of what it needed.
"""

from __future__ import annotations

import ctypes
from collections.abc import MutableMapping
from typing import Final

ARENAS: Final = (-8, 1)
"""M_ARENA_MAX of glibc: one heap for all threads, most of which wait for Python's lock anyway."""
JEMALLOC: Final = "narenas:2,dirty_decay_ms:0,muzzy_decay_ms:0"
"""For the engine below `deltalake`, which reads it as it is loaded."""


def tune_malloc(env: MutableMapping[str, str]) -> None:
    """Set up the allocators of this process; nothing happens where the system has others.

    Args:
        env: of this process, before `deltalake` is imported.
    """
    env.setdefault("_RJEM_MALLOC_CONF", JEMALLOC)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(*ARENAS)
