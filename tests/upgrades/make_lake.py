"""Makes the fixture of an upgrade: a small data folder, written by another commit of the project.

    git worktree add ../old COMMIT && ln -s "$PWD/.venv" ../old/.venv
    .venv/bin/python -m tests.upgrades.make_lake ../old COMMIT

starts that commit's own system by its own command, on real engines and free ports, and lets it take in
frames of every kind, count, publish and hold. What it leaves becomes
`tests/upgrades/COMMIT/data.tar.xz`; what it answered to SQL, `contents.json` beside it. It knows that commit
by its commands, topics and tables alone, so it imports nothing of the project. See docs/upgrading.md.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import os
import re
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import cv2
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

PREFIX: Final = "PYCTURESTREAM_"
PORTS: Final = (
    "KAFKA_PORT",
    "KAFKA_CONTROLLER_PORT",
    "SPARK_UI_PORT",
    "AIRFLOW_PORT",
    "AIRFLOW_LOGS_PORT",
    "DASHBOARD_PORT",
)
FRAMES: Final = "pycturestream"
ZONE: Final = "Europe/Berlin"
USER, PASSWORD = "ada", "made up for a test"
ANSWER_TIMEOUT_S: Final = 900.0
CLIP_FRAMES: Final = (110, 120, 130, 190)
"""Of the demo clip, with a person on each."""
STALE_AFTER_S: Final = 40
"""A busy machine takes more than the usual 5 s to load the model."""
HOUR: Final = timedelta(hours=1)
PUBLISHED, HELD, OPEN = 4, 5, 6
"""So many hours ago are the hours of which one is published, one held, and one left alone."""
EVENTS, DEMO = timedelta(days=11), timedelta(days=13)
"""So long ago are the imported events and the end of the synthetic history."""
LEFT_OUT: Final = re.compile(
    r"^logs/|^run/(supervisord\.conf|shipped|spark-conf)|^kafka/\w+\.properties$|\.(lock|sock|pid)$|key$"
)
"""Files of processes and of the machine, and what is secret."""
TABLES_SQL: Final = "SHOW TABLES"


@dataclass(frozen=True)
class Record:
    """What is sent to the topic of frames."""

    value: bytes
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = field(default_factory=list)


def main(argv: Sequence[str]) -> None:
    """Make the fixture of one commit."""
    parser = argparse.ArgumentParser(prog="python -m tests.upgrades.make_lake", description=__doc__)
    parser.add_argument("checkout", type=Path, help="checkout of the commit, with its environment in .venv")
    parser.add_argument("name", help="name of the commit, and of the fixture's folder")
    given = parser.parse_args(argv)
    folder = Path(__file__).parent / given.name
    with tempfile.TemporaryDirectory(prefix="old-lake-") as data:
        old = OldSystem(given.checkout.resolve(), Path(data) / "var")
        made_at, ends = fill(old)
        answers = old.contents()
        folder.mkdir(exist_ok=True)
        pack(old.data, folder / "data.tar.xz")
    truth = {
        "commit": given.name,
        "made_at": said(made_at),
        "ends": ends,
        "zone": ZONE,
        "user": [USER, PASSWORD],
        **answers,
    }
    (folder / "contents.json").write_text(json.dumps(truth, indent=1, sort_keys=True) + "\n")


class OldSystem:
    """The commit's system, driven by its command line."""

    def __init__(self, checkout: Path, data: Path) -> None:
        self.checkout, self.data = checkout, data
        ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
        self.kafka = f"127.0.0.1:{ports['KAFKA_PORT']}"
        small = {"CAPTURE_WIDTH": "160", "CAPTURE_HEIGHT": "120", "STALE_AFTER_SECONDS": str(STALE_AFTER_S)}
        own = {"DATA": str(data), "TIME_ZONE": ZONE, **ports, **small}
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(PREFIX)}
        quick = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
        self.env = inherited | quick | {PREFIX + name: text for name, text in own.items()}

    def command(self, *arguments: str, text: str = "", may_fail: bool = False) -> str:
        """Standard output of `pycturestream`."""
        began = time.monotonic()
        done = subprocess.run(
            [str(self.checkout / "pycturestream"), *arguments], env=self.env, input=text, text=True,
            capture_output=True, check=False, timeout=ANSWER_TIMEOUT_S,
        )  # fmt: skip
        sys.stderr.write(f"{' '.join(arguments[:3])}: {time.monotonic() - began:.0f} s, {done.returncode}\n")
        if done.returncode and not may_fail:
            raise RuntimeError(f"{arguments}: {done.stdout}\n{done.stderr}")
        return done.stdout

    def supervise(self, order: str, program: str) -> None:
        """Stop or start one program of the running system."""
        config = str(self.data / "run" / "supervisord.conf")
        command = [sys.executable, "-m", "supervisor.supervisorctl", "-c", config, order, program]
        subprocess.run(command, check=True, capture_output=True)

    def send(self, *records: Record) -> None:
        """Send frames one after the other, all to the first partition."""
        producer = KafkaProducer(bootstrap_servers=self.kafka, acks="all")
        for record in records:
            producer.send(FRAMES, record.value, record.key, list(record.headers), partition=0).get(timeout=30)
        producer.close(10)

    def ends(self) -> dict[int, int]:
        """Next free offset of each partition."""
        consumer = KafkaConsumer(bootstrap_servers=self.kafka)
        parts = [TopicPartition(FRAMES, part) for part in sorted(consumer.partitions_for_topic(FRAMES) or ())]
        found = {part.partition: end for part, end in consumer.end_offsets(parts).items()}
        consumer.close()
        return found

    def settle(self, expired: int = 0) -> None:
        """Wait until both archives hold every record but the expired ones."""

        def archived() -> bool:
            wanted = sum(self.ends().values()) - expired
            return all(self.count(table) >= wanted for table in ("frames", "detections"))

        wait_for("archive of every record", archived)

    def count(self, table: str) -> int:
        """Records that a table tells of."""
        try:
            rows = self.table(table).to_pyarrow_dataset().to_table(columns=["topic", "partition", "offset"])
        except (OSError, ValueError, KeyError, RuntimeError):
            return -1
        return len({tuple(row.values()) for row in rows.to_pylist() if row["topic"] == FRAMES})

    def column(self, table: str, name: str) -> set[Any]:
        """The values of a column."""
        return set(self.table(table).to_pyarrow_table(columns=[name])[name].to_pylist())

    def detected_live(self) -> set[str]:
        """Cameras of which the stream analysed a frame."""
        rows = self.table("detections").to_pyarrow_table(columns=["camera_id", "status"]).to_pylist()
        return {row["camera_id"] for row in rows if row["status"] == "detected"}

    def table(self, name: str) -> DeltaTable:
        """A table of the lake."""
        return DeltaTable(str(self.data / "lake" / name))

    def ask(self, *statements: str) -> list[list[dict[str, Any]]]:
        """Rows of each statement, by that commit's own Spark SQL."""
        script = "".join(f"{statement};\n" for statement in (*statements, "quit"))
        text = self.command("sql", "--format", "json", text=script)
        return [json.loads(line[line.index("[") :]) for line in text.splitlines() if line.endswith("]")]

    def contents(self) -> dict[str, Any]:
        """What the lake holds, by its own words: rows and a digest of each table and view, and some sums."""
        [listed] = self.ask(TABLES_SQL)
        names = sorted(row["tableName"] for row in listed)
        questions = {name: f"SELECT * FROM {name}" for name in names} | SUMS
        found = dict(zip(questions, self.ask(*questions.values()), strict=True))
        return {
            "relations": {name: describe(found[name]) for name in names},
            "tables": [name for name in names if (self.data / "lake" / name).is_dir()],
            "questions": SUMS,
            "sums": {name: found[name] for name in SUMS},
        }


