"""The streaming application: detect_objects and three archives in one Spark.

It ends when a query fails or a topic was recreated, with a sentence and a non-zero status; its supervisor
restarts it, and each query resumes at its checkpoint.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import FrameType

from filelock import BaseFileLock, FileLock, Timeout
from py4j.protocol import Py4JError
from pyspark.sql import SparkSession

from jobs.detector.executor_files import ship_detector
from jobs.detector.model_manifest import ModelFilesError
from jobs.frames.detector_run import describe_run, record_run
from jobs.frames.outcome_messages import RunDescription
from jobs.stream.checkpoints import checkpoint_of, last_life, unread_ranges
from jobs.stream.disk_guard import DiskGuard
from jobs.stream.health import StreamHealth, last_known_ends
from jobs.stream.kafka_errors import refusal_reason
from jobs.stream.lost_offsets import LostOffsets
from jobs.stream.progress import recorded_progress
from jobs.stream.queries import READS, Queries, StartedQuery
from jobs.stream.settings import StreamSettings
from lake.config.kafka_address import Address
from lake.config.settings import SettingError
from lake.config.sources import load_configuration
from lake.contracts.clock import utc_now
from lake.contracts.wire_format import FRAMES_TOPIC, OUTCOMES_TOPIC, RESULTS_TOPIC, STATUS_TOPIC
from lake.kafka.broker import TopicMissingError, check_rights, topic_ids
from lake.kafka.client import REFUSED_AFTER_S, BrokerAwayError, BrokerRefusedError
from lake.spark.session import SparkUnavailableError, open_session
from lake.storage.tables import Lake

TOPICS = (FRAMES_TOPIC, RESULTS_TOPIC, OUTCOMES_TOPIC, STATUS_TOPIC)
WRITTEN = (RESULTS_TOPIC, OUTCOMES_TOPIC)
RIGHTS = {topic: ("READ", "WRITE") if topic in WRITTEN else ("READ",) for topic in TOPICS}
TOPIC_CHECK_INTERVAL_S = 5.0

JVM_GONE = (Py4JError, ConnectionError)
Clock = Callable[[], datetime]

log = logging.getLogger("stream")


class StreamEndedError(RuntimeError):
    """The application cannot continue and has to be restarted."""


class StopRequestedError(Exception):
    """A signal told the application to stop."""


def run(
    spark: SparkSession, settings: StreamSettings, ids: Mapping[str, str], now: Callable[[], datetime]
) -> None:
    """Start the queries and watch them until one fails or the topics change.

    Raises:
        StreamEndedError: a query failed, or a topic was made anew.
        StopRequestedError: a signal told it to stop.
        ModelFilesError: the model differs from its manifest, here or on an executor.
    """
    lake = Lake(settings.shared.lake)
    lake.create(spark)
    shared = settings.shared
    detector_run = RunDescription(str(uuid.uuid4()), "speed", shared.time_zone, shared.report_threshold)
    run_columns = describe_run(settings.detector, settings.factory, settings.policy, detector_run)
    record_run(lake, detector_run, run_columns, now())
    _record_unread(settings, lake, ids, now)
    shipped = ship_detector(spark.sparkContext, settings.detector, shared.run / "shipped")
    settings = replace(settings, detector=shipped)
    disk_guard = DiskGuard(lake.root if isinstance(lake.root, Path) else shared.data, settings.min_free_bytes)
    health = StreamHealth(settings.health, detector_run.run_id, spark.sparkContext.uiWebUrl, disk_guard)
    with recorded_progress(spark, lake.root, detector_run.run_id):
        queries = Queries(spark, settings, lake, detector_run, disk_guard, ids, now).start()
        log.info(
            "detecting with %s, policy %s, as run %s",
            run_columns["engine"],
            run_columns["policy"],
            detector_run.run_id,
        )
        try:
            _watch(queries, health, settings, ids, now)
        finally:
            disk_guard.stopping.set()
            with suppress(*JVM_GONE):
                for started in queries:
                    started.query.stop()


def _record_unread(
    settings: StreamSettings,
    lake: Lake,
    ids: Mapping[str, str],
    now: Clock,
) -> None:
    """Record for each recreated topic the offsets of the old one that a query had not read."""
    for query, topics in READS.items():
        current = {topic: ids[topic] for topic in topics}
        life = last_life(settings.shared.checkpoints, query, current)
        if life is None:
            continue
        log.warning("%s: %s was made anew; reading it from its beginning", query, " or ".join(topics))
        gaps = LostOffsets(lake, query, life.topic_ids, life.folder)
        left = unread_ranges(life, current, last_known_ends(settings.health, query))
        gaps.record(left, "recreated", now(), 0)
        checkpoint_of(settings.shared.checkpoints, query, current).mkdir(parents=True)


def _watch(
    queries: list[StartedQuery],
    health: StreamHealth,
    settings: StreamSettings,
    ids: Mapping[str, str],
    now: Clock,
) -> None:
    next_check = time.monotonic() + TOPIC_CHECK_INTERVAL_S
    while True:
        health.write(queries, now())
        for started in queries:
            if not started.query.isActive:
                raise StreamEndedError(_failure_message(started, settings.shared.broker))
        if time.monotonic() > next_check:
            next_check = time.monotonic() + _check_topics(settings.shared.broker, ids)
        time.sleep(1)


def _failure_message(started: StartedQuery, kafka: Address) -> str:
    error = str(started.query.exception())
    return f"query {started.name} failed: {refusal_reason(error, kafka) or error}"


def _check_topics(kafka: Address, ids: Mapping[str, str]) -> float:
    """Check that the topics are the same; return seconds until the next check."""
    try:
        changed = [topic for topic, topic_id in topic_ids(kafka, ids).items() if ids[topic] != topic_id]
    except (BrokerAwayError, TopicMissingError) as error:
        log.warning("%s", error)
        return REFUSED_AFTER_S if isinstance(error, BrokerRefusedError) else TOPIC_CHECK_INTERVAL_S
    if changed:
        raise StreamEndedError(f"topic {', '.join(changed)} was made anew: starting again from its beginning")
    return TOPIC_CHECK_INTERVAL_S


def wait_for_topics(kafka: Address) -> dict[str, str]:
    """Wait for a broker that has the topics and lets this program use them; return the topics' UUIDs."""
    last_message = ""
    while True:
        try:
            check_rights(kafka, RIGHTS)
            return topic_ids(kafka, TOPICS)
        except (BrokerAwayError, TopicMissingError) as error:
            refused = isinstance(error, BrokerRefusedError)
            if str(error) != last_message:
                log.log(logging.ERROR if refused else logging.INFO, "waiting: %s", error)
            last_message = str(error)
            time.sleep(REFUSED_AFTER_S if refused else 1)


