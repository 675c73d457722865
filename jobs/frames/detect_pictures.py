"""Find objects in picture files: `python -m jobs.frames.detect_pictures PICTURE…`. No Kafka, no Spark."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from jobs.detector.detected_object import DetectedObject
from jobs.detector.detector import ENGINES, Detector, DetectorSettings, load_detector
from jobs.detector.images import annotate_picture, decode_picture
from jobs.detector.native_output import silence_native_output
from jobs.detector.sectors import sector_of
from lake.config.settings import SettingError, Settings
from lake.config.sources import load_configuration

SUFFIX = ".objects.jpg"


class PictureNotSavedError(ValueError):
    """A picture whose annotated copy does not fit the limit."""


def detect_picture(detector: Detector, path: Path, threshold: float) -> tuple[list[DetectedObject], bytes]:
    """Find the objects of a picture file at or above a score, best first, and annotate the picture.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no picture that can be decoded, or its annotated copy is too large.
    """
    picture = decode_picture(path.read_bytes(), None)
    objects = [item for item in detector.detect([picture])[0] if item.score >= threshold]
    annotated = annotate_picture(picture, objects)
    if annotated is None:
        raise PictureNotSavedError("the annotated copy would be over 700 KB: reduce the picture's size")
    return objects, annotated


def objects_table(objects: Sequence[DetectedObject]) -> Table:
    """Build a table with one line per object: label, score and sector."""
    table = Table()
    table.add_column("object")
    table.add_column("score", justify="right")
    table.add_column("sector")
    for item in objects:
        sector = sector_of(item.ymin, item.xmin, item.ymax, item.xmax)
        table.add_row(item.label, f"{item.score:.2f}", " ".join(sector))
    return table


def run(detector: Detector, pictures: Sequence[Path], output: Path | None, threshold: float) -> int:
    """Detect in each picture, print the objects, save the annotated copies; return how many failed."""
    console, errors, failed = Console(), Console(stderr=True), 0
    for path in pictures:
        target = (output or path.parent) / f"{path.stem}{SUFFIX}"
        try:
            objects, annotated = detect_picture(detector, path, threshold)
            target.write_bytes(annotated)
        except (OSError, ValueError) as error:
            errors.print(f"[red]{escape(str(path))}[/]: {escape(str(error))}", soft_wrap=True)
            failed += 1
            continue
        console.print(f"[bold]{escape(str(path))}[/]", soft_wrap=True, highlight=False)
        console.print(objects_table(objects) if objects else "no objects")
        console.print(f"saved {escape(str(target))}", soft_wrap=True, highlight=False)
    return failed


def load_from_env(engine: str | None) -> tuple[Detector, Settings]:
    """Load the detector that the environment configures, or one with another engine, and the settings."""
    settings = Settings.from_env(os.environ)
    chosen = DetectorSettings.from_env(os.environ, settings)
    chosen = replace(chosen, engine=engine or chosen.engine)
    with silence_native_output():
        return load_detector(chosen), settings


def main(
    pictures: Annotated[list[Path], typer.Argument(help="JPEG or PNG files.", show_default=False)],
    output: Annotated[Path | None, typer.Option(help="Folder for the annotated pictures.")] = None,
    engine: Annotated[str | None, typer.Option(help=f"One of: {', '.join(ENGINES)}.")] = None,
) -> None:
    """Print the objects in pictures and save annotated copies as NAME.objects.jpg."""
    try:
        detector, settings = load_from_env(engine)
        if output:
            output.mkdir(parents=True, exist_ok=True)
    except (SettingError, ValueError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    if run(detector, pictures, output, settings.report_threshold):
        raise typer.Exit(1)


if __name__ == "__main__":
    load_configuration()
    typer.run(main)
