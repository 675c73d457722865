"""The pictures that every side of a benchmark of the stream sees, and how they reach Kafka."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
from kafka import KafkaProducer

from benchmarks.support.running.wire import encode, frame
from lake.contracts.wire_format import FRAMES_TOPIC, MAX_MESSAGE_BYTES

SIZE = 1280, 720
CLIPS = ("bikes.mp4", "bigbuckbunny.mp4")
CAMERAS = ("left", "right")
"""One for each partition."""


def real_pictures(clips: Path, count: int) -> list[bytes]:
    """JPEGs at the agent's default size and quality, out of two clips in turns."""
    films = [_frames(clips / name) for name in CLIPS]
    taken = [picture for pair in zip(*films, strict=False) for picture in pair]
    return [taken[number % len(taken)] for number in range(count)]


def _frames(path: Path) -> list[bytes]:
    film, found = cv2.VideoCapture(str(path)), []
    while (read := film.read())[0]:
        found.append(encode(cv2.resize(read[1], SIZE)))
    film.release()
    return found


def open_producer(bootstrap: str) -> KafkaProducer:
    """A producer for whole pictures."""
    return KafkaProducer(
        bootstrap_servers=bootstrap, acks="all", max_request_size=MAX_MESSAGE_BYTES, linger_ms=0
    )


def publish(
    producer: KafkaProducer,
    jpegs: Iterable[bytes],
    session: str,
    fps: float | None = None,
    cameras: Sequence[str] = CAMERAS,
) -> int:
    """Send the pictures as frames of all cameras in turns, at a steady pace or at once; how many."""
    began, sent = time.monotonic(), []
    for number, jpeg in enumerate(jpegs):
        if fps:
            time.sleep(max(0.0, began + number / fps - time.monotonic()))
        partition = number % len(cameras)
        one = frame(jpeg, cameras[partition], number, session)
        sent.append(producer.send(FRAMES_TOPIC, one.value, one.key, list(one.headers), partition=partition))
    for future in sent:
        future.get(60)
    return len(sent)


def halves(jpegs: Sequence[bytes]) -> list[list[bytes]]:
    """What each of the two workers of a side gets."""
    return [list(jpegs[start :: len(CAMERAS)]) for start in range(len(CAMERAS))]
