from __future__ import annotations

from pathlib import Path

import pytest

from lake.config.settings import SettingError, Settings


def test_settings_survive_the_way_to_a_child_process(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "a home", tmp_path / "data", "127.0.0.1:9192", "Asia/Tokyo", 0.4)
    assert Settings.from_env(settings.to_env()) == settings


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("TIME_ZONE", "Berlin", "use a name such as Europe/Berlin"),
        ("KAFKA", "localhost", "write it as 127.0.0.1:9092"),
        ("KAFKA", "127.0.0.1,127.0.0.1:9094", "has no port; write it as 127.0.0.1:9092, several with commas"),
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


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"LAKE": "gs://lake/here"}, "PYCTURESTREAM_LAKE='gs://lake/here' names no bucket; write it as s3a:"),
        ({"LAKE": "s3a://Cameras"}, "PYCTURESTREAM_LAKE='s3a://Cameras' names no bucket"),
        ({"LAKE": "s3a://key:word@lake/here"}, "PYCTURESTREAM_LAKE='s3a://***@lake/here' names no bucket"),
        ({"S3_ENDPOINT": "minio:9000"}, "PYCTURESTREAM_S3_ENDPOINT='minio:9000' must be written as https://"),
        ({"S3_ACCESS_KEY": "tester"}, "PYCTURESTREAM_S3_SECRET_KEY is missing: set both keys"),
        ({"S3_SECRET_KEY": "hush"}, "PYCTURESTREAM_S3_ACCESS_KEY is missing: set both keys"),
    ],
)  # fmt: skip
def test_a_store_that_cannot_be_used_is_refused_and_no_secret_said(env: dict[str, str], said: str) -> None:
    with pytest.raises(SettingError) as refused:
        Settings.from_env({f"PYCTURESTREAM_{name}": value for name, value in env.items()})
    assert said in str(refused.value)
    assert "hush" not in str(refused.value)
    assert "word" not in str(refused.value)


def test_a_lake_in_a_bucket_survives_the_way_to_a_child_process(tmp_path: Path) -> None:
    told = {"LAKE": "s3://cameras/lake/", "S3_ENDPOINT": "http://127.0.0.1:9000", "S3_REGION": "eu-central-1"}
    keys = {"S3_ACCESS_KEY": "tester", "S3_SECRET_KEY": "hush"}
    settings = Settings.from_env({f"PYCTURESTREAM_{name}": value for name, value in (told | keys).items()})
    assert str(settings.lake / "frames") == "s3a://cameras/lake/frames"
    assert str(settings.checkpoints) == "s3a://cameras/lake/_checkpoints"
    assert Settings.from_env(settings.to_env()) == settings
    assert "hush" not in repr((settings, settings.lake))
