"""`capture probe`: the cameras found, in words or as JSON."""

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
    """Create a probe for this machine, and the folder of its pictures.

    Raises:
        OSError: the folder cannot be created.
    """
    output.mkdir(parents=True, exist_ok=True)
    version = PROC_VERSION.read_text(encoding="utf-8") if PROC_VERSION.is_file() else ""
    return Probe(machine_of(sys.platform, version), demo_clip, output, seconds)


def reports(probe: Probe, source: str | None, defaults: CaptureSettings) -> Iterator[Report]:
    """Probe one source, or every device if `source` is None.

    Raises:
        CameraError: the source is invalid.
    """
    size = defaults.width, defaults.height, defaults.quality
    camera = Camera("probe", "0" if source is None else source, defaults.interval, False, *size)
    if source is None:
        return probe.probe_devices(camera)
    return iter([probe.probe_camera(with_absolute_source(camera))])


def show(reports_found: Iterable[Report], *, devices: bool, as_json: bool) -> bool:
    """Print the reports as they come; return whether one gave a picture."""
    printed: list[Report] = []
    console = Console(soft_wrap=True, highlight=False)
    for report in reports_found:
        if not as_json:
            console.print(
                format_report(report, shown_hints={earlier.hint for earlier in printed}), markup=False
            )
        printed.append(report)
    any_picture = any(report.found for report in printed)
    advice = "" if any_picture or not devices else NO_CAMERA
    if as_json:
        answer = {"sources": [asdict(report) for report in printed], "advice": advice}
        typer.echo(json.dumps(answer, ensure_ascii=False))
    elif advice:
        console.print(advice, markup=False)
    return any_picture


def format_report(report: Report, shown_hints: Set[str] = frozenset()) -> str:
    """Format a report for people; hints in `shown_hints` are not repeated.

    >>> print(format_report(Report("1", False, reason="not found", hint="plug it in")))
    device 1: not found
      plug it in
    """
    name = f"device {report.source}" if report.source.isdecimal() else report.source
    if not report.found:
        return f"{name}: {report.reason}" + ("" if report.hint in shown_hints else f"\n  {report.hint}")
    rows = [f"  {row:<12}{_format_number(value)}" for row, value in report.properties.items()]
    return "\n".join([f"{name}:", *rows, f"  {'picture':<12}{report.picture}"])


def _format_number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.10g}"
