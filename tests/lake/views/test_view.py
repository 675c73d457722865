from __future__ import annotations

from lake.schema.schemas import TABLES
from lake.views.all_views import VIEWS
from lake.views.view import for_datafusion, names_needed, read_by

NAMES = [table.name for table in TABLES]


def test_only_what_a_statement_names_and_is_made_of_is_needed() -> None:
    assert names_needed("SHOW TABLES", NAMES, VIEWS) == set()
    assert names_needed("select * from pycturestream.QUARANTINE", NAMES, VIEWS) == {
        "quarantine", "frames", "current_detections", "detections",
    }  # fmt: skip
    assert names_needed("SELECT * FROM objects", NAMES, VIEWS) == {
        "objects", "published_objects", "publication_states", "publications", "live_objects",
        "live_detections", "live_hours", "detections",
    }  # fmt: skip


def test_each_view_comes_after_those_it_is_made_of() -> None:
    names = [view.name for view in VIEWS]
    for number, view in enumerate(VIEWS):
        assert not read_by(view.sql) & {*names[number:]}, view.name


def test_what_the_engines_call_by_other_names_is_translated() -> None:
    assert for_datafusion("SELECT unix_micros(f.observed_at), array(d.x) FROM d") == (
        "SELECT CAST(f.observed_at AS BIGINT), make_array(d.x) FROM d"
    )
