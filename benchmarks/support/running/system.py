"""The real system in a folder of its own: embedded Kafka, the streaming application, the Delta tables."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pyarrow.compute as pc

from benchmarks.support.running.programs import (
    PATIENCE_S,
    QUICK_TO_START,
    ROOT,
    Found,
    Program,
    free_ports,
    wait_for,
)
from benchmarks.support.running.wire import Place, Record, send
from lake.accounting.ledger import Ledger, balance
from lake.config.lake_location import LakeLocation, changed_at
from lake.config.settings import PREFIX, Settings
from lake.contracts.wire_format import FRAMES_TOPIC
from lake.kafka.broker import offsets, topic_ids
from lake.storage.delta_tables import open_table
from stack.kafka.broker import BrokerSettings, why_not_ready
from stack.kafka.topics import create_topics
from stack.programs.processes import end
from stack.programs.programs import spark_environment
from stack.provision.java import find_java
from stack.site.installation import Installation

QUICK = {
    PREFIX + "ARCHIVE_FRAMES_EVERY_SECONDS": "1",
    PREFIX + "ARCHIVE_DETECTIONS_EVERY_SECONDS": "1",
    PREFIX + "ARCHIVE_STATUS_EVERY_SECONDS": "1",
    PREFIX + "TIME_ZONE": "Europe/Berlin",
}
"""Archives that do not keep a test waiting, and a site whose local time is not UTC."""
NONE: Mapping[str, str] = {}
LOOK_EVERY_S = 0.5
"""A look at the whole tables takes processor time from the stream that is waited for."""


class Broker:
    """The embedded Kafka as a process."""

    def __init__(self, settings: BrokerSettings) -> None:
        self.settings = settings
        self.address = f"127.0.0.1:{settings.port}"
        log = settings.data / "logs" / f"{settings.folder.name}.log"
        self.program = Program(settings.command(), {**os.environ, "JDK_JAVA_OPTIONS": QUICK_TO_START}, log)

    @property
    def programs(self) -> list[Program]:
        """Processes whose logs belong to the broker."""
        return [self.program]

    @property
    def environ(self) -> dict[str, str]:
        """Settings, without their prefix, of an installation that takes this broker for its own."""
        ports = self.settings.port, self.settings.controller_port
        return dict(zip(("KAFKA_PORT", "KAFKA_CONTROLLER_PORT"), map(str, ports), strict=True))

    def start(self) -> None:
        """Start the broker and wait until it answers."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Start the broker without waiting for it."""
        self.settings.format_storage()
        self.settings.write_properties()
        self.program.start()

    def wait_ready(self) -> None:
        """Wait until the broker answers."""
        wait_for("broker that answers", lambda: not why_not_ready(self.address, self.settings.node))

    def stop(self) -> None:
        """End the broker."""
        self.program.stop()


