from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient

from dashboards.explore import picture_routes
from dashboards.explore.drawn_pictures import NoPictureError, drawn, stored_picture
from dashboards.ui.context import KEY, Context
from dashboards.ui.services import Services
from dashboards.ui.settings import DashboardSettings
from lake.config.settings import Settings
from tests.dashboards.explore_lake import (
    BOX,
    CORRUPT,
    EXPIRED,
    GREY,
    JPEG,
    LEGACY,
    SYNTHETIC,
    at,
    write_lake,
)

HOME = "/picture/2026-11-20/id"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    root: Path = tmp_path_factory.mktemp("data")
    write_lake(root / "lake")
    server = Flask("test", static_folder=None)
    settings = Settings(home=root, data=root)
    services = Services.of(settings, "", lambda: at(12))
    server.config[KEY] = Context(settings, DashboardSettings(), lambda: at(12), services)
    picture_routes.register(server)
    return server.test_client()


def decoded(content: bytes) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR))


def test_a_stored_picture_comes_as_it_was_sent(client: FlaskClient) -> None:
    answer = client.get(f"{HOME}/1/1.jpg")
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "image/jpeg", JPEG)


def test_boxes_are_drawn_where_the_object_is_and_nowhere_else(client: FlaskClient) -> None:
    picture = decoded(client.get(f"{HOME}/1/1.jpg?boxes=1").data)
    assert picture.shape == (360, 640, 3)
    assert np.ptp(picture[90, 320].astype(int)) > 40
    assert np.ptp(picture[180, 160].astype(int)) > 40
    assert np.abs(picture[180, 320].astype(int) - GREY).max() < 8
    assert np.abs(picture[20, 20].astype(int) - GREY).max() < 8


def test_objects_under_the_threshold_get_no_box(client: FlaskClient) -> None:
    picture = decoded(client.get(f"{HOME}/1/1.jpg?boxes=1&threshold=0.9").data)
    assert np.ptp(picture) < 8


@pytest.mark.parametrize("threshold", ["nan", "0", "x", "1e999", ""])
def test_a_threshold_that_is_none_is_that_of_the_settings(client: FlaskClient, threshold: str) -> None:
    usual = client.get(f"{HOME}/1/1.jpg?boxes=1").data
    assert client.get(f"{HOME}/1/1.jpg?boxes=1&threshold={threshold}").data == usual


def test_a_picture_of_an_old_client_is_taken_out_of_its_json(client: FlaskClient) -> None:
    assert client.get(f"{HOME}/1/{LEGACY}.jpg").data == JPEG


@pytest.mark.parametrize(
    ("offset", "said"),
    [
        (SYNTHETIC, "No picture: synthetic history has none.\n"),
        (CORRUPT, "No picture: 8 bytes starting with 6e 6f 6e 73 65 6e 73 65 are neither JPEG nor PNG\n"),
        (EXPIRED, "No picture: expired after retention, or never archived.\n"),
    ],
)
def test_what_cannot_be_shown_says_why(client: FlaskClient, offset: int, said: str) -> None:
    answer = client.get(f"{HOME}/1/{offset}.jpg?boxes=1")
    assert (answer.status_code, answer.mimetype, answer.text) == (404, "text/plain", said)


@pytest.mark.parametrize(
    "path",
    [
        "/picture/2026-11-20/..%2f..%2fetc/0/1.jpg",
        "/picture/2026-11-20/../../0/1.jpg",
        f"/picture/2026-11-20/id/0/{10**18}9.jpg",
        f"/picture/2026-11-20/id/0/{'9' * 400}.jpg",
        "/picture/2026-11-20/id%00/0/1.jpg",
        "/picture/2026-11-20/id/0/-1.jpg",
        "/picture/2026-11-20/id'%20OR%20TRUE--/0/1.jpg",
        "/picture/%2e%2e/id/0/1.jpg",
    ],
)
def test_tricks_with_the_address_find_nothing(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.mimetype.startswith("text/")


def test_json_that_is_no_frame_and_a_cut_picture_are_corrupt() -> None:
    for value in (b"{", b"[" * 100_000, b'{"image": 5}', b'{"image": "!!"}', b"\xff"):
        with pytest.raises(NoPictureError):
            stored_picture({"topic": "pycturestream", "format": "legacy", "value": value})
    with pytest.raises(NoPictureError, match="cut short"):
        stored_picture({"topic": "pycturestream", "format": "frame/1", "value": JPEG[:-400]})


def test_boxes_with_impossible_numbers_or_hostile_labels_still_give_a_picture() -> None:
    strange = [
        BOX | {"label": "%s\n\x00ü<img>" * 50, "score": 0.9, "xmin": -5.0, "xmax": 9.0},
        BOX | {"label": None, "score": 0.9, "ymin": float("nan")},
    ]
    assert decoded(drawn(JPEG, strange)).shape == (360, 640, 3)
