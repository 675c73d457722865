from __future__ import annotations

import logging
import sys

import pytest

from capture.agent.run import RedactingFormatter
from capture.cameras.redaction import redact


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://ann:canary@10.0.0.7/door",
        "see rtsp://ann:can:ary@canary/canary@10.0.0.7/door, it is away",
        "HTTP://canary@10.0.0.7/",
        "http://10.0.0.7/video?user=ann&password=canary&size=2",
        "http://10.0.0.7/video?Token=canary",
        "two: rtsp://a:canary@x/ and rtsp://b:canary@y/",
    ],
)
def test_no_password_remains(text):
    assert "canary" not in redact(text)


def test_everything_else_remains():
    text = "mail ann@example.com, http://10.0.0.7/video?size=2 and /home/ann/film.mp4"
    assert redact(text) == text


def test_the_log_holds_no_password_not_even_in_a_traceback():
    try:
        raise ConnectionError("rtsp://ann:canary@x/ is away")
    except ConnectionError:
        crash = sys.exc_info()
    record = logging.LogRecord("capture", logging.ERROR, "", 0, "lost %s", ("rtsp://ann:canary@x/",), crash)
    line = RedactingFormatter("%(asctime)s %(message)s").format(record)
    assert "canary" not in line
    assert "ConnectionError: rtsp://***@x/ is away" in line