class System:
    """A broker (lent, so that others may use it) and one streaming application that is restarted."""

    def __init__(
        self, data: Path, broker: Broker, environ: Mapping[str, str], spark: Mapping[str, str] = NONE
    ) -> None:
        scratch = data / "scratch"
        scratch.mkdir(parents=True)
        own = {"DATA": str(data), "SPARK_UI_PORT": str(free_ports(1)[0]), **broker.environ}
        foreign = (PREFIX + "KAFKA", PREFIX + "POLICY", PREFIX + "ENGINE")
        inherited = {name: value for name, value in os.environ.items() if name not in foreign}
        env = {**inherited, **QUICK, **{PREFIX + name: value for name, value in own.items()}, **environ}
        # A JVM that is killed cannot clear its own.
        properties = "".join(f" -D{name}={value}" for name, value in spark.items())
        java = f'{QUICK_TO_START}{properties} "-Djava.io.tmpdir={scratch}"'
        env |= {"TMPDIR": str(scratch), "SPARK_LOCAL_DIRS": str(scratch), "JDK_JAVA_OPTIONS": java}
        self.broker, self.data = broker, data
        self.installation = Installation.from_env(env, ROOT)
        assert self.installation.settings.kafka == broker.address
        self.lake = self.installation.settings.lake
        command = [sys.executable, "-m", "jobs.stream.run_stream"]
        self.stream = Program(command, spark_environment(self.installation), data / "logs" / "stream.log")
        self.programs = [self.stream]

    def program(self, name: str, *arguments: str) -> Program:
        """Another program of the project, in the same environment."""
        command = [sys.executable, "-m", *arguments]
        made = Program(command, self.stream.env, self.data / "logs" / f"{name}.log")
        self.programs.append(made)
        return made

    def stop(self) -> None:
        """End all programs, the last one first."""
        for program in reversed(self.programs):
            program.stop()

    # the streaming application

    def start_stream(self) -> None:
        """Start the streaming application and wait until its queries run."""
        self.stream.start()
        self.wait_running()

    def wait_running(self) -> None:
        """Until the process that runs now says that its queries do; a dead one is started again."""
        self.wait("stream that runs", lambda: self.health().get("pid") == self.stream.pid)

    def health(self) -> dict[str, Any]:
        """What the stream last wrote of its health; empty before that."""
        file = self.installation.settings.run / "stream.json"
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def tend(self) -> None:
        """What the supervisor does: start the application again once it ended."""
        if self.stream.process is not None and not self.stream.runs:
            gone = end(self.stream.tree(), 30)
            assert not gone, f"the ended stream left processes {gone} behind"
            self.stream.start()

    def wait(self, what: str, probe: Callable[[], Found | None], every_s: float = 0.1) -> Found:
        """As `wait_for`, with the supervisor at work."""

        def tended() -> Found | None:
            self.tend()
            return probe()

        return wait_for(what, tended, every_s=every_s)

    @property
    def jvm(self) -> psutil.Process:
        """The JVM of the running stream."""
        children = psutil.Process(self.stream.pid).children()
        return next(child for child in children if child.name() == "java")

    def checkpoint(self, query: str) -> LakeLocation:
        """Checkpoint folder of the query's present life."""
        return max((self.installation.settings.checkpoints / query).glob("*=*"), key=changed_at)

    # the broker

    def send(self, *records: Record) -> list[Place]:
        """Send records to the frames topic; where each was written."""
        return send(self.broker.address, records)

    @property
    def topic_id(self) -> str:
        """Id of the frames topic's present life."""
        return topic_ids(self.broker.address, [FRAMES_TOPIC])[FRAMES_TOPIC]

    def ends(self) -> dict[int, int]:
        """Next free offset of each partition, as the broker says it."""
        return {part: last for part, (_, last) in offsets(self.broker.address, FRAMES_TOPIC).items()}

    # the tables

    def rows(self, table: str, topic_id: str | None = None) -> list[dict[str, Any]]:
        """The table's rows of the topic's present life, without the pictures' bytes."""
        stored = open_table(self.lake / table)
        names = [field.name for field in stored.schema().fields if field.name != "value"]
        wanted = pc.field("topic_id") == (topic_id or self.topic_id)
        return list(stored.to_pyarrow_dataset().to_table(columns=names, filter=wanted).to_pylist())

    def outcomes(self, places: list[Place]) -> list[dict[str, Any]]:
        """The row of `detections` of each place, as soon as all are there."""

        def all_there() -> list[dict[str, Any]] | None:
            rows = {(row["partition"], row["offset"]): row for row in self.rows("detections")}
            return [rows[place] for place in places] if set(places) <= set(rows) else None

        return self.wait("outcome of every record sent", all_there, LOOK_EVERY_S)

    def ledger(self) -> Ledger:
        """Balance the broker's own offsets with the tables."""
        ends = self.ends()
        return balance(self.lake, self.topic_id, ends)

    def settle(self) -> Ledger:
        """The ledger once it balances, with the stream running; a duplicate ends the wait at once."""
        until = time.monotonic() + PATIENCE_S
        while not (ledger := self.ledger()).is_balanced:
            doubles = ledger.detections.duplicates + ledger.frames.duplicates
            assert not doubles, str(ledger)
            assert time.monotonic() < until, str(ledger)
            self.tend()
            time.sleep(LOOK_EVERY_S)
        self.wait_running()
        return ledger


def start_broker(data: Path, home: Path) -> Broker:
    """A broker with the topics of the contract."""
    port, controller = free_ports(2)
    java = find_java(home, os.environ)
    broker = Broker(BrokerSettings(port, controller, data, home / "jars" / "kafka", java))
    try:
        broker.start()
        create_topics(broker.address)
    except BaseException:
        broker.stop()
        raise
    return broker


@contextmanager
def running_broker(data: Path) -> Iterator[Broker]:
    """The same on the provisioned cache, ended for good."""
    started = start_broker(data, Settings.from_env(os.environ).home)
    try:
        yield started
    finally:
        started.stop()


def last_words(fixtures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and end of the log of every program of the systems among a test's fixtures."""
    systems = {id(made): made for made in fixtures.values() if isinstance(made, System)}
    programs = [one for made in systems.values() for one in (*made.programs, *made.broker.programs)]
    return [(str(program.log), program.tail()) for program in programs]
