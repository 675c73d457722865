"""The wall clock, in one place: each `main` passes it on, also to worker processes."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the current time by this machine's clock, in UTC."""
    return datetime.now(UTC)
