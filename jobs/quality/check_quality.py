"""Audit candidates with Great Expectations, publish the hours and cameras that pass, and hold the rest.

The audit needs no Spark; it starts only when something is to be published.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, Self

import pyarrow as pa
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from jobs.detector.model_manifest import LABELS
from jobs.harness.arguments import comma_separated, run_parser
from jobs.harness.process import open_batch_session, run_job
from jobs.harness.settings import BatchSettings
from jobs.hours.publish_hours import hold, publish
from jobs.quality.audit_parts import split_audit
from jobs.quality.data_docs import AuditRun, write_docs
from jobs.quality.derived_columns import Vocabularies, subjects
from jobs.quality.expectation import SUBJECTS, WARNING
from jobs.quality.expectations import EXPECTATIONS
from jobs.quality.findings import AuditScopes, held_reasons, number_groups, passed, result_rows
from jobs.quality.inputs import CandidateGoneError, read_inputs
from jobs.quality.validation import Finding, merged, validate
from lake.config.lake_location import LakeLocation
from lake.config.settings import whole
from lake.config.sources import load_configuration
from lake.contracts.camera_hour import CameraHour
from lake.contracts.clock import utc_now
from lake.contracts.data_docs import QUALITY
from lake.contracts.hours import Candidate, Scope, format_hour, parse_hour
from lake.contracts.hours import merged as merged_candidates
from lake.schema.batch_schemas import CAMERA_HOURS_CANDIDATE, OBJECTS_CANDIDATE, QUALITY_RESULTS
from lake.spark.catalog import check_lake
from lake.storage.delta_tables import arrow_schema, open_table
from lake.storage.files import sha256_of
from lake.storage.tables import Lake, retry_on_conflict

PROGRAM: Final = "jobs.quality.check_quality"
MAX_HOURS_IN_SUMMARY: Final = 24
"""Up to this many hours and cameras are logged one by one."""
HISTORY: Final = 50
"""Runs whose Data Docs are kept."""

log = logging.getLogger("check_quality")


@dataclass(frozen=True, slots=True)
class Audit:
    """Result of an audit.

    Attributes:
        passed: hours and cameras of the candidate that no critical expectation failed for, sorted.
        held: the others, each with one sentence per critical expectation that failed.
        findings: every expectation over the whole scope.
    """

    passed: list[CameraHour]
    held: dict[CameraHour, list[str]]
    findings: list[Finding]


def audit(
    root: LakeLocation,
    candidate: Candidate,
    run_id: str,
    now: datetime,
    docs: Path,
    vocabularies: Vocabularies | None = None,
    *,
    history: int = HISTORY,
    dry_run: bool = False,
) -> Audit:
    """Check a candidate, at its versions, against all expectations; write `quality_results` and Data Docs.

    Args:
        root: root folder of the tables.
        candidate: what is audited.
        run_id: names the audit.
        now: UTC, stored as `checked_at`.
        docs: folder of the Data Docs site and what it is made from.
        vocabularies: labels of known models, see `known_vocabularies`.
        history: how many runs the site keeps.
        dry_run: write nothing.
    """
    all_findings, passed_hours, start = list[list[Finding]](), list[CameraHour](), 0
    held: dict[CameraHour, list[str]] = {}
    for part in split_audit(root, candidate):
        findings, groups = _validate_part(root, part, start, vocabularies or {})
        start += len(groups.keys)
        all_findings += [findings] if groups.keys else []
        reasons = held_reasons(findings, groups)
        held |= reasons
        passed_hours += passed(groups, reasons)
        if groups.keys and not dry_run:
            _append(root, result_rows(findings, groups, candidate, run_id, now))
    outcome = Audit(sorted(passed_hours), held, merged(all_findings))
    if not dry_run:
        _document(
            outcome, AuditRun(run_id, candidate.scope, now, len(passed_hours), len(held)), docs, history
        )
    return outcome


def _document(outcome: Audit, run: AuditRun, docs: Path, history: int) -> None:
    if outcome.findings:
        write_docs(docs, run, outcome.findings, history)


def _validate_part(
    root: LakeLocation, part: Candidate, start: int, vocabularies: Vocabularies
) -> tuple[list[Finding], AuditScopes]:
    rows, groups = number_groups(subjects(read_inputs(root, part), vocabularies), start)
    findings = [
        finding
        for subject in SUBJECTS
        for finding in validate(
            subject,
            rows[subject],
            [expectation for expectation in EXPECTATIONS if expectation.subject == subject],
        )
    ]
    return findings, groups


def _append(root: LakeLocation, rows: pa.Table) -> None:
    def append() -> None:
        table = open_table(root / QUALITY_RESULTS.name)
        ordered = rows.select(QUALITY_RESULTS.columns)
        write_deltalake(table, ordered.cast(arrow_schema(table)), mode="append")

    retry_on_conflict(append)


def known_vocabularies(models: Path) -> dict[str, frozenset[str]]:
    """Read the labels of each provisioned model, by the SHA-256 of its labels file."""
    files = sorted(models.glob(f"*/{LABELS}"))
    return {sha256_of(file): frozenset(filter(None, file.read_text().splitlines())) for file in files}


def sentences(outcome: Audit) -> list[str]:
    """Describe the result for people: each hour and camera where there are few, else a summary."""
    warned = [
        finding
        for finding in outcome.findings
        if finding.expectation.severity == WARNING and finding.unexpected
    ]
    warnings = [
        f"warning: {finding.expectation.sentence}: {len(finding.unexpected)} fell short" for finding in warned
    ]
    bad = [
        f"held {format_hour(hour)} {camera}: {'; '.join(reasons)}"
        for (hour, camera), reasons in outcome.held.items()
    ]
    if len(outcome.passed) <= MAX_HOURS_IN_SUMMARY:
        good = [f"passed {format_hour(hour)} {camera}" for hour, camera in outcome.passed]
    else:
        good = [f"passed {len(outcome.passed)} hours and cameras"]
    return [
        *good,
        *bad[:MAX_HOURS_IN_SUMMARY],
        *([f"held {len(bad) - MAX_HOURS_IN_SUMMARY} more"] if len(bad) > MAX_HOURS_IN_SUMMARY else []),
        *warnings,
    ]


@dataclass(frozen=True, slots=True)
class Arguments:
    """Command line of an audit: candidates as announced, or hours whose newest candidates are audited."""

    candidates: tuple[Candidate, ...]
    scope: Scope | None
    run_id: str
    dry_run: bool

    @classmethod
    def parse(cls, argv: Sequence[str]) -> Self:
        """Parse the command line; an error ends the program with status 2."""
        parser = run_parser(PROGRAM, "Audit counted hours, publish what passes, hold the rest.")
        group = parser.add_mutually_exclusive_group(required=True)
        group.add_argument("--candidates", metavar="JSON", help="candidates as count_objects gave them")
        group.add_argument(
            "--hours", type=comma_separated(parse_hour), metavar="HOUR,…", help="their newest candidates"
        )
        parser.add_argument(
            "--cameras", type=comma_separated(str), default=(), metavar="CAMERA,…", help="with --hours"
        )
        given = parser.parse_args(argv)
        try:
            candidates = tuple(map(Candidate.from_extra, json.loads(given.candidates or "[]")))
            scope = Scope(given.hours, given.cameras or None) if given.hours is not None else None
        except (ValueError, TypeError) as error:
            parser.error(str(error))
        if not candidates and scope is None:
            parser.error(f"--candidates {given.candidates!r} names none")
        return cls(candidates, scope, given.run_id, given.dry_run)

    def candidate(self, lake: Lake) -> Candidate:
        """Return all candidates of the command line as one."""
        if self.scope is None:
            return merged_candidates(self.candidates)
        return Candidate(self.scope, lake.version(OBJECTS_CANDIDATE), lake.version(CAMERA_HOURS_CANDIDATE))


def decide(
    lake: Lake,
    candidate: Candidate,
    outcome: Audit,
    run_id: str,
    now: datetime,
    spark: Callable[[], SparkSession],
) -> None:
    """Publish what passed and hold the rest; start Spark only when something passed."""
    hold(lake, candidate, outcome.held, run_id, now)
    if outcome.passed:
        publish(spark(), lake, candidate, outcome.passed, run_id, now)


def main(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Audit and publish; return 0 even when hours were held."""
    args = Arguments.parse(argv)

    def job() -> int:
        settings, now = BatchSettings.from_env(env), utc_now()
        check_lake(settings.shared)
        lake = Lake(settings.shared.lake)
        candidate = args.candidate(lake)
        outcome = audit(
            lake.root,
            candidate,
            args.run_id,
            now,
            settings.shared.data / QUALITY,
            known_vocabularies(settings.shared.models),
            history=whole(env, "QUALITY_HISTORY"),
            dry_run=args.dry_run,
        )
        for sentence in sentences(outcome):
            log.info("%s%s", "would say: " if args.dry_run else "", sentence)
        if not args.dry_run:
            spark = partial(open_batch_session, env, "check_quality", settings)
            decide(lake, candidate, outcome, args.run_id, now, spark)
        return 0

    return run_job(env, job, (CandidateGoneError,))


if __name__ == "__main__":
    load_configuration()
    sys.exit(main(sys.argv[1:], os.environ))
