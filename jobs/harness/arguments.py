"""The arguments that all batch programs share: hours, cameras, the name of the run, and a dry run."""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self, TypeVar

from lake.contracts.hours import HourError, Scope, parse_hour

RUN_ID_LENGTH: Final = 250
"""Airflow's own limit."""
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class BatchArguments:
    """What a batch program over hours is told.

    Attributes:
        scope: the hours and cameras.
        run_id: names the run in all that it writes.
        dry_run: only say what would be done.
        given: all of the command line, for a program's own options.
    """

    scope: Scope
    run_id: str
    dry_run: bool
    given: argparse.Namespace

    @classmethod
    def parse(cls, parser: argparse.ArgumentParser, argv: Sequence[str]) -> Self:
        """Read the command line with a parser made by `scoped_parser`; a slip ends the program with 2."""
        given = parser.parse_args(argv)
        try:
            scope = Scope(given.hours, given.cameras or None)
        except ValueError as error:
            parser.error(str(error))
        return cls(scope, given.run_id, given.dry_run, given)


def run_parser(program: str, purpose: str) -> argparse.ArgumentParser:
    """A parser that knows `--run-id` and `--dry-run`.

    Args:
        program: the module, for example `jobs.hours.count_objects`.
        purpose: a sentence for `--help`.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=purpose, allow_abbrev=False)
    parser.add_argument(
        "--run-id", type=_run_id, default=f"by-hand-{uuid.uuid4()}", help="names this run in what it writes"
    )
    parser.add_argument("--dry-run", action="store_true", help="write nothing; say what would be done")
    return parser


def scoped_parser(program: str, purpose: str) -> argparse.ArgumentParser:
    """The same, and `--hours` and `--cameras`."""
    parser = run_parser(program, purpose)
    parser.add_argument(
        "--hours",
        type=listed(parse_hour),
        required=True,
        metavar="HOUR,…",
        help="starts of UTC hours, such as 2026-01-31T10:00:00Z",
    )
    parser.add_argument(
        "--cameras", type=listed(str), default=(), metavar="CAMERA,…", help="only these; all unless told"
    )
    return parser


def listed(read: Callable[[str], Read]) -> Callable[[str], tuple[Read, ...]]:
    """A reader of values set apart by commas, for an argument's `type`; empty text is no value."""

    def values(text: str) -> tuple[Read, ...]:
        try:
            return tuple(read(part.strip()) for part in text.split(",") if part.strip())
        except HourError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return values


def _run_id(text: str) -> str:
    if not text.strip() or len(text) > RUN_ID_LENGTH or not text.isprintable():
        raise argparse.ArgumentTypeError(
            f"{text[:80]!r} names no run; give 1 to {RUN_ID_LENGTH} printable characters"
        )
    return text
