"""Trigger form of the evaluation of models."""

from __future__ import annotations

from typing import Final

from airflow.sdk import Param

from lake.contracts.wire_format import STORED_SCORE

WORD: Final = r"^[^-\s].*$"
"""No word may look like an option."""


def evaluation_fields() -> dict[str, Param]:
    """Return the fields for models, pictures and threshold."""
    return {
        "models": Param(
            [],
            type=["null", "array"],
            items={"type": "string", "pattern": WORD},
            title="Models",
            description="One per line: coco-ssd, coco-ssd:litert-int8, or the folder of a SavedModel with "
            "its labels. Empty: every model that is there.",
        ),
        "pictures": Param(
            None,
            type=["null", "string"],
            pattern=WORD,
            title="Folder of pictures",
            description="On this machine, with .jpg or .png files. Empty: frames of the demo clips.",
        ),
        "threshold": Param(
            None,
            type=["null", "number"],
            minimum=STORED_SCORE,
            maximum=1,
            title="Least score",
            description=f"Objects below it are not drawn, {STORED_SCORE:g} to 1. Empty: as set up.",
        ),
    }
