"""An hourly run beside the stream of `make bench`: the programs that Airflow starts, in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import cycle
from typing import Any, Final

from benchmarks.support.running.system import System
from benchmarks.support.tables import hour_rows
from lake.accounting.open_frames import count_open_frames
from lake.contracts.hours import HOUR, Scope, format_hour
from lake.schema.schemas import FRAMES

JOBS: Final = ("detect_skipped", "count_objects", "check_quality")
CAMERA: Final = "heap"
COMMITS: Final = 4


def leave_frames(system: System, jpegs: Sequence[bytes], hour: datetime) -> None:
    """Pictures of an hour long past in table `frames`, as a stream leaves them that skipped them all."""
    every = HOUR / len(jpegs)
    rows = [_row(jpeg, number, hour + number * every) for number, jpeg in enumerate(jpegs)]
    for start in range(COMMITS):
        hour_rows.add(system.lake, FRAMES, rows[start::COMMITS])


def _row(jpeg: bytes, number: int, observed_at: datetime) -> hour_rows.Row:
    known = hour_rows.frame(hour_rows.record(number, observed_at, CAMERA))
    return {**known, "value": jpeg, "bytes": len(jpeg)}


class HourlyRun:
    """The jobs of one hour, one after the other, each in a process and a JVM of its own."""

    def __init__(self, system: System, hour: datetime) -> None:
        self._system, self._scope = system, Scope((hour,), (CAMERA,))
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._failed: list[str] = []
        self.seconds: dict[str, float] = {}

    def pictures(self, jpegs: Sequence[bytes]) -> Iterator[bytes]:
        """Begin the run; pictures without end until it has ended."""
        self._thread.start()
        for jpeg in cycle(jpegs):
            if not self._thread.is_alive():
                return
            yield jpeg

    def found(self) -> dict[str, Any]:
        """Seconds of each job that ended well."""
        return {"hourly_run_s": {job: round(seconds, 1) for job, seconds in self.seconds.items()}}

    def faults(self) -> list[str]:
        """Why what was measured beside it is worthless."""
        left = count_open_frames(self._system.lake, self._scope)
        said = [f"of the hourly run only {', '.join(self.seconds) or 'nothing'} ended well: {end}"
                for end in self._failed]  # fmt: skip
        return said + ([f"the hourly run left {left} frames"] if left else [])

    def _work(self) -> None:
        hour, camera = format_hour(self._scope.hours[0]), CAMERA
        for job in JOBS:
            arguments = ("--hours", hour, "--cameras", camera)
            program = self._system.program(job, f"jobs.{job}", *arguments)
            began = time.monotonic()
            program.start()
            assert program.process is not None
            if program.process.wait():
                self._failed.append(program.tail(20))
                return
            self.seconds[job] = time.monotonic() - began
