"""What an older commit wrote is read whole by everything that needs no JVM: readers, pages, commands."""

from __future__ import annotations

import os
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from capture.cameras.cameras import read_cameras
from capture.cameras.settings import CaptureSettings
from dashboards.auth.passwords import check_password
from dashboards.auth.users import read_users
from dashboards.data.camera_registry import RegisteredCamera, Registry
from dashboards.data.exploring import Explorer
from dashboards.data.quality_history import QualityHistory
from dashboards.data.quality_questions import QualityFilter
from dashboards.data.report_counts import ReportFilter
from dashboards.data.report_history import ReportHistory
from dashboards.data.table_sizes import TableSizes
from lake.accounting.ledger import balance
from lake.config.settings import Settings
from lake.contracts.wire_format import FRAMES_TOPIC
from lake.schema.schemas import TABLES
from lake.serving.questions import Question
from tests.upgrades.make_lake import describe
from tests.upgrades.old_data import COMMITS, OldData, rows_of

HOUR = timedelta(hours=1)
KINDS = {"detected", "skipped_stale", "skipped_superseded", "corrupt", "malformed"}


def test_there_is_a_fixture() -> None:
    assert COMMITS


def test_the_fixture_holds_something_of_everything(old: OldData) -> None:
    empty = {name for name, told in old.tables.items() if not told["rows"]}
    assert empty == {"broker_hours", "maintenance_reports", "model_evaluations"}
    assert {row["status"] for row in rows_of(old.lake, "detections")} >= KINDS
    assert {row["topic"] for row in rows_of(old.lake, "detections")} == {
        FRAMES_TOPIC,
        "imported",
        "synthetic",
    }
    assert {row["state"] for row in old.sums("decisions")} == {"published", "held"}
    assert {row["state"] for row in old.sums("objects_by_label_and_hour")} == {"published", "live"}


def test_every_table_is_still_one_and_is_read_whole(old: OldData) -> None:
    known = {table.name for table in TABLES}
    assert set(old.tables) <= known
    for name, told in old.tables.items():
        rows = [{column: row[column] for column in told["columns"]} for row in rows_of(old.lake, name)]
        assert describe(rows) == told, name


def test_the_ledger_says_what_it_said(old: OldData) -> None:
    [life] = {row["topic_id"] for row in rows_of(old.lake, "frames") if row["topic"] == FRAMES_TOPIC}
    ledger = balance(old.lake, life, old.ends)
    assert ledger.is_balanced, ledger
    [told] = old.sums("ledger_totals")
    assert ledger.detections.expired == told["expired"] > 0
    assert ledger.frames.expired == told["expired"]
    assert ledger.frames.records == told["archived"] + told["expired"]


def test_the_report_counts_the_same_objects(old: OldData) -> None:
    told = old.sums("objects_by_label_and_hour")
    history = ReportHistory(old.lake, lambda: old.made_at)
    history.refresh()
    first, last = hours_of(told)
    assert history.count(ReportFilter(first, last)).labels == dict(objects_by(told, "label"))
    for row in told:
        hour = datetime.fromisoformat(row["hour"])
        here = [one for one in told if one["hour"] == row["hour"]]
        assert history.count(ReportFilter(hour, hour + HOUR)).labels == dict(objects_by(here, "label"))


def test_the_grid_lists_the_same_objects(old: OldData) -> None:
    told = old.sums("objects_by_label_and_hour")
    first, last = hours_of(told)
    explorer = Explorer(old.lake, lambda: old.made_at)
    for state in ("published", "live"):
        asked = Question(first.date(), last.date(), f"v.state = '{state}'", (), 0.5)
        assert explorer.count(asked) == objects_by(told, "state")[state] > 0


def test_the_page_of_quality_shows_the_same_decisions(old: OldData) -> None:
    told = old.sums("decisions")
    first, last = hours_of(told)
    history = QualityHistory(old.lake, lambda: old.made_at)
    seen = history.ask(QualityFilter(first, last))
    held = {(row["hour"], row["camera_id"]) for row in told if row["state"] == "held"}
    assert {(said_hour(one.hour), one.camera) for one in seen.held} == held
    states = Counter(row["state"] for row in told)
    assert Counter({state: hours for _, state, hours in seen.decided}) == states
    assert seen.held[0].published_at is not None
    assert "score" in " ".join(seen.held[0].reasons)


def test_the_page_of_the_pipeline_knows_each_table_and_camera(old: OldData) -> None:
    sizes = {size.name: (size.rows, size.trouble) for size in TableSizes(old.lake).look()}
    for name, told in old.tables.items():
        assert sizes[name] == (told["rows"], ""), name
    registered = Registry(old.lake, lambda: old.made_at).now()
    assert registered == {"yard": RegisteredCamera("yard", "The yard", "Behind the house", "Europe/Berlin")}


def test_cameras_and_users_are_those_of_before(old: OldData) -> None:
    settings = old.settings(Settings.from_env(os.environ).home)
    [camera] = read_cameras(old.data / "cameras.toml", CaptureSettings.from_env({}, settings))
    assert (camera.id, camera.source, camera.interval) == ("yard", "test", 4)
    name, password = old.contents["user"]
    [user] = read_users(old.data / "dashboard" / "users.json").values()
    assert (user.name, user.role) == (name, "admin")
    assert check_password(password, user.password_hash)


def objects_by(told: list[dict[str, Any]], name: str) -> Counter[str]:
    """Objects by a column of the recorded rows."""
    found: Counter[str] = Counter()
    for row in told:
        found[row[name]] += row["n"]
    return found


def hours_of(told: list[dict[str, Any]]) -> tuple[datetime, datetime]:
    """From the first recorded hour to the end of the last, UTC."""
    hours = sorted(datetime.fromisoformat(row["hour"]) for row in told)
    return hours[0], hours[-1] + HOUR


def said_hour(hour: datetime) -> str:
    return f"{hour:%Y-%m-%dT%H:%M:%S}.000000Z"
