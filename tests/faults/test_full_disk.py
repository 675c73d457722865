"""The disk fills up under the archive of pictures."""

from __future__ import annotations

import pytest

from benchmarks.support.running.system import System
from benchmarks.support.running.wire import frame, pictures
from lake.config.settings import PREFIX

pytestmark = pytest.mark.system

LEAST = PREFIX + "LEAST_FREE_GB"


def test_on_a_full_disk_pictures_wait_detection_goes_on_and_nothing_is_lost(system: System) -> None:
    assert system.stream.stop() == 0
    system.stream.env[LEAST] = "1000000"
    try:
        system.start_stream()
        before = len(system.rows("frames"))
        shown = pictures(system.installation.settings.home / "clips")[:3]
        places = system.send(*(frame(one, "full", number) for number, one in enumerate(shown)))
        outcomes = system.outcomes(places)
        said = system.wait("word that pictures wait", lambda: system.health()["paused"])
        assert system.stream.stop() == 0, "a batch that waits for room does not keep the stream from ending"
    finally:
        del system.stream.env[LEAST]
    assert [row["status"] for row in outcomes] == ["detected"] * 3
    assert said.startswith("pictures are not archived and wait in Kafka")
    assert len(system.rows("frames")) == before
    system.start_stream()
    ledger = system.settle()
    assert ledger.is_balanced, ledger
    assert system.health()["paused"] is None
    assert set(places) <= {(row["partition"], row["offset"]) for row in system.rows("frames")}
