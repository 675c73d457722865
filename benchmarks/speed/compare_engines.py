"""Compares the detector's engines on the same frames in one run: agreement both ways, time, memory.

    python -m benchmarks.speed.compare_engines [--clips DIR] [--model DIR] [--threads N]

Found is an object over 0.5 of one side when the other side has one of its label with IoU ≥ 0.5; alike when
IoU ≥ 0.9 and the scores are within 0.05. Each engine loads and runs in its own process: load time and memory
are its own. `tests/jobs/detector/test_engine_agreement.py` holds the engines to it on varied frames.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import psutil
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.support.agreement import Agreement, agreement
from benchmarks.support.varied_frames import read_frames
from jobs.detector.detected_object import DetectedObject
from jobs.detector.detector import DetectorSettings, load_detector
from lake.config.settings import Settings

REPORTED = 0.5
ALL = "all"
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

    def of(self, scene: str) -> list[list[DetectedObject]]:
        """Objects by frame of a scene, or of all."""
        return list(chain(*self.scenes.values())) if scene == ALL else self.scenes[scene]


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


def agreement_table(reference: Side, side: Side) -> Table:
    """What each side found of the other's objects, by scene and over all."""
    table = Table(title=f"{reference.name} and {side.name}")
    for heading in ("scene", "frames", "whose objects", "objects", "found by other", "alike",
                    "IoU median, 5 %", "score difference median, 95 %"):  # fmt: skip
        table.add_column(heading, justify="right")
    for scene in (*reference.scenes, ALL):
        ours, theirs = reference.of(scene), side.of(scene)
        table.add_row(scene, str(len(ours)), reference.name, *cells(agreement(ours, theirs, REPORTED)))
        table.add_row("", "", side.name, *cells(agreement(theirs, ours, REPORTED)))
    return table


def cells(found: Agreement) -> list[str]:
    """As text; dashes where there is nothing to compare."""
    if not found.pairs:
        return [str(found.objects), *["-"] * 4]
    iou, score = (f"{found.iou(50):.3f}, {found.iou(5):.3f}", f"{found.score(50):.3f}, {found.score(95):.3f}")
    return [str(found.objects), f"{found.found:.2%}", f"{found.alike:.2%}", iou, score]


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
