"""Programs that answer in lines of JSON: started, read as they go on, and ended for good."""

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
"""How a job of ours tells an expected error, and Python or Java any other."""


def json_lines(
    command: Sequence[str], env: Mapping[str, str], log: Path, patience_s: float
) -> Iterator[dict[str, Any]]:
    """Each line of JSON that a program prints, as it comes; all else that it writes goes into a log.

    A program that takes longer than `patience_s` seconds, or whose answers nobody wants any more, is killed
    with all that it started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab", buffering=0) as noise:
        noise.truncate(0)
        process = subprocess.Popen(
            command, env=dict(env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=noise
        )
        assert process.stdout is not None
        killer = Timer(patience_s, lambda: end(tree(process.pid), 0))
        killer.daemon = True
        killer.start()
        try:
            for line in process.stdout:
                if line.startswith(b"{"):
                    yield json.loads(line)
                else:
                    noise.write(line)
        finally:
            killer.cancel()
            end(tree(process.pid), 0)
            process.stdout.close()
            process.wait()


def last_error(log: Path) -> str:
    """What a program said went wrong, out of its log; its last line where it did not say."""
    lines = [line for line in last_lines(log, LAST_LINES) if line.strip()]
    for line in reversed(lines):
        if found := ERROR.search(line):
            return str(found[1] or found[2])
    return lines[-1] if lines else "it ended, or was ended, without a word"
