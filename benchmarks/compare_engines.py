"""Compares the detector's engines on the same frames in one run: agreement both ways, time, memory.

    python -m benchmarks.compare_engines [--clips DIR] [--model DIR] [--threads N]

An object over 0.4 of one side is matched when the other side has one of its label with IoU ≥ 0.9 and a
score within 0.05. Each engine loads and runs in its own process: load time and memory are its own.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import psutil
import typer
from rich.console import Console
from rich.table import Table

from jobs.box_coding import overlaps
from jobs.detector import DetectedObject, DetectorSettings, load_detector
from lake.settings import Settings

REPORTED, IOU, SCORE = 0.4, 0.9, 0.05
BATCH = 8
Scenes = dict[str, list[list[DetectedObject]]]


@dataclass(frozen=True)
class Side:
    """What one engine did: objects by scene and frame, milliseconds per frame, seconds to load, megabytes."""

    name: str
    scenes: Scenes
    frame_ms: float
    load_s: float
    rss_mb: float


def read_frames(path: Path) -> list[np.ndarray]:
    """Every frame of a clip, BGR uint8."""
    clip, frames = cv2.VideoCapture(str(path)), []
    while (read := clip.read())[0]:
        frames.append(read[1])
    return frames


def run_side(name: str, model: Path, clips: list[Path], threads: int) -> Side:
    """Load an engine (`tensorflow`, `litert-float32`, `litert-int8`) and run it over all clips."""
    process = psutil.Process(os.getpid())
    cv2.setNumThreads(1)
    before = process.memory_info().rss
    engine, _, precision = name.partition("-")
    started = time.perf_counter()
    detector = load_detector(
        DetectorSettings(engine, model, threads=threads, precision=precision or "float32")
    )
    detector.detect([np.zeros((300, 300, 3), np.uint8)])
    load_s, loaded = time.perf_counter() - started, process.memory_info().rss
    scenes: Scenes = {}
    spent, count = 0.0, 0
    for clip in clips:
        frames = read_frames(clip)
        started = time.perf_counter()
        scenes[clip.stem] = [
            found for at in range(0, len(frames), BATCH) for found in detector.detect(frames[at : at + BATCH])
        ]
        spent, count = spent + time.perf_counter() - started, count + len(frames)
    return Side(name, scenes, spent / count * 1000, load_s, (loaded - before) / 2**20)


def count_matched(wanted: list[list[DetectedObject]], offered: list[list[DetectedObject]]) -> tuple[int, int]:
    """Objects over 0.4 on the first side, and how many of them the second side has too."""
    total = matched = 0
    for objects, others in zip(wanted, offered, strict=True):
        free = list(others)
        for one in (one for one in objects if one.score >= REPORTED):
            total += 1
            match = next((other for other in free if same_object(one, other)), None)
            if match:
                free.remove(match)
                matched += 1
    return total, matched


def same_object(one: DetectedObject, other: DetectedObject) -> bool:
    """Whether two engines mean the same object, alike in label, place and score."""
    if one.label != other.label or abs(one.score - other.score) > SCORE:
        return False
    boxes = [np.array([[box.ymin, box.xmin, box.ymax, box.xmax]]) for box in (one, other)]
    return bool(overlaps(*boxes)[0, 0] >= IOU)


def agreement_table(reference: Side, side: Side) -> Table:
    """Matched shares per scene and over all, both ways."""
    table = Table(title=f"{reference.name} and {side.name}")
    for heading in ("scene", "frames", "objects", "matched by other", "objects of other", "matched by first"):
        table.add_column(heading, justify="right")
    sums = np.zeros(5, dtype=int)
    for scene, frames in reference.scenes.items():
        there, back = count_matched(frames, side.scenes[scene]), count_matched(side.scenes[scene], frames)
        row = (len(frames), *there, *back)
        sums += row
        table.add_row(scene, *cells(row))
    table.add_row("all", *cells(tuple(sums)), style="bold")
    return table


def cells(row: tuple[int, ...]) -> list[str]:
    """Frames, objects, matched, objects, matched → four counts and shares as text."""
    frames, first, first_matched, second, second_matched = (int(value) for value in row)
    return [
        str(frames),
        str(first),
        share(first_matched, first),
        str(second),
        share(second_matched, second),
    ]


def share(part: int, whole: int) -> str:
    """A share in percent, or a dash when there is nothing to share."""
    return f"{part / whole:.2%}" if whole else "-"


def cost_table(sides: list[Side]) -> Table:
    """Time and memory of each side, and its time as a ratio to the first."""
    table = Table(title="cost")
    for heading in ("engine", "ms/frame", "ratio", "load s", "memory MB"):
        table.add_column(heading, justify="right")
    for side in sides:
        ratio = side.frame_ms / sides[0].frame_ms
        table.add_row(
            side.name, f"{side.frame_ms:.1f}", f"{ratio:.2f}", f"{side.load_s:.2f}", f"{side.rss_mb:.0f}"
        )
    return table


def main(
    model: Annotated[Path | None, typer.Option(help="Model folder.")] = None,
    clips: Annotated[Path | None, typer.Option(help="Folder of .mp4 clips.")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads of each engine.")] = 1,
) -> None:
    """Compare TensorFlow, LiteRT float32 and LiteRT int8 on every frame of every clip."""
    settings = Settings.from_env(os.environ)
    folder = model or DetectorSettings.from_env(os.environ, settings).model
    paths = sorted((clips or settings.home / "clips").glob("*.mp4"))
    sides = []
    for name in ("tensorflow", "litert-float32", "litert-int8"):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            sides.append(pool.submit(run_side, name, folder, paths, threads).result())
    console = Console(width=110)
    for side in sides[1:]:
        console.print(agreement_table(sides[0], side))
    console.print(cost_table(sides))


if __name__ == "__main__":
    typer.run(main)
