"""Read `result/1` and `outcome/1` messages as rows of `detections`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from lake.contracts.record_key import RECORD_KEY
from lake.contracts.wire_format import Status, moment
from lake.schema.schemas import LAYERS

BEFORE_PICTURE: Final = ', "image": "'
"""Where the archive stops reading a result: the picture comes last in the message, and is most of it."""
PARSE_ERRORS: Final = (
    ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError, pa.ArrowException
)  # fmt: skip
"""Errors that reading foreign JSON may raise."""

SOURCE: Final = (
    pa.field("from_topic", pa.string()),
    pa.field("from_partition", pa.int32()),
    pa.field("from_offset", pa.int64()),
)

Row = Mapping[str, Any]


def read_outcomes(messages: Iterable[Row], schema: pa.Schema) -> pa.Table:
    """Parse Kafka messages to rows of `detections`, and where each was read.

    Args:
        messages: `value` (JSON, may end at BEFORE_PICTURE), and `topic`, `partition`, `offset`.
        schema: of `detections`.

    Returns:
        The columns of the schema, from_topic, from_partition and from_offset; a message that is no
        outcome has no row.
    """
    times = [field.name for field in schema if pa.types.is_timestamp(field.type)]
    whole = pa.schema([*schema, *SOURCE])
    rows = [row for message in messages if (row := _row(message, schema.names, times)) is not None]
    try:
        return pa.Table.from_pylist(rows, whole)
    except PARSE_ERRORS:
        return pa.Table.from_pylist([row for row in rows if _fits(row, whole)], whole)


def _row(message: Row, names: Sequence[str], times: Sequence[str]) -> dict[str, Any] | None:
    source = {f"from_{name}": message[name] for name in ("topic", "partition", "offset")}
    try:
        row = _read(message["value"], names, times)
        return {**row, **source} if _is_outcome(row) else None
    except PARSE_ERRORS:
        return None


def _read(value: bytes, names: Sequence[str], times: Sequence[str]) -> dict[str, Any]:
    """Parse a message; each value stands under its column's name, in `record`, `stages` or the message."""
    message = json.loads(value if value.endswith(b"}") else value + b"}")
    observed = moment(message["observed_at"])
    values = {**message, **message["record"], **(message.get("stages") or {})}
    return {
        **{name: values.get(name) for name in names},
        **{name: moment(values.get(name)) for name in times},
        "objects": message.get("candidates") or [],
        "day": observed and observed.date(),
    }


def _is_outcome(row: Row) -> bool:
    """Return whether the message names a record, and a status and layer that the table takes."""
    named = all(row[name] is not None for name in (*RECORD_KEY, "day"))
    valid = row["status"] in set(Status) and row["layer"] in LAYERS
    return named and valid and row["partition"] >= 0 and row["offset"] >= 0


def _fits(row: Row, schema: pa.Schema) -> bool:
    try:
        pa.Table.from_pylist([row], schema)
    except PARSE_ERRORS:
        return False
    return True
