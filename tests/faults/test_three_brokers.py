"""Any one of three brokers dies: no acknowledged frame is lost, and nothing stops for good."""

from __future__ import annotations

import logging
import signal
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from benchmarks.support.running.programs import wait_for
from benchmarks.support.running.system import Broker, System
from benchmarks.support.running.wire import pictures, read_records
from capture.results.consumer import connect
from dashboards.data.feed import Feed
from lake.contracts.clock import utc_now
from lake.contracts.wire_format import FRAMES_TOPIC, TOPICS
from lake.kafka.broker import offsets, topic_ids
from stack.kafka.broker import why_not_ready
from stack.kafka.probe import round_trip, topics_that_differ
from stack.kafka.topics import create_topics
from stack.operations.shutdown import STOP_TIMEOUT_S
from tests.faults.conftest import EVERY_FRAME
from tests.faults.kafka_cluster import SIZE, Cluster, running_cluster
from tests.faults.numbered_cameras import CAMERAS, WatchedBroker, numbered_frames
from tests.faults.windows import open_batch

LOG = logging.getLogger(__name__)
pytestmark = [
    pytest.mark.system,
    # kafka-python forgets its socket when a broker refuses the connection, and the collector closes it.
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"
    ),
]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, System]]:
    with running_cluster(tmp_path_factory.mktemp("cluster"), EVERY_FRAME) as started:
        yield started


@pytest.fixture
def cluster(both: tuple[Cluster, System]) -> Cluster:
    return both[0]


@pytest.fixture
def system(both: tuple[Cluster, System]) -> System:
    return both[1]


@pytest.fixture
def feed(cluster: Cluster) -> Iterator[Feed]:
    """What the dashboard follows."""
    made = Feed(cluster.address, utc_now)
    made.start()
    yield made
    made.stop()


def test_each_broker_killed_in_turn_loses_no_acknowledged_frame_and_stops_nobody(
    cluster: Cluster, system: System, feed: Feed
) -> None:
    clip = pictures(system.installation.settings.home / "clips")
    with numbered_frames(cluster.address, clip, system.data / "pictures") as sent:
        led = [kill(broker, cluster, system, sent, feed) for broker in reversed(cluster.brokers)]
        check_clients(cluster.address)  # the last one stood first in everybody's list
        cluster.brokers[0].start()
    assert any(led), "a leader was killed while its frames were analysed"
    records = read_records(cluster.address, FRAMES_TOPIC)
    arrived = Counter(dict(one.headers)["frame_id"].decode() for one in records)
    counts = len(sent.acknowledged), len(sent.in_doubt), arrived.total()
    LOG.info("%d frames acknowledged, %d in doubt, %d arrived", *counts)
    assert sent.acknowledged.keys() - arrived.keys() == set()
    assert arrived.keys() - sent.acknowledged.keys() <= sent.in_doubt
    assert set(arrived.values()) == {1}
    ledger = system.settle()
    assert ledger.is_balanced, ledger
    assert sum(system.ends().values()) == arrived.total()
    assert system.stream.starts == 1, "the stream itself lived on"


def kill(broker: Broker, cluster: Cluster, system: System, sent: WatchedBroker, feed: Feed) -> bool:
    """Kill a broker with frames under way and see the results of later ones; the first is left dead.

    Returns:
        Whether it led a partition of which a batch was being analysed.
    """
    node = broker.settings.node
    cluster.wait_in_step()
    wait_for("results", lambda: newest_result(feed) > 0)
    leads = broker in (cluster.leader(FRAMES_TOPIC, 0), cluster.leader(FRAMES_TOPIC, 1))
    checkpoint = system.checkpoint("detect_objects")
    wait_for("batch under way", lambda: open_batch(checkpoint), every_s=0.001)
    killed, before = time.monotonic(), sent.newest()
    broker.program.kill()
    wait_for("results of later frames of each camera", lambda: newest_result(feed) > before)
    stood = time.monotonic() - killed
    if node != 1:
        broker.start()
    pause, word = sent.longest_pause_s(killed), "leader" if leads else "follower"
    LOG.info(
        "%d, %s: no acknowledgement for %.1f s, a later frame's result after %.1f s", node, word, pause, stood
    )
    return leads


def newest_result(feed: Feed) -> int:
    """Number of the newest frame with a result on the dashboard, of the camera that lags more; -1: none."""
    shown = [feed.picture(camera, "annotated") for camera in CAMERAS]
    return min(int(one[0].rpartition("/")[2]) if one else -1 for one in shown)


def check_clients(kafka: str) -> None:
    """All others, too, find their way while the first broker of the list is dead."""
    assert not why_not_ready(kafka)
    assert why_not_ready(kafka, node=1)
    create_topics(kafka, copies=SIZE)
    round_trip(kafka)
    assert set(topic_ids(kafka, TOPICS)) == set(TOPICS)
    assert offsets(kafka, FRAMES_TOPIC).keys() == {0, 1}
    connect(kafka, from_beginning=False).close()
    lag = {f"a copy of topic {name} is not in step: is a broker away?" for name in TOPICS}
    assert set(topics_that_differ(kafka, copies=SIZE)) == lag


def test_brokers_that_are_asked_together_end_within_their_supervisors_patience(
    cluster: Cluster, system: System
) -> None:
    cluster.wait_in_step()
    assert topics_that_differ(cluster.address, copies=SIZE) == []
    assert system.stream.stop() == 0
    running = [program.process for program in cluster.programs if program.process]
    for process in running:
        process.terminate()
    assert [process.wait(STOP_TIMEOUT_S) for process in running] == [128 + signal.SIGTERM] * SIZE
