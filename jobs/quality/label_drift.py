"""Distance of an hour's label mix from the mix of the days before."""

from __future__ import annotations

from typing import Final, cast

import pandas as pd

from jobs.quality.inputs import REPORTED, TRAILING
from jobs.quality.recount import KEYS

MIN_OBJECTS: Final = 100
"""Objects needed for a mix: of 100 with ten labels, chance alone moves about one in eight."""


def label_drift(objects: pd.DataFrame, mixes: pd.DataFrame) -> pd.Series:
    """Return the total variation distance of label mixes, 0..1, by hour and camera; missing with few objects.

    Half the sum of the absolute differences of the labels' shares: the share of objects that would have to
    carry another label (Levin, Peres and Wilmer, Markov Chains and Mixing Times, 2009, proposition 4.2).

    Args:
        objects: `hour`, `camera_id`, `label`, `score` of the audited hours.
        mixes: `camera_id`, `hour`, `label`, `objects` of published hours.
    """
    reported = objects[objects["score"] >= REPORTED]
    counts = reported.groupby([*KEYS, "label"]).size().unstack(fill_value=0)
    counts = counts[counts.sum(axis=1) >= MIN_OBJECTS]
    keys: list[tuple[pd.Timestamp, str]] = list(counts.index)
    distances = [_distance(cast("pd.Series", counts.loc[key]), _before(mixes, *key)) for key in keys]
    return pd.Series(distances, index=counts.index, dtype="float64", name="label_drift")


def _before(mixes: pd.DataFrame, hour: pd.Timestamp, camera_id: str) -> pd.Series:
    near = mixes["hour"].between(hour - TRAILING, hour, inclusive="left")
    return mixes[near & (mixes["camera_id"] == camera_id)].groupby("label")["objects"].sum()


def _distance(counts: pd.Series, before: pd.Series) -> float | None:
    if before.sum() < MIN_OBJECTS:
        return None
    shares = (counts / counts.sum()).sub(before / before.sum(), fill_value=0)
    return float(shares.abs().sum() / 2)
