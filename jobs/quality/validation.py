"""Great Expectations on pandas: validate one subject's rows against its expectations."""

from __future__ import annotations

import logging
import os
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from jobs.quality.expectation import Expectation

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite

GROUP: Final = "group"
"""Column that numbers the hour and camera of a row."""
EXAMPLES: Final = 3
"""Values that fell short, per hour and camera, kept for people."""
FORMAT: Final = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": [GROUP],
    "return_unexpected_index_query": False,
}


class ExpectationError(RuntimeError):
    """An expectation that could not be evaluated: its rows or its own arguments do not fit."""


@dataclass(slots=True)
class Finding:
    """Result of one expectation: in all, and for each group that fell short.

    Attributes:
        expectation: what was expected.
        evaluated: rows that its condition let through, over all groups.
        unexpected: rows that fell short, by group.
        examples: values of such rows as text, a few by group.
        configuration: the expectation as Great Expectations describes it.
    """

    expectation: Expectation
    evaluated: int
    configuration: Any
    unexpected: Counter[int] = field(default_factory=Counter)
    examples: dict[int, list[str]] = field(default_factory=dict)


def great_expectations() -> Any:
    """Import the package when it is needed, without its warnings; takes 4 s."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
        import great_expectations.expectations
    # This logger sets its own level, and reports each temporary folder.
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
    return gx


def validate(subject: str, rows: pd.DataFrame, expectations: Iterable[Expectation]) -> list[Finding]:
    """Validate the rows of a subject.

    Args:
        subject: name of the rows.
        rows: with GROUP.
        expectations: those of the subject.

    Raises:
        ExpectationError: one of them could not be evaluated.
    """
    gx = great_expectations()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("lake").add_dataframe_asset(subject)
    batch = asset.add_batch_definition_whole_dataframe("hours").get_batch({"dataframe": rows})
    expected = {expectation.name: expectation for expectation in expectations}
    outcome = batch.validate(build_suite(subject, expected.values()), result_format=FORMAT)
    findings = [_finding(expected, result, rows) for result in outcome.results]
    order = list(expected)
    return sorted(findings, key=lambda finding: order.index(finding.expectation.name))


def build_suite(subject: str, expectations: Iterable[Expectation]) -> ExpectationSuite:
    """Convert the expectations to a suite of Great Expectations."""
    gx = great_expectations()
    suite: ExpectationSuite = gx.ExpectationSuite(
        subject, expectations=[*map(_to_great_expectations, expectations)]
    )
    return suite


def _to_great_expectations(expectation: Expectation) -> Any:
    gx = great_expectations()
    return getattr(gx.expectations, expectation.kind)(
        **expectation.arguments,
        row_condition=_condition(expectation),
        severity=expectation.severity,
        description=expectation.sentence,
        meta={"name": expectation.name},
    )


def _condition(expectation: Expectation) -> Any:
    from great_expectations.expectations.row_conditions import Column

    condition = None
    for name, operator, value in expectation.where:
        column = Column(name)
        term = {
            "==": lambda c=column, v=value: c == v,
            "!=": lambda c=column, v=value: c != v,
            ">": lambda c=column, v=value: c > v,
            "in": lambda c=column, v=value: c.is_in(v),
        }[operator]()
        condition = term if condition is None else condition & term
    return condition


def _finding(expected: Mapping[str, Expectation], result: Any, rows: pd.DataFrame) -> Finding:
    expectation = expected[result.expectation_config.meta["name"]]
    if "unexpected_index_list" not in result.result and not result.success:
        raise ExpectationError(f"{expectation.name} could not be judged: {_cause(result.exception_info)}")
    finding = Finding(expectation, result.result.get("element_count", len(rows)), result.expectation_config)
    for row in result.result.get("unexpected_index_list") or ():
        _add(finding, row)
    return finding


def _add(finding: Finding, row: Mapping[str, Any]) -> None:
    group = int(row[GROUP])
    finding.unexpected[group] += 1
    examples = finding.examples.setdefault(group, [])
    if len(examples) < EXAMPLES:
        text = ", ".join(f"{name} {value}" for name, value in row.items() if name != GROUP)
        if text not in examples:
            examples.append(text)


def _cause(information: Mapping[str, Any]) -> str:
    causes = [info for info in information.values() if isinstance(info, dict)] or [dict(information)]
    return "; ".join(sorted({str(cause.get("exception_message")) for cause in causes}))


def merged(parts: Sequence[Sequence[Finding]]) -> list[Finding]:
    """Merge findings of several parts of a scope, with different groups, in the first part's order."""
    whole: dict[str, Finding] = {}
    for finding in (finding for part in parts for finding in part):
        first = whole.get(finding.expectation.name)
        if first is None:
            whole[finding.expectation.name] = finding
            continue
        first.evaluated += finding.evaluated
        first.unexpected.update(finding.unexpected)
        first.examples.update(finding.examples)
    return list(whole.values())
