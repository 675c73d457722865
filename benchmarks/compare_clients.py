"""What does the agent's Kafka client cost, and what would confluent-kafka? Side by side on one broker.

    python -m benchmarks.compare_clients [--minutes 1] [--away 2]

Each client is a process with the agent's own buffer and publisher that hands over frames of 200 kB at 10/s;
one more hands them to nobody, so that what remains is the client's. confluent-kafka is no part of
PyctureStream; it is measured where it can be imported, for example from a folder on PYTHONPATH.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.running_processes import end_when_asked
from benchmarks.verdict import say_when
from capture.publish.backoff import Backoff
from capture.publish.buffer import FrameBuffer
from capture.publish.camera_status import CameraStatus, Outcome
from capture.publish.kafka_producer import DELIVERY_MS, Done, KafkaBroker, Message
from capture.publish.publisher import Publisher
from lake.config.settings import PROJECT_ROOT
from lake.contracts.clock import utc_now
from lake.contracts.wire_format import MAX_MESSAGE_BYTES, Frame
from lake.kafka.client import BrokerAwayError, check_connection
from tests.faults.system import Broker, running_broker

FPS, SIZE = 10.0, 200_000
CLIENTS = ("nobody", "kafka-python", "confluent-kafka")
WARM_UP_S, BACK_S = 15.0, 20.0


class Nobody:
    """A broker that takes everything at once."""

    def __init__(self, server: str) -> None:
        """Ask nobody."""

    def connect(self) -> None:
        """Always there."""

    def send(self, message: Message, done: Done) -> None:
        """Acknowledge."""
        done(Outcome.ACKNOWLEDGED, "")

    def close(self, timeout: float) -> None:
        """Nothing is under way."""


class ConfluentBroker:
    """librdkafka, bounded and impatient as kafka-python is in the agent."""

    def __init__(self, server: str) -> None:
        self._server, self._producer = server, None
        threading.Thread(target=self._poll, daemon=True).start()

    def _poll(self) -> None:
        while True:
            producer: Any = self._producer
            if producer is None:
                time.sleep(0.05)
            else:
                producer.poll(0.1)

    def connect(self) -> None:
        """A new producer, where something listens."""
        from confluent_kafka import Producer

        check_connection(self._server)
        settings = {"bootstrap.servers": self._server, "acks": "all", "retries": 0, "linger.ms": 0}
        settings |= {"message.timeout.ms": DELIVERY_MS, "message.max.bytes": MAX_MESSAGE_BYTES}
        settings |= {"queue.buffering.max.kbytes": 16_384, "log_level": 0}
        self._producer = Producer(settings)

    def send(self, message: Message, done: Done) -> None:
        """Hand over to librdkafka's own threads."""

        def delivered(error: Any, _message: Any) -> None:
            done(Outcome.ACKNOWLEDGED if error is None else Outcome.UNKNOWN, str(error))

        producer: Any = self._producer
        try:
            producer.produce(
                message.topic, message.value, message.key, headers=message.headers, on_delivery=delivered
            )
        except BufferError as error:
            raise BrokerAwayError(f"the queue is full: {error}") from error

    def close(self, timeout: float) -> None:
        """Give up what is under way."""
        producer: Any = self._producer
        self._producer = None
        if producer is not None:
            producer.purge()
            producer.flush(timeout)


