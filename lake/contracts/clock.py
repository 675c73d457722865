"""The wall clock, in one place: each `main` hands it down, to worker processes too."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The moment by this machine's clock, UTC."""
    return datetime.now(UTC)
