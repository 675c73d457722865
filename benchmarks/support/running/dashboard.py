"""A running dashboard of a test: a process of its own on a free port."""

from __future__ import annotations

import os
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

from benchmarks.support.running.programs import Program, free_ports, wait_for
from lake.config.settings import PREFIX


@contextmanager
def running_dashboard(data: Path, kafka: str = "127.0.0.1:1", **more: str) -> Iterator[str]:
    """Address of a dashboard over a data folder, a broker and more settings; it is ended for good."""
    [port] = free_ports(1)
    own = {
        "DATA": str(data),
        "KAFKA": kafka,
        "DASHBOARD_PORT": str(port),
        "TIME_ZONE": "Europe/Berlin",
    } | more
    env = dict(os.environ) | {PREFIX + name: value for name, value in own.items()}
    program = Program([sys.executable, "-m", "dashboards"], env, data / "logs" / "dashboard.log")
    base = f"http://127.0.0.1:{port}"
    program.start()
    try:
        wait_for(f"dashboard ({program.tail(5)})", lambda: answers(base))
        yield base
    finally:
        assert program.stop() == 0, program.tail()


def answers(base: str) -> bool:
    """Whether a page is served at this address."""
    try:
        with urllib.request.urlopen(base, timeout=5):
            return True
    except (URLError, OSError):
        return False
