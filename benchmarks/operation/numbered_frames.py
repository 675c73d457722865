"""A film whose frames carry their number as black and white cells, and who finds it in the topic."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

import cv2
import numpy as np
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from lake.contracts.wire_format import FRAMES_TOPIC, MAX_MESSAGE_BYTES, TOPIC_PARTITIONS
from lake.kafka.client import check_connection

FILM_FRAMES = 200
BITS, CELL = 8, 64


def write_film(path: Path, fps: float) -> None:
    """A pattern that moves, with the number of each frame drawn as black and white cells at the top left."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (90, 160, 3), np.uint8)
    pattern = cv2.resize(coarse, (1280, 720), interpolation=cv2.INTER_CUBIC)
    film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (1280, 720))
    for number in range(FILM_FRAMES):
        picture = np.roll(pattern, 8 * number, axis=1)
        for bit in range(BITS):
            picture[:CELL, bit * CELL : (bit + 1) * CELL] = 255 * (number >> bit & 1)
        film.write(picture)
    film.release()


@dataclass(frozen=True, slots=True)
class Arrival:
    """One frame in the topic; times in seconds UTC, `appended` by the broker."""

    session: str
    sequence: int
    number: int
    captured: float
    sent: float
    appended: float
    size: int


@dataclass(slots=True)
class Reader:
    """Reads the topic as it grows, whatever the broker does; retention cannot overtake it."""

    address: str
    arrivals: list[Arrival] = field(default_factory=list)
    read: dict[int, int] = field(default_factory=dict)
    ended: Event = field(default_factory=Event)

    def follow(self) -> None:
        """Until `ended`; a reader that lost its broker begins anew where it was."""
        while not self.ended.is_set():
            try:
                self._read()
            except (KafkaError, OSError):
                time.sleep(1)

    def _read(self) -> None:
        check_connection(self.address)
        consumer = KafkaConsumer(
            bootstrap_servers=self.address, max_partition_fetch_bytes=MAX_MESSAGE_BYTES, group_id=None
        )
        try:
            parts = [TopicPartition(FRAMES_TOPIC, number) for number in range(TOPIC_PARTITIONS)]
            consumer.assign(parts)
            for part in parts:
                consumer.seek(part, self.read.get(part.partition, 0))
            while not self.ended.is_set():
                for batch in consumer.poll(timeout_ms=500).values():
                    self._take(batch)
        finally:
            consumer.close()

    def _take(self, batch: list[Any]) -> None:
        for record in batch:
            assert record.offset == self.read.get(record.partition, 0), "a record was lost in the topic"
            self.read[record.partition] = record.offset + 1
            self.arrivals.append(arrival(record))


def arrival(record: Any) -> Arrival:
    """What a record says, and the number in its picture."""
    said = {name: value.decode() for name, value in record.headers}
    captured, sent = (datetime.fromisoformat(said[name]).timestamp() for name in ("captured_at", "sent_at"))
    return Arrival(
        said["session"], int(said["sequence"]), number_in(record.value), captured, sent,
        record.timestamp / 1000, len(record.value),
    )  # fmt: skip


def number_in(jpeg: bytes) -> int:
    """The number drawn into a picture, from an eighth of its size."""
    small = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
    cells = small[CELL // 16, CELL // 16 : BITS * CELL // 8 : CELL // 8] > 127
    return sum(1 << bit for bit in range(BITS) if cells[bit])
