"""The console client: follows the topic `resultstream` and shows what was found."""

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
    check_seen,
    explained,
)
from lake.storage.files import write_atomically

POLL_MS: Final = 500
CHECK_POLLS: Final = 10


def save_picture(result: dict[str, Any], pictures: Path, also: Path | None = None) -> Path | None:
    """Keep the annotated picture as `<pictures>/<camera>/result.jpg`; where it is, None without one.

    Args:
        result: as `parse_result` gives it.
        pictures: folder of a folder for each camera.
        also: where a copy of the last one goes, of whichever camera.

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
    """Device, time and number of objects, each object, then the same as sentences."""
    things = result["objects"]
    head = [printable_line(result["camera_id"]), printable_line(result.get("timestamp", "no time"))]
    if things:
        head.append("1 object" if len(things) == 1 else f"{len(things)} objects")
    found = [f"  {line(thing)}" for thing in things]
    return "\n".join([" · ".join(head), *found, f"  {' '.join(sentences(things))}"])


def as_json(result: dict[str, Any]) -> str:
    """The result as one line of JSON, without its picture."""
    return json.dumps({name: value for name, value in result.items() if name != "image"})


def connect(server: Address, *, from_beginning: bool) -> KafkaConsumer:
    """A reader of all results, of the newest on unless told.

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
        raise explained(error, server) from error
    seen = [RESULTS_TOPIC] if consumer.partitions_for_topic(RESULTS_TOPIC) else []
    try:
        check_seen(server, [RESULTS_TOPIC], seen)
    except BrokerRefusedError:
        consumer.close()
        raise
    return consumer


def _polled(consumer: Any, server: Address, say: Callable[[str], None]) -> Iterator[bytes | None]:
    """Values as they come; an empty topic and an absent broker look alike, so it is probed now and then."""
    idle, away = 0, False
    while True:
        records = consumer.poll(POLL_MS)
        for batch in records.values():
            yield from (record.value for record in batch)
        idle = 0 if records else idle + 1
        if idle % CHECK_POLLS == CHECK_POLLS - 1:
            away = _tell_change(server, say, away=away)


def _tell_change(server: Address, say: Callable[[str], None], *, away: bool) -> bool:
    try:
        check_connection(server)
    except BrokerRefusedError:
        raise
    except BrokerAwayError as error:
        if not away:
            say(f"{error}; waiting for it")
        return True
    if away:
        say("The broker is back.")
    return False


def follow(
    server: Address,
    backoff: Backoff,
    sleep: Callable[[float], object],
    say: Callable[[str], None],
    *,
    from_beginning: bool,
) -> Iterator[bytes | None]:
    """Values of the results topic for ever, waiting for a broker that is away."""
    said = False
    while True:
        try:
            consumer = connect(server, from_beginning=from_beginning)
        except BrokerAwayError as error:
            if not said:
                say(f"{error}; waiting for it")
            said = True
            sleep(REFUSED_AFTER_S if isinstance(error, BrokerRefusedError) else backoff.next())
            continue
        try:
            yield from _polled(consumer, server, say)
        except (KafkaError, BrokerRefusedError) as error:
            why = explained(error, server)
            say(f"{why}; trying again")
            sleep(REFUSED_AFTER_S if isinstance(why, BrokerRefusedError) else backoff.next())
        finally:
            consumer.close(autocommit=False)
