"""What the exploring page answers, from the browser's words to plain components."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from dash import html, no_update

from dashboards.data.downstream_hours import hours_of_record, hours_of_run
from dashboards.data.exploring import Explorer, TooDeepError
from dashboards.data.provenance import Record, RecordError, days_around, find_record, picture_row, provenance
from dashboards.explore import drawer as explore_drawer
from dashboards.explore.grid import PAGE, shown
from dashboards.explore.grid_model import GridModel, GridModelError
from dashboards.explore.query import ExploreQuery
from dashboards.ui import camera_choice
from dashboards.ui.context import Context
from dashboards.ui.filters import FilterError
from lake.contracts.wire_format import rfc3339
from lake.storage.reader import LakeUnreadableError
from lake.storage.sql_literals import UnquotableTextError, quoted

NEIGHBOUR_DAYS: Final = 7
DEPENDENT_DAYS: Final = 30
NOTHING: Final = {"rowData": [], "rowCount": 0}


def zone_of(asked: ExploreQuery, context: Context) -> ZoneInfo:
    """The zone in which times are shown."""
    return ZoneInfo(asked.filters.shown_in(context.settings.time_zone))


def summary(asked: ExploreQuery, context: Context) -> str:
    """The filters of the address as a sentence."""
    now, words = context.clock(), camera_choice.registry(context).words(asked.filters.cameras)
    first, end = (f"{at:%Y-%m-%d %H:%M}" for at in asked.filters.span(now))
    cameras = ", ".join(words.values()) or "All cameras"
    labels = ", ".join(asked.filters.labels) or "all labels"
    only = f"; only {asked.filters.part[0]} {asked.filters.part[1]}" if asked.filters.part else ""
    return f"{cameras}; {labels}; {first} to {end} UTC{only}; score at least {asked.filters.threshold:g}."


def rows(
    explorer: Explorer, query: Mapping[str, str], request: Mapping[str, Any], context: Context
) -> tuple[Any, str, Any]:
    """A block of rows, a sentence for people, and the grid's state for the address."""
    try:
        asked = ExploreQuery.read(query)
        asked = replace(asked, grid=GridModel.read(request.get("filterModel"), request.get("sortModel")))
        question = asked.question(context.clock(), context.settings.time_zone)
        start = _number(request.get("startRow"))
        count = explorer.count(question)
        found = explorer.rows(question, start, start + PAGE).to_pylist() if count else []
    except (FilterError, GridModelError, UnquotableTextError, TooDeepError) as error:
        return NOTHING, f"{error}.", no_update
    except LakeUnreadableError as error:
        return NOTHING, f"The lake cannot be read: {error}. Scroll or reload to try again.", no_update
    zone = zone_of(asked, context)
    told = {"rowData": [shown(row, zone) for row in found], "rowCount": count}
    said = f"{count:,} objects." if count else "No objects: choose a longer period, or clear filters."
    return told, said, asked.grid.to_text()


def _number(said: object) -> int:
    return max(0, said) if isinstance(said, int) and not isinstance(said, bool) else 0


def wanted(
    explorer: Explorer,
    by: object,
    clicked: object,
    query: Mapping[str, str],
    shown: object,
    context: Context,
) -> Record | None:
    """The record whose drawer shall open."""
    if by == "explore-grid":
        return _clicked(clicked)
    try:
        asked = ExploreQuery.read(query)
        if by in ("explore-previous", "explore-next"):
            now = _known(shown)
            return now and _neighbour(explorer, now, asked, context, later=by == "explore-next")
        if not asked.frame:
            return None
        days = (asked.on, asked.on) if asked.on else asked.days(context.clock())
        return find_record(explorer, asked.frame, *days)
    except FilterError:
        return None


def _clicked(said: object) -> Record | None:
    key = said.get("rowId") if isinstance(said, Mapping) else None
    return _record(key.rpartition("/")[0]) if isinstance(key, str) else None


def _known(said: object) -> Record | None:
    key = said.get("record") if isinstance(said, Mapping) else None
    return _record(key) if isinstance(key, str) else None


def _record(key: str) -> Record | None:
    words = key.split("/")
    try:
        return Record.read(*words) if len(words) == 4 else None
    except RecordError:
        return None


def _neighbour(
    explorer: Explorer, record: Record, asked: ExploreQuery, context: Context, *, later: bool
) -> Record | None:
    """The next frame of the same camera, later or earlier, on which the filters find an object."""
    known = provenance(explorer, record)
    if known is None or known.origin["camera_id"] is None:
        return None
    at, camera = known.origin["observed_at"], known.origin["camera_id"]
    wider = asked.question(context.clock(), context.settings.time_zone)
    early, late = days_around(record.day, NEIGHBOUR_DAYS)
    beyond = f"v.observed_at {'>' if later else '<'} TIMESTAMP '{rfc3339(at)}'"
    near = replace(
        wider,
        first=max(wider.first, early),
        last=min(wider.last, late),
        order=(("observed_at", not later),),
    )
    where = f"{near.where} AND v.camera_id = {quoted(camera)} AND {beyond}"
    found = explorer.rows(replace(near, where=where), 0, 1).to_pylist()
    return Record.of(found[0]) if found else None


def drawer(explorer: Explorer, record: Record, query: Mapping[str, str], context: Context) -> tuple[Any, ...]:
    """Opened, its content, a sentence, and what is shown, for the address and the next step."""
    asked = ExploreQuery.read(query)
    known = provenance(explorer, record)
    if known is None:
        return True, html.P("Nothing is known of this frame any more: retention took it."), "", None
    zone = zone_of(asked, context)
    run_id = known.analyses[0]["run_id"] if known.analyses else None
    span = days_around(record.day, DEPENDENT_DAYS)
    body = [
        explore_drawer.picture(known, picture_row(explorer, record), asked.filters.threshold),
        *explore_drawer.drawer_sections(known, zone),
        explore_drawer.dependents(
            "Published hours that depend on this frame", hours_of_record(explorer, record), zone
        ),
    ]
    if run_id:
        title = f"Published hours that depend on this detector run ({DEPENDENT_DAYS} days around)"
        body.append(explore_drawer.dependents(title, hours_of_run(explorer, run_id, *span), zone))
    frame = known.origin["frame_id"]
    return True, body, f"Frame {frame}", {"record": record.key, "frame": frame, "on": record.day.isoformat()}
