"""Trims Airflow's history: rows of its database, and logs of tasks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from lake.config.settings import number
from stack.airflow.components import airflow_home
from stack.site.installation import Installation


def oldest_kept(installation: Installation, now: datetime) -> datetime:
    """Return the time, UTC, before which nothing is kept: `PYCTURESTREAM_AIRFLOW_DAYS` ago."""
    return now - timedelta(days=number(installation.env, "AIRFLOW_DAYS"))


def clean_command(before: datetime) -> tuple[str, ...]:
    """Return Airflow's own command that deletes older runs, without archiving them."""
    return ("db", "clean", "--clean-before-timestamp", before.isoformat(), "--skip-archive", "--yes")


def trim_logs(installation: Installation, before: datetime) -> int:
    """Delete logs last written before then, and emptied folders; return the number of files."""
    folder = airflow_home(installation) / "logs"
    files = list(_older(folder, before))
    for file in files:
        file.unlink(missing_ok=True)
    for folder_to_remove in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        with suppress(OSError):  # not empty
            folder_to_remove.rmdir()
    return len(files)


def _older(folder: Path, before: datetime) -> Iterator[Path]:
    for file in folder.rglob("*"):
        if file.is_file() and not file.is_symlink() and file.stat().st_mtime < before.timestamp():
            yield file
