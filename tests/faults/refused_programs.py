"""Each program at its seam to Kafka, and what it says there until it waits."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from capture.publish.backoff import Backoff
from capture.publish.buffer import FrameBuffer
from capture.publish.camera_status import CameraStatus
from capture.publish.kafka_producer import KafkaBroker
from capture.publish.publisher import Publisher
from capture.results.consumer import follow
from dashboards.data.feed import Feed
from jobs.stream import run_stream
from lake.config.kafka_address import Kafka
from lake.contracts.clock import utc_now
from lake.contracts.wire_format import FRAMES_TOPIC, Frame
from lake.kafka.broker import offsets
from lake.kafka.client import REFUSED_AFTER_S, BrokerRefusedError

PATIENCE_S = 30
LOOKED_S = 1.5
"""A client that repeats what was refused would do so dozens of times meanwhile."""


class EnoughError(Exception):
    """The program waits, as it should."""


def capture(broker: Kafka, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the agent's sender logs while it tries to send a picture."""
    said = Said()
    logging.getLogger("capture.publish.publisher").addHandler(said)
    publisher = Publisher(KafkaBroker(broker), Path("none"), utc_now, time.monotonic, Backoff(random.random))
    buffer = FrameBuffer(CameraStatus("door", "cafe", utc_now, lambda _status: None), 8, 10_000, live=True)
    publisher.add(buffer)
    buffer.put(Frame("door", "cafe", 0, utc_now(), 4, 3, b"jpeg"))
    began = time.monotonic()
    # A slow machine may have the picture on its way when the look ends.
    while (took := time.monotonic() - began) < LOOKED_S or (not len(buffer) and took < PATIENCE_S):
        publisher.step()
        time.sleep(0.01)
    assert len(buffer) == 1, "the picture waits for the right"
    publisher.close(1)
    logging.getLogger("capture.publish.publisher").removeHandler(said)
    return said.lines


class Said(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def results(broker: Kafka, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the results client says until it waits, which it must do for long."""
    said: list[str] = []

    def sleep(seconds: float) -> None:
        assert seconds == REFUSED_AFTER_S
        raise EnoughError

    with pytest.raises(EnoughError):
        next(follow(broker, Backoff(random.random), sleep, said.append, from_beginning=True))
    return [line.rpartition("; ")[0] for line in said]


def dashboard(broker: Kafka, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the live page shows."""
    feed = Feed(broker, utc_now)
    feed.start()
    time.sleep(LOOKED_S)
    feed.stop()
    return [str(feed.state()["trouble"])]


def stream(broker: Kafka, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the streaming application logs until it waits."""
    said = Said()
    monkeypatch.setattr(run_stream, "time", SimpleNamespace(sleep=enough))
    run_stream.log.addHandler(said)
    with pytest.raises(EnoughError):
        run_stream.wait_for_topics(broker)
    run_stream.log.removeHandler(said)
    monkeypatch.undo()
    return [line.removeprefix("waiting: ") for line in said.lines]


def enough(seconds: float) -> None:
    assert seconds == REFUSED_AFTER_S
    raise EnoughError


def batch(broker: Kafka, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a job of Airflow's says."""
    with pytest.raises(BrokerRefusedError) as refused:
        offsets(broker, FRAMES_TOPIC)
    return [str(refused.value)]


PROGRAMS: tuple[Callable[[Kafka, pytest.MonkeyPatch], list[str]], ...] = (
    capture, stream, batch, dashboard, results,
)  # fmt: skip
