"""What the streaming application is told."""

from __future__ import annotations

import pytest

from jobs.stream.settings import StreamSettings
from lake.config.settings import SettingError


def test_without_a_word_detection_begins_as_soon_as_it_can() -> None:
    told = StreamSettings.from_env({})
    assert (told.detect_every_s, told.archive_detections_every_s, told.archive_frames_every_s) == (0, 2, 15)
    assert told.min_free_bytes == 2e9


def test_the_pace_of_detection_and_the_room_left_free_are_settings() -> None:
    env = {"PYCTURESTREAM_DETECT_EVERY_SECONDS": "3", "PYCTURESTREAM_LEAST_FREE_GB": "0.5"}
    told = StreamSettings.from_env(env)
    assert (told.detect_every_s, told.min_free_bytes) == (3, 5e8)


@pytest.mark.parametrize("name", ["DETECT_EVERY_SECONDS", "LEAST_FREE_GB", "ARCHIVE_FRAMES_EVERY_SECONDS"])
def test_a_number_that_is_none_is_refused_by_name(name: str) -> None:
    with pytest.raises(SettingError, match=f"PYCTURESTREAM_{name}='soon' must be a number"):
        StreamSettings.from_env({f"PYCTURESTREAM_{name}": "soon"})


def test_on_a_cluster_the_stream_takes_its_share_and_on_this_machine_the_master_says_it() -> None:
    names = ("spark.cores.max", "spark.executor.cores")
    told = {"PYCTURESTREAM_STREAM_CORES": "6", "PYCTURESTREAM_EXECUTOR_CORES": "3"}
    shares = [
        [
            StreamSettings.from_env({"PYCTURESTREAM_SPARK_MASTER": master, **told}).spark_conf().get(name)
            for name in names
        ]
        for master in ("spark://a:7077", "local[4,2]")
    ]
    assert shares == [["6", "3"], [None, None]]
