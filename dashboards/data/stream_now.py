"""Current state of the speed layer: its status file beside the broker's own end offsets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lake.accounting.stream_checks import (
    camera_problems,
    lag_problems,
    read_so_far,
    read_status_file,
    stream_problems,
)
from lake.config.kafka_address import Address
from lake.config.settings import Settings
from lake.contracts.wire_format import FRAMES_TOPIC
from lake.kafka.broker import offsets
from lake.kafka.client import BrokerAwayError

Ends = Mapping[str, Mapping[int, int]]
"""Topic → partition → next free offset, as the broker says it."""


@dataclass(frozen=True, slots=True)
class QueryState:
    """One query of the streaming application.

    Attributes:
        query: its name.
        batch: number of its last micro-batch; None before the first.
        rows: records of that batch.
        took_ms: milliseconds that it took; None where the query does not say.
        behind: records that wait for it; None where the broker or the query does not say.
    """

    query: str
    batch: int | None
    rows: int
    took_ms: int | None
    behind: int | None


@dataclass(frozen=True, slots=True)
class StreamState:
    """The streaming application.

    Attributes:
        alive: whether it gave a sign of life just now and runs.
        ui: address of its Spark UI as it says it; empty where it does not.
        queries: by name.
        complaints: one sentence for each thing that is wrong with the stream, the broker or a camera.
    """

    alive: bool
    ui: str
    queries: tuple[QueryState, ...]
    complaints: tuple[str, ...]


def stream_now(settings: Settings, now: datetime) -> StreamState:
    """Read the run folder and the broker once.

    Args:
        settings: where the run folder and the broker are.
        now: UTC.
    """
    status, capture = (
        read_status_file(settings.run / "stream.json"),
        read_status_file(settings.run / "capture.json"),
    )
    read, own = read_so_far(status), list(stream_problems(status, now))
    ends, away = _ends(settings.broker, {FRAMES_TOPIC, *(topic for _, topic in read)})
    late = lag_problems(read, ends) if not away else [away]
    queries = tuple(_query(name, one, read, ends) for name, one in sorted(_parts(status, "queries").items()))
    return StreamState(
        not own, str(status.get("ui") or ""), queries, (*own, *late, *camera_problems(capture, now))
    )


def _ends(bootstrap: Address, topics: set[str]) -> tuple[Ends, str]:
    """Return end offsets of the topics, and why there are none."""
    try:
        by_topic = {topic: offsets(bootstrap, topic) for topic in topics}
    except BrokerAwayError as error:
        return {}, str(error)
    return {topic: {part: last for part, (_, last) in parts.items()} for topic, parts in by_topic.items()}, ""


def _query(
    name: str, state: Any, read: Mapping[tuple[str, str], Mapping[int, int]], ends: Ends
) -> QueryState:
    own = {topic: reached for (query, topic), reached in read.items() if query == name}
    behind = [
        max(0, end - own[topic].get(part, 0)) for topic in own for part, end in ends.get(topic, {}).items()
    ]
    fields = state if isinstance(state, dict) else {}
    took = _count(_parts(fields, "duration_ms").get("triggerExecution"))
    batch, rows = _count(fields.get("batch")), _count(fields.get("rows"))
    return QueryState(name, batch, rows or 0, took, sum(behind) if behind else None)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _parts(status: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = status.get(name)
    return part if isinstance(part, dict) else {}
