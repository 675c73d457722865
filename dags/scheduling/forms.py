"""The fields of the trigger forms."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param

from lake.contracts import CAMERA_ID

HOUR_HELP = "Start of an hour, UTC, such as 2026-01-31T10:00:00Z."


def hours() -> dict[str, Param]:
    """First and last hour."""
    kind: dict[str, Any] = {"type": ["null", "string"], "format": "date-time"}
    return {
        "from": Param(None, title="First hour", description=f"{HOUR_HELP} Empty: as scheduled.", **kind),
        "to": Param(
            None, title="Last hour", description=f"{HOUR_HELP} It counts too. Empty: only the first.", **kind
        ),
    }


def cameras() -> dict[str, Param]:
    """Restriction to some cameras."""
    return {
        "cameras": Param(
            [],
            type="array",
            items={"type": "string", "pattern": CAMERA_ID.pattern.replace(r"(?![\s\S])", "$")},
            title="Cameras",
            description="One id per line. Empty: all of them. The others' rows stay as they are.",
        )
    }


def dry_run() -> dict[str, Param]:
    """Only say what would be done."""
    return {
        "dry_run": Param(
            False, type="boolean", title="Dry run", description="Write nothing; say what would be done."
        )
    }