SUMS: Final = {
    "objects_by_label_and_hour": (
        "SELECT label, date_trunc('HOUR', observed_at) AS hour, state, count(*) AS n FROM objects"
        " GROUP BY ALL ORDER BY hour, label, state"
    ),
    "ledger_totals": (
        "SELECT sum(archived) AS archived, sum(detected) AS detected, sum(skipped) AS skipped,"
        " sum(quarantined) AS quarantined, sum(expired) AS expired, sum(unaccounted) AS unaccounted"
        f" FROM ledger WHERE topic = '{FRAMES}'"
    ),
    "decisions": ("SELECT hour, camera_id, state FROM publication_states ORDER BY hour, camera_id"),
    "quality_by_expectation": (
        "SELECT expectation, severity, success, count(*) AS n FROM quality_results GROUP BY ALL"
        " ORDER BY expectation, success"
    ),
}


def describe(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Number, columns and digest of rows, whatever their order."""
    columns = sorted(rows[0]) if rows else []
    return {"rows": len(rows), "columns": columns, "sha256": digest(rows, columns)}


def digest(rows: list[dict[str, Any]], columns: list[str]) -> str:
    """SHA-256 of these columns of the rows; numbers to six digits, since sums depend on the order."""
    lines = sorted(json.dumps([rounded(row[name]) for name in columns]) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def rounded(value: Any) -> Any:
    """The value, with each fraction in it to six significant digits."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {name: rounded(item) for name, item in sorted(value.items())}
    return value


def fill(old: OldSystem) -> tuple[datetime, dict[int, int]]:
    """Everything that the fixture shows; when it was complete, UTC, and the broker's end offsets."""
    jpegs = small_pictures(old)
    old.command("camera", "add", "yard", "--source", "test", "--interval", "4", "--name", "The yard",
                "--place", "Behind the house", "--time-zone", ZONE)  # fmt: skip
    old.command("camera", "remove", "demo")
    old.command("user", "add", USER, "--role", "admin", "--password-stdin", text=f"{PASSWORD}\n")
    old.command("up", "--no-airflow")
    try:
        return fill_running(old, jpegs)
    finally:
        old.command("down")


def fill_running(old: OldSystem, jpegs: list[bytes]) -> tuple[datetime, dict[int, int]]:
    """The same, while the system runs."""
    now = datetime.now(UTC)
    full = now.replace(minute=0, second=0, microsecond=0)
    past = [
        old_frame(jpeg, "door", full - ago * HOUR + timedelta(minutes=7 * number))
        for ago in (PUBLISHED, HELD, OPEN)
        for number, jpeg in enumerate(jpegs)
    ]
    old.send(*past)
    wait_for("live detection", lambda: "yard" in old.detected_live())
    old.supervise("stop", "capture")
    for number, jpeg in enumerate(jpegs):
        old.send(new_frame(jpeg, number))
        time.sleep(2)
    old.send(*strange_frames(jpegs[0]))
    old.settle()
    lost = lose_some(old, jpegs[1])
    old.command("batch", "hour", said(full - PUBLISHED * HOUR))
    old.command("batch", "hour", said(full - HELD * HOUR))
    poison(old, full - HELD * HOUR)
    old.command("batch", "hour", said(full - HELD * HOUR), may_fail=True)
    old.command("demo-events", "--seed", "7", "--days", "1", "--cameras", "1", "--objects", "60",
                "--end", said(full - DEMO))  # fmt: skip
    import_events(old, full - EVENTS)
    old.settle(lost)
    wait_for("end of the camera", lambda: "ended" in old.column("camera_status", "state"))
    return datetime.now(UTC), old.ends()


def old_frame(jpeg: bytes, camera: str, moment: datetime) -> Record:
    """A frame of the first version's client: JSON with the site's time without a zone."""
    local = moment.astimezone(ZoneInfo(ZONE)).replace(tzinfo=None).isoformat()
    value = {"image": base64.b64encode(jpeg).decode(), "timestamp": local, "camera_id": camera}
    return Record(json.dumps(value).encode())


def new_frame(jpeg: bytes, sequence: int, waited_s: float = 0.0, **headers: str) -> Record:
    """A frame as the agent sends it, which waited so long at the agent."""
    now = datetime.now(UTC)
    known: dict[str, object] = {
        "schema": "frame/1", "frame_id": f"gate/5e5510/{sequence}", "session": "5e5510", "sequence": sequence,
        "captured_at": said(now - timedelta(seconds=waited_s)), "sent_at": said(now), "width": 160,
        "height": 120,
    }  # fmt: skip
    return Record(jpeg, b"gate", [(name, str(text).encode()) for name, text in (known | headers).items()])


def strange_frames(jpeg: bytes) -> list[Record]:
    """Stale, sent twice, replayed, corrupt, and no frame at all."""
    return [
        new_frame(jpeg, 90, waited_s=3 * STALE_AFTER_S),
        new_frame(jpeg, 0),
        new_frame(jpeg, 91, replay_id="rehearsal"),
        new_frame(jpeg[:200] + bytes(400), 92),
        Record(b"no frame", None),
    ]


def lose_some(old: OldSystem, jpeg: bytes) -> int:
    """Let the broker drop records before the stream reads them; how many."""
    old.supervise("stop", "stream")
    before = old.ends()[0]
    old.send(*(new_frame(jpeg, 100 + number) for number in range(3)))
    admin = KafkaAdminClient(bootstrap_servers=old.kafka)
    admin.delete_records({TopicPartition(FRAMES, 0): before + 3})
    admin.close()
    old.supervise("start", "stream")
    old.send(new_frame(jpeg, 110))
    old.settle(3)
    return 3


def poison(old: OldSystem, hour: datetime) -> None:
    """What the batch layer found in that hour gets a score that no model gives."""
    stored = old.table("detections")
    where = f"layer = 'batch' AND observed_at >= '{said(hour)}' AND observed_at < '{said(hour + HOUR)}'"
    rows = [
        row
        for row in stored.to_pyarrow_table().to_pylist()
        if row["layer"] == "batch" and hour <= row["observed_at"] < hour + HOUR
    ]
    stored.delete(where)
    bad = [{**row, "objects": [{**one, "score": 7.0} for one in row["objects"] or ()]} for row in rows]
    write_deltalake(stored, pa.Table.from_pylist(bad, pa.schema(stored.schema().to_arrow())), mode="append")


def import_events(old: OldSystem, hour: datetime) -> None:
    """An event file of the first version, of that hour."""
    local = hour.astimezone(ZoneInfo(ZONE))
    rows = [
        {"event_type": label, "timestamp": f"{local:%Y-%m-%dT%H}:{clock}", "camera_id": "porch"}
        for label, clock in (("person", "15:01"), ("dog", "15:01"), ("Nothing detected", "30:00"))
    ]
    file = old.data / "events.json"
    file.write_text(json.dumps(rows))
    old.command("events", "import", str(file))
    file.unlink()


def small_pictures(old: OldSystem) -> list[bytes]:
    """JPEGs of 160 by 120 out of the demo clip, 4 KB each."""
    clips = Path(old.env.get(f"{PREFIX}HOME", "~/.cache/pycturestream")).expanduser() / "clips"
    film = cv2.VideoCapture(str(clips / "bikes.mp4"))
    frames = {number: film.retrieve()[1] for number in range(CLIP_FRAMES[-1] + 1) if film.grab()}
    film.release()
    cut = (cv2.resize(frames[number][:, 140:502], (160, 120), interpolation=cv2.INTER_AREA)
           for number in CLIP_FRAMES)  # fmt: skip
    return [bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 75])[1]) for picture in cut]


