"""Finds cameras and reads their properties; continues whatever a device does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from capture.cameras.cameras import DEMO, Camera
from capture.cameras.redaction import redact
from capture.probe.causes import Cause, Machine, cause_from, hint, reason
from capture.probe.probe_source import Request
from lake.config.settings import PROJECT_ROOT

DEFAULT_INDEXES: Final = range(4)
"""Indexes that are probed even if no device is visible."""
KILL_TIMEOUT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Report:
    """Result of probing one source.

    Attributes:
        source: index of a device, or the redacted address, or the path.
        found: whether it gave a picture.
        properties: name → value that the source reports; None where it reports none.
        picture: path of its test picture.
        reason, hint: why it gave no picture, and what to do.
    """

    source: str
    found: bool
    properties: dict[str, float | None] = field(default_factory=dict)
    picture: str | None = None
    reason: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """Settings of a probe, and its methods.

    Attributes:
        machine: kind of this machine.
        demo_clip: the clip behind the source `demo`.
        output: folder of the test pictures; it must exist.
        seconds: timeout for one source.
        devices: folder of the devices.
    """

    machine: Machine
    demo_clip: Path
    output: Path
    seconds: float
    devices: Path = Path("/dev")

    def indexes(self) -> list[int]:
        """Return the first four indexes, and each further one that has a device."""
        names = (re.fullmatch(r"video(\d+)", path.name) for path in self.devices.glob("video*"))
        return sorted({*DEFAULT_INDEXES, *(int(name[1]) for name in names if name)})

    def probe_devices(self, any_device: Camera) -> Iterator[Report]:
        """Probe each device in turn: two at once may be too much for a bus."""
        for index in self.indexes():
            yield self.probe_camera(replace(any_device, source=str(index)))

    def probe_camera(self, camera: Camera) -> Report:
        """Probe one source of any kind."""
        name = f"test_{camera.source}.jpg" if camera.is_device else "test_source.jpg"
        cause_outside = self._check_without_opening(camera)
        request = Request(camera, self.demo_clip, self.output / name)
        answer: dict[str, Any] = {"cause": cause_outside} if cause_outside else self._run_probe(request)
        source = redact(camera.source)
        if "properties" in answer:
            return Report(source, True, answer["properties"], answer["picture"])
        cause = self._refine_cause(Cause(answer["cause"]), camera)
        detail = f": {redact(answer['detail'])}" if "detail" in answer else ""
        return Report(source, False, reason=reason(cause) + detail, hint=hint(cause, self.machine))

    def _refine_cause(self, cause: Cause, camera: Camera) -> Cause:
        """Return a more specific cause for a source of this kind that did not open."""
        if cause is not Cause.UNOPENED:
            return cause
        if camera.is_device:  # on macOS a missing device looks like one that is not allowed
            return Cause.NOT_CONNECTED if self.machine is Machine.MACOS else cause
        return Cause.NO_STREAM if camera.is_stream else Cause.NO_VIDEO

    def _check_without_opening(self, camera: Camera) -> Cause | None:
        """Return a cause that is visible without opening the source, or None."""
        if camera.is_device and self.machine is not Machine.MACOS:
            device = self.devices / f"video{camera.source}"
            if not device.exists():
                return Cause.NOT_CONNECTED
            return None if os.access(device, os.R_OK | os.W_OK) else Cause.DENIED
        if camera.is_device or camera.is_stream or camera.is_generated:
            return None
        path = self.demo_clip if camera.source == DEMO else Path(camera.source)
        return None if path.exists() else Cause.NO_FILE

    def _run_probe(self, request: Request) -> dict[str, Any]:
        """Return the answer of a process that is killed on timeout; a driver may delay even that."""
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "capture.probe.probe_source"],
            env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            output, _ = process.communicate(f"{request.to_json()}\n".encode(), self.seconds)
        except subprocess.TimeoutExpired:
            _kill(process)
            return {"cause": Cause.HANGS}
        return _parse_answer(output.decode(errors="replace"), process.returncode)


def _parse_answer(output: str, status: int) -> dict[str, Any]:
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if status != 0 or not lines:
        return {"cause": Cause.CRASHED}
    answer: dict[str, Any] = json.loads(lines[-1])
    if answer.get("cause") in (Cause.UNOPENED, Cause.NO_PICTURE):
        answer["cause"] = cause_from(output, Cause(answer["cause"]))
    return answer


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    try:
        process.communicate(timeout=KILL_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return  # it hangs within the driver, from where not even a signal brings it back
