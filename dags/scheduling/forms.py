"""Fields of the trigger forms."""

from __future__ import annotations

from typing import Any, Final

from airflow.sdk import Param

from lake.contracts.wire_format import CAMERA_ID

WHOLE_HOUR: Final = r"^\d{4}-\d{2}-\d{2}T\d{2}:00(:00(\.0+)?)?(Z|[+-]\d{2}:00)$"
HOUR_HELP = "Start of an hour, UTC, such as 2026-01-31T10:00:00Z."


def hours() -> dict[str, Param]:
    """Return the fields for the first and last hour."""
    kind: dict[str, Any] = {"type": ["null", "string"], "format": "date-time", "pattern": WHOLE_HOUR}
    return {
        "from": Param(None, title="First hour", description=f"{HOUR_HELP} Empty: as scheduled.", **kind),
        "to": Param(
            None, title="Last hour", description=f"{HOUR_HELP} It counts too. Empty: only the first.", **kind
        ),
    }


def cameras() -> dict[str, Param]:
    """Return the field that restricts a run to some cameras."""
    return {
        "cameras": Param(
            [],
            type=["null", "array"],
            items={"type": "string", "pattern": CAMERA_ID.pattern.replace(r"(?![\s\S])", "$")},
            title="Cameras",
            description="One id per line. Empty: all of them. The others' rows stay as they are.",
        )
    }


def dry_run() -> dict[str, Param]:
    """Return the field for only reporting what would be done."""
    return {
        "dry_run": Param(
            False,
            type=["null", "boolean"],
            title="Dry run",
            description="Write nothing; say what would be done.",
        )
    }
