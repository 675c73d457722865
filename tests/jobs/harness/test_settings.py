from __future__ import annotations

from pathlib import Path

import pytest

from jobs.harness.settings import BatchSettings
from lake.config.settings import SettingError

ENV = {"PYCTURESTREAM_DATA": "/data", "PYCTURESTREAM_HOME": "/home", "PYCTURESTREAM_TIME_ZONE": "UTC"}


def test_the_batch_runs_on_one_core_for_twenty_minutes_unless_told() -> None:
    settings = BatchSettings.from_env(ENV)
    assert (settings.master, settings.detect_skipped, settings.detect_minutes) == ("local[1]", True, 20)
    assert settings.factory == "jobs.detector:load_detector"
    assert settings.detector.model == Path("/home/models/coco-ssd")


def test_under_spark_submit_its_connection_says_where_spark_is() -> None:
    settings = BatchSettings.from_env(ENV | {"PYSPARK_GATEWAY_PORT": "1", "PYCTURESTREAM_BATCH_MASTER": "x"})
    assert settings.master is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("DETECT_SKIPPED", "yes"), ("DETECT_MINUTES", "0"), ("DETECTOR", "jobs.detector.detector")],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"PYCTURESTREAM_{name}='?{value}"):
        BatchSettings.from_env(ENV | {f"PYCTURESTREAM_{name}": value})
