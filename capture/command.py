"""The command line: parses, shows and hands over."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from capture import camera_command, programs
from capture.cameras import DEMO, PATTERN, Camera, CameraError, interval_of
from capture.redaction import redact
from capture.settings import CaptureSettings
from lake.settings import SettingError, Settings

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Cameras in: take pictures and publish them."
)
app.add_typer(camera_command.app, name="camera", help="The cameras of the agent.")

IntervalOption = Annotated[float | None, typer.Option(help=camera_command.INTERVAL_HELP)]
FpsOption = Annotated[float | None, typer.Option(help="Pictures a second, instead of the interval.")]


def read_settings() -> tuple[Settings, CaptureSettings]:
    """Both kinds of settings from this process's environment; ends the command on a bad one."""
    try:
        settings = Settings.from_env(os.environ)
        return settings, CaptureSettings.from_env(os.environ, settings)
    except SettingError as error:
        raise typer.BadParameter(str(error)) from error


@app.command()
def run(
    source: Annotated[
        str,
        typer.Option(help="demo, test, a device such as 0, a video file, a folder, or rtsp:// or http://"),
    ] = DEMO,
    camera: Annotated[str, typer.Option(help="Names the camera.")] = "camera",
    interval: IntervalOption = None,
    fps: FpsOption = None,
    loop: Annotated[
        bool | None, typer.Option(help="Begin a file or folder anew at its end; the demo does.")
    ] = None,
) -> None:
    """Publish the pictures of one camera until they end or Ctrl-C."""
    settings, defaults = read_settings()
    try:
        every = interval_of(camera, interval, fps, defaults.interval)
        looped = source == DEMO if loop is None else loop
        wanted = Camera(camera, source, every, looped, defaults.width, defaults.height, defaults.quality)
    except CameraError as error:
        raise typer.BadParameter(redact(str(error))) from error
    path = defaults.demo_clip if source == DEMO else Path(source).expanduser()
    if not (wanted.is_device or wanted.is_stream or source == PATTERN or path.exists()):
        raise typer.BadParameter(
            f"no file {str(path)!r}; give a video file, a folder, demo, test, 0 or an rtsp:// URL"
        )
    raise typer.Exit(programs.run_camera(wanted, settings, defaults))


@app.command()
def agent() -> None:
    """Keep every camera of cameras.toml going until told to stop."""
    settings, defaults = read_settings()
    raise typer.Exit(programs.run_agent(settings, defaults))


@app.command()
def results(
    camera: Annotated[str | None, typer.Option(help="Only this camera's results.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON for each result.")] = False,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="All results still kept.")] = False,
) -> None:
    """Show what was found, as it is found."""
    settings, _ = read_settings()
    programs.show_results(settings, camera, as_json=as_json, from_beginning=from_beginning)
