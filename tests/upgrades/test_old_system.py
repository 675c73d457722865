"""`up` on the data of an older commit: its broker's log, its checkpoints and its tables go on."""

from __future__ import annotations

import os
import time
import urllib.parse
import urllib.request
from collections import Counter
from http.cookiejar import CookieJar

import pytest

from benchmarks.support.running.programs import wait_for
from benchmarks.support.running.whole_system import WholeSystem
from benchmarks.support.running.wire import frame, pictures, send
from lake.accounting.ledger import Ledger, balance
from lake.config.settings import PREFIX, Settings
from lake.contracts.wire_format import FRAMES_TOPIC
from lake.kafka.broker import offsets, topic_ids
from tests.upgrades.old_data import OldData, lines_of, rows_of

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]

NEW = 3
"""Frames that are sent after the upgrade."""


def test_the_system_goes_on_where_the_older_one_ended(old: OldData) -> None:
    before = {name: lines_of(rows_of(old.lake, name), told["columns"]) for name, told in old.tables.items()}
    system = WholeSystem(old.data, {PREFIX + "TIME_ZONE": old.contents["zone"]})
    try:
        system.up("--no-capture", "--no-airflow")
        check_new_frames(system, old)
        check_login(system, *old.contents["user"])
    finally:
        system.down()
    after = {name: lines_of(rows_of(old.lake, name), told["columns"]) for name, told in old.tables.items()}
    for name, lines in before.items():
        assert Counter(lines) <= Counter(after[name]), f"{name} lost rows"
    more = {name: len(after[name]) - len(before[name]) for name in before}
    assert (more["frames"], more["detections"]) == (NEW, NEW)
    assert more["expired_ranges"] == 0
    assert more["detector_runs"] == 1


def check_new_frames(system: WholeSystem, old: OldData) -> None:
    """New frames come behind the old ones, in the same life of the topic, and the ledger holds both."""
    [life] = {row["topic_id"] for row in rows_of(old.lake, "frames") if row["topic"] == FRAMES_TOPIC}
    assert topic_ids(system.kafka, [FRAMES_TOPIC]) == {FRAMES_TOPIC: life}
    clip = pictures(Settings.from_env(os.environ).home / "clips")
    for number in range(NEW):
        send(system.kafka, [frame(clip[number], "gate", number, session="upgraded")])
        time.sleep(1)
    ends = {part: last for part, (_, last) in offsets(system.kafka, FRAMES_TOPIC).items()}
    assert sum(ends.values()) == sum(old.ends.values()) + NEW

    def balanced() -> Ledger | None:
        ledger = balance(old.lake, life, ends)
        return ledger if ledger.is_balanced else None

    ledger = wait_for("ledger that balances", balanced, every_s=0.5)
    [told] = old.sums("ledger_totals")
    assert ledger.detections.expired == told["expired"]
    assert ledger.frames.records == told["archived"] + told["expired"] + NEW


def check_login(system: WholeSystem, name: str, password: str) -> None:
    """The user of before may look at every page."""
    site = f"http://127.0.0.1:{system.env[PREFIX + 'DASHBOARD_PORT']}"
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    form = urllib.parse.urlencode({"name": name, "password": password}).encode()
    asked = urllib.request.Request(f"{site}/login", form, {"Origin": site, "Accept": "text/html"})
    with browser.open(asked, timeout=60) as page:
        assert page.status == 200
        assert not page.url.endswith("/login")
    for path in ("/report", "/explore", "/quality", "/pipeline"):
        with browser.open(site + path, timeout=60) as page:
            assert page.url == site + path
