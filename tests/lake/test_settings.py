from __future__ import annotations

from pathlib import Path

import pytest

from lake.settings import SettingError, Settings


def test_settings_survive_the_way_to_a_child_process(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "a home", tmp_path / "data", "127.0.0.1:9192", "Asia/Tokyo", 0.4)
    assert Settings.from_env(settings.to_env()) == settings


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("TIME_ZONE", "Berlin", "use a name such as Europe/Berlin"),
        ("KAFKA", "localhost", "write it as 127.0.0.1:9092"),
        ("REPORT_THRESHOLD", "high", "must be a number from 0.2 to 1"),
        ("REPORT_THRESHOLD", "nan", "must be a number from 0.2 to 1"),
        ("REPORT_THRESHOLD", "0.1", "must be a number from 0.2 to 1"),
    ],
)
def test_a_bad_setting_is_named_with_its_value_and_the_cure(name: str, value: str, cure: str) -> None:
    with pytest.raises(SettingError) as refused:
        Settings.from_env({f"PYCTURESTREAM_{name}": value})
    assert f"PYCTURESTREAM_{name}='{value}'" in str(refused.value)
    assert cure in str(refused.value)


def test_an_empty_setting_is_an_unset_one() -> None:
    assert Settings.from_env({"PYCTURESTREAM_KAFKA": ""}).kafka == "127.0.0.1:9092"
