"""Where settings come from: environment over `.env` over `pycturestream.toml`, secrets from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from lake.config import sources as configuration
from lake.config.setting_key import text
from lake.config.setting_keys import KEYS, SUBJECTS
from lake.config.settings import SettingError
from lake.config.sources import (
    MARK,
    SourcedValue,
    load_configuration,
    read_configuration,
    read_environment,
    replace_environment,
)


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret among the settings of Kafka."""
    key = text("DOOR_PASSWORD", None, ("capture",), "Opens the door.", secret=True, fault=no_word)
    monkeypatch.setitem(KEYS, key.name, key)
    monkeypatch.setitem(SUBJECTS, "kafka", (*SUBJECTS["kafka"], key))


def no_word(value: str) -> str | None:
    return "holds a space; leave it out" if " " in value else None


def problems(root: Path, toml: str) -> list[str]:
    """What is said of a TOML file, without the file's path."""
    (root / "pycturestream.toml").write_text(toml)
    start = f"{root / 'pycturestream.toml'}: "
    return [one.removeprefix(start) for one in read_configuration({}, root).problems]


def test_the_environment_wins_over_dotenv_and_that_over_toml(tmp_path: Path) -> None:
    (tmp_path / "pycturestream.toml").write_text(
        'time_zone = "Asia/Tokyo"\n[kafka]\nkafka_port = 1\n'
        "[capture]\ncapture_interval = 1.5\ncapture_width = 640\n"
    )
    (tmp_path / ".env").write_text("PYCTURESTREAM_KAFKA_PORT=2\nPYCTURESTREAM_CAPTURE_WIDTH=320\n")
    found = read_configuration({"PYCTURESTREAM_KAFKA_PORT": "3", "LANG": ""}, tmp_path)
    assert found.problems == ()
    assert found.given == {
        "PYCTURESTREAM_TIME_ZONE": SourcedValue("Asia/Tokyo", "pycturestream.toml"),
        "PYCTURESTREAM_CAPTURE_INTERVAL": SourcedValue("1.5", "pycturestream.toml"),
        "PYCTURESTREAM_CAPTURE_WIDTH": SourcedValue("320", ".env"),
        "PYCTURESTREAM_KAFKA_PORT": SourcedValue("3", "environment"),
        "LANG": SourcedValue("", "environment"),
    }


def test_an_empty_value_is_none(tmp_path: Path) -> None:
    (tmp_path / "pycturestream.toml").write_text('kafka_port = 1\nkafka = ""\n')
    (tmp_path / ".env").write_text("PYCTURESTREAM_KAFKA_PORT=\n")
    assert read_environment({"PYCTURESTREAM_KAFKA_PORT": ""}, tmp_path) == {"PYCTURESTREAM_KAFKA_PORT": "1"}


def test_a_relative_path_counts_from_the_folder_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "site.toml").write_text('cameras = "cameras.toml"\nmodel = "/models/own"\n')
    (tmp_path / ".env").write_text("PYCTURESTREAM_CONFIG=etc/site.toml\nPYCTURESTREAM_DATA=my data\n")
    assert read_environment({}, tmp_path) == {
        "PYCTURESTREAM_CONFIG": str(tmp_path / "etc" / "site.toml"),
        "PYCTURESTREAM_DATA": str(tmp_path / "my data"),
        "PYCTURESTREAM_CAMERAS": str(tmp_path / "etc" / "cameras.toml"),
        "PYCTURESTREAM_MODEL": "/models/own",
    }


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("kafka_prot = 1", "kafka_prot is no setting; did you mean kafka_port?"),
        ("KAFKA_PORT = 1", "KAFKA_PORT is no setting; did you mean kafka_port?"),
        ("[dashboard]\nport = 1", "[dashboard] port is no setting; did you mean dashboard_port?"),
        (
            'config = "x"',
            "config would name this very file; set PYCTURESTREAM_CONFIG in the environment or in .env",
        ),
        ("xyz = 1", "xyz is no setting; ./pycturestream config show lists all there are"),
        (
            "[batch]\nkafka_port = 1",
            "[batch] kafka_port stands in the wrong table; put it under [kafka], or above all tables",
        ),
        ("kafka_port = 1\n[kafka]\nkafka_port = 2", "[kafka] kafka_port is given twice; keep one of them"),
        (
            'kafka_port = "1"',
            "kafka_port = '1' must be a whole number from 1 to 65535, without quotes",
        ),
        ("kafka_port = true", "kafka_port = True must be a whole number from 1 to 65535, without quotes"),
        ("kafka_port = 1.5", "kafka_port = 1.5 must be a whole number from 1 to 65535"),
        ("capture_interval = inf", "capture_interval = inf must be a number from 0.01 to 86400"),
        ("detect_skipped = false", "detect_skipped = False must be one of: on, off, in quotes"),
        ("data = 5", "data = 5 must be text, in quotes"),
        ('engine = "torch"', "engine = 'torch' must be one of: litert, tensorflow"),
        (
            'kafka = "broker"',
            "kafka = 'broker' has no port; write it as 127.0.0.1:9092, several with commas",
        ),
    ],
)
def test_an_entry_that_cannot_be_used_is_named_with_its_cure(tmp_path: Path, toml: str, said: str) -> None:
    assert problems(tmp_path, toml) == [said]


