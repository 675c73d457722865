"""What the agent does where a secured Kafka forbids it to write: it says so once, and waits."""

from __future__ import annotations

from capture.publish.camera_status import Outcome
from lake.contracts.wire_format import STATUS_TOPIC
from lake.kafka.client import REFUSED_AFTER_S
from tests.capture.fakes import counts
from tests.capture.publish.test_publisher import Line

SAID = "the test says so"


def refused(line: Line) -> None:
    """The oldest message under way is refused, and the publisher has taken notice."""
    line.broker.answer(Outcome.REFUSED)
    line.publisher.step()


def test_a_forbidden_frame_waits_and_is_tried_again_after_half_a_minute(tmp_path):
    line = Line(tmp_path, patient=True)
    line.put(0)
    line.publisher.step()
    refused(line)
    assert counts(line.buffer) == {"captured": 1, "pending": 1}
    assert (line.broker.connects, line.publisher.last_error) == (1, SAID)
    line.time.now = REFUSED_AFTER_S - 1
    line.publisher.step()
    assert line.broker.connects == 1
    line.time.now = REFUSED_AFTER_S
    line.publisher.step()
    assert line.broker.connects == 2
    line.broker.answer(Outcome.ACKNOWLEDGED)
    assert counts(line.buffer) == {"captured": 1, "acknowledged": 1}
    assert line.publisher.last_error is None


def test_a_right_that_stays_away_is_told_once_and_its_return_too(tmp_path, caplog):
    caplog.set_level("INFO", "capture.publish.publisher")
    line = Line(tmp_path, patient=True)
    line.put(0)
    line.publisher.step()
    refused(line)
    line.time.now = REFUSED_AFTER_S
    line.publisher.step()
    refused(line)
    line.time.now = 2 * REFUSED_AFTER_S
    line.publisher.step()
    line.broker.answer(Outcome.ACKNOWLEDGED)
    assert [record.message for record in caplog.records] == [SAID, "the broker is back"]


def test_a_forbidden_notice_is_kept_and_told(tmp_path):
    line = Line(tmp_path, patient=True)
    line.publisher.post(line.status)
    line.publisher.step()
    refused(line)
    assert line.publisher.last_error == SAID
    line.time.now = REFUSED_AFTER_S
    line.publisher.step()
    assert [message.topic for message in line.broker.accepted] == [STATUS_TOPIC] * 2
