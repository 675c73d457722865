"""The objects that a report counts, as a file: one row per object, in the order of time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as parquet
from flask import Flask, Response, request, send_file

from dashboards.data.report_counts import MINUTE, ReportFilter
from dashboards.explore.picture_routes import explorer
from dashboards.report.query import ReportQuery
from dashboards.ui.context import current_context
from dashboards.ui.filters import FilterError
from lake.contracts.wire_format import rfc3339
from lake.serving.questions import Question
from lake.storage.sql_literals import UnquotableTextError, quoted

OTHER_TYPES: Final = {
    "observed_at": pa.timestamp("us", "UTC"), "object_number": pa.int32(), "partition": pa.int32(),
    "offset": pa.int64(), **dict.fromkeys(("score", "ymin", "xmin", "ymax", "xmax"), pa.float32()),
}  # fmt: skip
COLUMNS: Final = (
    "observed_at", "camera_id", "label", "score", "ymin", "xmin", "ymax", "xmax", "sector_v", "sector_h",
    "state", "frame_id", "object_number", "layer", "run_id", "topic_id", "partition", "offset",
)  # fmt: skip
SHAPE: Final = pa.schema([(name, OTHER_TYPES.get(name, pa.string())) for name in COLUMNS])
MAX_ROWS: Final = 2_000_000
IN_MEMORY: Final = 8 * 1024 * 1024
TYPES: Final = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


def question_of(asked: ReportFilter) -> Question:
    """The rows behind the counts of a report."""
    said = [
        f"v.observed_at >= TIMESTAMP '{rfc3339(asked.first)}'",
        f"v.observed_at < TIMESTAMP '{rfc3339(asked.last)}'",
    ]
    for column, names in (("camera_id", asked.cameras), ("label", asked.labels)):
        if names:
            said.append(f"v.{column} IN ({', '.join(map(quoted, sorted(names)))})")
    last = (asked.last - MINUTE).date()
    return Question(asked.first.date(), last, " AND ".join(said), (("observed_at", False),), asked.threshold)


def export(kind: str) -> Response:
    """The file; 400 for filters that nobody knows, 413 for more rows than MOST_ROWS."""
    try:
        question = question_of(ReportQuery.read(request.args).asked(current_context().clock()))
    except (FilterError, UnquotableTextError) as error:
        return Response(f"{error}\n", 400, mimetype="text/plain")
    count = explorer().count(question)
    if count > MAX_ROWS:
        said = f"{count:,} objects are more than the {MAX_ROWS:,} of one file: choose a shorter period.\n"
        return Response(said, 413, mimetype="text/plain")
    name = f"objects_{question.first}_{question.last}.{kind}"
    return send_file(_written(question, kind), TYPES[kind], as_attachment=True, download_name=name)


def _written(question: Question, kind: str) -> IO[bytes]:
    """The file from its beginning; small ones stay in memory, none stays on the disk."""
    with ExitStack() as failing:
        file = failing.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY))
        _write(explorer().batches(question, COLUMNS), file, kind)
        file.seek(0)
        failing.pop_all()  # it is sent, and then closed, after this function
    return file


def _write(batches: Iterable[pa.RecordBatch], file: Any, kind: str) -> None:
    with csv.CSVWriter(file, SHAPE) if kind == "csv" else parquet.ParquetWriter(file, SHAPE) as writer:
        for batch in batches:
            writer.write_batch(batch.cast(SHAPE))


def register(server: Flask) -> None:
    """Add the routes."""
    for kind in TYPES:
        server.add_url_rule(f"/report/objects.{kind}", f"export_{kind}", export, defaults={"kind": kind})
