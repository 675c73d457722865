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
    """Arguments of a batch program over hours.

    Attributes:
        scope: the hours and cameras.
        run_id: names the run in all that it writes.
        dry_run: write nothing; only report what would be done.
        namespace: the parsed command line, for a program's own options.
    """

    scope: Scope
    run_id: str
    dry_run: bool
    namespace: argparse.Namespace

    @classmethod
    def parse(cls, parser: argparse.ArgumentParser, argv: Sequence[str]) -> Self:
        """Parse the command line by a parser from `scoped_parser`; an error exits with status 2."""
        args = parser.parse_args(argv)
        try:
            scope = Scope(args.hours, args.cameras or None)
        except ValueError as error:
            parser.error(str(error))
        return cls(scope, args.run_id, args.dry_run, args)


def run_parser(program: str, purpose: str) -> argparse.ArgumentParser:
    """Make a parser with `--run-id` and `--dry-run`.

    Args:
        program: the module, for example `jobs.hours.count_objects`.
        purpose: a sentence for `--help`.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=purpose, allow_abbrev=False)
    parser.add_argument(
        "--run-id", type=_run_id, default=f"by-hand-{uuid.uuid4()}", help="names this run in what it writes"
    )
    parser.add_argument("--dry-run", action="store_true", help="write nothing; show what would be done")
    return parser


def scoped_parser(program: str, purpose: str) -> argparse.ArgumentParser:
    """Make a parser with `--run-id`, `--dry-run`, `--hours` and `--cameras`."""
    parser = run_parser(program, purpose)
    parser.add_argument(
        "--hours",
        type=comma_separated(parse_hour),
        required=True,
        metavar="HOUR,…",
        help="starts of UTC hours, such as 2026-01-31T10:00:00Z",
    )
    parser.add_argument(
        "--cameras",
        type=comma_separated(str),
        default=(),
        metavar="CAMERA,…",
        help="only these; default: all",
    )
    return parser


def comma_separated(read: Callable[[str], Read]) -> Callable[[str], tuple[Read, ...]]:
    """Return a parser of comma-separated values, for an argument's `type`; empty text is no value."""

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
