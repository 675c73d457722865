"""The recount in plain Python, from the rules of the design alone: it shares no code with the jobs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

Row = dict[str, Any]
Cell = tuple[datetime, str]
SKIPPED_OR_BAD = ("skipped_stale", "skipped_superseded", "corrupt", "too_large", "malformed", "failed")
LAYERS = ("promoted", "batch", "speed")


def record_of(row: Row) -> tuple:
    return tuple(row[name] for name in ("topic", "topic_id", "partition", "offset", "appended_at"))


def cell_of(row: Row) -> Cell:
    hour = row["observed_at"].replace(minute=0, second=0, microsecond=0)
    return hour, row["camera_id"] or "(unknown)"


def best(rows: list[Row]) -> Row:
    """Detected first, then promoted before batch before speed, then the newest, then by run id."""
    rows = sorted(rows, key=lambda row: row["run_id"])
    rows = sorted(rows, key=lambda row: row["finished_at"], reverse=True)
    return min(rows, key=lambda row: (row["status"] != "detected", LAYERS.index(row["layer"])))


def current(detections: Iterable[Row]) -> list[Row]:
    """One row per record, with `again`: whether its frame came before."""
    of_record, of_frame = defaultdict(list), defaultdict(list)
    for row in detections:
        of_record[record_of(row)].append(row)
    chosen = [best(rows) for rows in of_record.values()]
    for row in chosen:
        of_frame[row["frame_id"]].append(row)
    answer = []
    for rows in of_frame.values():
        rows.sort(key=lambda row: (row["appended_at"], row["topic_id"], row["partition"], row["offset"]))
        answer += [{**row, "again": place > 0} for place, row in enumerate(rows)]
    return answer


class Recount:
    """Everything that should be published of some frames and detections."""

    def __init__(self, frames: list[Row], detections: list[Row]) -> None:
        frames = [row for row in frames if row["replay_id"] is None]
        self.current = [row for row in current(detections) if row["replay_id"] is None]
        self.frame_rows = Counter(map(cell_of, frames))
        self.detection_rows = Counter(cell_of(row) for row in detections if row["replay_id"] is None)
        self.records: dict[tuple, Row] = {record_of(row): row for row in frames}
        self.outcomes = {record_of(row): row for row in self.current}
        self.records |= self.outcomes
        self.counted = [row for row in self.current if row["status"] == "detected" and not row["again"]]

    def objects(self) -> list[tuple]:
        """(hour, camera, frame, number, label, score, layer, run) of each object, sorted."""
        return sorted(
            (
                *cell_of(row),
                row["frame_id"],
                number,
                seen["label"],
                seen["score"],
                row["layer"],
                row["run_id"],
            )
            for row in self.counted
            for number, seen in enumerate(row["objects"])
        )

    def counts(self, minutes: bool) -> Counter:
        """Objects by (minute or hour, camera, label, sector, bin)."""
        tally: Counter = Counter()
        for row in self.counted:
            hour, camera = cell_of(row)
            start = row["observed_at"].replace(second=0, microsecond=0) if minutes else hour
            for seen in row["objects"]:
                edge = int(Fraction(seen["score"]) * 20) / 20
                tally[start, camera, seen["label"], seen["sector_v"], seen["sector_h"], edge] += 1
        return tally

    def coverage(self) -> dict[Cell, Row]:
        """Hour and camera to what came in and what became of it; seconds are rounded to 4 digits."""
        cells = defaultdict(list)
        for name, row in self.records.items():
            cells[cell_of(row)].append((row, self.outcomes.get(name)))
        return {cell: self._cell(cell, records) for cell, records in cells.items()}

    def _cell(self, cell: Cell, records: list[tuple[Row, Row | None]]) -> Row:
        known = [outcome for _, outcome in records if outcome]
        again = [row for row in known if row["status"] == "detected" and row["again"]]
        good = [row for row in known if row["status"] == "detected" and not row["again"]]
        live = [row for row in good if row["layer"] == "speed"]
        latencies = sorted((row["finished_at"] - row["observed_at"]).total_seconds() for row in live)
        end = cell[0] + timedelta(hours=1, minutes=5)
        return {
            "received": len(records),
            "analysed": len(good),
            "analysed_live": len(live),
            "analysed_batch": len(good) - len(live),
            "analysed_by_minute": [sum(row["observed_at"].minute == at for row in good) for at in range(60)],
            **{status: sum(row["status"] == status for row in known) for status in SKIPPED_OR_BAD},
            "pending": len(records) - len(known),
            "duplicates": len(again),
            "gated": None,
            "late": sum(row["appended_at"] > end for row, _ in records),
            "clock_skewed": sum(row["clock_skewed"] for row, _ in records),
            "objects": sum(len(row["objects"]) for row in good),
            "seconds_observed": round(seconds_observed(cell[0], good), 4),
            "latency_p50_s": quantile(latencies, 0.5),
            "latency_p95_s": quantile(latencies, 0.95),
            "frame_rows": self.frame_rows[cell],
            "detection_rows": self.detection_rows[cell],
            "from_stored_coverage": False,
        }


def seconds_observed(hour: datetime, analysed: list[Row]) -> float:
    """Each analysed frame stands until the next or the hour's end, at most 10 s."""
    moments = [*sorted(row["observed_at"] for row in analysed), hour + timedelta(hours=1)]
    gaps = [(after - before).total_seconds() for before, after in pairwise(moments)]
    return sum(min(gap, 10.0) for gap in gaps)


def quantile(values: list[float], share: float) -> float | None:
    """Between the two nearest of sorted values, linearly."""
    if not values:
        return None
    place = (len(values) - 1) * share
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return round(values[low] + (values[high] - values[low]) * (place - low), 4)
