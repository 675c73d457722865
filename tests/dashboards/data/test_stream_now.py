"""The stream as it is now, from states typed by hand and offsets that a broker would say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dashboards.data import ledger_now as ledgers
from dashboards.data import stream_now as streams
from dashboards.data.ledger_now import RecentLedger, ledger_now
from dashboards.data.stream_now import QueryState, StreamState, stream_now
from lake.accounting.ledger import Account, Ledger
from lake.config.settings import Settings
from lake.contracts.wire_format import FRAMES_TOPIC, RESULTS_TOPIC
from lake.kafka.client import BrokerAwayError
from tests.conftest import at

NOON = at("12:00")
ENDS = {FRAMES_TOPIC: {0: (4, 3000), 1: (0, 20)}, RESULTS_TOPIC: {0: (0, 100)}}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, data=tmp_path, kafka="127.0.0.1:1")


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Says its offsets."""
    monkeypatch.setattr(streams, "offsets", lambda _bootstrap, topic: ENDS[topic])


def say(settings: Settings, queries: Any, state: str = "running") -> None:
    said = {"state": state, "updated_at": NOON.isoformat(), "ui": "http://127.0.0.1:4040", "queries": queries}
    settings.run.mkdir()
    (settings.run / "stream.json").write_text(json.dumps(said))


@pytest.mark.usefixtures("broker")
def test_each_query_is_as_far_behind_as_the_broker_says(settings: Settings) -> None:
    detecting = {
        "batch": 7, "rows": 12, "offsets": {FRAMES_TOPIC: {"0": 2990, "1": 25}},
        "duration_ms": {"triggerExecution": 250, "addBatch": 9},
    }  # fmt: skip
    archiving = {"batch": 3, "rows": 0, "offsets": {FRAMES_TOPIC: {"0": 0}, RESULTS_TOPIC: {"0": 40}}}
    say(
        settings,
        {
            "detect_objects": detecting,
            "archive": archiving,
            "new": {"batch": None},
            "odd": "x",
            "vain": {"rows": "many"},
        },
    )
    assert stream_now(settings, NOON) == StreamState(
        True,
        "http://127.0.0.1:4040",
        (
            QueryState("archive", 3, 0, None, 3020 + 60),
            QueryState("detect_objects", 7, 12, 250, 10),
            QueryState("new", None, 0, None, None),
            QueryState("odd", None, 0, None, None),
            QueryState("vain", None, 0, None, None),
        ),
        ("archive is 3,020 records of pycturestream behind: ./pycturestream status",),
    )


@pytest.mark.usefixtures("broker")
def test_a_stream_that_does_not_run_is_complained_about(settings: Settings) -> None:
    say(settings, {}, "starting")
    assert stream_now(settings, NOON) == StreamState(
        False, "http://127.0.0.1:4040", (), ("the stream is starting: ./pycturestream logs stream",)
    )


def test_a_broker_that_is_away_is_a_complaint_and_how_far_behind_is_unknown(settings: Settings) -> None:
    say(settings, {"detect_objects": {"batch": 7, "rows": 1, "offsets": {FRAMES_TOPIC: {"0": 1}}}})
    now = stream_now(settings, NOON)
    assert now.queries == (QueryState("detect_objects", 7, 1, None, None),)
    [complaint] = now.complaints
    assert complaint.startswith("no Kafka answers at 127.0.0.1:1")


def test_the_ledger_is_asked_only_for_records_that_had_time_to_be_archived(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = Account("detections", 7, {}, 0, (), ())

    def offsets_at(_bootstrap: str, topic: str, moments: list[datetime]) -> dict[datetime, Mapping[int, int]]:
        assert (topic, moments) == (FRAMES_TOPIC, [at("11:58")])
        return {moments[0]: {0: 7}}

    def balance(root: Path, topic_id: str, ends: Mapping[int, int]) -> Ledger:
        assert (root, topic_id, ends) == (settings.lake, "life", {0: 7})
        return Ledger(empty, empty)

    monkeypatch.setattr(ledgers, "topic_ids", lambda _bootstrap, topics: dict.fromkeys(topics, "life"))
    monkeypatch.setattr(ledgers, "offsets_at", offsets_at)
    monkeypatch.setattr(ledgers, "balance", balance)
    assert ledger_now(settings, NOON) == RecentLedger(Ledger(empty, empty), at("11:58"))


def test_a_ledger_without_a_broker_is_an_error(settings: Settings) -> None:
    with pytest.raises(BrokerAwayError):
        ledger_now(settings, NOON)
