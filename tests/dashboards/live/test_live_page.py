"""The live page in a real browser, with pictures through a real broker."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaProducer

from benchmarks.support.running.chromium import expect
from benchmarks.support.running.dashboard import running_dashboard
from benchmarks.support.running.programs import wait_for
from benchmarks.support.running.system import Broker, running_broker
from benchmarks.support.running.wire import frame, pictures, send
from lake.config.settings import Settings
from lake.contracts.wire_format import RESULTS_TOPIC, STATUS_TOPIC, rfc3339

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.system

HOSTILE = "<img src=x onerror=alert(1)>"
LOADED = "image => image.complete && image.naturalWidth > 0"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running_broker(tmp_path_factory.mktemp("broker")) as started:
        yield started


@pytest.fixture(scope="module")
def base(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_dashboard(tmp_path_factory.mktemp("data"), broker.address) as address:
        yield address


@pytest.fixture
def page(base: str, page: Page) -> Page:
    page.goto(base)
    return page


def clip() -> tuple[bytes, ...]:
    return pictures(Settings.from_env(os.environ).home / "clips")


def show(broker: Broker, camera: str, number: int, *things: dict[str, Any]) -> str:
    """Send a frame and its result; the frame's id."""
    jpeg = clip()[number % 6]
    sent = frame(jpeg, camera, number)
    send(broker.address, [sent])
    frame_id = f"{camera}/5e5510/{number}"
    now = rfc3339(datetime.now(UTC))
    result = {
        "camera_id": camera, "frame_id": frame_id, "objects": list(things), "observed_at": now,
        "stages": {"finished_at": now}, "image": base64.b64encode(clip()[(number + 1) % 6]).decode(),
    }  # fmt: skip
    put(broker, RESULTS_TOPIC, camera, result)
    return frame_id


def put(broker: Broker, topic: str, camera: str, said: dict[str, Any]) -> None:
    producer = KafkaProducer(bootstrap_servers=broker.address, max_request_size=2**21)
    producer.send(topic, json.dumps(said).encode(), camera.encode()).get(timeout=30)
    producer.close()


def person(label: str = "person") -> dict[str, Any]:
    return {"label": label, "score": 0.87, "sector": ["middle", "left"]}


def test_both_pictures_and_the_sentence_of_each_new_frame_are_shown(broker: Broker, page: Page) -> None:
    for number in (0, 1):
        frame_id = show(broker, "door", number, person(), person())
        card = page.locator("[data-camera=door]")
        expect(card.locator("img").first).to_have_attribute("data-frame", frame_id)
        expect(card.locator("img").last).to_have_attribute("data-frame", frame_id)
    wait_for("both pictures", lambda: all(image.evaluate(LOADED) for image in card.locator("img").all()))
    expect(card.locator(".live-sentences")).to_have_text("2 persons at middle left.")
    expect(card.locator(".live-objects")).to_have_text(
        "person (0.87) at middle left, person (0.87) at middle left"
    )
    expect(card.locator("img").last).to_have_attribute("alt", "door: 2 persons at middle left.")


def test_a_hostile_label_is_text(broker: Broker, page: Page) -> None:
    show(broker, "hostile", 0, person(HOSTILE))
    expect(page.locator("[data-camera=hostile] .live-sentences")).to_have_text(f"{HOSTILE} at middle left.")
    put(broker, STATUS_TOPIC, "hostile", {"state": "running", "camera": {"name": HOSTILE, "place": "Hall"}})
    expect(page.locator("[data-camera=hostile] h2")).to_have_text(f"{HOSTILE} · Hall (hostile)")
    assert page.locator("[data-camera=hostile] img").count() == 2


def test_a_camera_that_fell_silent_or_ended_is_never_shown_as_live(broker: Broker, page: Page) -> None:
    show(broker, "silent", 0)
    show(broker, "ended", 0)
    silent, ended = page.locator("[data-camera=silent]"), page.locator("[data-camera=ended]")
    expect(silent).to_have_attribute("data-state", "online")
    expect(silent.locator(".live-sentences")).to_have_text("No objects detected.")
    put(broker, STATUS_TOPIC, "ended", {"state": "ended", "last_error": None})
    expect(ended.locator(".live-state")).to_contain_text("ended")
    expect(silent).to_have_attribute("data-state", "silent")
    expect(silent.locator(".live-state")).to_contain_text("last picture")
    assert "grayscale" in silent.locator("img").first.evaluate("image => getComputedStyle(image).filter")


def test_the_newest_camera_comes_first(broker: Broker, page: Page) -> None:
    for camera in ("first", "second"):
        show(broker, camera, 0)
        expect(page.locator(".live-camera h2").first).to_have_text(camera)


def test_the_theme_is_chosen_and_kept(page: Page) -> None:
    html = page.locator("html")
    expect(html).to_have_attribute("data-mantine-color-scheme", "light")
    page.get_by_text("dark", exact=True).click()
    expect(html).to_have_attribute("data-mantine-color-scheme", "dark")
    page.reload()
    expect(html).to_have_attribute("data-mantine-color-scheme", "dark")


def test_a_broker_that_comes_back_is_followed_again(broker: Broker, page: Page) -> None:
    show(broker, "again", 0)
    broker.stop()
    expect(page.locator("#live-trouble")).to_contain_text("does not answer")
    broker.program.start()
    page.wait_for_timeout(1000)
    expect(page.locator("#live-trouble")).to_be_hidden()
    frame_id = show(broker, "again", 1)
    expect(page.locator("[data-camera=again] img").first).to_have_attribute("data-frame", frame_id)


def test_many_cameras_are_leafed_through_and_found(broker: Broker, page: Page) -> None:
    expect(page.locator("#live-choice")).to_be_hidden()
    found = {"objects": [], "frame_id": "", "observed_at": rfc3339(datetime.now(UTC))}
    with KafkaProducer(bootstrap_servers=broker.address) as producer:
        for number in range(100, 150):
            said = json.dumps({"camera_id": f"many-{number}", **found}).encode()
            producer.send(RESULTS_TOPIC, said, f"many-{number}".encode())
    page.get_by_label("Find a camera").fill("many-1")
    cards, said = page.locator(".live-camera"), page.locator("#live-choice span")
    expect(said).to_have_text("1 to 24 of 50")
    expect(cards).to_have_count(24)
    page.get_by_role("button", name="Next").click()
    expect(cards.first).to_have_attribute("data-camera", "many-124")
    page.get_by_role("button", name="Next").click()
    expect(said).to_have_text("49 to 50 of 50")
    expect(page.get_by_role("button", name="Next")).to_be_disabled()
    page.get_by_role("button", name="Previous").click()
    expect(cards.first).to_have_attribute("data-camera", "many-124")
    page.get_by_label("Find a camera").fill(HOSTILE)
    expect(said).to_have_text("1 to 1 of 1")
    page.get_by_label("Find a camera").fill("nowhere")
    expect(said).to_have_text("none")
    expect(cards).to_have_count(0)
