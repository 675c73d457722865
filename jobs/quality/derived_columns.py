"""The four subjects of an audit: their rows, with derived columns for the expectations."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from jobs.detector.coco_labels import COCO_NAMES
from jobs.detector.sectors import COLUMNS, ROWS
from jobs.quality.expectation import CAMERA_HOURS, DETECTIONS, FRAMES, OBJECTS
from jobs.quality.hour_expectations import ALL_GONE, AS_COUNTED, FEWER, FRAMES_GONE, MORE
from jobs.quality.inputs import Rows
from jobs.quality.label_drift import label_drift
from jobs.quality.object_expectations import DETECTED, PAST_RETENTION, SLACK
from jobs.quality.recount import FATES, KEYS, RECORD_NAMES, current_outcomes, recount
from lake.contracts.hours import HOUR
from lake.contracts.record_key import RECORD_KEY
from lake.contracts.statuses import QUARANTINED
from lake.contracts.wire_format import IMPORTED_TOPIC

Vocabularies = Mapping[str, frozenset[str]]
"""SHA-256 of a labels file to the labels in it."""

COCO_MODEL = "coco-ssd"
COUNTS = ("received", *FATES, "analysed_live", "analysed_batch", "late", "clock_skewed", "objects",
          "frame_rows", "detection_rows")  # fmt: skip
MEASURED = ("analysed_by_minute", "seconds_observed")
PLACE = ("ymin", "xmin", "ymax", "xmax", "sector_v", "sector_h")
OBJECT_COLUMNS = ("hour", "camera_id", "observed_at", "frame_id", "object_number", "label", "score", *PLACE,
                  "layer", "run_id", *RECORD_KEY)  # fmt: skip


def subjects(rows: Rows, vocabularies: Vocabularies) -> dict[str, pd.DataFrame]:
    """Return each subject's rows with `hour` and `camera_id`, ready to be validated."""
    current = current_outcomes(rows.detections, rows.resent)
    counts = recount(rows.frames, rows.detections, current)
    return {
        FRAMES: _frames(rows.frames),
        DETECTIONS: _detections(rows.detections, rows.runs),
        OBJECTS: _objects(rows, current, vocabularies),
        CAMERA_HOURS: _camera_hours(rows, counts),
    }


def _frames(frames: pd.DataFrame) -> pd.DataFrame:
    return frames.assign(
        lacking=_lacking(frames, ("topic_id", "frame_id", "clock_skewed")),
        day_observed=_day(frames["observed_at"]),
        waited_s=_seconds(frames["appended_at"] - frames["observed_at"]),
    )