def feed(client: str, server: str) -> None:
    """Hand over frames until SIGTERM; prints the counters."""
    kinds = {"nobody": Nobody, "kafka-python": KafkaBroker, "confluent-kafka": ConfluentBroker}
    status = CameraStatus(client, "cafe", utc_now, lambda _status: None)
    buffer, ended = FrameBuffer(status, 64, 16 * 1024 * 1024, live=True), threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        backoff = Backoff(random.random, longest=1.0)
        publisher = Publisher(kinds[client](server), Path(folder), utc_now, time.monotonic, backoff)
        publisher.add(buffer)
        signal.signal(signal.SIGTERM, lambda _number, _frame: ended.set())
        threading.Thread(target=send, args=(publisher, ended), daemon=True).start()
        sequence, begin = 0, time.monotonic()
        while not ended.wait(max(0.0, begin + sequence / FPS - time.monotonic())):
            jpeg = random.randbytes(1000) * (SIZE // 1000)
            buffer.put(Frame(client, "cafe", sequence, utc_now(), 1280, 720, jpeg))
            sequence += 1
        publisher.close(2)
    print(json.dumps(status.counters.as_dict()), flush=True)
    os._exit(0)


def send(publisher: Publisher, ended: threading.Event) -> None:
    """The agent's sender."""
    while not ended.is_set():
        if not publisher.step():
            ended.wait(0.01)


def start(client: str, server: str) -> subprocess.Popen[str]:
    """A process that feeds the broker through this client."""
    code = f"from benchmarks.compare_clients import feed; feed({client!r}, {server!r})"
    command = [sys.executable, "-c", code]
    return subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True)


def cpu_s(process: subprocess.Popen[str]) -> float:
    """Processor seconds that a process used so far."""
    return sum(psutil.Process(process.pid).cpu_times()[:2])


def memory_mb(process: subprocess.Popen[str]) -> float:
    """Memory of its own, MB."""
    return float(psutil.Process(process.pid).memory_full_info().uss / 1e6)


def watch(feeders: dict[str, subprocess.Popen[str]], seconds: float) -> dict[str, list[float]]:
    """Memory of each, every second."""
    until, seen = time.monotonic() + seconds, {client: [] for client in feeders}
    while time.monotonic() < until:
        for client, feeder in feeders.items():
            seen[client].append(memory_mb(feeder))
        time.sleep(1)
    return seen


@dataclass(frozen=True, slots=True)
class Cost:
    """What one client used: processor milliseconds a frame, megabytes, and its counters at the end."""

    cpu_ms: float
    memory_mb: float
    growth_mb: float
    counters: dict[str, int]


def measure(broker: Broker, clients: list[str], minutes: float, away: float) -> dict[str, Cost]:
    """All clients at once, with and without the broker."""
    feeders = {client: start(client, broker.address) for client in clients}
    try:
        time.sleep(WARM_UP_S)
        begin = {client: cpu_s(feeder) for client, feeder in feeders.items()}
        here = watch(feeders, 60 * minutes)
        used = {client: cpu_s(feeder) - begin[client] for client, feeder in feeders.items()}
        broker.stop()
        gone = watch(feeders, 60 * away)
        broker.program.start()
        back = watch(feeders, BACK_S)
    finally:
        for feeder in feeders.values():
            feeder.terminate()
    said = {client: json.loads(feeder.communicate(timeout=30)[0]) for client, feeder in feeders.items()}
    frames = 60 * minutes * FPS
    return {
        client: Cost(1000 * used[client] / frames, max(here[client]),
                     max(gone[client] + back[client]) - max(here[client]), said[client])
        for client in feeders
    }  # fmt: skip


def main(
    minutes: Annotated[float, typer.Option(help="with the broker there")] = 1,
    away: Annotated[float, typer.Option(help="minutes without broker")] = 2,
) -> None:
    """Measure and print."""
    end_when_asked()
    console, clients = Console(width=140), list(CLIENTS)
    if find_spec("confluent_kafka") is None:
        console.print("confluent-kafka is not installed, so it is not measured")
        clients.remove("confluent-kafka")
    with tempfile.TemporaryDirectory() as name, running_broker(Path(name)) as broker:
        costs = measure(broker, clients, minutes, away)
    grid = Table("client", "processor ms/frame", "the client's part", "memory MB", "growth MB", "counters")
    for client, cost in costs.items():
        numbers = (cost.cpu_ms, cost.cpu_ms - costs["nobody"].cpu_ms, cost.memory_mb, cost.growth_mb)
        counters = ", ".join(f"{count} {name}" for name, count in cost.counters.items() if count)
        grid.add_row(client, *(f"{number:.1f}" for number in numbers), counters)
    console.print(grid)
    console.print(f"{say_when()}; load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    typer.run(main)
