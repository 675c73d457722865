"""Kafka consumer in a background thread, which keeps the newest of each camera for the live page."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from dashboards.data.feed_messages import frame_result, report, sent_picture
from dashboards.data.live_cameras import Cameras
from lake.config.kafka_address import Address, as_kafka, client_options
from lake.contracts.wire_format import FRAMES_TOPIC, MAX_MESSAGE_BYTES, RESULTS_TOPIC, STATUS_TOPIC
from lake.kafka.client import (
    REFUSED_AFTER_S,
    BrokerAwayError,
    BrokerRefusedError,
    check_connection,
    check_visible,
    translate_error,
)

TOPICS: Final = (FRAMES_TOPIC, RESULTS_TOPIC, STATUS_TOPIC)
LOOKBACK: Final = {FRAMES_TOPIC: 50, RESULTS_TOPIC: 50, STATUS_TOPIC: 500}
"""Records before the end of each partition that a start reads, so that nobody waits for the next picture."""
POLL_MS: Final = 500
"""What comes is told at once; only silence is heard so seldom. With 100 the dashboard took 2.4 % of a core
while no camera sent, now 0.5, and the broker 1 to 2 more."""
RETRY_DELAY_S: Final = 2.0
CONNECTION_CHECK_POLLS: Final = 10
PARTITIONS_KNOWN_MS: Final = 30_000
"""A topic that was given more partitions is read in all of them after so long."""

log = logging.getLogger(__name__)


class Feed:
    """The live state of all cameras; reconnects by itself when the broker comes back.

    Args:
        bootstrap: where the broker is, and how to log in.
        clock: the time now, UTC.
    """

    def __init__(self, bootstrap: Address, clock: Callable[[], datetime]) -> None:
        self._bootstrap, self._clock = bootstrap, clock
        self._cameras, self._lock = Cameras(), threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._trouble: str | None = "not connected yet"

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._follow, name="feed", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(10)

    def state(self, find: str = "", first: int = 0) -> Mapping[str, Any]:
        """Return everything the live page shows, as plain values; see `Cameras.told`."""
        with self._lock:
            return {"trouble": self._trouble, **self._cameras.told(self._clock(), find, first)}

    def picture(self, camera_id: str, kind: str) -> tuple[str, bytes] | None:
        """Return frame id and JPEG of a camera's newest picture, `sent` or `annotated`."""
        with self._lock:
            camera = self._cameras.get(camera_id)
            if camera is None:
                return None
            if kind == "annotated":
                return (camera.annotated_frame, camera.annotated) if camera.annotated else None
            return (camera.sent.frame_id, camera.sent.jpeg) if camera.sent else None

    def health(self) -> dict[str, str]:
        """Return the health for `/healthz`."""
        with self._lock:
            trouble, states = self._trouble, self._cameras.states(self._clock())
        if trouble:
            return {"state": "error", "sentence": trouble}
        online = states.count("online")
        word = "ok" if online else "stale" if states else "empty"
        return {"state": word, "sentence": f"{online} of {len(states)} cameras are online"}

    def _follow(self) -> None:
        logging.getLogger("kafka").setLevel(logging.CRITICAL)
        while not self._ended.is_set():
            try:
                self._read()
            except (KafkaError, BrokerAwayError) as error:
                why = translate_error(error, self._bootstrap)
                refused = isinstance(why, BrokerRefusedError)
                self._say(
                    str(why) if refused else f"Kafka at {self._bootstrap} does not answer; is it running?"
                )
                self._ended.wait(REFUSED_AFTER_S if refused else RETRY_DELAY_S)

    def _read(self) -> None:
        check_connection(self._bootstrap)
        consumer = KafkaConsumer(
            **client_options(self._bootstrap),
            client_id="pycturestream-dashboard",
            group_id=None,
            bootstrap_timeout_ms=5_000,
            fetch_max_wait_ms=POLL_MS,
            max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
            metadata_max_age_ms=PARTITIONS_KNOWN_MS,
        )
        try:
            check_visible(
                self._bootstrap, TOPICS, [topic for topic in TOPICS if consumer.partitions_for_topic(topic)]
            )
            assign_newest(consumer)
            silent = 0
            looked_at = time.monotonic()
            while not self._ended.is_set():
                if 1000 * (time.monotonic() - looked_at) > PARTITIONS_KNOWN_MS:
                    looked_at = time.monotonic()
                    if not consumer.assignment().issuperset(partitions(consumer)):
                        return
                batches = consumer.poll(timeout_ms=POLL_MS)
                silent = 0 if batches else silent + 1
                if silent:
                    self._check(consumer, silent)
                self._say(None)
                for record in (record for records in batches.values() for record in records):
                    self._take(record)
        finally:
            consumer.close()

    def _check(self, consumer: KafkaConsumer, silent: int) -> None:
        """Check that the broker is still there, after so many polls without a record.

        kafka-python would repeat a login that is no longer taken for ever and say nothing; to ask for one
        costs more than to ask for topics, and is done seldom.
        """
        if as_kafka(self._bootstrap).login is None:
            if not consumer.bootstrap_connected():
                consumer.topics()
        elif silent % CONNECTION_CHECK_POLLS == 0:
            check_connection(self._bootstrap)

    def _say(self, trouble: str | None) -> None:
        if trouble != self._trouble:
            log.log(logging.WARNING if trouble else logging.INFO, "%s", trouble or "Kafka answers")
        with self._lock:
            self._trouble = trouble

    def _take(self, record: Any) -> None:
        at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
        if record.topic == STATUS_TOPIC:
            self._keep(report(record.key, record.value), lambda found: self._cameras.take_report(found, at))
        elif record.topic == RESULTS_TOPIC:
            self._keep(frame_result(record.value), lambda found: self._cameras.take_seen(found, at))
        else:
            place = f"{record.topic}/{record.partition}/{record.offset}"
            picture = sent_picture(record.key, record.value, record.headers, place)
            self._keep(picture, lambda found: self._cameras.take_sent(found, at))

    def _keep(self, message: Any, take: Callable[[Any], None]) -> None:
        if message is not None:
            with self._lock:
                take(message)


def partitions(consumer: KafkaConsumer) -> list[TopicPartition]:
    """Return the partitions of the live topics, according to the consumer's metadata."""
    return [
        TopicPartition(topic, part) for topic in TOPICS for part in consumer.partitions_for_topic(topic) or ()
    ]


def assign_newest(consumer: KafkaConsumer) -> None:
    """Assign all partitions of the live topics to a consumer, a little before their ends."""
    parts = partitions(consumer)
    if not parts:
        raise KafkaError("no topics")
    consumer.assign(parts)
    first, last = consumer.beginning_offsets(parts), consumer.end_offsets(parts)
    for part in parts:
        consumer.seek(part, max(first[part], last[part] - LOOKBACK[part.topic]))
