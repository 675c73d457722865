"""The grid of objects: its columns, and rows as the browser gets them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import dash_ag_grid as dag

from dashboards.data.provenance import Record
from dashboards.explore.grid_model import GridModel

PAGE: Final = 100
TEXTS: Final = ("contains", "notContains", "equals", "notEqual", "startsWith", "endsWith")
TITLES: Final = {
    "observed_at": "Observed at",
    "camera_id": "Camera",
    "label": "Label",
    "score": "Score",
    "sector_v": "Height",
    "sector_h": "Side",
    "state": "State",
    "layer": "Layer",
    "frame_id": "Frame",
    "run_id": "Detector run",
    "partition": "Partition",
    "offset": "Offset",
}
WIDTHS: Final = {"observed_at": 235, "frame_id": 300, "run_id": 180, "camera_id": 160, "label": 160}


def grid(model: GridModel) -> dag.AgGrid:
    """The grid, sorted and filtered as the address says; rows are asked of the server."""
    return dag.AgGrid(
        id="explore-grid",
        rowModelType="infinite",
        columnDefs=[_column(name, model) for name in TITLES],
        defaultColDef={"resizable": True, "sortable": True, "floatingFilter": True},
        filterModel=model.filter_model(),
        getRowId="params.data.key",
        dangerously_allow_code=False,
        dashGridOptions={
            "cacheBlockSize": PAGE,
            "maxBlocksInCache": 20,
            "infiniteInitialRowCount": 1,
            "rowBuffer": 10,
            "suppressMultiSort": False,
            "enableCellTextSelection": True,
            "animateRows": False,
            "theme": {"function": "themeQuartz.withPart(colorSchemeVariable)"},
        },
        style={"height": "min(70vh, 720px)", "width": "100%"},
    )


def _column(name: str, model: GridModel) -> dict[str, Any]:
    number = name in ("score", "partition", "offset")
    order = {column: (falling, place) for place, (column, falling) in enumerate(model.order)}
    column: dict[str, Any] = {
        "field": name,
        "headerName": TITLES[name],
        "width": WIDTHS.get(name, 115),
        "filter": "agNumberColumnFilter" if number else "agTextColumnFilter",
        "filterParams": {"maxNumConditions": 5, "buttons": ["reset"], "debounceMs": 400},
    }
    if name == "observed_at":
        column |= {"filter": False}
    elif not number:
        column["filterParams"] |= {"filterOptions": list(TEXTS)}
    if name in order:
        falling, place = order[name]
        column |= {"sort": "desc" if falling else "asc", "sortIndex": place}
    return column


def shown(row: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """A row for the grid: plain text and numbers, nothing that is read as HTML."""
    told = {name: row[name] for name in TITLES}
    score = row["score"]
    return told | {
        "observed_at": moment(row["observed_at"], zone),
        "score": None if score is None else round(score, 3),
        "key": f"{Record.of(dict(row)).key}/{row['object_number']}",
    }


def moment(at: datetime | None, zone: ZoneInfo) -> str:
    """A time in a zone, with milliseconds and the zone's short name."""
    if at is None:
        return "unknown"
    local = at.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d} {local:%Z}"
