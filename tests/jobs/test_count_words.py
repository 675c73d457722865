from __future__ import annotations

import json
from typing import Any

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from jobs.count_words import attempt, count_words


@pytest.mark.spark
def test_words_are_parted_by_spaces_and_counted_over_all_lines(spark: SparkSession) -> None:
    lines = spark.createDataFrame([("a b a",), ("b c",)], "value STRING")
    binary = lines.selectExpr("CAST(value AS BINARY) AS value")
    for one in (lines, binary):
        assert sorted(map(tuple, count_words(one).collect())) == [("a", 2), ("b", 2), ("c", 1)]


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
    assert attempt("delta", count) is well
    assert json.loads(capsys.readouterr().out) == said
