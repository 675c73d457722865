"""What the tests put on the wire: real pictures of the demo clip, and records that lie."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from lake.contracts.wire_format import FRAMES_TOPIC, MAX_MESSAGE_BYTES, Frame

Place = tuple[int, int]
"""Partition and offset of a record on the frames topic."""
PEOPLED = (30, 80, 110, 120, 130, 190)
"""Frames of the demo clip on which a person is found with a score over 0.65."""
KILLER_BGR = (255, 0, 254)
"""A colour no camera sees; a picture full of it kills the worker of `tests.faults.crashing_detector`."""
SLOW_BGR = (254, 255, 0)
"""Another one; a picture full of it keeps that worker busy for seconds."""


@dataclass(frozen=True)
class Record:
    """A Kafka record to be sent, well-formed or not."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = field(default_factory=list)

    def saying(self, **headers: bytes | None) -> Record:
        """The same record with other headers; None leaves one out."""
        said = {**dict(self.headers), **headers}
        return replace(self, headers=[(name, value) for name, value in said.items() if value is not None])


@lru_cache(maxsize=1)
def pictures(clips: Path) -> tuple[bytes, ...]:
    """JPEGs out of the demo clip, 10 to 35 KB each, with a person on every one of them."""
    film = cv2.VideoCapture(str(clips / "bikes.mp4"))
    frames = {number: film.retrieve()[1] for number in range(PEOPLED[-1] + 1) if film.grab()}
    film.release()
    return tuple(encode(frames[number]) for number in PEOPLED)


def encode(picture: np.ndarray, kind: str = ".jpg", quality: int = 85) -> bytes:
    """Encode a BGR uint8 [H, W, 3] picture, as JPEG unless told otherwise."""
    return bytes(cv2.imencode(kind, picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def picture_of(colour: tuple[int, int, int]) -> bytes:
    """A JPEG of one colour, BGR."""
    return encode(np.full((300, 400, 3), colour, np.uint8), quality=100)


def frame(jpeg: bytes, camera: str = "door", sequence: int = 0, session: str = "5e5510") -> Record:
    """A record as the agent sends it, captured now."""
    now = datetime.now(UTC)
    said = Frame(camera, session, sequence, now, 640, 272, jpeg)
    return Record(camera.encode(), jpeg, said.headers(now))


def old_frame(jpeg: bytes, camera: str, timestamp: str) -> Record:
    """A record as clients of the first version send it: JSON, without key and headers."""
    said = {"image": base64.b64encode(jpeg).decode(), "timestamp": timestamp, "camera_id": camera}
    return Record(None, json.dumps(said).encode())


def send(bootstrap: str, records: Sequence[Record], topic: str = FRAMES_TOPIC) -> list[Place]:
    """Send the records in this order; where each was written."""
    producer = KafkaProducer(
        bootstrap_servers=bootstrap, acks="all", max_request_size=MAX_MESSAGE_BYTES, linger_ms=5,
        request_timeout_ms=20_000, delivery_timeout_ms=30_000,
    )  # fmt: skip
    try:
        sent = [producer.send(topic, one.value, one.key, list(one.headers)) for one in records]
        told = [future.get(timeout=40) for future in sent]
    finally:
        producer.close(10)
    return [(one.partition, one.offset) for one in told]


def read_all(bootstrap: str, topic: str) -> list[bytes]:
    """Every message the topic holds now."""
    return [record.value for record in read_records(bootstrap, topic)]


def read_records(bootstrap: str, topic: str) -> list[Any]:
    """The same with keys and headers, as kafka-python gives them."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, fetch_max_bytes=64 * 2**20)
    try:
        parts = [TopicPartition(topic, part) for part in sorted(consumer.partitions_for_topic(topic) or ())]
        consumer.assign(parts)
        consumer.seek_to_beginning(*parts)
        ends, records = consumer.end_offsets(parts), []
        while any(consumer.position(part) < ends[part] for part in parts):
            for found in consumer.poll(timeout_ms=1000).values():
                records += found
        return records
    finally:
        consumer.close()