def _acquire_lock(settings: StreamSettings) -> BaseFileLock:
    """Acquire the lock against a second application on the same checkpoints.

    Raises:
        StreamEndedError: another one runs, and does not end within half a minute.
    """
    settings.shared.run.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.shared.run / "stream.lock", timeout=30)
    try:
        lock.acquire()
    except Timeout as error:
        raise StreamEndedError(
            f"another stream works on {settings.shared.data}: ./pycturestream down"
        ) from error
    return lock


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise StopRequestedError


def main(env: Mapping[str, str]) -> int:
    """Read the settings, start Spark, and run until the end; return the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)sZ %(levelname)s %(message)s")
    logging.Formatter.converter = time.gmtime
    logging.getLogger("kafka").setLevel(logging.ERROR)
    signal.signal(signal.SIGTERM, _stop)
    try:
        settings = StreamSettings.from_env(env)
        with _acquire_lock(settings):
            spark = open_session(env, "PyctureStream", settings.master, settings.spark_conf())
            run(spark, settings, wait_for_topics(settings.shared.broker), utc_now)
    except (StreamEndedError, SettingError, SparkUnavailableError, ModelFilesError) as error:
        log.error("%s", error)
        return 1
    except JVM_GONE as error:
        log.error("Spark's JVM is gone: %s", error)
        return 1
    except (StopRequestedError, KeyboardInterrupt):
        log.info("stopped as asked")
    return 0


if __name__ == "__main__":
    load_configuration()
    sys.exit(main(os.environ))