def pack(data: Path, archive: Path) -> None:
    """Compress the folder without what belongs to processes or to the machine."""
    with tarfile.open(archive, "w:xz", preset=9) as tar:
        for path in sorted(data.rglob("*")):
            name = str(path.relative_to(data))
            if path.is_file() and not LEFT_OUT.search(name):
                content = without_folder(path, data)
                if any(word in content for word in private_words(data)):
                    sys.stderr.write(f"left out, since it names this machine: {name}\n")
                else:
                    member = tarfile.TarInfo(name)
                    member.size, member.mtime = len(content), int(path.stat().st_mtime)
                    tar.addfile(member, io.BytesIO(content))
    sys.stderr.write(f"{archive}: {archive.stat().st_size:,} bytes\n")


def without_folder(path: Path, data: Path) -> bytes:
    """What the file holds; a table's log says where the table was made, which no reader asks."""
    content = path.read_bytes()
    is_log = path.parent.name == "_delta_log" and path.suffix == ".json"
    return content.replace(str(data).encode(), b"/srv/pycturestream") if is_log else content


def private_words(data: Path) -> Iterator[bytes]:
    """What no file of the fixture may name."""
    for word in (str(data.parent), str(Path.home()), str(Path(__file__).parents[2])):
        yield word.encode()


def said(moment: datetime) -> str:
    """RFC 3339 in UTC; whole seconds without a fraction."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def wait_for(what: str, probe: Callable[[], bool], timeout_s: float = 300.0) -> None:
    """Ask again and again."""
    until = time.monotonic() + timeout_s
    while not probe():
        if time.monotonic() > until:
            raise RuntimeError(f"no {what} within {timeout_s:g} s")
        time.sleep(1)


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody uses now."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


if __name__ == "__main__":
    main(sys.argv[1:])
