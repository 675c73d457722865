"""The pipeline page in a real browser: a small lake, a real broker, and a web server in Airflow's place."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from benchmarks.support.running.chromium import expect, fresh_page
from benchmarks.support.running.dashboard import running_dashboard
from benchmarks.support.running.system import Broker, running_broker
from dashboards.pipeline.tables import ACCOUNTS, DAGS, HOURS
from lake.contracts.hours import HOUR, hour_of
from lake.kafka.broker import topic_ids
from tests.dashboards.airflow_answers import HOSTILE_DAG, FakeAirflow, airflow_answering, write_passwords
from tests.dashboards.drawn_text import cells, lines
from tests.dashboards.explore_lake import HOSTILE
from tests.dashboards.pipeline_lake import EACH, TOPIC, progress_rows, write_pipeline_lake, write_states
from tests.dashboards.pipeline_lake import HOURS as HOUR_COUNT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.system

UI = "http://127.0.0.1:4040"
RECORDS = HOUR_COUNT * EACH
SENT_BEFORE = timedelta(minutes=5)
"""The ledger speaks of records two minutes after they came, so these did not come just now."""
SENDERS_TIMES = {"message.timestamp.type": "CreateTime"}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker to which all the records of the lake were sent a while ago."""
    sent_at = int((datetime.now(UTC) - SENT_BEFORE).timestamp() * 1000)
    with running_broker(tmp_path_factory.mktemp("broker")) as started:
        with KafkaAdminClient(bootstrap_servers=started.address) as admin:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, TOPIC, SENDERS_TIMES)])
        with KafkaProducer(bootstrap_servers=started.address) as producer:
            for _ in range(RECORDS):
                producer.send(TOPIC, b"picture", partition=0, timestamp_ms=sent_at)
        yield started


@pytest.fixture(scope="module")
def airflow() -> Iterator[FakeAirflow]:
    with airflow_answering() as fake:
        yield fake


