"""Follows the topic `resultstream` and formats its results."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from kafka import KafkaConsumer
from kafka.errors import KafkaError

from capture.publish.backoff import Backoff
from lake.config.kafka_address import Address, client_options
from lake.contracts.result_message import picture_of
from lake.contracts.sentences import line, printable_line, sentences
from lake.contracts.wire_format import MAX_MESSAGE_BYTES, RESULTS_TOPIC, check_camera_id
from lake.kafka.client import (
    REFUSED_AFTER_S,
    BrokerAwayError,
    BrokerRefusedError,
    check_connection,
    check_visible,
    translate_error,
)
from lake.storage.files import write_atomically

POLL_MS: Final = 500
CHECK_POLLS: Final = 10


def save_picture(result: dict[str, Any], pictures: Path, also: Path | None = None) -> Path | None:
    """Save the annotated picture as `<pictures>/<camera>/result.jpg`; return its path or None.

    Args:
        result: as `parse_result` returns it.
        pictures: folder with a folder for each camera.
        also: path of a copy of the last one of any camera.

    Raises:
        OSError: it cannot be written.
    """
    picture = picture_of(result)
    if picture is None:
        return None
    path = pictures / check_camera_id(result["camera_id"]) / "result.jpg"
    for target in (path, also):
        if target is not None:
            write_atomically(target, picture)
    return path


def as_text(result: dict[str, Any]) -> str:
    """Format a result: camera, time and number of objects, each object, then sentences."""
    objects = result["objects"]
    head = [printable_line(result["camera_id"]), printable_line(result.get("timestamp", "no time"))]
    if objects:
        head.append("1 object" if len(objects) == 1 else f"{len(objects)} objects")
    lines = [f"  {line(detected)}" for detected in objects]
    return "\n".join([" · ".join(head), *lines, f"  {' '.join(sentences(objects))}"])


def as_json(result: dict[str, Any]) -> str:
    """Return the result as one line of JSON, without its picture."""
    return json.dumps({name: value for name, value in result.items() if name != "image"})


def connect(server: Address, *, from_beginning: bool) -> KafkaConsumer:
    """Create a consumer of the results, from now on unless `from_beginning`.

    Raises:
        BrokerAwayError: no broker answers.
    """
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    check_connection(server)
    try:
        consumer = KafkaConsumer(
            RESULTS_TOPIC,
            **client_options(server),
            client_id="pycturestream-results",
            group_id=None,
            auto_offset_reset="earliest" if from_beginning else "latest",
            bootstrap_timeout_ms=5_000,
            reconnect_backoff_max_ms=1_000,
            max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
            metadata_max_age_ms=30_000,
        )
    except KafkaError as error:
        raise translate_error(error, server) from error
    topics = [RESULTS_TOPIC] if consumer.partitions_for_topic(RESULTS_TOPIC) else []
    try:
        check_visible(server, [RESULTS_TOPIC], topics)
    except BrokerRefusedError:
        consumer.close()
        raise
    return consumer


def _poll(consumer: Any, server: Address, notify: Callable[[str], None]) -> Iterator[bytes | None]:
    """Yield values as they come; an empty topic and an absent broker look alike, so probe it now and then."""
    idle, away = 0, False
    while True:
        records = consumer.poll(POLL_MS)
        for batch in records.values():
            yield from (record.value for record in batch)
        idle = 0 if records else idle + 1
        if idle % CHECK_POLLS == CHECK_POLLS - 1:
            away = _report_change(server, notify, away=away)


def _report_change(server: Address, notify: Callable[[str], None], *, away: bool) -> bool:
    try:
        check_connection(server)
    except BrokerRefusedError:
        raise
    except BrokerAwayError as error:
        if not away:
            notify(f"{error}; waiting for it")
        return True
    if away:
        notify("The broker is back.")
    return False


def follow(
    server: Address,
    backoff: Backoff,
    sleep: Callable[[float], object],
    notify: Callable[[str], None],
    *,
    from_beginning: bool,
) -> Iterator[bytes | None]:
    """Yield values of the results topic forever, waiting for a broker that is away."""
    notified = False
    while True:
        try:
            consumer = connect(server, from_beginning=from_beginning)
        except BrokerAwayError as error:
            if not notified:
                notify(f"{error}; waiting for it")
            notified = True
            sleep(REFUSED_AFTER_S if isinstance(error, BrokerRefusedError) else backoff.next())
            continue
        try:
            yield from _poll(consumer, server, notify)
        except (KafkaError, BrokerRefusedError) as error:
            reason = translate_error(error, server)
            notify(f"{reason}; trying again")
            sleep(REFUSED_AFTER_S if isinstance(reason, BrokerRefusedError) else backoff.next())
        finally:
            consumer.close(autocommit=False)
