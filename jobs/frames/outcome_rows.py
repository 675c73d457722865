"""What was said of frames, read back from `result/1` and `outcome/1` as rows of `detections`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import pyarrow as pa

from lake.contracts.wire_format import Status, moment
from lake.schema.schemas import LAYERS

BEFORE_PICTURE: Final = ', "image": "'
"""Ends what the archive reads of a result: its picture is the last thing in the message, and most of it."""
AS_SAID: Final = ("camera_id", "frame_id", "clock_skewed", "replay_id", "layer", "run_id", "status", "reason")
TIMES: Final = ("captured_at", "sent_at", "observed_at")
RECORD: Final = ("topic", "topic_id", "partition", "offset")
STAGES: Final = ("batch_at", "started_at", "finished_at")
NOT_OURS: Final = (
    ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError, pa.ArrowException
)  # fmt: skip
"""What reading other JSON may end in."""

SOURCE: Final = (
    pa.field("from_topic", pa.string()),
    pa.field("from_partition", pa.int32()),
    pa.field("from_offset", pa.int64()),
)

Row = Mapping[str, Any]


def read_outcomes(messages: Iterable[Row], schema: pa.Schema) -> pa.Table:
    """Kafka messages as rows of `detections`, and where each was read.

    Args:
        messages: `value` (JSON, may end at BEFORE_PICTURE), and `topic`, `partition`, `offset`.
        schema: of `detections`.

    Returns:
        The columns of the schema, from_topic, from_partition and from_offset; a message that is nobody's
        outcome has no row.
    """
    whole = pa.schema([*schema, *SOURCE])
    rows = [row for message in messages if (row := _row(message)) is not None]
    try:
        return pa.Table.from_pylist(rows, whole)
    except NOT_OURS:
        return pa.Table.from_pylist([row for row in rows if _fits(row, whole)], whole)


def _row(message: Row) -> dict[str, Any] | None:
    source = {f"from_{name}": message[name] for name in ("topic", "partition", "offset")}
    try:
        row = _read(message["value"])
        return {**row, **source} if _is_ours(row) else None
    except NOT_OURS:
        return None


def _read(value: bytes) -> dict[str, Any]:
    said = json.loads(value if value.endswith(b"}") else value + b"}")
    record, stages = said["record"], said.get("stages") or {}
    observed = moment(said["observed_at"])
    return {
        **{name: said.get(name) for name in AS_SAID},
        **{name: moment(said.get(name)) for name in TIMES},
        **{name: record.get(name) for name in RECORD},
        **{name: moment(stages.get(name)) for name in STAGES},
        "appended_at": moment(record.get("appended_at")),
        "objects": said.get("candidates") or [],
        "day": observed and observed.date(),
    }


def _is_ours(row: Row) -> bool:
    """Whether the message names a record, and a status and layer that the table takes."""
    named = all(row[name] is not None for name in (*RECORD, "appended_at", "day"))
    known = row["status"] in set(Status) and row["layer"] in LAYERS
    return named and known and row["partition"] >= 0 and row["offset"] >= 0


def _fits(row: Row, schema: pa.Schema) -> bool:
    try:
        pa.Table.from_pylist([row], schema)
    except NOT_OURS:
        return False
    return True
