"""Runs programs that print lines of JSON, and ends them with all their children."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Timer
from typing import Any, Final

from stack.programs.logs import last_lines
from stack.programs.processes import end, tree

LAST_LINES: Final = 400
ERROR: Final = re.compile(r"Z ERROR (.+)|^(?:\w+\.)*\w+(?:Error|Exception): (.+)")
"""Line of an expected error of our jobs, and of any other of Python or Java."""


def json_lines(
    command: Sequence[str], env: Mapping[str, str], log: Path, timeout_s: float
) -> Iterator[dict[str, Any]]:
    """Yield each line of JSON that a program prints, as it comes; other output goes into a log.

    A program that takes longer than `timeout_s` seconds, or whose output is no longer read, is killed with
    its children.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab", buffering=0) as log_file:
        log_file.truncate(0)
        process = subprocess.Popen(
            command, env=dict(env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log_file
        )
        assert process.stdout is not None
        killer = Timer(timeout_s, lambda: end(tree(process.pid), 0))
        killer.daemon = True
        killer.start()
        try:
            for line in process.stdout:
                if line.startswith(b"{"):
                    yield json.loads(line)
                else:
                    log_file.write(line)
        finally:
            killer.cancel()
            end(tree(process.pid), 0)
            process.stdout.close()
            process.wait()


def last_error(log: Path) -> str:
    """Return the last error in a program's log, or else its last line."""
    lines = [line for line in last_lines(log, LAST_LINES) if line.strip()]
    for line in reversed(lines):
        if match := ERROR.search(line):
            return str(match[1] or match[2])
    return lines[-1] if lines else "it ended, or was ended, without a word"
