"""Settings of an installation: its files, ports and whose broker it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from lake.config.settings import SettingError
from lake.config.sources import read_environment
from lake.contracts.wire_format import FRAMES_TOPIC, TOPICS
from stack.programs.programs import child_environment
from stack.site.installation import Installation


def test_the_process_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PYCTURESTREAM_KAFKA_PORT=19192\nPYCTURESTREAM_TIME_ZONE=Asia/Tokyo\n")
    env = read_environment({"PYCTURESTREAM_KAFKA_PORT": "19292"}, tmp_path)
    assert env == {"PYCTURESTREAM_KAFKA_PORT": "19292", "PYCTURESTREAM_TIME_ZONE": "Asia/Tokyo"}


def test_a_dollar_in_a_value_of_the_file_stays_one(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PYCTURESTREAM_DOOR_URL='rtsp://me:pa${HOME}ss@10.0.0.7/'\n")
    assert read_environment({}, tmp_path) == {"PYCTURESTREAM_DOOR_URL": "rtsp://me:pa${HOME}ss@10.0.0.7/"}


def test_a_relative_folder_in_the_file_counts_from_the_project(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PYCTURESTREAM_DATA=my data\n")
    assert Installation.from_env({}, tmp_path).settings.data == tmp_path / "my data"


def test_a_moved_port_moves_the_broker_for_every_program(tmp_path: Path) -> None:
    here = Installation.from_env({"PYCTURESTREAM_KAFKA_PORT": "19192"}, tmp_path)
    assert (here.embedded, here.settings.kafka) == (True, "127.0.0.1:19192")
    assert child_environment(here)["PYCTURESTREAM_KAFKA"] == "127.0.0.1:19192"


def test_another_broker_is_used_and_none_is_started(tmp_path: Path) -> None:
    here = Installation.from_env({"PYCTURESTREAM_KAFKA": "broker.example:9092"}, tmp_path)
    assert (here.embedded, here.settings.kafka) == (False, "broker.example:9092")


@pytest.mark.parametrize("port", ["0", "65536", "kafka", "9092.5"])
def test_a_port_that_is_none_is_refused_by_name(tmp_path: Path, port: str) -> None:
    with pytest.raises(SettingError, match="PYCTURESTREAM_KAFKA_PORT"):
        Installation.from_env({"PYCTURESTREAM_KAFKA_PORT": port}, tmp_path)


def test_two_programs_cannot_have_one_port(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="must differ"):
        Installation.from_env({"PYCTURESTREAM_KAFKA_PORT": "4040"}, tmp_path)


def test_children_inherit_every_setting_that_was_made(tmp_path: Path) -> None:
    env = child_environment(Installation.from_env({"PYCTURESTREAM_ENGINE": "tensorflow"}, tmp_path))
    assert env["PYCTURESTREAM_ENGINE"] == "tensorflow"
    assert env["PYTHONPATH"] == str(tmp_path)


def test_children_inherit_what_the_toml_file_says(tmp_path: Path) -> None:
    (tmp_path / "pycturestream.toml").write_text('kafka_port = 19192\n[detection]\nengine = "tensorflow"\n')
    env = child_environment(Installation.from_env({}, tmp_path))
    assert {name: env[f"PYCTURESTREAM_{name}"] for name in ("KAFKA", "KAFKA_PORT", "ENGINE")} == {
        "KAFKA": "127.0.0.1:19192", "KAFKA_PORT": "19192", "ENGINE": "tensorflow",
    }  # fmt: skip


def test_the_retention_of_pictures_is_a_setting_and_two_partitions_share_its_size(tmp_path: Path) -> None:
    env = {"PYCTURESTREAM_FRAMES_TOPIC_HOURS": "1.5", "PYCTURESTREAM_FRAMES_TOPIC_GB": "5"}
    topics = Installation.from_env(env, tmp_path).topics
    kept = {"retention.ms": "5400000", "retention.bytes": "2684354560"}
    assert topics == TOPICS | {FRAMES_TOPIC: TOPICS[FRAMES_TOPIC] | kept}
    assert Installation.from_env({}, tmp_path).topics == TOPICS


def test_more_partitions_share_the_size_that_the_topic_of_frames_may_have(tmp_path: Path) -> None:
    env = {"PYCTURESTREAM_PARTITIONS": "16", "PYCTURESTREAM_FRAMES_TOPIC_GB": "8"}
    made = Installation.from_env(env, tmp_path)
    assert made.frames_partitions == 16
    assert made.topics[FRAMES_TOPIC]["retention.bytes"] == str(2**29)


@pytest.mark.parametrize("said", ["1", "2.5", "10001", "many"])
def test_a_number_of_partitions_that_cannot_be_is_refused(said: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=f"PYCTURESTREAM_PARTITIONS='?{said}"):
        Installation.from_env({"PYCTURESTREAM_PARTITIONS": said}, tmp_path)


def test_a_login_needs_a_broker_of_others_for_the_embedded_one_is_open(tmp_path: Path) -> None:
    login = {"SECURITY": "sasl_ssl", "USER": "ann", "PASSWORD": "secret"}
    env = {f"PYCTURESTREAM_KAFKA_{name}": value for name, value in login.items()}
    with pytest.raises(SettingError) as refused:
        Installation.from_env(env, tmp_path)
    assert str(refused.value) == (
        "PYCTURESTREAM_KAFKA_SECURITY needs a broker of yours in PYCTURESTREAM_KAFKA;"
        " the embedded one is open on loopback only"
    )
    here = Installation.from_env({**env, "PYCTURESTREAM_KAFKA": "kafka.example:9093"}, tmp_path)
    assert (here.embedded, str(here.settings.broker)) == (False, "kafka.example:9093")
