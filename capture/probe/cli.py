"""`capture probe`: which cameras there are, in words or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Set
from dataclasses import asdict
from pathlib import Path
from typing import Final

import typer
from rich.console import Console

from capture.cameras.cameras import Camera, with_absolute_source
from capture.cameras.settings import CaptureSettings
from capture.probe.causes import NO_CAMERA, machine_of
from capture.probe.probe import Probe, Report

PROC_VERSION: Final = Path("/proc/version")


def probe_of(demo_clip: Path, output: Path, seconds: float) -> Probe:
    """How to look on this machine; the folder of the pictures is made.

    Raises:
        OSError: the folder cannot be made.
    """
    output.mkdir(parents=True, exist_ok=True)
    version = PROC_VERSION.read_text(encoding="utf-8") if PROC_VERSION.is_file() else ""
    return Probe(machine_of(sys.platform, version), demo_clip, output, seconds)


def reports(probe: Probe, source: str | None, defaults: CaptureSettings) -> Iterator[Report]:
    """Of one source, or of every device.

    Raises:
        CameraError: the source is none.
    """
    size = defaults.width, defaults.height, defaults.quality
    camera = Camera("probe", "0" if source is None else source, defaults.interval, False, *size)
    if source is None:
        return probe.look_at_devices(camera)
    return iter([probe.look_at(with_absolute_source(camera))])


def show(found: Iterable[Report], *, devices: bool, as_json: bool) -> bool:
    """Print the reports as they come; whether one gave a picture."""
    seen: list[Report] = []
    console = Console(soft_wrap=True, highlight=False)
    for report in found:
        if not as_json:
            console.print(format_report(report, known={one.hint for one in seen}), markup=False)
        seen.append(report)
    well = any(report.found for report in seen)
    advice = "" if well or not devices else NO_CAMERA
    if as_json:
        answer = {"sources": [asdict(report) for report in seen], "advice": advice}
        typer.echo(json.dumps(answer, ensure_ascii=False))
    elif advice:
        console.print(advice, markup=False)
    return well


def format_report(report: Report, known: Set[str] = frozenset()) -> str:
    """The report for a person; a hint that is `known` is not repeated.

    >>> print(format_report(Report("1", False, reason="not found", hint="plug it in")))
    device 1: not found
      plug it in
    """
    name = f"device {report.source}" if report.source.isdecimal() else report.source
    if not report.found:
        return f"{name}: {report.reason}" + ("" if report.hint in known else f"\n  {report.hint}")
    rows = [f"  {row:<12}{_number(value)}" for row, value in report.properties.items()]
    return "\n".join([f"{name}:", *rows, f"  {'picture':<12}{report.picture}"])


def _number(value: float | None) -> str:
    return "not told" if value is None else f"{value:.10g}"
