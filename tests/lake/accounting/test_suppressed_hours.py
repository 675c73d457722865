from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.support.tables.arrow_tables import write
from lake.accounting.suppressed_hours import gated_of_scope
from lake.contracts.hours import Scope
from lake.schema.schemas import CAMERA_STATUS
from tests.conftest import at

TEN, ELEVEN, TWELVE = at("10:00"), at("11:00"), at("12:00")


def notice(appended: datetime, gated: int | None, camera: str = "door", session: str = "s") -> dict[str, Any]:
    known = {"camera_id": camera, "session": session, "appended_at": appended, "gated": gated}
    return {
        **known,
        "topic_id": "id",
        "partition": 0,
        "offset": 0,
        "state": "running",
        "day": appended.date(),
    }


ROWS = [
    notice(at("23:59:30", "2026-01-01"), 100, session="since yesterday"),
    notice(at("11:10"), 130, session="since yesterday"),
    notice(at("10:59:59.999999"), 2),
    notice(at("11:00"), 5),
    notice(at("11:59:30"), None),
    notice(at("12:00:01"), 9),
    notice(at("11:40"), 1, session="another"),
    notice(at("11:40"), 0, "yard"),
    notice(at("11:50"), None, "roof"),
]


def test_what_a_session_gated_counts_in_the_hour_whose_notice_first_says_it(tmp_path: Path) -> None:
    write(tmp_path, CAMERA_STATUS, ROWS)
    assert gated_of_scope(tmp_path, Scope((TEN, ELEVEN, TWELVE))) == [
        (TEN, "door", 2),
        (ELEVEN, "door", 30 + 3 + 1),
        (ELEVEN, "yard", 0),
        (TWELVE, "door", 4),
    ]
    assert gated_of_scope(tmp_path, Scope((ELEVEN,), ("yard",))) == [(ELEVEN, "yard", 0)]


def test_a_lake_without_notices_knows_of_none(tmp_path: Path) -> None:
    assert gated_of_scope(tmp_path, Scope((ELEVEN,))) == []
