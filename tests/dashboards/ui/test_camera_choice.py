from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.support.tables.arrow_tables import write
from dashboards.data.camera_registry import RegisteredCamera
from dashboards.ui import camera_choice
from dashboards.ui.context import Context
from dashboards.ui.services import Services
from dashboards.ui.settings import DashboardSettings
from lake.config.settings import Settings
from lake.schema.schemas import CAMERA_REGISTRATIONS
from tests.conftest import at
from tests.dashboards.explore_lake import HOSTILE


def listed(camera_id: str, **said: Any) -> dict[str, Any]:
    return {"camera_id": camera_id, "since": at("10:00"), "enabled": True, "offset": 0, **said}


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    data: Path = tmp_path_factory.mktemp("data")
    settings = Settings(home=data, data=data, time_zone="Europe/Berlin")
    rows = [
        listed("door", name="Front door", place="Hall", time_zone="Asia/Tokyo"),
        listed("yard", name=HOSTILE, time_zone="Europe/Berlin"),
        listed("roof", time_zone="Asia/Tokyo"),
    ]
    write(settings.lake, CAMERA_REGISTRATIONS, rows)
    services = Services.of(settings, "", lambda: at("12:00"))
    return Context(settings, DashboardSettings(), lambda: at("12:00"), services)


def test_cameras_are_chosen_by_name_and_place_beside_the_id(context: Context) -> None:
    assert camera_choice.cameras(context, ["yard", "door", "cellar"], ["gone"]) == [
        {"value": "cellar", "label": "cellar"},
        {"value": "door", "label": "Front door · Hall (door)"},
        {"value": "gone", "label": "gone"},
        {"value": "yard", "label": f"{HOSTILE} (yard)"},
    ]


SITE = {"value": "site", "label": "Europe/Berlin"}
UTC = {"value": "utc", "label": "UTC"}


@pytest.mark.parametrize(
    ("chosen", "zone", "more"),
    [
        ([], "site", [{"value": "Asia/Tokyo", "label": "Asia/Tokyo (door, roof)"}]),
        (["door"], "utc", [{"value": "Asia/Tokyo", "label": "Asia/Tokyo (door)"}]),
        (["yard"], "site", []),
        (["yard"], "Asia/Kolkata", [{"value": "Asia/Kolkata", "label": "Asia/Kolkata"}]),
    ],
)
def test_the_zones_of_the_cameras_are_offered_beside_the_site_s(
    context: Context, chosen: list[str], zone: str, more: list[dict[str, str]]
) -> None:
    offered = camera_choice.zones(context, chosen, zone)
    assert sorted(offered, key=str) == sorted([SITE, UTC, *more], key=str)


def test_a_zone_of_many_cameras_says_how_many() -> None:
    wanted = [RegisteredCamera(f"c{number}", time_zone="Asia/Tokyo") for number in range(4)]
    assert camera_choice.zone_words(wanted) == {"Asia/Tokyo": "Asia/Tokyo (4 cameras)"}
