from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.events import import_events
from jobs.events.import_events import import_events as bring_in
from jobs.pipeline import publish_scopes
from jobs.pipeline.publish_scopes import MAX_HOURS, MAX_ROWS, Published, scopes_of
from jobs.quality.check_quality import Audit
from lake.contracts.camera_hour import CameraHour
from lake.contracts.hours import HOUR, Scope
from lake.storage.tables import Lake
from tests.conftest import at
from tests.jobs.event_lake import READING, empty_lake, file_of, row

TEN, ELEVEN, TWELVE = (at(f"{hour}:00") for hour in (10, 11, 12))
CAMERAS = ("door", "yard")


def test_hours_are_counted_together_up_to_so_many_rows() -> None:
    rows = {TEN: MAX_ROWS - 5, ELEVEN: 5, TWELVE: 1, TWELVE + HOUR: MAX_ROWS * 2, TWELVE + 2 * HOUR: 0}
    assert list(scopes_of(rows, CAMERAS)) == [
        Scope((TEN, ELEVEN), CAMERAS), Scope((TWELVE,), CAMERAS), Scope((TWELVE + HOUR,), CAMERAS),
        Scope((TWELVE + 2 * HOUR,), CAMERAS),
    ]  # fmt: skip
    assert list(scopes_of({}, CAMERAS)) == []


def test_hours_are_counted_together_up_to_a_week() -> None:
    hours = [TEN + number * HOUR for number in range(MAX_HOURS + 1)]
    assert list(scopes_of(dict.fromkeys(hours, 1), CAMERAS)) == [
        Scope(tuple(hours[:-1]), CAMERAS), Scope((hours[-1],), CAMERAS),
    ]  # fmt: skip


def test_an_import_publishes_its_hours_that_are_over_and_leaves_the_open_one_to_the_hourly_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Scope, set[CameraHour]]] = []

    def publish(*given: Any) -> Published:
        _, _, scopes, run_id, _, _, only = given
        assert run_id.startswith("imported-")
        asked.extend((scope, set(only)) for scope in scopes)
        return Published(len(only), 0)

    monkeypatch.setattr(import_events, "publish_scopes", publish)
    rows = [
        row("cat", "2026-01-02 11:59"),
        row("cat", "2026-01-02 12:30", "yard"),
        row("cat", "2026-01-02 13:00"),
    ]
    told = bring_in(
        empty_lake(tmp_path / "data"), file_of(tmp_path, rows), READING, lambda: None,
        lambda: TWELVE + timedelta(minutes=1),
    )  # fmt: skip
    assert asked == [(Scope((TEN, ELEVEN), CAMERAS), {(TEN, "door"), (ELEVEN, "yard")})]
    assert told.done == Published(2, 0)


def test_hours_of_a_camera_that_were_not_asked_for_are_not_decided_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided: list[Audit] = []
    held = {(ELEVEN, "door"): ["a"], (TWELVE, "door"): ["b"]}
    every = Audit([(TEN, "door"), (TEN, "yard"), (ELEVEN, "yard")], held, [])
    monkeypatch.setattr(publish_scopes.count_objects, "run", lambda *_, **__: None)
    monkeypatch.setattr(publish_scopes, "audit", lambda *_: every)
    monkeypatch.setattr(publish_scopes, "decide", lambda *given: decided.append(given[2]))
    scopes = [Scope((TEN, ELEVEN, TWELVE), CAMERAS)]
    told: list[Any] = [None, Lake(tmp_path), scopes, "run", lambda: TWELVE, tmp_path]
    only = {(TEN, "door"), (ELEVEN, "yard"), (TWELVE, "door")}
    assert publish_scopes.publish_scopes(*told, only) == Published(2, 1)
    assert publish_scopes.publish_scopes(*told) == Published(3, 2)
    assert decided == [Audit([(TEN, "door"), (ELEVEN, "yard")], {(TWELVE, "door"): ["b"]}, []), every]
