"""Data Docs of the last audits: Great Expectations' own pages, stripped of all network access.

Each run is a folder of its own, moved into place when it is whole, so that two audits at once do not meet;
only the index and the removal of old runs are done one at a time.
"""

from __future__ import annotations

import html
import json
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from filelock import FileLock

from jobs.quality.expectation import CRITICAL, SUBJECTS
from jobs.quality.validation import Finding, great_expectations
from lake.contracts.data_docs import DOCS, FAILED, RUNS, STYLE, SUMMARY
from lake.contracts.hours import Scope, format_hour
from lake.storage.files import write_atomically

STYLE_SOURCE: Final = Path(__file__).with_name("data_docs.css")
NO_NETWORK: Final = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'self' 'unsafe-inline'; img-src 'self'\">"
)
EXTERNAL_ELEMENTS: Final = re.compile(
    r"<script\b.*?</script\s*>|<link\b[^>]*>|<img\b[^>]*>|<footer\b.*?</footer>|url\(\s*['\"]?https?:[^)]*\)",
    re.DOTALL | re.IGNORECASE,
)
"""Elements of Great Expectations' pages that load something; none of them carries a finding."""
MAX_EXAMPLES: Final = 20


@dataclass(frozen=True, slots=True)
class AuditRun:
    """The audit that pages describe.

    Attributes:
        run_id: names the audit.
        scope: what was audited.
        checked_at: UTC.
        passed, held: how many hours and cameras.
    """

    run_id: str
    scope: Scope
    checked_at: datetime
    passed: int
    held: int


def write_docs(folder: Path, run: AuditRun, findings: Sequence[Finding], history: int) -> Path:
    """Add a run to the site; return the run's first page.

    Args:
        folder: holds the site; made when missing.
        run: what was audited.
        findings: of all subjects.
        history: how many runs are kept, this one included.
    """
    site = folder / DOCS
    (site / RUNS).mkdir(parents=True, exist_ok=True)
    target = site / RUNS / _folder_name(run)
    draft = Path(tempfile.mkdtemp(prefix=".", dir=site / RUNS))
    draft.chmod(0o755)
    for subject in SUBJECTS:
        mine = [finding for finding in findings if finding.expectation.subject == subject]
        (draft / f"{subject}.html").write_text(_page(subject, mine, run))
    (draft / SUMMARY).write_text(json.dumps(_summary(run, findings)))
    with FileLock(folder / "data_docs.lock"):
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
        _remove_old_runs(site / RUNS, history)
        shutil.copyfile(STYLE_SOURCE, site / STYLE)
        write_atomically(site / "index.html", _index(site / RUNS))
    return target / f"{SUBJECTS[-1]}.html"


def _folder_name(run: AuditRun) -> str:
    """Return a folder name that sorts by time; a run id may hold any character."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", run.run_id)[:60]
    return f"{run.checked_at:%Y%m%dT%H%M%S%f}-{plain}-{sha256(run.run_id.encode()).hexdigest()[:8]}"


def _remove_old_runs(runs: Path, history: int) -> None:
    """Remove all but the newest runs."""
    for old in sorted(path for path in runs.iterdir() if not path.name.startswith("."))[:-history]:
        shutil.rmtree(old, ignore_errors=True)


def _page(subject: str, findings: Sequence[Finding], run: AuditRun) -> str:
    great_expectations()
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view.view import DefaultJinjaPageView

    document = ValidationResultsPageRenderer().render(_suite_result(subject, findings, run))
    page = EXTERNAL_ELEMENTS.sub("", DefaultJinjaPageView().render(document))  # type: ignore[no-untyped-call]
    page = re.sub(r'href="[^"]*index\.html"', 'href="../../index.html"', page)
    page = re.sub(r'<a href="[^"]*/expectations/[^"]*"\s*>(.*?)</a>', r"\1", page)
    head = f'<head>{NO_NETWORK}<link rel="stylesheet" href="../../{STYLE}">'
    return page.replace("<head>", head, 1)


def _suite_result(subject: str, findings: Sequence[Finding], run: AuditRun) -> Any:
    from great_expectations.core import ExpectationSuiteValidationResult, RunIdentifier

    successful = sum(not finding.unexpected for finding in findings)
    statistics = {
        "evaluated_expectations": len(findings),
        "successful_expectations": successful,
        "unsuccessful_expectations": len(findings) - successful,
        "success_percent": 100 * successful / len(findings) if findings else None,
    }
    identifier = RunIdentifier(run_name=html.escape(run.run_id), run_time=run.checked_at)
    return ExpectationSuiteValidationResult(
        success=successful == len(findings),
        results=[_result(finding) for finding in findings],
        suite_name=subject,
        statistics=statistics,
        meta={"run_id": identifier, "great_expectations_version": great_expectations().__version__},
    )


def _result(finding: Finding) -> Any:
    from great_expectations.core import ExpectationValidationResult

    count = sum(finding.unexpected.values())
    share = 100 * count / finding.evaluated if finding.evaluated else 0.0
    examples = [html.escape(text) for texts in finding.examples.values() for text in texts]
    return ExpectationValidationResult(
        success=not count,
        expectation_config=finding.configuration,
        result={
            "element_count": finding.evaluated,
            "unexpected_count": count,
            "unexpected_percent": share,
            "unexpected_percent_total": share,
            "unexpected_percent_nonmissing": share,
            "missing_count": 0,
            "missing_percent": 0.0,
            "partial_unexpected_list": examples[:MAX_EXAMPLES],
        },
        exception_info={"raised_exception": False, "exception_message": None, "exception_traceback": None},
    )


def _summary(run: AuditRun, findings: Sequence[Finding]) -> dict[str, Any]:
    hours = run.scope.hours
    states: dict[str, str] = {}
    for subject in SUBJECTS:
        failed_severities = {
            f.expectation.severity for f in findings if f.unexpected and f.expectation.subject == subject
        }
        states[subject] = (
            FAILED if CRITICAL in failed_severities else "warned" if failed_severities else "passed"
        )
    return {
        "run_id": run.run_id,
        "checked_at": format_hour(run.checked_at),
        "hours": format_hour(hours[0])
        if len(hours) == 1
        else f"{format_hour(hours[0])} to {format_hour(hours[-1])}",
        "passed": run.passed,
        "held": run.held,
        "subjects": states,
    }


def _index(runs: Path) -> str:
    """Render the index: one row per run, the newest first."""
    kept = sorted((path for path in runs.iterdir() if (path / SUMMARY).is_file()), reverse=True)
    rows = "\n".join(_row(path.name, json.loads((path / SUMMARY).read_text())) for path in kept)
    heads = "".join(f"<th>{name}</th>" for name in ("run", "checked", "hours", "passed", "held", *SUBJECTS))
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">{NO_NETWORK}<title>Data quality</title>'
        f'<link rel="stylesheet" href="{STYLE}"></head><body><h1>Data quality</h1>'
        "<p>The last audits, newest first. A failed critical expectation holds the hours and cameras it"
        f" concerns; a warning does not.</p><table><tr>{heads}</tr>\n{rows}\n</table></body></html>\n"
    )


def _row(place: str, summary: Mapping[str, Any]) -> str:
    words = [str(summary[name]) for name in ("run_id", "checked_at", "hours", "passed", "held")]
    cells = [html.escape(word) for word in words]
    cells += [
        f'<a class="{summary["subjects"][subject]}" href="{RUNS}/{place}/{subject}.html"></a>'
        for subject in SUBJECTS
    ]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
