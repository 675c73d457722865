"""Locations of the pages about audits, and the runs they belong to. Standard library only."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

QUALITY: Final = "quality"
"""Folder below the data for Data Docs and what they are made from."""
DOCS, RUNS, STYLE, SUMMARY = "data_docs", "runs", "style.css", "summary.json"
FAILED: Final = "failed"


@dataclass(frozen=True, slots=True)
class DocumentedRun:
    """An audit that has pages.

    Attributes:
        folder: name of its folder below RUNS; these sort by time.
        run_id: names the audit; one run may have several folders.
        checked_at: UTC, to the second.
        failed: subjects for which a critical expectation failed.
    """

    folder: str
    run_id: str
    checked_at: datetime
    failed: tuple[str, ...]

    @property
    def page(self) -> str:
        """Return the start page, as a path below DOCS: of a subject that failed, if one did."""
        return f"{RUNS}/{self.folder}/{self.failed[0]}.html" if self.failed else "index.html"


def documented_runs(docs: Path) -> list[DocumentedRun]:
    """Return all runs with pages, oldest first; those without a readable summary are left out.

    Args:
        docs: the folder DOCS.
    """
    runs = (_run(path) for path in sorted((docs / RUNS).glob(f"[!.]*/{SUMMARY}")))
    return [run for run in runs if run is not None]


def _run(summary: Path) -> DocumentedRun | None:
    try:
        summary_json: dict[str, Any] = json.loads(summary.read_text())
        failed = tuple(subject for subject, state in summary_json["subjects"].items() if state == FAILED)
        checked_at = datetime.fromisoformat(summary_json["checked_at"])
        return DocumentedRun(summary.parent.name, str(summary_json["run_id"]), checked_at, failed)
    # A run may be removed while it is read.
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def run_of(runs: Iterable[DocumentedRun], run_id: str, decided_at: datetime) -> DocumentedRun | None:
    """Return the run whose audit led to a decision: the last of its name before it.

    Args:
        runs: oldest first.
        run_id: run that decided.
        decided_at: UTC.
    """
    fitting = [run for run in runs if run.run_id == run_id and run.checked_at <= decided_at]
    return fitting[-1] if fitting else None
