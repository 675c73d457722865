from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable, QueryBuilder

from benchmarks.support.tables.arrow_tables import write
from lake.schema.batch_schemas import PUBLICATIONS
from lake.schema.schemas import DETECTIONS
from lake.serving import open_tables
from lake.serving.open_tables import DECIDE, OpenTables
from lake.views.live_views import LiveHour
from tests.dashboards.explore_lake import DAY, at, record

NEXT = DAY + timedelta(days=1)
ELEVEN, NOON = at(11), at(12) + timedelta(days=1)


def detect(root: Path, day: date, hour: datetime, *cameras: str) -> None:
    seen = {"observed_at": hour + timedelta(minutes=5), "day": day, "status": "detected", "objects": []}
    write(root, DETECTIONS, [record(0) | seen | {"camera_id": camera} for camera in cameras])


def decide(root: Path, day: date, hour: datetime, camera: str, state: str) -> None:
    decided = {"hour": hour, "camera_id": camera, "state": state, "decided_at": hour, "run_id": "audit"}
    write(root, PUBLICATIONS, [decided | {"day": day}])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Nothing is decided: two cameras on the first day, one on the second."""
    detect(tmp_path, DAY, ELEVEN, "door", "yard")
    detect(tmp_path, NEXT, NOON, "door")
    write(tmp_path, PUBLICATIONS, [])
    return tmp_path


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[list[date]]:
    """Days that are looked at for live hours, by look."""
    days_of_looks: list[list[date]] = []
    look = open_tables._live_among

    def noting(builder: QueryBuilder, days: Iterable[date]) -> set[LiveHour]:
        days_of_looks.append(sorted(days))
        return look(builder, days_of_looks[-1])

    monkeypatch.setattr(open_tables, "_live_among", noting)
    return days_of_looks


@pytest.fixture
def live_hours(root: Path) -> Callable[[], tuple[LiveHour, ...]]:
    """Live hours as tables that stay open know them."""
    times = (at(12) + timedelta(seconds=3 * number) for number in range(100))
    tables = OpenTables(root, lambda: next(times), DECIDE)
    return lambda: tables.now().live_hours


def test_live_hours_are_looked_for_on_days_whose_files_are_others(
    root: Path, live_hours: Callable[[], tuple[LiveHour, ...]], looked_at: list[list[date]]
) -> None:
    door, yard, later = (DAY, ELEVEN, "door"), (DAY, ELEVEN, "yard"), (NEXT, NOON, "door")
    assert live_hours() == (door, yard, later)
    assert live_hours() == (door, yard, later)
    decide(root, DAY, ELEVEN, "yard", "held")
    assert live_hours() == (door, later)
    detect(root, NEXT, NOON, "gate")
    assert live_hours() == (door, later, (NEXT, NOON, "gate"))
    decide(root, NEXT, NOON, "door", "published")
    assert live_hours() == (door, (NEXT, NOON, "gate"))
    assert looked_at == [[DAY, NEXT], [DAY], [NEXT], [NEXT]]


def test_a_day_whose_detections_are_gone_is_live_no_more(
    root: Path, live_hours: Callable[[], tuple[LiveHour, ...]]
) -> None:
    assert len(live_hours()) == 3
    DeltaTable(root / DETECTIONS.name).delete(f"day = '{DAY}'")
    assert live_hours() == ((NEXT, NOON, "door"),)
