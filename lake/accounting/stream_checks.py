"""Health checks of the speed layer, from its programs' status files and the broker, as sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from lake.config.kafka_address import Address
from lake.config.settings import Settings
from lake.kafka.broker import offsets
from lake.kafka.client import BrokerAwayError

SIGN_OF_LIFE_S: Final = 60.0
"""The programs write every 2 s; a busy machine may pause for some."""
SILENT_AFTER_S: Final = 300.0
MAX_LAG: Final = 2000
"""Records; one full batch of the speed layer."""
ENDED: Final = "ended"


class StreamUnhealthyError(RuntimeError):
    """The speed layer is unhealthy; the message lists every problem."""


def find_problems(settings: Settings, now: datetime) -> list[str]:
    """Return one sentence per problem, none when all is well. Starts no JVM.

    Args:
        settings: where the run folder and the broker are.
        now: UTC.
    """
    stream, capture = (
        read_status_file(settings.run / "stream.json"),
        read_status_file(settings.run / "capture.json"),
    )
    return [
        *stream_problems(stream, now),
        *_broker_problems(settings.broker, stream),
        *camera_problems(capture, now),
    ]


def stream_problems(status: Mapping[str, Any], now: datetime) -> Iterator[str]:
    """Yield the problems of the streaming application, according to its status file."""
    age = age_s(status.get("updated_at"), now)
    if age is None:
        yield "the stream has not said anything yet: ./pycturestream up"
    elif age > SIGN_OF_LIFE_S:
        yield f"the stream gave no sign of life for {_format_duration(age)}: ./pycturestream logs stream"
    elif status.get("state") != "running":
        yield f"the stream is {status.get('state', 'in no known state')}: ./pycturestream logs stream"
    elif status.get("paused"):
        yield str(status["paused"])


def _broker_problems(bootstrap: Address, stream: Mapping[str, Any]) -> Iterator[str]:
    read = read_so_far(stream)
    try:
        ends = {topic: _ends(bootstrap, topic) for topic in {topic for _, topic in read}}
    except BrokerAwayError as error:
        yield str(error)
        return
    yield from lag_problems(read, ends)


def lag_problems(
    read: Mapping[tuple[str, str], Mapping[int, int]], ends: Mapping[str, Mapping[int, int]]
) -> Iterator[str]:
    """Yield a sentence for each query that is too far behind.

    Args:
        read: query and topic → partition → first offset that it has not read.
        ends: topic → partition → end offset.
    """
    for (query, topic), reached in sorted(read.items()):
        behind = sum(max(0, end - reached.get(part, 0)) for part, end in ends[topic].items())
        if behind > MAX_LAG:
            yield f"{query} is {behind:,} records of {topic} behind: ./pycturestream status"


def camera_problems(status: Mapping[str, Any], now: datetime) -> Iterator[str]:
    """Yield problems of the camera agent and its cameras; an agent that ended in order is no fault."""
    cameras = {
        name: camera for name, camera in _mapping(status.get("cameras")).items() if _is_running(camera)
    }
    age = age_s(status.get("updated_at"), now)
    if cameras and age is not None and age > SIGN_OF_LIFE_S:
        silence = _format_duration(age)
        yield f"the camera agent gave no sign of life for {silence}: ./pycturestream logs capture"
        return
    for name, camera in sorted(cameras.items()):
        silent = age_s(camera.get("last_frame_at"), now)
        if silent is None or silent > SILENT_AFTER_S:
            since = (
                "never gave a picture"
                if silent is None
                else f"gave no picture for {_format_duration(silent)}"
            )
            yield f"camera {name} {since}: {camera.get('last_error') or 'no error is known'}"


def read_so_far(stream: Mapping[str, Any]) -> dict[tuple[str, str], dict[int, int]]:
    """Return query and topic → partition → first offset not read; empty if the stream gives none."""
    reached = {}
    for query, state in _mapping(stream.get("queries")).items():
        for topic, parts in _mapping(_mapping(state).get("offsets")).items():
            reached[query, topic] = {int(part): int(offset) for part, offset in _mapping(parts).items()}
    return reached


def age_s(moment: Any, now: datetime) -> float | None:
    """Return the seconds since a moment in RFC 3339; None if it is not one."""
    try:
        return (now - datetime.fromisoformat(moment)).total_seconds()
    except (TypeError, ValueError):
        return None


def read_status_file(file: Path) -> Mapping[str, Any]:
    """Read a program's status file; empty if it is missing or unusable."""
    try:
        return _mapping(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError):
        return {}


def _is_running(camera: Any) -> bool:
    return isinstance(camera, dict) and camera.get("state") != ENDED


def _ends(bootstrap: Address, topic: str) -> dict[int, int]:
    return {part: last for part, (_, last) in offsets(bootstrap, topic).items()}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _format_duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
