"""The form of `evaluate_models`, and what the job is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from dags.scheduling.evaluation_plan import evaluation_arguments
from dags.scheduling.outcomes import RefusedError
from jobs.evaluation.evaluate_models import parse


def test_an_empty_form_compares_all_models_on_the_demo_frames() -> None:
    empty = {"models": [], "pictures": None, "threshold": None}
    assert [evaluation_arguments(form) for form in ({}, empty)] == [["--demo"], ["--demo"]]


def test_a_filled_form_is_what_the_job_reads(tmp_path: Path) -> None:
    form = {
        "models": ["coco-ssd:litert-int8", "/my models/net"],
        "pictures": str(tmp_path),
        "threshold": 0.35,
    }
    given = parse([*evaluation_arguments(form), "--run-id", "manual__1"])
    assert given.words == ["coco-ssd:litert-int8", "/my models/net", str(tmp_path)]
    assert (given.demo, given.threshold, given.run_id) == (False, 0.35, "manual__1")


def test_a_folder_that_is_not_there_fails_at_once(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="gone is no folder on this machine"):
        evaluation_arguments({"pictures": str(tmp_path / "gone")})


@pytest.mark.parametrize(
    ("field", "value", "fits"),
    [
        ("models", ["coco-ssd", "/a folder"], True),
        ("models", ["--output=/etc/x"], False),
        ("pictures", "/photos", True),
        ("pictures", "--labels", False),
        ("threshold", 0.2, True),
        ("threshold", 0.1, False),
        ("threshold", 1.5, False),
    ],
)
def test_the_form_takes_no_options_and_no_score_out_of_range(
    parsed: dict[str, Any], field: str, value: Any, fits: bool
) -> None:
    schema = parsed["dags"]["evaluate_models"]["params"][field]
    assert Draft202012Validator(schema).is_valid(value) is fits
