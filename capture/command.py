"""The command line of the camera agent."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from capture.agent import run as programs
from capture.cameras import cli as camera_command
from capture.cameras.cameras import DEMO, Camera, CameraError, interval_of
from capture.cameras.redaction import redact
from capture.cameras.settings import CaptureSettings
from capture.probe import cli as probe_command
from capture.results.speech import SpeechUnavailableError
from capture.results.viewer import ViewOptions, show_results
from lake.config.settings import SettingError, Settings

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Cameras in: take pictures and publish them."
)
app.add_typer(camera_command.app, name="camera", help="The cameras of the agent.")

IntervalOption = Annotated[float | None, typer.Option(help=camera_command.INTERVAL_HELP)]
FpsOption = Annotated[float | None, typer.Option(help="Pictures a second, instead of the interval.")]


def read_settings() -> tuple[Settings, CaptureSettings]:
    """Return shared and capture settings from the environment; end the command on an invalid one."""
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
        entry = Camera(camera, source, every, looped, defaults.width, defaults.height, defaults.quality)
    except CameraError as error:
        raise typer.BadParameter(redact(str(error))) from error
    path = defaults.demo_clip if source == DEMO else Path(source).expanduser()
    if not (entry.is_device or entry.is_stream or entry.is_generated or path.exists()):
        raise typer.BadParameter(
            f"no file {str(path)!r}; give a video file, a folder, demo, test, 0 or an rtsp:// URL"
        )
    raise typer.Exit(programs.run_camera(entry, settings, defaults))


@app.command()
def probe(
    source: Annotated[
        str | None, typer.Option(help="Only this: a device such as 0, a video file, rtsp:// or http://, demo")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder of the test pictures; test_0.jpg and so on.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="Longest time for a source.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Find the cameras of this machine, and take a test picture by each; status 1 when there is none."""
    settings, defaults = read_settings()
    try:
        folder = (output or settings.data / "probe").absolute()
        machine_probe = probe_command.probe_of(defaults.demo_clip, folder, seconds)
        found_reports = probe_command.reports(machine_probe, source, defaults)
        any_picture = probe_command.show(found_reports, devices=source is None, as_json=as_json)
    except (CameraError, OSError) as error:
        raise typer.BadParameter(redact(str(error))) from error
    raise typer.Exit(0 if any_picture else 1)


@app.command()
def agent() -> None:
    """Run every camera of cameras.toml until stopped by a signal."""
    settings, defaults = read_settings()
    raise typer.Exit(programs.run_agent(settings, defaults))


@app.command()
def results(
    camera: Annotated[
        list[str] | None, typer.Option(help="Only this camera's results; may be given more than once.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON for each result.")] = False,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="All results still kept.")] = False,
    picture: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Keep the last annotated picture here too.")
    ] = None,
    speak: Annotated[bool, typer.Option("--speak", help="Read the newest result aloud.")] = False,
    speech_rate: Annotated[int, typer.Option(min=80, max=450, help="Words a minute.")] = 170,
) -> None:
    """Show what was detected, as it arrives."""
    settings, _ = read_settings()
    cameras, rate = frozenset(camera or ()), speech_rate if speak else None
    try:
        show_results(settings, ViewOptions(cameras, as_json, from_beginning, picture, rate))
    except SpeechUnavailableError as error:
        typer.echo(f"pycturestream: {error}", err=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt:
        raise typer.Exit from None
