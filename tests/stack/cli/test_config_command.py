"""`config check|show`: what is set, where it comes from, and what cannot be used."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from lake.config.setting_key import number, text
from lake.config.setting_keys import KEYS, SUBJECTS
from lake.config.sources import Configuration, SourcedValue, read_configuration
from stack.cli import config_command
from stack.cli.config_command import Row, describe, find_faults, show_rows
from stack.cli.settings_page import table

SECRET = text("DOOR_PASSWORD", None, ("capture", "jobs"), "Opens the door.", secret=True)


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's root of our own, and a shell that has set nothing."""
    monkeypatch.setattr(config_command, "PROJECT_ROOT", tmp_path)
    for name in [*KEYS, "SUPERVISED_BY"]:
        monkeypatch.delenv(f"PYCTURESTREAM_{name}", raising=False)
    return tmp_path


def test_check_tells_every_fault_at_once_and_names_that_nobody_reads(root: Path) -> None:
    (root / "pycturestream.toml").write_text("kafka_prot = 1\n[capture]\ncapture_width = 1\n")
    (root / ".env").write_text("PYCTURESTREAM_ENGINE=torch\n")
    env = {"PYCTURESTREAM_KAFKA_PORT": "x", "PYCTURESTREAM_POLCY": "all"}
    said = CliRunner().invoke(config_command.app, ["check"], env=env)
    assert said.exit_code == 1
    assert said.output.replace(f"{root}/", "") == (
        "✗ pycturestream.toml: kafka_prot is no setting; did you mean kafka_port?\n"
        "✗ pycturestream.toml: [capture] capture_width = 1 must be a whole number from 16 to 16384\n"
        "✗ environment: PYCTURESTREAM_KAFKA_PORT='x' must be a whole number from 1 to 65535\n"
        "✗ .env: PYCTURESTREAM_ENGINE='torch' must be one of: litert, tensorflow\n"
        "! environment: PYCTURESTREAM_POLCY is no setting; did you mean PYCTURESTREAM_POLICY?\n"
    )


def test_check_ends_with_0_where_all_can_be_used(root: Path) -> None:
    (root / "pycturestream.toml").write_text("kafka_port = 19192\n")
    said = CliRunner().invoke(config_command.app, ["check"], env={"PYCTURESTREAM_POLICY": "all"})
    assert said.exit_code == 0
    assert said.output == f"✔ 2 of {len(KEYS)} settings are given, and can be used\n"


def test_settings_that_cannot_be_used_together_are_a_fault() -> None:
    given = {"PYCTURESTREAM_KAFKA_PORT": SourcedValue("8078", "environment")}
    [fault] = find_faults(Configuration(given, ()))
    assert fault.endswith("must differ, not be [8078, 9093, 4040, 8080, 8793, 8078]")


def test_show_tells_value_and_source_of_every_setting(root: Path) -> None:
    (root / "pycturestream.toml").write_text("kafka_port = 19192\n")
    (root / ".env").write_text("PYCTURESTREAM_DATA=lakes\n")
    env = {"PYCTURESTREAM_ENGINE": "tensorflow"}
    said = CliRunner().invoke(config_command.app, ["show", "--json"], env=env)
    rows = {row["name"]: row for row in json.loads(said.stdout)["settings"]}
    assert list(rows) == [f"PYCTURESTREAM_{name}" for name in KEYS]
    assert [
        tuple(rows[f"PYCTURESTREAM_{name}"].values()) for name in ("KAFKA_PORT", "DATA", "ENGINE", "HOME")
    ] == [
        ("kafka", "PYCTURESTREAM_KAFKA_PORT", "19192", "pycturestream.toml"),
        ("places", "PYCTURESTREAM_DATA", f"{root}/lakes", ".env"),
        ("detection", "PYCTURESTREAM_ENGINE", "tensorflow", "environment"),
        ("places", "PYCTURESTREAM_HOME", "~/.cache/pycturestream", "default"),
    ]


def test_a_secret_is_masked_and_an_unset_one_is_not_hinted_at(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KEYS, SECRET.name, SECRET)
    monkeypatch.setitem(SUBJECTS, "kafka", (SECRET,))
    (root / "door").write_text("sesame\n")
    env = {"PYCTURESTREAM_DOOR_PASSWORD_FILE": str(root / "door")}
    assert describe(read_configuration(env, root))[5] == Row(
        "kafka", "PYCTURESTREAM_DOOR_PASSWORD", "***", f"file {root / 'door'}"
    )
    assert describe(read_configuration({}, root))[5] == Row(
        "kafka", "PYCTURESTREAM_DOOR_PASSWORD", "", "default"
    )


def test_the_table_shows_whole_names_on_a_narrow_terminal() -> None:
    rows = [
        Row("spark", "PYCTURESTREAM_ARCHIVE_DETECTIONS_EVERY_SECONDS", "5", "pycturestream.toml"),
        Row("spark", "PYCTURESTREAM_SPARK_MASTER", "spark://a.long.name.example:7077", "environment"),
        Row("dashboard", "PYCTURESTREAM_DASHBOARD_NAMES", "", "default"),
    ]
    out = io.StringIO()
    show_rows(Console(file=out, width=80), rows)
    assert [line.rstrip() for line in out.getvalue().splitlines()] == [
        "setting                           value                       from",
        "[spark]",
        "archive_detections_every_seconds  5                           pycturestream.toml",
        "spark_master                      spark://a.long.name.exampl  environment",
        "                                  e:7077",
        "[dashboard]",
        "dashboard_names                                               default",
        "In the environment and in .env: PYCTURESTREAM_<SETTING IN CAPITALS>",
    ]


def test_the_page_tells_default_range_and_readers() -> None:
    keys = (number("DOOR_SECONDS", 5, 0.1, 60, ("capture",), "How long it opens."), SECRET)
    assert table(keys) == (
        "| setting | default | | read by |\n|---|---|---|---|\n"
        "| `PYCTURESTREAM_DOOR_SECONDS` | `5` | How long it opens. A number from 0.1 to 60. | capture |\n"
        "| `PYCTURESTREAM_DOOR_PASSWORD` |  | Opens the door. *Secret.* | capture, jobs |\n"
    )
