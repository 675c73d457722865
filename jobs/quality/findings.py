"""Convert findings to rows of `quality_results`, and to the hours held and the reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pandas as pd
import pyarrow as pa

from jobs.quality.expectation import CAMERA_HOURS, CRITICAL, OBJECTS
from jobs.quality.recount import KEYS
from jobs.quality.validation import GROUP, Finding
from lake.contracts.camera_hour import CameraHour
from lake.contracts.hours import Candidate

DECIDED: Final = (OBJECTS, CAMERA_HOURS)


@dataclass(frozen=True, slots=True)
class AuditScopes:
    """The hours and cameras of an audit, numbered from `start`.

    Attributes:
        keys: hour and camera of each number.
        start: the first number.
        checked: subject → rows of each number, in order.
        decided: numbers that have rows in a candidate.
    """

    keys: Sequence[CameraHour]
    start: int
    checked: Mapping[str, Sequence[int]]
    decided: frozenset[int]


def number_groups(
    subjects: dict[str, pd.DataFrame], start: int
) -> tuple[dict[str, pd.DataFrame], AuditScopes]:
    """Add GROUP to each subject's rows, numbering every hour and camera that any of them names."""
    named = pd.concat([rows[KEYS] for rows in subjects.values()]).drop_duplicates().sort_values(KEYS)
    index = pd.MultiIndex.from_frame(named)
    numbered = {
        subject: rows.assign(**{GROUP: index.get_indexer(pd.MultiIndex.from_frame(rows[KEYS])) + start})
        for subject, rows in subjects.items()
    }
    checked = {
        subject: rows[GROUP].value_counts().reindex(range(start, start + len(index)), fill_value=0).tolist()
        for subject, rows in numbered.items()
    }
    objects, hours = (numbered[subject] for subject in DECIDED)
    decided = frozenset(objects[GROUP]) | frozenset(hours[hours["is_counted"]][GROUP])
    keys = [(hour.to_pydatetime(), camera) for hour, camera in index]
    return numbered, AuditScopes(keys, start, checked, decided)


def result_rows(
    findings: Iterable[Finding], groups: AuditScopes, candidate: Candidate, run_id: str, now: datetime
) -> pa.Table:
    """Build one row of `quality_results` per finding and group."""
    hours, cameras = (list(column) for column in zip(*groups.keys, strict=True))
    parts = [_columns(finding, groups) for finding in findings]
    columns = {name: [value for part in parts for value in part[name]] for name in parts[0]}
    count = len(columns["expectation"])
    return pa.table({
        **columns,
        "hour": pa.array(hours * len(parts), pa.timestamp("us", tz="UTC")),
        "camera_id": cameras * len(parts),
        "day": pa.array([hour.date() for hour in hours] * len(parts), pa.date32()),
        "run_id": [run_id] * count,
        "objects_candidate_version": [candidate.objects_version] * count,
        "camera_hours_candidate_version": [candidate.camera_hours_version] * count,
        "checked_at": pa.array([now] * count, pa.timestamp("us", tz="UTC")),
    })  # fmt: skip


def _columns(finding: Finding, groups: AuditScopes) -> dict[str, list[object]]:
    expectation, count = finding.expectation, len(groups.keys)
    numbers = range(groups.start, groups.start + count)
    return {
        "expectation": [expectation.name] * count,
        "subject": [expectation.subject] * count,
        "severity": [expectation.severity] * count,
        "sentence": [expectation.sentence] * count,
        "success": [not finding.unexpected[number] for number in numbers],
        "checked": list(groups.checked[expectation.subject]),
        "unexpected": [finding.unexpected[number] for number in numbers],
        "observed": ["; ".join(finding.examples.get(number, ())) or None for number in numbers],
    }


def held_reasons(findings: Iterable[Finding], groups: AuditScopes) -> dict[CameraHour, list[str]]:
    """Return one sentence for each critical expectation that failed, by decided hour and camera."""
    reasons: dict[CameraHour, list[str]] = {}
    for finding in findings:
        if finding.expectation.severity == CRITICAL:
            for number in sorted(groups.decided & finding.unexpected.keys()):
                key = groups.keys[number - groups.start]
                reasons.setdefault(key, []).append(_reason(finding, number, groups))
    return reasons


def _reason(finding: Finding, number: int, groups: AuditScopes) -> str:
    expectation, unexpected = finding.expectation, finding.unexpected[number]
    checked = groups.checked[expectation.subject][number - groups.start]
    examples = "; ".join(finding.examples[number])
    return (
        f"{expectation.name}: {unexpected} of {checked} rows of {expectation.subject} fell short of "
        f'"{expectation.sentence}" ({examples})'
    )


def passed(groups: AuditScopes, reasons: Mapping[CameraHour, object]) -> list[CameraHour]:
    """Return the decided hours and cameras that nothing holds."""
    keys = (groups.keys[number - groups.start] for number in sorted(groups.decided))
    return [key for key in keys if key not in reasons]
