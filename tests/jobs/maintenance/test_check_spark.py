from __future__ import annotations

import json
from typing import Any

import pytest
from pyspark.errors import PySparkException

from jobs.maintenance.check_spark import run_step


def fail() -> dict[str, int]:
    raise PySparkException("no such table " + "x" * 1000)


@pytest.mark.parametrize(
    ("count", "well", "said"),
    [
        (lambda: {"a": 2}, True, {"step": "delta", "words": {"a": 2}}),
        (fail, False, {"step": "delta", "error": "no such table " + "x" * 486}),
    ],
)
def test_each_step_ends_with_one_line_of_json(
    count: Any, well: bool, said: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_step("delta", count) is well
    assert json.loads(capsys.readouterr().out) == said
