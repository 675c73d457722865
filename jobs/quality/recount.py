"""A second count of the same hours in plain pandas: it shares no code with the first, and must agree."""

from __future__ import annotations

from typing import Final

import pandas as pd

from lake.contracts.record_key import RECORD_KEY

KEYS: Final = ["hour", "camera_id"]
LAYER_RANKS: Final = {"promoted": 0, "batch": 1}
FATES: Final = (
    "analysed",
    "skipped_stale",
    "skipped_superseded",
    "corrupt",
    "too_large",
    "malformed",
    "failed",
    "pending",
    "duplicates",
)
RECORD_NAMES: Final = list(RECORD_KEY)


def current_outcomes(detections: pd.DataFrame, resent: pd.DataFrame) -> pd.DataFrame:
    """Return the current one of a record's outcomes, and whether its frame was sent before.

    Detected before not detected, promoted before batch before speed, the newest of equals; of a frame the
    record that the broker appended first counts.
    """
    ranked = detections.assign(
        no_detection=detections["status"] != "detected",
        layer_rank=detections["layer"].map(LAYER_RANKS).fillna(2),
    )
    ranked = ranked.sort_values("run_id").sort_values("finished_at", ascending=False, kind="stable")
    ranked = ranked.sort_values(["no_detection", "layer_rank"], kind="stable")
    current = ranked.drop_duplicates(RECORD_NAMES)
    order = ["frame_id", "appended_at", "topic_id", "partition", "offset"]
    repeats = resent.sort_values(order)
    repeats = repeats[repeats.duplicated("frame_id")][["frame_id", *RECORD_KEY]]
    marked = current.merge(repeats.assign(is_repeat=True), on=["frame_id", *RECORD_KEY], how="left")
    return marked.assign(is_repeat=marked["is_repeat"].eq(True))


def recount(frames: pd.DataFrame, detections: pd.DataFrame, current: pd.DataFrame) -> pd.DataFrame:
    """Count records, fates and objects per hour and camera, without replays.

    Returns:
        KEYS, `received`, FATES, `objects_recounted`, `newest_at`, `frame_rows_now`, `detection_rows_now`.
    """
    frames, detections, current = (_unreplayed(rows) for rows in (frames, detections, current))
    outcomes = current[[*RECORD_KEY, *KEYS, "status", "is_repeat", "object_count"]]
    only_archived = frames[[*RECORD_KEY, *KEYS]].drop_duplicates(RECORD_NAMES)
    only_archived = only_archived.merge(outcomes[RECORD_NAMES], how="left", indicator=True)
    waiting = only_archived[only_archived["_merge"] == "left_only"][[*RECORD_KEY, *KEYS]]
    records = pd.concat([outcomes.assign(fate=_fates(outcomes)), waiting.assign(fate="pending")])
    counts = records.groupby([*KEYS, "fate"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=list(FATES), fill_value=0).astype("int64")
    objects = records[records["fate"] == "analysed"].groupby(KEYS)["object_count"].sum()
    totals = counts.assign(
        received=counts.sum(axis=1),
        objects_recounted=objects,
        newest_at=records.groupby(KEYS)["appended_at"].max(),
        frame_rows_now=frames.groupby(KEYS).size(),
        detection_rows_now=detections.groupby(KEYS).size(),
    )
    numbers = ["objects_recounted", "frame_rows_now", "detection_rows_now"]
    return totals.fillna(dict.fromkeys(numbers, 0)).astype(dict.fromkeys(numbers, "int64")).reset_index()


def _unreplayed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["replay_id"].isna()]


def _fates(outcomes: pd.DataFrame) -> pd.Series:
    detected = outcomes["status"] == "detected"
    fates = outcomes["status"].mask(detected, "analysed")
    return fates.mask(detected & outcomes["is_repeat"], "duplicates")
