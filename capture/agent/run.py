"""The long-running programs behind the commands, with their clocks, signals and threads."""

from __future__ import annotations

import logging
import os
import random
import signal
import sys
import threading
import time
from typing import Final

from filelock import FileLock, Timeout

from capture.agent.agent import Agent
from capture.agent.session import Session
from capture.cameras.cameras import Camera
from capture.cameras.redaction import redact
from capture.cameras.settings import CaptureSettings
from capture.publish.backoff import Backoff
from capture.publish.camera_status import CameraStatus, State
from capture.publish.kafka_producer import KafkaBroker
from capture.publish.publisher import Publisher
from capture.sources.factory import source_of
from lake.config.settings import Settings
from lake.contracts.clock import utc_now
from lake.contracts.wire_format import FRAMES_TOPIC

LOG: Final = logging.getLogger("capture")
JOIN_SECONDS: Final = 1.0
DRAIN_SECONDS: Final = 2.0
SUMMARY_SECONDS: Final = 10.0


class RedactingFormatter(logging.Formatter):
    """Format log lines with UTC times and without passwords, tracebacks included."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, redacted."""
        return redact(super().format(record))


def start_logging() -> None:
    """Log to standard error, including crashes of threads."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    threading.excepthook = lambda crash: LOG.critical(
        "thread %s died", crash.thread and crash.thread.name, exc_info=crash.exc_value
    )


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and Ctrl-C set."""
    stop = threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda _number, _frame: stop.set())
    return stop


class PublisherThread:
    """The publisher and the thread that runs it."""

    def __init__(self, settings: Settings) -> None:
        """Create a publisher to the settings' broker."""
        backoff = Backoff(random.random, longest=1.0)  # a probe costs nothing, a late one a stale picture
        broker = KafkaBroker(settings.broker)
        self.publisher = Publisher(broker, settings.data / "pictures", utc_now, time.monotonic, backoff)
        self._stop = threading.Event()
        self.thread = threading.Thread(target=self._run, name="sender", daemon=True)

    def _run(self) -> None:
        while not self._stop.is_set():
            if not self.publisher.step():
                self._stop.wait(0.01)

    def drain_and_close(self, seconds: float) -> None:
        """Send waiting frames for up to `seconds` seconds, then settle the rest and close."""
        until = time.monotonic() + seconds
        reachable = self.publisher.last_error is None
        while reachable and self.publisher.pending and time.monotonic() < until:
            time.sleep(0.02)
        self._stop.set()
        self.thread.join(0.5)
        self.publisher.close(0.5)


def session_of(camera: Camera, defaults: CaptureSettings, publisher: Publisher) -> Session:
    """Start a session of the camera; its changes of state are logged and published."""

    def notice(status: CameraStatus) -> None:
        reason = f": {status.last_error}" if status.state is State.SOURCE_LOST else ""
        LOG.info("camera %s is %s%s", status.camera_id, status.state.value, reason)
        publisher.post(status)

    source = source_of(camera, defaults, time.monotonic)
    session = Session(camera, source, defaults, utc_now, time.monotonic, notice)
    notice(session.status)
    session.start()
    return session


def summary(status: CameraStatus) -> str:
    """Format the non-zero counters in one line."""
    return ", ".join(f"{count} {name}" for name, count in status.counters.as_dict().items() if count)


def run_camera(camera: Camera, settings: Settings, defaults: CaptureSettings) -> int:
    """Run one camera until it ends and all is delivered, or a signal; return the exit status."""
    start_logging()
    stop = stop_on_signals()
    LOG.info(
        "camera %s, source %s, every %g s, to topic %s at %s",
        camera.id, redact(camera.source), camera.interval, FRAMES_TOPIC, settings.kafka,
    )  # fmt: skip
    sender = PublisherThread(settings)
    session = session_of(camera, defaults, sender.publisher)
    sender.publisher.add(session.buffer)
    sender.thread.start()
    _wait_for_end(session, sender, stop)
    session.stop()
    session.join(JOIN_SECONDS)
    sender.drain_and_close(DRAIN_SECONDS)
    LOG.info("camera %s: %s", camera.id, summary(session.status) or "nothing captured")
    return 0 if session.status.counters.failed == 0 else 1


def _wait_for_end(session: Session, sender: PublisherThread, stop: threading.Event) -> None:
    """Wait for the end of the session, and log its counters every 10 s."""
    logged_at = time.monotonic()
    while not stop.wait(0.1) and sender.thread.is_alive():
        if not session.alive and not sender.publisher.pending:
            return
        if time.monotonic() - logged_at >= SUMMARY_SECONDS:
            logged_at = time.monotonic()
            sender.publisher.post(session.status)
            LOG.info("camera %s: %s", session.camera.id, summary(session.status))


def run_agent(settings: Settings, defaults: CaptureSettings) -> int:
    """Run the agent until a signal; exit status 1 when another agent runs or the sender died."""
    start_logging()
    settings.run.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.run / "capture.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        LOG.error("an agent runs already on %s; stop it first, or set PYCTURESTREAM_DATA", settings.data)
        return 1
    stop = stop_on_signals()
    sender = PublisherThread(settings)
    agent = Agent(
        defaults, sender.publisher, settings.run / "capture.json",
        lambda camera: session_of(camera, defaults, sender.publisher), utc_now, time.monotonic, os.getpid(),
    )  # fmt: skip
    sender.thread.start()
    agent.tick()
    while not stop.wait(1.0) and sender.thread.is_alive():
        agent.tick()
    agent.stop(JOIN_SECONDS)
    sender.drain_and_close(DRAIN_SECONDS)
    agent.write_last_health()
    LOG.info("stopped")
    logging.shutdown()
    sys.stderr.flush()
    os._exit(0 if stop.is_set() else 1)  # a device's driver may hang for ever in a thread
