"""The pages of `benchmarks.thousand_cameras`: a real dashboard in a real browser while all cameras send.

Pictures are small ones: what is looked at is how many there are, not their bytes.
"""

from __future__ import annotations

import base64
import json
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
import psutil
from kafka import KafkaProducer
from playwright.sync_api import Page

from benchmarks.thousand_notices import HEARTBEAT_S, notices
from lake.contracts.clock import utc_now
from lake.contracts.wire_format import FRAMES_TOPIC, RESULTS_TOPIC, STATUS_TOPIC, Frame, rfc3339
from tests.browser.chromium import open_page
from tests.dashboards.pages import running_dashboard
from tests.faults.system import running_broker
from tests.faults.wire import encode

PAGES: Final = {
    "live": ("/", ".live-camera"),
    "report": ("/report?period=24h", "#report-timeline .main-svg"),
    "explore": ("/explore", ".ag-row"),
    "quality": ("/quality", "main table"),
    "pipeline": ("/pipeline", "main table"),
}
"""Each page with its address, and what is there once it shows something."""
ASKED: Final = 20
PICTURE: Final = encode(np.full((90, 160, 3), (90, 120, 60), np.uint8))
Found = dict[str, Any]


class Cameras(threading.Thread):
    """All cameras and the analysis of their pictures, at a steady pace."""

    def __init__(self, kafka: str, count: int, every_s: float) -> None:
        super().__init__(name="cameras", daemon=True)
        self.ended, self.sent = threading.Event(), 0
        self._producer = KafkaProducer(bootstrap_servers=kafka, linger_ms=20)
        self._cameras, self._pause_s = notices(count), every_s / count
        self._heartbeat = int(HEARTBEAT_S / every_s)

    def run(self) -> None:
        """Send until it is told to end."""
        start = time.monotonic()
        while not self.ended.is_set():
            wait = start + self.sent * self._pause_s - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            self._send(*divmod(self.sent, len(self._cameras)))
            self.sent += 1
        self._producer.close(10)

    def _send(self, turn: int, camera: int) -> None:
        one, now = self._cameras[camera], utc_now()
        key = one.camera_id.encode()
        if (turn + camera) % self._heartbeat == 0:
            self._producer.send(STATUS_TOPIC, json.dumps(one.message()).encode(), key)
        sent = Frame(one.camera_id, one.session, turn, now, 1280, 720, PICTURE)
        self._producer.send(FRAMES_TOPIC, PICTURE, key, sent.headers(now))
        self._producer.send(RESULTS_TOPIC, _result(sent), key)


def _result(sent: Frame) -> bytes:
    now = rfc3339(sent.captured_at)
    things = [{"label": "person", "score": 0.87, "sector": ["middle", "left"]}]
    said = {"camera_id": sent.camera_id, "frame_id": sent.frame_id, "objects": things, "observed_at": now,
            "stages": {"finished_at": now}, "image": base64.b64encode(PICTURE).decode()}  # fmt: skip
    return json.dumps(said).encode()


@contextmanager
def sending(kafka: str, count: int, every_s: float) -> Iterator[Cameras]:
    """Cameras that are ended for good."""
    cameras = Cameras(kafka, count, every_s)
    cameras.start()
    try:
        yield cameras
    finally:
        cameras.ended.set()
        cameras.join(15)


def measure_pages(data: Path, cameras: int, every_s: float, out: Path, warm_s: float = 20) -> Found:
    """Open every page, and look at the process meanwhile; pictures of the pages go to `out`."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_broker(Path(folder)) as broker,
        running_dashboard(data, broker.address) as base,
        sending(broker.address, cameras, every_s) as sender,
    ):
        time.sleep(warm_s)
        [server] = [one for one in psutil.Process().children(recursive=True) if "dashboards" in one.cmdline()]
        found: Found = {"alone": share_of_core(server, 10), "state": state_of(base)}
        with open_page() as page:
            found["pages"] = {name: opened(page, base, name, out) for name in PAGES}
            page.goto(base)
            found["looked_at"] = share_of_core(server, 10)
        found |= {
            "sent": sender.sent,
            "per_second": cameras / every_s,
            "memory_mb": server.memory_full_info().pss / 2**20,
        }
    return found


def share_of_core(server: psutil.Process, seconds: float) -> float:
    """Processor time of the dashboard, in cores."""
    before = sum(server.cpu_times()[:2])
    time.sleep(seconds)
    return (sum(server.cpu_times()[:2]) - before) / seconds


def state_of(base: str) -> Found:
    """What the live page asks for, ten times a second: its milliseconds, kilobytes and cameras."""
    took, content = [], b""
    for _ in range(ASKED):
        began = time.perf_counter()
        with urllib.request.urlopen(f"{base}/live/state.json", timeout=30) as answer:
            content = answer.read()
        took.append(1000 * (time.perf_counter() - began))
    said = json.loads(content)
    online = sum(one["state"] == "online" for one in said["cameras"])
    size = {"median_ms": median(took), "kb": len(content) / 1000}
    return {**size, "found": said["found"], "cameras": len(said["cameras"]), "online": online}


def opened(page: Page, base: str, name: str, out: Path) -> Found:
    """Seconds until a page shows what it is for, its elements, and its longest pause in 5 s."""
    path, sign = PAGES[name]
    began = time.perf_counter()
    page.goto(base + path)
    page.locator(sign).first.wait_for(state="attached", timeout=120_000)
    shown = time.perf_counter() - began
    pause = page.evaluate("""async () => {
        let longest = 0, last = performance.now();
        const end = last + 5000;
        while (last < end) {
            await new Promise((go) => setTimeout(go, 10));
            longest = Math.max(longest, performance.now() - last - 10); last = performance.now();
        }
        return longest;
    }""")
    page.screenshot(path=str(out / f"thousand-{name}.png"))
    elements = page.evaluate("document.getElementsByTagName('*').length")
    return {"shown_after_s": shown, "elements": elements, "longest_pause_ms": pause}
