"""What every benchmark says below its numbers: when, at which commit, and whether its goals are reached."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

from lake.config.settings import PROJECT_ROOT


def say_when() -> str:
    """Date, UTC, and commit."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    return f"{datetime.now(UTC):%Y-%m-%d}, commit {commit.stdout.strip()}"


def verdict(fine: bool) -> str:
    """One sentence: date, commit, and whether all goals are reached.

    Args:
        fine: whether they are.
    """
    return f"{say_when()}: goals {'reached' if fine else 'missed'}"