@pytest.fixture(scope="module")
def began() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def data(broker: Broker, began: datetime, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("data")
    write_pipeline_lake(made / "lake", began, topic_ids(broker.address, [TOPIC])[TOPIC])
    write_passwords(made)
    return made


@pytest.fixture(scope="module")
def base(data: Path, broker: Broker, airflow: FakeAirflow) -> Iterator[str]:
    with running_dashboard(data, broker.address, AIRFLOW_PORT=str(airflow.port)) as address:
        yield address


@pytest.fixture
def page(data: Path, base: str, page: Page) -> Page:
    write_states(data / "run", datetime.now(UTC), UI)
    return page


def test_the_stream_is_told_with_its_complaints_and_the_way_to_spark(base: str, page: Page) -> None:
    page.goto(f"{base}/pipeline")
    stream = page.locator("#pipeline-stream")
    expect(stream).to_contain_text("The stream runs.")
    expect(stream).to_contain_text(
        "detect_objects: nothing waits for it; last batch 1,234 records, in 0.25 s."
    )
    expect(stream.get_by_role("link", name="Spark UI")).to_have_attribute("href", UI)
    complaints = stream.get_by_role("alert").get_by_role("listitem")
    expect(complaints).to_have_text([f"camera {HOSTILE} never gave a picture: <b>unplugged</b>"])


def test_charts_draw_each_query_with_gaps_where_nothing_ran(base: str, page: Page) -> None:
    page.goto(f"{base}/pipeline")
    ran = 18
    shown = HOSTILE.replace("<", "&lt;").replace(">", "&gt;")
    assert lines(page, "rates") == {"detect_objects": [60] * ran, shown: [6] * ran}
    assert lines(page, "behind") == {"detect_objects": [3] * ran, shown: [30] * ran}
    assert lines(page, "durations") == {
        "detect_objects p50": [0.5] * ran, "detect_objects p95": [0.5] * ran,
        f"{shown} p50": [2] * ran, f"{shown} p95": [2] * ran,
    }  # fmt: skip
    pieces = page.locator("#pipeline-rates .scatterlayer .trace").first.locator(".lines path.js-line")
    expect(pieces).to_have_count(2)
    expect(page.locator("#pipeline-rates .legendtext", has_text=HOSTILE)).to_be_visible()


def test_hours_stand_newest_first_and_a_record_that_nothing_explains_is_marked(
    base: str, page: Page, began: datetime
) -> None:
    page.goto(f"{base}/pipeline?zone=utc")
    part = page.locator("#pipeline-hours")
    names = [f"{hour_of(began) - number * HOUR:%Y-%m-%d %H:%M}" for number in (1, 2, 3)]
    assert cells(part) == [
        list(HOURS),
        [names[0], "4", "2", "0", "1", "1", "0", "0", "4", "0"],
        [names[1], "4", "2", "0", "0", "1", "0", "1: wrong", "3", "1"],
        [names[2], "4", "2", "0", "1", "1", "0", "0", "4", "0"],
    ]
    expect(part).to_contain_text("1 of 3 closed hours hold records that nothing explains: marked below.")


def test_tables_are_told_with_size_and_version_and_the_missing_ones_named(
    base: str, page: Page, began: datetime
) -> None:
    page.goto(f"{base}/pipeline")
    part = page.locator("#pipeline-tables")
    found = {name: [rows, files, version] for name, rows, files, _, version, *_ in cells(part)}
    assert found["frames"] == [str(RECORDS - 1), "1", "0"]
    days = {row["day"] for row in progress_rows(began)}  # two where the last half hour saw a midnight
    assert found["stream_progress"] == ["36", str(len(days)), "0"]
    assert found["hourly_counts"] == ["missing", "-", "-"]
    expect(part).to_contain_text("Missing: camera_status, camera_registrations, ")


def test_dags_are_told_with_their_last_runs_and_lead_to_airflow(
    base: str, page: Page, airflow: FakeAirflow
) -> None:
    page.goto(f"{base}/pipeline?zone=utc")
    part = page.locator("#pipeline-dags")
    found = cells(part)
    every, noon, event = "At 0 minutes past the hour", "2026-11-20 12:00", "on an event, or by hand"
    assert found[:3] == [
        list(DAGS),
        ["data_quality", "✗ failed", "asset triggered", noon, "1 min 5 s", event, "Triggered by assets"],
        ["hourly_counts", "✓ success", "scheduled", noon, "1 min 5 s", "2026-11-20 13:00", every],
    ]
    assert found[3][:4] == ["lake_maintenance", "▶ running", "manual", noon]
    assert found[3][5:] == ["paused", every]
    assert found[4] == [f"{HOSTILE_DAG} (cannot be imported)", "never ran", "-", "-", "-", event, "-"]
    address = f"http://127.0.0.1:{airflow.port}/dags/hourly_counts"
    expect(part.get_by_role("link", name="hourly_counts")).to_have_attribute("href", address)


def test_airflow_that_is_away_leaves_the_rest_as_it_is(base: str, page: Page, airflow: FakeAirflow) -> None:
    airflow.away = True
    try:
        page.goto(f"{base}/pipeline")
        part = page.locator("#pipeline-dags")
        expect(part).to_contain_text(f"Airflow does not answer at 127.0.0.1:{airflow.port}")
        expect(part).to_contain_text("./pycturestream up starts it. The other parts of this page")
        expect(page.locator("#pipeline-hours tbody tr")).to_have_count(HOUR_COUNT)
        with urllib.request.urlopen(f"{base}/healthz", timeout=60) as answer:
            said = json.load(answer)["pages"]["pipeline"]
        assert (said["state"], said["sentence"][:24]) == ("stale", "Airflow: Airflow does no")
    finally:
        airflow.away = False
    expect(page.locator("#pipeline-dags")).not_to_contain_text("does not answer")


def test_period_and_zone_go_to_the_address_and_come_back_from_it(base: str, page: Page) -> None:
    page.goto(f"{base}/pipeline")
    expect(page.locator("#pipeline-charts")).to_contain_text("Each point is one minute.")
    page.click("#pipeline-period")
    page.get_by_role("option", name="Last 7 days").click()
    page.wait_for_url("**/pipeline?period=7d")
    expect(page.locator("#pipeline-charts")).to_contain_text("Each point stands for 30 minutes")
    page.click("#pipeline-zone")
    page.get_by_role("option", name="UTC").click()
    page.wait_for_url("**/pipeline?period=7d&zone=utc")
    page.goto(page.url)
    expect(page.locator("#pipeline-period")).to_have_value("Last 7 days")
    expect(page.locator("#pipeline-zone")).to_have_value("UTC")
    expect(page.locator("#pipeline-charts")).to_contain_text("Each point stands for 30 minutes")
    expect(page.locator("#pipeline-tables .fresh")).to_contain_text("UTC.")


def test_a_word_that_nobody_knows_is_said_with_a_cure(base: str, page: Page) -> None:
    page.goto(f"{base}/pipeline?period=year")
    expect(page.locator("[role=alert]")).to_contain_text("period 'year' is none of: 1h, 6h, 24h, 7d")


def test_nothing_is_drawn_anew_while_nothing_is_new(base: str, page: Page) -> None:
    page.goto(f"{base}/pipeline")
    cells(page.locator("#pipeline-dags"))
    with page.expect_response(lambda one: "_dash-update-component" in one.url and one.status == 204):
        pass


def test_it_fits_a_phone_and_the_dark_and_its_tables_are_reached_by_the_keyboard(
    data: Path, base: str, browser: Browser
) -> None:
    write_states(data / "run", datetime.now(UTC), UI)
    with fresh_page(browser, 390, 800) as page:
        page.emulate_media(color_scheme="dark")
        page.goto(f"{base}/pipeline")
        for name in ("hours", "tables", "dags"):
            cells(page.locator(f"#pipeline-{name}"))
        lines(page, "rates")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        colours = page.evaluate(
            "['#pipeline-rates .xtick text', '#pipeline-hours td', '#pipeline-stream'].map(name => {"
            " const style = getComputedStyle(document.querySelector(name));"
            " return name.includes('text') ? style.fill : style.color; })"
        )
        assert all(min(map(int, one[4:-1].split(","))) > 150 for one in colours), colours
        region = page.get_by_role("region", name="Reconciliation by hour")
        region.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("() => document.querySelector('#pipeline-hours .wide').scrollLeft > 0")


def test_the_ledger_names_the_record_that_no_table_has(base: str, page: Page) -> None:
    page.goto(f"{base}/pipeline")
    part = page.locator("#pipeline-ledger")
    expect(part).to_contain_text("Nothing accounts for 6 of partition 0.")
    assert cells(part) == [
        list(ACCOUNTS),
        ["detections", "12", "6", "2", "3", "-", "0", "1: wrong", "0"],
        ["frames", "12", "-", "-", "-", "11", "0", "1: wrong", "0"],
    ]


def test_health_is_known_to_programs(base: str) -> None:
    try:
        with urllib.request.urlopen(f"{base}/healthz", timeout=60) as answer:
            said = json.load(answer)
    except HTTPError as error:
        said = json.load(error)
    assert said["pages"]["pipeline"] == {"state": "ok", "sentence": "7 of 18 tables are there"}
