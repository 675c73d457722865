"""Evaluations in the lake: whole rows, once per run, for readers without a JVM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.detector.detected_object import DetectedObject
from jobs.evaluation.comparison import ModelResults, Picture, PictureResult
from jobs.evaluation.model_choice import Candidate
from jobs.evaluation.report import ReportHeader
from jobs.evaluation.rows import store
from lake.schema.schemas import MODEL_EVALUATIONS
from lake.storage.reader import read_rows
from lake.storage.tables import Lake
from tests.conftest import at

pytestmark = pytest.mark.spark
COCO = Candidate("coco-ssd", "litert-int8", Path("coco-ssd"))
CAT = DetectedObject("cat", 0.875, 0.0, 0.0, 0.25, 0.5)
DONE = PictureResult(Picture("a.jpg", "ab", 640, 480), (CAT,), 0.25)
BROKEN = PictureResult(Picture("b.jpg", "cd"), error="cut short")


def rows(root: Path, run_id: str) -> list[dict[str, Any]]:
    sql = f"SELECT * FROM model_evaluations WHERE run_id = '{run_id}' ORDER BY picture"
    return read_rows(root, sql, MODEL_EVALUATIONS)


def test_a_run_that_is_tried_again_replaces_its_rows_and_no_others(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lake.storage.tables.TABLES", (MODEL_EVALUATIONS,))
    lake = Lake(tmp_path)
    lake.create(spark)
    mine, other = (ReportHeader(name, at("11:00"), 0.5) for name in ("it's mine", "other"))
    evaluated = [ModelResults(COCO, "c0ffee", 1.5, (DONE, BROKEN))]
    assert store(lake.root, other, evaluated[:1]) == 2
    store(lake.root, mine, [ModelResults(COCO, "c0ffee", 1.5, (BROKEN,))])
    store(lake.root, mine, evaluated)
    same = {
        "run_id": "it's mine",
        "model": "coco-ssd",
        "engine": "litert-int8",
        "weights_sha256": "c0ffee",
        "load_s": 1.5,
        "evaluated_at": at("11:00"),
    }
    box = {"ymin": 0.0, "xmin": 0.0, "ymax": 0.25, "xmax": 0.5}
    cat = {"label": "cat", "score": 0.875, **box, "sector_v": "top", "sector_h": "left"}
    done = {"picture": "a.jpg", "picture_sha256": "ab", "width": 640, "height": 480}
    broken = {"picture": "b.jpg", "picture_sha256": "cd", "width": None, "height": None}
    assert rows(lake.root, "it''s mine") == [
        {**same, **done, "objects": [cat], "seconds": 0.25, "error": None},
        {**same, **broken, "objects": None, "seconds": None, "error": "cut short"},
    ]
    assert [row["picture"] for row in rows(lake.root, "other")] == ["a.jpg", "b.jpg"]
