"""`camera add|list|remove`: the list of cameras from the command line."""

from __future__ import annotations

import os
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from capture.cameras.cameras import CameraError, camera_from, read_cameras, with_absolute_source
from capture.cameras.cameras_file import add_camera, ensure_cameras, remove_camera
from capture.cameras.redaction import redact
from capture.cameras.settings import CaptureSettings
from lake.config.settings import SettingError, Settings

INTERVAL_HELP: Final = "Seconds between two pictures; 3 by default. 0: every one of a file, without waiting."

app = typer.Typer(no_args_is_help=True)


def _defaults() -> CaptureSettings:
    try:
        return CaptureSettings.from_env(os.environ, Settings.from_env(os.environ))
    except SettingError as error:
        raise typer.BadParameter(str(error)) from error


@app.command()
def add(
    camera_id: Annotated[str, typer.Argument(metavar="ID", help="Names the camera.")],
    source: Annotated[
        str,
        typer.Option(help="demo, test, a device such as 0, a video file, a folder, or rtsp:// or http://"),
    ],
    interval: Annotated[float | None, typer.Option(help=INTERVAL_HELP)] = None,
    fps: Annotated[float | None, typer.Option(help="Pictures a second, instead of the interval.")] = None,
    loop: Annotated[bool | None, typer.Option(help="Begin a file or folder anew at its end.")] = None,
    name: Annotated[str | None, typer.Option(help="Name for people.")] = None,
    place: Annotated[str | None, typer.Option(help="Where the camera is mounted.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="Of the place, such as Europe/Berlin.")] = None,
) -> None:
    """Add a camera; a running agent starts it within seconds."""
    defaults = _defaults()
    values = {"id": camera_id, "source": source, "interval": interval, "fps": fps, "loop": loop}
    values |= {"name": name, "place": place, "time_zone": time_zone}
    entry: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
    try:
        entry["source"] = with_absolute_source(camera_from(entry, defaults)).source
        add_camera(defaults.cameras, entry, defaults)
    except CameraError as error:
        raise typer.BadParameter(redact(str(error))) from error
    Console().print(f"Added camera {camera_id} to {defaults.cameras}", soft_wrap=True, markup=False)


@app.command("list")
def list_cameras() -> None:
    """Show the cameras."""
    defaults = _defaults()
    try:
        ensure_cameras(defaults.cameras)
        cameras = read_cameras(defaults.cameras, defaults)
    except CameraError as error:
        raise typer.BadParameter(redact(str(error))) from error
    console = Console()
    if not console.is_terminal:
        for camera in cameras:
            typer.echo(
                "\t".join([camera.id, redact(camera.source), f"{camera.interval:g}", str(camera.enabled)])
            )
        return
    table = Table("camera", "source", "seconds between pictures", "enabled")
    for camera in cameras:
        table.add_row(
            camera.id, redact(camera.source), f"{camera.interval:g}", "yes" if camera.enabled else "no"
        )
    console.print(table)


@app.command()
def remove(camera_id: Annotated[str, typer.Argument(metavar="ID", help="The camera to remove.")]) -> None:
    """Remove a camera; a running agent stops it within seconds."""
    defaults = _defaults()
    try:
        remove_camera(defaults.cameras, camera_id, defaults)
    except CameraError as error:
        raise typer.BadParameter(redact(str(error))) from error
    Console().print(f"Removed camera {camera_id} from {defaults.cameras}", soft_wrap=True, markup=False)
