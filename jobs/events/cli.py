"""Command `events import|export|list|remove` for event files of the first version."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from jobs.demo.demo_events import create_missing_tables
from jobs.events.event_rows import EventRowError, Form, ReadOptions
from jobs.events.export_events import export_events, parse_moment
from jobs.events.import_events import (
    EventsBusyError,
    EventsKnownError,
    ImportedOtherwiseError,
    ImportSummary,
    exclusive_lock,
    import_events,
)
from jobs.events.imported_events import SHORT, Extent, Import, extent_of, imports_of
from jobs.events.json_rows import JsonRowsError
from jobs.events.remove_events import UnknownImportError, find_import, remove_import
from jobs.events.served_events import Span
from jobs.harness.process import open_batch_session, run_job
from jobs.harness.settings import BatchSettings
from lake.config.lake_location import LakeLocation
from lake.config.settings import Settings
from lake.config.sources import load_configuration
from lake.contracts.clock import utc_now
from lake.contracts.wire_format import rfc3339
from lake.spark.catalog import check_lake
from lake.storage.reader import LakeUnreadableError
from lake.storage.tables import Lake

EXPECTED_ERRORS: Final = (
    EventRowError,
    EventsBusyError,
    EventsKnownError,
    ImportedOtherwiseError,
    JsonRowsError,
    LakeUnreadableError,
    UnknownImportError,
    OSError,
)
ZoneOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Zone of the file's times; default: the site's.")
]
CameraOption = Annotated[
    list[str] | None, typer.Option("--camera", metavar="ID", help="Only this one; may be repeated.")
]

log = logging.getLogger("events")
app = typer.Typer(
    help="Event files of the first version (events.json): into the lake and out of it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command("import")
def import_file(
    file: Annotated[
        Path, typer.Argument(help="A JSON list of rows, or JSON lines.", exists=True, dir_okay=False)
    ],
    zone: ZoneOption = None,
    camera: CameraOption = None,
    rename: Annotated[
        list[str] | None, typer.Option(metavar="OLD=NEW", help="Give a camera another name in the lake.")
    ] = None,
    no_publish: Annotated[bool, typer.Option("--no-publish", help="Leave its hours live.")] = False,
) -> None:
    """Import a file whole or not at all; a second time it does nothing."""
    env = os.environ
    names = dict(_parse_rename(option) for option in rename or ())

    def job() -> int:
        settings = BatchSettings.from_env(env)
        shared = settings.shared
        spark = partial(open_batch_session, env, "events", settings)
        create_missing_tables(Lake(shared.lake), spark)
        options = ReadOptions(_check_zone(zone, shared), frozenset(camera or ()), names)
        summary = import_events(shared, file, options, spark, utc_now, publish=not no_publish)
        log.info("%s", describe_import(shared.lake, summary))
        return 0

    _run(env, job)


@app.command("export")
def export_file(
    file: Annotated[Path, typer.Argument(help="Where to; it must not be there.")],
    first: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Such as 2026-01-31, or with 10:00.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="The first moment left out.")
    ] = None,
    camera: CameraOption = None,
    zone: ZoneOption = None,
    form: Annotated[
        Form, typer.Option("--format", help="A list as the first version wrote it, or JSON lines.")
    ] = Form.LIST,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
) -> None:
    """Write every object that reports count, and "Nothing detected" for each frame without any."""
    env = os.environ

    def job() -> int:
        settings = Settings.from_env(env)
        check_lake(settings)
        clock = _check_zone(zone, settings)
        span = Span(_parse_moment(first, clock), _parse_moment(last, clock), frozenset(camera or ()))
        count = export_events(
            settings.lake, file, span, settings.report_threshold, utc_now,
            zone=clock, form=form, overwrite=overwrite,
        )  # fmt: skip
        log.info("wrote %s rows to %s, times in %s", f"{count:,}", file, clock)
        return 0

    _run(env, job)


@app.command("list")
def list_imports() -> None:
    """Show what was imported."""
    env = os.environ

    def job() -> int:
        settings = Settings.from_env(env)
        check_lake(settings)
        for item in imports_of(settings.lake):
            typer.echo(_format_import(item, extent_of(settings.lake, item)))
        return 0

    _run(env, job)


@app.command("remove")
def remove(
    which: Annotated[str, typer.Argument(help="First digits of the SHA-256 as listed, or the file's name.")],
) -> None:
    """Take an import out of the lake again; every other row stays."""
    env = os.environ

    def job() -> int:
        settings = BatchSettings.from_env(env)
        check_lake(settings.shared)
        with exclusive_lock(settings.shared):
            about = find_import(imports_of(settings.shared.lake), which)
            spark = partial(open_batch_session, env, "events", settings)
            frames = remove_import(settings.shared, about, spark, utc_now)
        log.info("removed %s (%s): %s frames", about.sha256[:SHORT], about.name, f"{frames:,}")
        return 0

    _run(env, job)


def _format_import(about: Import, extent: Extent) -> str:
    """Format an import as a tab-separated line."""
    span = (
        f"{rfc3339(extent.first)} to {rfc3339(extent.last)}" if extent.first and extent.last else "no frame"
    )
    counts = f"{extent.objects} objects", f"{extent.frames} frames"
    return "\t".join((about.sha256[:SHORT], about.name, about.zone, *counts, span))


def describe_import(root: LakeLocation, summary: ImportSummary) -> str:
    """Describe an import's result for people."""
    about, staged = summary.about, summary.staged
    name = f"{about.name} as {about.sha256[:SHORT]}"
    extent = extent_of(root, about)
    counted = f"{extent.objects:,} objects on {extent.frames:,} frames"
    if staged is None:
        parts = [f"{name} is in the lake already ({counted}): nothing was imported"]
    elif not staged.rows:
        return f"{about.name} has no rows for the lake: nothing was imported"
    else:
        parts = [f"imported {staged.rows:,} rows of {name}: {counted} of {len(staged.cameras)} cameras"]
        parts += [f"{staged.twice:,} at a time that came twice, taken for the first"] * bool(staged.twice)
        parts += [f"{staged.never:,} at a time that never was, moved on"] * bool(staged.never)
    parts += [f"{summary.done.published:,} hours of cameras published"] * bool(summary.done.published)
    parts += [f"{summary.done.held:,} held"] * bool(summary.done.held)
    return "; ".join(parts)


def _parse_rename(text: str) -> tuple[str, str]:
    old, equals, new = text.rpartition("=")
    if not (old and equals and new):
        raise typer.BadParameter(f"--rename {text!r} must be written as OLD=NEW")
    return old, new


def _check_zone(name: str | None, settings: Settings) -> str:
    zone = name or settings.time_zone
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise typer.BadParameter(
            f"--zone {zone!r} is no time zone; use a name such as Europe/Berlin"
        ) from error
    return zone


def _parse_moment(text: str | None, zone: str) -> datetime | None:
    try:
        return None if text is None else parse_moment(text, zone)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no time; write it as 2026-01-31T10:00") from error


def _run(env: Mapping[str, str], job: Callable[[], int]) -> None:
    logging.basicConfig(  # standard output is for what is listed
        level=logging.INFO, format="%(asctime)sZ %(levelname)s %(message)s", stream=sys.stderr
    )
    raise typer.Exit(run_job(env, job, EXPECTED_ERRORS))


if __name__ == "__main__":
    load_configuration()
    app(prog_name="pycturestream events")
