"""A real site of Data Docs, made by the job's own code from findings typed by hand; without Spark."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

from jobs.quality.data_docs import AuditRun, write_docs
from jobs.quality.expectation import SUBJECTS
from jobs.quality.expectations import EXPECTATIONS
from jobs.quality.validation import Finding, build_suite
from lake.contracts.hours import Scope

SHORT = {"scores_are_in_range": ["score 1.5"]}


def write_site(quality: Path, run_id: str, hour: datetime, checked_at: datetime, example: str = "") -> Path:
    """Document an audit of one hour whose scores are out of range; its first page."""
    findings = []
    for subject in SUBJECTS:
        mine = [one for one in EXPECTATIONS if one.subject == subject]
        for expectation, written in zip(mine, build_suite(subject, mine).expectations, strict=True):
            short = [*SHORT.get(expectation.name, []), *([example] if example else [])]
            finding = Finding(expectation, 120, written.configuration)
            if expectation.name in SHORT:
                finding.unexpected, finding.examples = Counter({0: 3}), {0: short}
            findings.append(finding)
    return write_docs(quality, AuditRun(run_id, Scope((hour,)), checked_at, 1, 1), findings, 10)
