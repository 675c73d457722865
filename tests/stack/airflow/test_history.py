"""What Airflow keeps of old runs is trimmed."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from lake.config.settings import SettingError
from stack.airflow.history import clean_command, oldest_kept, trim_logs
from stack.site.installation import Installation
from tests.conftest import at

ROOT = Path(__file__).parents[3]
NOON = at("12:00")


def installed(data: Path, **settings: str) -> Installation:
    env = {
        "PYCTURESTREAM_DATA": str(data),
        **{f"PYCTURESTREAM_{name}": text for name, text in settings.items()},
    }
    return Installation.from_env(env, ROOT)


def test_a_month_is_kept_unless_a_setting_says_otherwise(tmp_path: Path) -> None:
    assert oldest_kept(installed(tmp_path), NOON) == NOON - timedelta(days=30)
    assert oldest_kept(installed(tmp_path, AIRFLOW_DAYS="2"), NOON) == NOON - timedelta(days=2)
    with pytest.raises(SettingError, match="PYCTURESTREAM_AIRFLOW_DAYS='0' must be a number from 1"):
        oldest_kept(installed(tmp_path, AIRFLOW_DAYS="0"), NOON)


def test_airflow_is_asked_to_forget_older_runs_without_keeping_copies() -> None:
    assert clean_command(NOON) == (
        "db", "clean", "--clean-before-timestamp", "2026-01-02T12:00:00+00:00", "--skip-archive", "--yes",
    )  # fmt: skip


def test_only_older_logs_go_and_the_folders_that_this_empties(tmp_path: Path) -> None:
    logs = tmp_path / "airflow" / "logs"
    for name, age in (("dag/old/1.log", 1), ("dag/young/1.log", -1), ("scheduler.log", 1)):
        file = logs / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("said")
        written = (NOON - timedelta(seconds=age)).timestamp()
        os.utime(file, (written, written))
    assert trim_logs(installed(tmp_path), NOON) == 2
    left = sorted(str(path.relative_to(logs)) for path in logs.rglob("*"))
    assert left == ["dag", "dag/young", "dag/young/1.log"]
