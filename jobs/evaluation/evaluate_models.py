"""Run every model on every picture, side by side: `pycturestream evaluate MODEL… PICTURES…`.

Writes one HTML file with all annotated pictures, and a row per model and picture into `model_evaluations`.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from jobs.detector.native_output import silence_native_output
from jobs.evaluation.comparison import Evaluation, ModelResults
from jobs.evaluation.model_choice import (
    Candidate,
    UnknownModelError,
    find_models,
    known_models,
    load,
    unknown_model_error,
)
from jobs.evaluation.picture_choice import NoPicturesError, demo_pictures, pictures_in
from jobs.evaluation.report import COLUMNS, ReportHeader, figures_of, render_report
from jobs.evaluation.rows import store
from jobs.harness.arguments import run_parser
from jobs.harness.process import open_batch_session, run_job
from jobs.harness.settings import BatchSettings
from lake.config.sources import load_configuration
from lake.contracts.clock import utc_now
from lake.contracts.wire_format import STORED_SCORE
from lake.schema.schemas import MODEL_EVALUATIONS
from lake.storage.files import write_atomically
from lake.storage.tables import Lake

REPORTS: Final = "evaluations"
"""Default folder of reports, below the data folder."""


class ReportNotWrittenError(OSError):
    """A path where the page cannot be written."""


EXPECTED: Final = (UnknownModelError, NoPicturesError, ReportNotWrittenError)


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """Models and pictures of an evaluation."""

    candidates: tuple[Candidate, ...]
    pictures: tuple[Path, ...]


def split_words(
    words: Sequence[str], models: Path, labels: Path | None
) -> tuple[list[Candidate], list[Path]]:
    """Split the words of the command line into models and paths; without a model, take all of the cache.

    Raises:
        UnknownModelError: a word is neither.
    """
    candidates: list[Candidate] = []
    paths: list[Path] = []
    for word in words:
        if matches := find_models(word, models, labels):
            candidates += matches
        elif (path := Path(word).expanduser()).exists():
            paths.append(path)
        else:
            raise unknown_model_error(word, models)
    every = [candidate for engines in known_models(models).values() for candidate in engines]
    return list(dict.fromkeys(candidates or every)), paths


def evaluate(request: EvaluationRequest, evaluation: Evaluation, console: Console) -> list[ModelResults]:
    """Run all models, one line of progress for each."""
    runs = evaluation.run(request.candidates, request.pictures)
    done: list[ModelResults] = []
    for number, candidate in enumerate(request.candidates, 1):
        console.print(f"[{number}/{len(request.candidates)}] {candidate}", markup=False, highlight=False)
        with silence_native_output():
            done.append(next(runs))
    return done


def summary(evaluated: Sequence[ModelResults], about: ReportHeader) -> Grid:
    """Build the summary table."""
    grid = Grid(*COLUMNS, box=None, pad_edge=False)
    for model in evaluated:
        grid.add_row(*map(escape, figures_of(about, model)))
    return grid


def report_file(folder: Path, run_id: str, evaluated_at: datetime) -> Path:
    """Return the default path of a report; a run id may hold any character."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", run_id)[:60]
    return folder / REPORTS / f"{evaluated_at:%Y%m%dT%H%M%SZ}-{plain}.html"


def write_report(path: Path, page: str) -> None:
    """Write the page in one step, so that nobody opens half of it.

    Raises:
        ReportNotWrittenError: the path cannot be written.
    """
    try:
        write_atomically(path, page)
    except OSError as error:
        raise ReportNotWrittenError(
            f"{path} cannot be written ({error.strerror}): name another --output"
        ) from error


def make_table(env: Mapping[str, str], settings: BatchSettings) -> None:
    """Create the lake's missing tables; start Spark only for that."""
    lake = Lake(settings.shared.lake)
    if not lake.exists(MODEL_EVALUATIONS):
        with open_batch_session(env, "evaluate_models", settings) as spark:
            lake.create(spark)


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Parse the command line; an error ends the program with status 2."""
    purpose = "Compare models on pictures: what each finds, and how long it takes."
    parser = run_parser("jobs.evaluation.evaluate_models", purpose)
    parser.prog = "pycturestream evaluate"
    parser.add_argument(
        "words",
        nargs="*",
        metavar="MODEL or PICTURES",
        help="names of models (coco-ssd, coco-ssd:litert-int8), folders with a SavedModel and its labels,"
        " pictures and folders of pictures; every model of the cache unless one is named",
    )
    parser.add_argument("--demo", action="store_true", help="also look at frames of the provisioned clips")
    parser.add_argument("--threshold", type=score, help="least score that is reported, 0.2 to 1")
    parser.add_argument("--labels", type=Path, help="names the classes of SavedModels that bring no labels")
    parser.add_argument("--output", type=Path, help="the HTML file; default: in the data folder")
    parser.add_argument(
        "--no-store", action="store_true", help="only write the page, and nothing to the lake"
    )
    return parser.parse_args(argv)


def score(text: str) -> float:
    """Parse a threshold of the command line."""
    value = float(text)
    if not STORED_SCORE <= value <= 1:
        raise ValueError(text)
    return value


def run(args: argparse.Namespace, env: Mapping[str, str], console: Console) -> int:
    """Run the evaluation; return 1 when a model failed on all pictures."""
    settings = BatchSettings.from_env(env)
    threshold = settings.shared.report_threshold if args.threshold is None else args.threshold
    about = ReportHeader(args.run_id, utc_now(), threshold)
    candidates, paths = split_words(args.words, settings.shared.models, args.labels)
    with ExitStack() as stack:
        if args.demo:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pycturestream-")))
            paths += demo_pictures(settings.shared.home / "clips", folder)
        request = EvaluationRequest(tuple(candidates), tuple(pictures_in(paths)))
        if not request.pictures:
            raise NoPicturesError("no pictures to look at: name files or a folder, or give --demo")
        if args.dry_run:
            console.print(_plan(request), markup=False, highlight=False)
            return 0
        if not args.no_store:
            make_table(env, settings)
        evaluation = Evaluation(partial(load, settings=settings.detector), threshold, time.perf_counter)
        evaluated = evaluate(request, evaluation, console)
    page = args.output or report_file(settings.shared.data, about.run_id, about.evaluated_at)
    write_report(page, render_report(about, evaluated))
    rows = 0 if args.no_store else store(settings.shared.lake, about, evaluated)
    _print_results(evaluated, about, page, rows, console)
    return 1 if any(model.failed == len(model.results) for model in evaluated) else 0


def _plan(request: EvaluationRequest) -> str:
    return "\n".join(["models:", *map(str, request.candidates), "pictures:", *map(str, request.pictures)])


def _print_results(
    evaluated: Sequence[ModelResults], about: ReportHeader, page: Path, rows: int, console: Console
) -> None:
    console.print(summary(evaluated, about))
    errors = dict.fromkeys(
        f"{result.picture.name}, {model.candidate}: {result.error}"
        for model in evaluated
        for result in model.results
        if result.error
    )
    for error in errors:
        console.print(error, style="red", markup=False, highlight=False, soft_wrap=True)
    stored = f", and {rows} rows into model_evaluations" if rows else ""
    console.print(f"wrote {page}{stored}", markup=False, highlight=False, soft_wrap=True)


def main(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Evaluate; return 0 when every model succeeded on some picture."""
    args, console = parse(argv), Console()
    return run_job(env, lambda: run(args, env, console), EXPECTED)


if __name__ == "__main__":
    load_configuration()
    sys.exit(main(sys.argv[1:], os.environ))
