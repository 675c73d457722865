"""One broker or three: properties, ports, copies, and that a cluster's size stays."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from lake.config.kafka_address import Address
from lake.config.settings import SettingError
from stack.kafka.broker import BrokerSettings, list_properties
from stack.kafka.probe import lagging_copies
from stack.kafka.topics import few_copies
from stack.operations.startup import bring_up
from stack.programs.health import health_problem
from stack.programs.programs import NAMES, SPARKS, names
from stack.site.installation import Installation
from stack.site.kafka_cluster import ClusterSizeError, check_size, find_cluster
from stack.site.ports import ports_needed
from tests.stack.operations.test_startup import Lines
from tests.stack.operations.test_status import NOON, FixedClock

THREE = {"PYCTURESTREAM_KAFKA_BROKERS": "3"}
AIRFLOW = ["airflow-api", "airflow-scheduler", "airflow-dags", "airflow-triggerer", "airflow-logs"]
OTHERS = ["stream", *AIRFLOW, "dashboard", "capture"]


def broker(data: Path, node: int = 1, quorum: tuple[int, ...] = ()) -> BrokerSettings:
    return BrokerSettings(9000 + node, 9100 + node, data, Path("/j"), Path("/java"), node=node, quorum=quorum)


def test_each_of_three_brokers_has_its_own_name_folder_and_ports_and_knows_all_voters() -> None:
    made = [broker(Path("/d"), node, (9101, 9102, 9103)) for node in (1, 2, 3)]
    assert [str(one.folder) for one in made] == ["/d/kafka", "/d/kafka-2", "/d/kafka-3"]
    told = [list_properties(one) for one in made]
    assert [one["node.id"] for one in told] == [1, 2, 3]
    assert [one["advertised.listeners"] for one in told] == [
        "PLAINTEXT://127.0.0.1:9001",
        "PLAINTEXT://127.0.0.1:9002",
        "PLAINTEXT://127.0.0.1:9003",
    ]
    voters = "1@127.0.0.1:9101,2@127.0.0.1:9102,3@127.0.0.1:9103"
    assert {one["controller.quorum.voters"] for one in told} == {voters}


def test_three_brokers_differ_from_one_in_their_copies_alone() -> None:
    one, three = (list_properties(broker(Path("/d"), 1, quorum)) for quorum in ((), (9101, 9102, 9103)))
    assert {name: (one.get(name), value) for name, value in three.items() if one.get(name) != value} == {
        "default.replication.factor": (1, 3),
        "min.insync.replicas": (1, 2),
        "offsets.topic.replication.factor": (1, 3),
        "transaction.state.log.replication.factor": (1, 3),
        "transaction.state.log.min.isr": (1, 2),
        "share.coordinator.state.topic.replication.factor": (1, 3),
        "share.coordinator.state.topic.min.isr": (1, 2),
        "controlled.shutdown.enable": (None, "false"),
        "controller.quorum.voters": (
            "1@127.0.0.1:9101",
            "1@127.0.0.1:9101,2@127.0.0.1:9102,3@127.0.0.1:9103",
        ),
    }


@pytest.mark.parametrize(
    ("present", "asked"), [((9101,), 3), ((9101, 9102, 9103), 1)], ids=["from 1 to 3", "from 3 to 1"]
)
def test_a_cluster_of_another_size_is_refused_and_may_start_as_it_is(
    tmp_path: Path, present: tuple[int, ...], asked: int
) -> None:
    check_size(tmp_path, asked)
    first = broker(tmp_path, 1, present)
    first.write_properties()
    check_size(tmp_path, asked)  # nothing was formatted yet
    (first.folder / "logs").mkdir()
    (first.folder / "logs" / "meta.properties").write_text("cluster.id=x\n")
    check_size(tmp_path, len(present))
    with pytest.raises(ClusterSizeError) as refused:
        check_size(tmp_path, asked)
    assert str(refused.value) == (
        f"PYCTURESTREAM_KAFKA_BROKERS={asked}, but {first.folder} belongs to a Kafka of {len(present)}, whose"
        f" size cannot change: set it to {len(present)}, or PYCTURESTREAM_DATA to an empty folder"
    )


def test_a_broker_that_lost_its_folder_joins_its_cluster_again(tmp_path: Path) -> None:
    assert find_cluster(tmp_path, 3) is None
    (tmp_path / "kafka-2" / "logs").mkdir(parents=True)
    (tmp_path / "kafka-2" / "logs" / "meta.properties").write_text(
        "version=1\ncluster.id=Wk3_-x\nnode.id=2\n"
    )
    assert (find_cluster(tmp_path, 3), find_cluster(tmp_path, 1)) == ("Wk3_-x", None)


def test_three_brokers_are_known_to_every_client_by_the_list_of_their_addresses(tmp_path: Path) -> None:
    here = Installation.from_env(THREE | {"PYCTURESTREAM_KAFKA_PORT_3": "19096"}, tmp_path)
    assert here.settings.kafka == "127.0.0.1:9092,127.0.0.1:9094,127.0.0.1:19096"
    again = Installation.from_env(
        THREE | here.settings.to_env() | {"PYCTURESTREAM_KAFKA_PORT_3": "19096"}, tmp_path
    )
    assert (again.brokers, again.settings) == (here.brokers, here.settings)


@pytest.mark.parametrize(
    ("env", "running"),
    [
        ({}, ["kafka", *OTHERS]),
        (THREE, ["kafka", "kafka-2", "kafka-3", *OTHERS]),
        (THREE | {"PYCTURESTREAM_KAFKA": "broker.example:9092"}, OTHERS),
    ],
)
def test_as_many_brokers_run_as_are_ours(tmp_path: Path, env: dict[str, str], running: list[str]) -> None:
    assert names(Installation.from_env(env, tmp_path)) == running
    assert [name for name in NAMES if name not in SPARKS] == ["kafka", "kafka-2", "kafka-3", *OTHERS]


def test_every_port_of_three_brokers_is_looked_at_under_the_setting_that_moves_it(tmp_path: Path) -> None:
    needed = ports_needed(Installation.from_env(THREE, tmp_path), airflow=False)
    assert {re.sub("^PYCTURESTREAM_", "", name): port for name, port in needed.items()} == {
        "SPARK_UI_PORT": 4040,
        "DASHBOARD_PORT": 8078,
        "KAFKA_PORT": 9092,
        "KAFKA_CONTROLLER_PORT": 9093,
        "KAFKA_PORT_2": 9094,
        "KAFKA_CONTROLLER_PORT_2": 9095,
        "KAFKA_PORT_3": 9096,
        "KAFKA_CONTROLLER_PORT_3": 9097,
    }


def test_a_port_of_a_broker_that_does_not_run_may_be_anothers(tmp_path: Path) -> None:
    moved = {"PYCTURESTREAM_DASHBOARD_PORT": "9094"}
    assert Installation.from_env(moved, tmp_path).dashboard_port == 9094
    with pytest.raises(SettingError, match=r"PYCTURESTREAM_KAFKA_PORT_2.* must differ"):
        Installation.from_env(moved | THREE, tmp_path)


@pytest.mark.parametrize(
    ("env", "copies"),
    [
        ({}, 1),
        (THREE, 3),
        (THREE | {"PYCTURESTREAM_KAFKA_REPLICATION": "2"}, 2),
        ({"PYCTURESTREAM_KAFKA": "broker.example:9092"}, None),
        ({"PYCTURESTREAM_KAFKA": "broker.example:9092", "PYCTURESTREAM_KAFKA_REPLICATION": "3"}, 3),
    ],
)
def test_topics_have_a_copy_on_each_embedded_broker_unless_told(
    tmp_path: Path, env: dict[str, str], copies: int | None
) -> None:
    assert Installation.from_env(env, tmp_path).copies == copies


@pytest.mark.parametrize(
    ("env", "cure"),
    [
        ({"PYCTURESTREAM_KAFKA_BROKERS": "2"}, "PYCTURESTREAM_KAFKA_BROKERS='2' must be one of: 1, 3"),
        (
            {"PYCTURESTREAM_KAFKA_REPLICATION": "3"},
            "PYCTURESTREAM_KAFKA_REPLICATION=3 must not exceed PYCTURESTREAM_KAFKA_BROKERS=1",
        ),
        (THREE | {"PYCTURESTREAM_KAFKA_REPLICATION": "4"}, "REPLICATION=4 must not exceed"),
    ],
)
def test_what_cannot_survive_or_cannot_be_is_refused(tmp_path: Path, env: dict[str, str], cure: str) -> None:
    with pytest.raises(SettingError, match=cure):
        Installation.from_env(env, tmp_path)


def test_each_broker_is_asked_at_its_own_address_and_those_of_others_at_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def second_is_away(address: Address, node: int | None = None) -> str | None:
        asked.append((str(address), node))
        return f"no answer at {address}" if node == 2 else None

    monkeypatch.setattr("stack.programs.health.why_not_ready", second_is_away)
    ours = Installation.from_env(THREE, tmp_path)
    found = [health_problem(ours, name, FixedClock(NOON)) for name in ("kafka", "kafka-2", "kafka-3")]
    assert found == [None, "no answer at 127.0.0.1:9094", None]
    theirs = Installation.from_env({"PYCTURESTREAM_KAFKA": "one:9092,two:9092"}, tmp_path)
    assert health_problem(theirs, "kafka", FixedClock(NOON)) is None
    own = [("127.0.0.1:9092", 1), ("127.0.0.1:9094", 2), ("127.0.0.1:9096", 3)]
    assert asked == [*own, ("one:9092,two:9092", None)]


def test_up_refuses_to_grow_before_it_starts_anything(tmp_path: Path) -> None:
    alone = Installation.from_env({"PYCTURESTREAM_DATA": str(tmp_path)}, tmp_path)
    broker(tmp_path).write_properties()
    (tmp_path / "kafka" / "logs").mkdir()
    (tmp_path / "kafka" / "logs" / "meta.properties").touch()
    grown = Installation.from_env(alone.env | THREE, tmp_path)
    with pytest.raises(ClusterSizeError, match="PYCTURESTREAM_KAFKA_BROKERS=3, but"):
        bring_up(grown, NAMES, Lines(), FixedClock(NOON))


def topic(name: str, *partitions: tuple[list[int], list[int]]) -> dict[str, Any]:
    """As kafka-python describes one whose partitions have these copies, and these of them in step."""
    return {
        "name": name,
        "partitions": [{"replica_nodes": copies, "isr_nodes": step} for copies, step in partitions],
    }


def test_topics_that_lack_copies_or_whose_copies_lag_are_told() -> None:
    described = [
        topic("whole", ([1, 2, 3], [3, 2, 1]), ([2, 3, 1], [1, 2, 3])),
        topic("lagging", ([1, 2, 3], [1, 2, 3]), ([1, 2, 3], [1, 3])),
        topic("single", ([1, 2, 3], [1, 2, 3]), ([2], [2])),
    ]
    assert few_copies(described, 3) == ["topic single has 1 of 3 copies"]
    assert few_copies(described, None) == few_copies(described, 1) == []
    assert lagging_copies(described) == ["a copy of topic lagging is not in step: is a broker away?"]