def test_all_entries_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "pycturestream.toml"
    file.write_text("kafka_port = 0\n[capture]\ncapture_width = 1\n")
    with pytest.raises(SettingError) as refused:
        read_environment({}, tmp_path)
    assert str(refused.value) == (
        f"{file}: kafka_port = 0 must be a whole number from 1 to 65535\n"
        f"{file}: [capture] capture_width = 1 must be a whole number from 16 to 16384"
    )


def test_a_file_that_is_no_toml_or_missing_is_named(tmp_path: Path) -> None:
    [broken] = read_configuration({"PYCTURESTREAM_CONFIG": __file__}, tmp_path).problems
    assert broken.startswith(f"{__file__} cannot be read (")
    [missing] = read_configuration({"PYCTURESTREAM_CONFIG": "/no/such.toml"}, tmp_path).problems
    assert missing.startswith("/no/such.toml cannot be read ([Errno 2]")


@pytest.mark.usefixtures("secret")
def test_a_secret_may_stand_in_a_file_that_any_source_names(tmp_path: Path) -> None:
    (tmp_path / "door").write_text("se same\n")
    given = {"PYCTURESTREAM_DOOR_PASSWORD": "se same"}
    (tmp_path / "pycturestream.toml").write_text('[kafka]\ndoor_password_file = "door"\n')
    assert read_environment({}, tmp_path) == given
    (tmp_path / "pycturestream.toml").unlink()
    (tmp_path / ".env").write_text("PYCTURESTREAM_DOOR_PASSWORD_FILE=door\n")
    assert read_environment({}, tmp_path) == given
    named = {"PYCTURESTREAM_DOOR_PASSWORD_FILE": str(tmp_path / "door")}
    found = read_configuration(named, tmp_path)
    assert found.given == {
        "PYCTURESTREAM_DOOR_PASSWORD": SourcedValue("se same", f"file {tmp_path / 'door'}"),
    }
    assert found.refusals() == [
        f"file {tmp_path / 'door'}: PYCTURESTREAM_DOOR_PASSWORD='***' holds a space; leave it out"
    ]


@pytest.mark.usefixtures("secret")
def test_a_secret_that_cannot_be_used_is_told_without_it(tmp_path: Path) -> None:
    assert problems(tmp_path, 'door_password = "se same"') == [
        "door_password = *** holds a space; leave it out"
    ]
    assert problems(tmp_path, "door_password = 123") == ["door_password = *** must be text, in quotes"]
    (tmp_path / "pycturestream.toml").unlink()
    twice = {"PYCTURESTREAM_DOOR_PASSWORD": "a", "PYCTURESTREAM_DOOR_PASSWORD_FILE": "/no/such"}
    assert read_configuration(twice, tmp_path).problems == (
        "environment: PYCTURESTREAM_DOOR_PASSWORD and PYCTURESTREAM_DOOR_PASSWORD_FILE are both given;"
        " keep one of them",
        "environment: PYCTURESTREAM_DOOR_PASSWORD_FILE='/no/such' cannot be read ([Errno 2] No such file or"
        " directory: '/no/such'); name a text file",
    )


def test_a_name_that_looks_like_a_setting_is_told_with_the_one_meant(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PYCTURESTREAM_POLCY=all\n")
    env = {"PYCTURESTREAM_DATA_FILE": "x", "PYCTURESTREAM_POLICY": "all", "OTHER": "x"}
    assert read_configuration(env, tmp_path).strangers() == [
        "environment: PYCTURESTREAM_DATA_FILE is no setting; did you mean PYCTURESTREAM_DATA?",
        ".env: PYCTURESTREAM_POLCY is no setting; did you mean PYCTURESTREAM_POLICY?",
    ]


def test_a_program_of_a_running_system_reads_no_file(tmp_path: Path) -> None:
    (tmp_path / "pycturestream.toml").write_text("kafka_port = 0\n")
    (tmp_path / ".env").write_text("PYCTURESTREAM_POLICY=all\n")
    env = {MARK: "/run/supervisord.conf", "PYCTURESTREAM_ENGINE": "litert"}
    assert read_environment(env, tmp_path) == env


def test_a_program_started_alone_sees_the_files_and_passes_them_on(tmp_path: Path) -> None:
    (tmp_path / "pycturestream.toml").write_text("kafka_port = 19192\n")
    env = {"PATH": "/bin", "PYCTURESTREAM_DOOR_PASSWORD_FILE": "x", "PYCTURESTREAM_POLICY": ""}
    replace_environment(env, {"PATH": "/bin", **read_environment({}, tmp_path)})
    assert env == {"PATH": "/bin", "PYCTURESTREAM_KAFKA_PORT": "19192"}


def test_a_program_ends_with_the_reason_where_a_file_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pycturestream.toml").write_text("kafka_port = 0\n")
    monkeypatch.setattr(configuration, "PROJECT_ROOT", tmp_path)
    monkeypatch.delenv(MARK, raising=False)
    with pytest.raises(SystemExit, match="2"):
        load_configuration()
    said = f"{tmp_path / 'pycturestream.toml'}: kafka_port = 0 must be a whole number from 1 to 65535\n"
    assert capsys.readouterr().err == said
