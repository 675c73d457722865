"""A day of events as the first version wrote them, and what its report's charts must show, by pandas."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dashboards.data.report_counts import Counts, ReportFilter
from dashboards.data.report_history import ReportHistory
from dashboards.report import figures as report_figures
from dashboards.report.query import ReportQuery

ZONE = "Europe/Berlin"
START = datetime(2025, 10, 26)  # noqa: DTZ001, local time of a day with 25 hours, of which the file shows 24
LABELS = ("person", "car", "bicycle", "dog", "cat")
CAMERAS = ("door", "gate", "yard")
NOTHING = "Nothing detected"
SHOWN = 1.6
ROWS_PER_FRAME = SHOWN + math.exp(-SHOWN)
"""A frame without objects is a row too."""
SUM = ReportQuery.read({"measure": "sum", "bucket": "60", "axis": "hour"})
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def write_day(path: Path, events: int, seed: int = 1) -> None:
    """So many rows: frames with up to eight objects, more of them by day than by night."""
    dice = np.random.default_rng(seed)
    frames = int(events / ROWS_PER_FRAME * 1.02)
    seconds = dice.normal(14 * 3600, 4 * 3600, frames) % 86_400
    shown, camera = dice.poisson(SHOWN, frames).clip(0, 8), dice.integers(0, len(CAMERAS), frames)
    rows: list[dict[str, str]] = []
    for number in np.argsort(seconds):
        said = (START + timedelta(microseconds=int(seconds[number] * 1e6))).isoformat(" ")
        seen = dice.geometric(0.45, int(shown[number])) % len(LABELS)
        names = [LABELS[one] for one in seen] or [NOTHING]
        rows += [
            {"event_type": name, "timestamp": said, "camera_id": CAMERAS[camera[number]]} for name in names
        ]
    noon, surplus = events // 2, len(rows) - events
    path.write_text(json.dumps(rows[:noon] + rows[noon + surplus :], indent=4))


def truth(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Objects and frames of a file, with `local` and `label` or `camera_id`."""
    rows = pd.DataFrame(json.loads(path.read_text()))
    clock = pd.to_datetime(rows["timestamp"], format="ISO8601")
    local = clock.dt.tz_localize(ZONE, ambiguous=np.ones(len(rows), bool))
    rows = rows.assign(local=local, label=rows["event_type"])
    empty = rows["event_type"] == NOTHING
    objects = rows[~empty]
    return objects, pd.concat([objects.drop_duplicates(["timestamp", "camera_id"]), rows[empty]])


def counted(root: Path, now: datetime, **names: frozenset[str]) -> Counts:
    """What the report counts of the day."""
    first = pd.Timestamp(START, tz=ZONE).tz_convert("UTC").to_pydatetime()
    history = ReportHistory(root, lambda: now)
    history.refresh()
    return history.count(ReportFilter(first, first + timedelta(hours=25), **names))


def drawn(figure: dict[str, Any]) -> dict[str, float]:
    """Sums of stacked bars by x, zeros left out."""
    sums: dict[str, float] = {}
    for trace in figure["data"]:
        for x, y in zip(trace["x"], trace["y"], strict=True):
            sums[x] = sums.get(x, 0) + (y or 0)
    return {x: y for x, y in sums.items() if y}


def by(rows: pd.DataFrame, *columns: Any) -> dict[Any, int]:
    """Rows by columns."""
    sizes = rows.groupby(list(columns)).size().items()
    return {key[0] if len(columns) == 1 and isinstance(key, tuple) else key: int(n) for key, n in sizes}


def charts(found: Counts) -> dict[str, Any]:
    """What every chart shows."""
    [pie] = report_figures.donut(found, SUM)["data"]
    [heat] = report_figures.week(found, SUM, ZONE)["data"]
    line = report_figures.timeline(found, SUM, ZONE)
    rates = report_figures.histogram(found, ReportQuery.read({"measure": "rate", "axis": "hour"}), ZONE)
    told: dict[str, Any] = {
        "donut": dict(zip(pie["labels"], pie["values"], strict=True)),
        "timeline": {x[:13].replace("T", " "): y for x, y in drawn(line).items()},
        "week": {(day, x): z for day, row in zip(heat["y"], heat["z"], strict=True)
                 for x, z in zip(heat["x"], row, strict=True) if z},
        "rates": {x: round(y, 6) for x, y in drawn(rates).items()},
        "cameras": found.cameras,
        "frames": found.analysed,
        "frames by camera": {},
    }  # fmt: skip
    for hour in found.hours:
        sums = told["frames by camera"]
        sums[hour.camera] = sums.get(hour.camera, 0) + hour.analysed
    for axis in ("hour", "minute", "weekday", "day", "month"):
        query = ReportQuery.read({"measure": "sum", "axis": axis})
        told[axis] = drawn(report_figures.histogram(found, query, ZONE))
    return told


def expected(objects: pd.DataFrame, frames: pd.DataFrame) -> dict[str, Any]:
    """The same out of the file."""
    local, hours = objects["local"].dt, by(frames, frames["local"].dt.strftime("%H"))
    per_label = by(objects, objects["local"].dt.strftime("%H"), "label")
    rates: dict[str, float] = {}
    for (hour, _), n in per_label.items():
        rates[hour] = rates.get(hour, 0) + n / hours[hour]
    weekday = local.weekday.map(dict(enumerate(WEEKDAYS)))
    return {
        "donut": by(objects, "label"),
        "timeline": by(objects, local.strftime("%Y-%m-%d %H")),
        "week": by(objects, weekday, local.strftime("%H")),
        "rates": {hour: round(rate, 6) for hour, rate in rates.items()},
        "cameras": by(objects, "camera_id"),
        "frames": len(frames),
        "frames by camera": by(frames, "camera_id"),
        "hour": by(objects, local.strftime("%H")),
        "minute": by(objects, local.strftime("%M")),
        "weekday": by(objects, weekday),
        "day": by(objects, local.strftime("%Y-%m-%d")),
        "month": by(objects, local.strftime("%Y-%m")),
    }
