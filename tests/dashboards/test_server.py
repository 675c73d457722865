"""What the real web server does with a request before a page sees it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from benchmarks.support.running.programs import free_ports
from dashboards.app import create_app
from dashboards.auth.security import MAX_BYTES
from dashboards.server import open_server
from dashboards.ui.settings import DashboardSettings
from lake.config.settings import Settings
from tests.conftest import at

CALLBACK = "/_dash-update-component"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Port of a dashboard without Kafka and without a lake, served by a thread."""
    data: Path = tmp_path_factory.mktemp("data")
    [free] = free_ports(1)
    dashboard = DashboardSettings(port=free)
    app = create_app(Settings(home=data, data=data, kafka="127.0.0.1:1"), dashboard, lambda: at("11:00"))
    server = open_server(app.server, dashboard)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield free
    server.trigger.pull_trigger(server.close)  # in its own thread, whose loop then ends
    thread.join(10)
    assert not thread.is_alive()
    server.task_dispatcher.shutdown()


@contextmanager
def posted(port: int, body: bytes | Iterator[bytes], length: int | None) -> Iterator[HTTPResponse]:
    """The answer to a body that says it has so many bytes; with None it comes in chunks and says nothing."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest("POST", CALLBACK)
        connection.putheader("Content-Type", "application/json")
        name, value = ("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length))
        connection.putheader(name, value)
        connection.endheaders(body, encode_chunked=length is None)
        yield connection.getresponse()
    finally:
        connection.close()


def test_a_body_of_the_greatest_size_reaches_the_pages(port: int) -> None:
    with posted(port, b"x" * MAX_BYTES, MAX_BYTES) as answer:
        assert answer.status == 400  # it is no JSON


def test_a_larger_body_is_refused_before_it_was_sent(port: int) -> None:
    with posted(port, b"x", MAX_BYTES + 1) as answer:
        assert answer.status == 413


def test_a_larger_body_that_does_not_say_its_size_is_refused(port: int) -> None:
    with posted(port, iter([b"x" * MAX_BYTES, b"x"]), None) as answer:
        assert answer.status == 413
