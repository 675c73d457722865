"""Store an evaluation in the lake: a row of `model_evaluations` per model and picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from jobs.detector.detected_object import DetectedObject
from jobs.detector.sectors import sector_of
from jobs.evaluation.comparison import ModelResults, PictureResult
from jobs.evaluation.report import ReportHeader
from lake.config.lake_location import LakeLocation
from lake.schema.schemas import MODEL_EVALUATIONS
from lake.storage.delta_tables import arrow_schema, open_table
from lake.storage.sql_literals import quoted
from lake.storage.tables import retry_on_conflict


def store(root: LakeLocation, about: ReportHeader, evaluated: Sequence[ModelResults]) -> int:
    """Replace the rows of the same run; return their number.

    Args:
        root: root folder of the tables; `model_evaluations` must exist.
        about: the evaluation.
        evaluated: the results.
    """
    rows = [_row(about, model, result) for model in evaluated for result in model.results]

    def replace() -> None:
        table = open_table(root / MODEL_EVALUATIONS.name)
        written = pa.Table.from_pylist(rows, arrow_schema(table))
        write_deltalake(table, written, mode="overwrite", predicate=f"run_id = {quoted(about.run_id)}")

    retry_on_conflict(replace)
    return len(rows)


def _row(about: ReportHeader, model: ModelResults, result: PictureResult) -> dict[str, Any]:
    picture = result.picture
    return {
        "run_id": about.run_id,
        "model": model.candidate.name,
        "engine": model.candidate.engine,
        "weights_sha256": model.weights_sha256,
        "picture": picture.name,
        "picture_sha256": picture.sha256,
        "width": picture.width,
        "height": picture.height,
        "objects": None if result.error else [_object(item) for item in result.objects],
        "load_s": model.load_s,
        "seconds": result.seconds,
        "error": result.error,
        "evaluated_at": about.evaluated_at,
    }


def _object(item: DetectedObject) -> dict[str, Any]:
    box = {"ymin": item.ymin, "xmin": item.xmin, "ymax": item.ymax, "xmax": item.xmax}
    vertical, horizontal = sector_of(**box)
    named = {"label": item.label, "score": item.score}
    return {**named, **box, "sector_v": vertical, "sector_h": horizontal}
