from __future__ import annotations

import random

import pytest

from capture.publish.camera_status import Outcome
from tests.capture.fakes import adds_up
from tests.capture.publish.test_publisher import Line


@pytest.mark.parametrize("seed", range(20))
def test_the_counters_add_up_whatever_happens(tmp_path, seed):
    line, chance = Line(tmp_path, patient=True), random.Random(seed)

    def put():
        line.put(line.status.counters.captured)

    def answer():
        if line.broker.unanswered:
            line.broker.answer(chance.choice([*Outcome, Outcome.ACKNOWLEDGED]))

    def sleep():
        line.time.now += chance.choice([0.1, 1, 20])

    def turn():
        line.broker.here, line.broker.knows_topics = chance.random() < 0.7, chance.random() < 0.7

    for _ in range(400):
        chance.choice([put, put, line.publisher.step, answer, sleep, turn])()
        assert adds_up(line.buffer)
    line.publisher.close(0)
    assert adds_up(line.buffer)
    assert line.status.counters.pending == 0
    assert line.status.counters.captured > 100