def _detections(detections: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    return detections.assign(
        lacking=_lacking(detections, ("topic_id", "frame_id", "run_id", "clock_skewed")),
        day_observed=_day(detections["observed_at"]),
        run=_run_description(detections, runs),
    )


def _objects(rows: Rows, current: pd.DataFrame, vocabularies: Vocabularies) -> pd.DataFrame:
    objects = rows.objects
    outcomes = current[[*RECORD_KEY, "status", "run_id", "is_repeat", "replay_id"]]
    renamed = outcomes.rename(columns={"run_id": "current_run_id"})
    joined = objects.merge(renamed, on=RECORD_NAMES, how="left")
    box = joined[["ymin", "xmin", "ymax", "xmax"]].astype("float64")
    return joined.assign(
        lacking=_join_names(_lacking_of_objects(joined)),
        hour_observed=joined["observed_at"].dt.floor("h"),
        day_of_hour=_day(joined["hour"]),
        outside_by=np.maximum(-box.min(axis=1), box.max(axis=1) - 1),
        sector=joined["sector_v"] + " " + joined["sector_h"],
        sector_of_centre=_sector_of_centre(joined, box),
        strange_label=_strange_labels(joined, rows.runs, vocabularies),
        run=_run_description(joined, rows.runs),
        origin=_origins(joined, rows),
        sending=np.where(joined["is_repeat"].eq(True), "repeated", "first"),
        camera_hour=np.where(_is_in(joined, rows.camera_hours, KEYS), "counted", "not counted"),
    )


def _lacking_of_objects(objects: pd.DataFrame) -> pd.DataFrame:
    """Mark missing values; imported events never had a place in the picture."""
    faults = objects[list(OBJECT_COLUMNS)].isna()
    faults.loc[objects["topic"] == IMPORTED_TOPIC, list(PLACE)] = False
    return faults


def _camera_hours(rows: Rows, counts: pd.DataFrame) -> pd.DataFrame:
    listed = rows.objects.groupby(KEYS).size().rename("objects_listed").reset_index()
    drift = label_drift(rows.objects, rows.mixes).reset_index()
    renamed = counts.rename(columns={name: f"{name}_recounted" for name in ("received", *FATES)})
    both = rows.camera_hours.assign(is_counted=True).merge(renamed, on=KEYS, how="outer")
    both = both.merge(listed, on=KEYS, how="left").merge(drift, on=KEYS, how="left")
    both = both.assign(is_counted=both["is_counted"].eq(True))
    zero = [name for name in map(str, both) if name.endswith(("_recounted", "_now", "_listed"))]
    both = both.fillna(dict.fromkeys(zero, 0)).reset_index(drop=True)
    return both.assign(**_sums(both), **_bounds(both), rows=_rows_since(both))


def _sums(both: pd.DataFrame) -> dict[str, pd.Series]:
    counted = both["is_counted"]
    negative = (both[list(COUNTS)] < 0).sum(axis=1)
    fates, layers = both[list(FATES)].sum(axis=1), both["analysed_live"] + both["analysed_batch"]
    minutes = both["analysed_by_minute"].map(np.sum, na_action="ignore")
    faults = [
        (negative > 0, "negative"),
        (both["analysed"] > both["received"], "analysed"),
        (both["received"] != fates, "fates"),
        (both["analysed"] != layers, "layers"),
        (both["analysed"] != minutes, "minutes"),
    ]
    conditions, words = zip(*faults, strict=True)
    return {
        "lacking": _lacking(both, (*COUNTS, *MEASURED, "counted_at", "run_id")).where(counted),
        "day_of_hour": _day(both["hour"]).where(counted),
        "negative": _join_names(both[list(COUNTS)] < 0),
        "negative_counts": negative,
        "fates": fates.where(counted),
        "analysed_by_layers": layers,
        "analysed_by_minutes": minutes,
        "sums": pd.Series(np.select(conditions, words, "right"), index=both.index),
        "counted": _format_fates(both, "").where(counted),
        "recounted": _format_fates(both, "_recounted").where(counted),
    }


def _bounds(both: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the columns of warnings; missing where a share has no whole."""
    received = both["received"].where(both["received"] > 0)
    end = both["hour"] + HOUR
    unusable = both[list(QUARANTINED)].sum(axis=1)
    usable = received - unusable - both["duplicates"] - both["pending"]
    source = np.where(both["from_stored_coverage"].eq(True), "stored", "measured")
    return {
        "seen_share": both["seconds_observed"] / HOUR.total_seconds(),
        "analysed_share": both["analysed"] / usable.where(usable > 0),
        "pending_frames": both["pending"],
        "counted_after_s": _seconds(both["counted_at"] - end),
        "newest_after_s": _seconds(both["newest_at"] - end),
        "late_share": both["late"] / received,
        "skewed_share": both["clock_skewed"] / received,
        "unusable_share": unusable / received,
        "resent_frames": both["duplicates"],
        "coverage_source": pd.Series(source, index=both.index),
    }


def _rows_since(both: pd.DataFrame) -> pd.Series:
    """Compare an hour's rows with those that were counted."""
    frames = both["frame_rows_now"] - both["frame_rows"]
    detections = both["detection_rows_now"] - both["detection_rows"]
    stored = both["from_stored_coverage"].eq(True)
    frames = frames.mask(stored, 0)
    states = [
        (~both["is_counted"], MORE),
        (stored & (both["detection_rows_now"] == 0), ALL_GONE),
        ((frames < 0) | (detections < 0), FEWER),
        ((frames > 0) | (detections > 0), MORE),
        (stored, FRAMES_GONE),
    ]
    conditions, words = zip(*states, strict=True)
    return pd.Series(np.select(conditions, words, AS_COUNTED), index=both.index)


def _format_fates(both: pd.DataFrame, suffix: str) -> pd.Series:
    """Format received frames and their fates as one text, so that they are compared and shown together."""
    parts = [
        f"{name} " + both[f"{name}{suffix}"].fillna(-1).astype("int64").astype(str)
        for name in ("received", *FATES)
    ]
    return pd.Series(map(", ".join, zip(*parts, strict=True)), index=both.index)


def _lacking(rows: pd.DataFrame, columns: tuple[str, ...]) -> pd.Series:
    return _join_names(rows[list(columns)].isna())


def _join_names(faults: pd.DataFrame) -> pd.Series:
    """Join the names of the columns that are true, one text per row; missing where none is."""
    names = pd.Series(None, index=faults.index, dtype="object")
    for row in faults.index[faults.any(axis=1)]:
        names[row] = ", ".join(faults.columns[faults.loc[row]])
    return names


def _run_description(rows: pd.DataFrame, runs: pd.DataFrame) -> pd.Series:
    known = rows["run_id"].isin(runs["run_id"])
    words = np.select([rows["run_id"].isna(), known], ["missing", "described"], "not described")
    return pd.Series(words, index=rows.index)


def _origins(objects: pd.DataFrame, rows: Rows) -> pd.Series:
    """Return the status of each object's frame, which may be past retention with all of its hour."""
    stored = rows.camera_hours[rows.camera_hours["from_stored_coverage"].eq(True)]
    gone = _is_in(objects, stored, KEYS) & ~_is_in(objects, rows.detections, KEYS)
    status = objects["status"].fillna("missing")
    return status.mask(gone & (status == "missing"), PAST_RETENTION).where(status != "detected", DETECTED)


def _is_in(rows: pd.DataFrame, others: pd.DataFrame, keys: list[str]) -> pd.Series:
    keys_of_rows, known = (pd.MultiIndex.from_frame(frame[keys]) for frame in (rows, others))
    return pd.Series(keys_of_rows.isin(known), index=rows.index)


def _strange_labels(objects: pd.DataFrame, runs: pd.DataFrame, vocabularies: Vocabularies) -> pd.Series:
    """Return labels that the model of the object's run does not know; an unknown model may use any label."""
    models = runs.drop_duplicates("run_id").set_index("run_id")
    pairs = objects[["run_id", "label"]].dropna().drop_duplicates()
    strange = [
        (run, label)
        for run, label in pairs.itertuples(index=False)
        if run in models.index and label not in (_labels(models.loc[run], vocabularies) or {label})
    ]
    strange_rows = pd.DataFrame(strange, columns=["run_id", "label"], dtype="object")
    return objects["label"].where(_is_in(objects, strange_rows, ["run_id", "label"]))


def _labels(run: pd.Series, vocabularies: Vocabularies) -> frozenset[str] | None:
    known = vocabularies.get(run["labels"])
    return known or (frozenset(filter(None, COCO_NAMES)) if run["model"] == COCO_MODEL else None)


def _sector_of_centre(objects: pd.DataFrame, box: pd.DataFrame) -> pd.Series:
    """Return the sector that holds the centre; on a border, within rounding, the stored one."""
    vertical = _third((box["ymin"] + box["ymax"]) / 2, objects["sector_v"], ROWS)
    horizontal = _third((box["xmin"] + box["xmax"]) / 2, objects["sector_h"], COLUMNS)
    return vertical + " " + horizontal


def _third(centre: pd.Series, stored: pd.Series, words: tuple[str, ...]) -> pd.Series:
    low, centred, high = (
        pd.Series(np.select([c < 1 / 3, c < 2 / 3], words[:2], words[2]), index=centre.index)
        for c in (centre - SLACK, centre, centre + SLACK)
    )
    return centred.where((stored != low) & (stored != high), stored)


def _day(moments: pd.Series) -> pd.Series:
    return pd.Series(moments.dt.date)


def _seconds(lengths: pd.Series) -> pd.Series:
    return pd.Series(lengths.dt.total_seconds())
