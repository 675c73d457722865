"""The metadata of many cameras: an hour of them in the batch layer, minutes of their notices, the pages.

    python -m benchmarks.thousand_cameras whole  [--cameras 1000]
    python -m benchmarks.thousand_cameras write  --folder DIR [--cameras 1000] [--every 3]
    python -m benchmarks.thousand_cameras before --folder DIR
    python -m benchmarks.thousand_cameras hour   --folder DIR
    python -m benchmarks.thousand_cameras status [--cameras 1000] [--minutes 2]
    python -m benchmarks.thousand_cameras pages  --folder DIR

`write` puts an hour of records into a new lake as the archives would have, with the sizes of pictures in the
place of pictures; `before` asks what jobs and pages ask while the hour waits for its run, and writes what the
batch layer would find; `hour` runs the hourly jobs over it and asks again. `status` sends the
heartbeats through a real broker to the real archive. `pages` opens the dashboard in a browser over the lake
that `hour` left, while all cameras send. What was found goes to var/bench/thousand_cameras.json, each part
by itself, from where `benchmarks.sizing` takes it. `whole` does all of them.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from benchmarks import thousand_hour, thousand_live, thousand_notices
from benchmarks.hour_questions import Hour
from benchmarks.simulated_hour import Fleet
from benchmarks.verdict import say_when
from lake.config.settings import PROJECT_ROOT
from lake.contracts.hours import format_hour, last_full_hour, parse_hour

OUT: Final = PROJECT_ROOT / "var" / "bench" / "thousand_cameras.json"
FEWEST: Final = 8
"""As many as partitions."""
WRITTEN: Final = "hour.json"
Cameras = Annotated[int, typer.Option(help="Cameras.")]
Folder = Annotated[Path, typer.Option(help="Where the lake is kept between the parts.")]
app = typer.Typer(help=__doc__, no_args_is_help=True)


def keep(part: str, cameras: int, found: dict[str, Any]) -> None:
    """Write what a part found with so many cameras beside all else, and print it."""
    OUT.parent.mkdir(parents=True, exist_ok=True)
    known = json.loads(OUT.read_text()) if OUT.is_file() else {}
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    told = {"measured": say_when(), "machine": machine, **found}
    known.setdefault(part, {})[str(cameras)] = told
    OUT.write_text(json.dumps(known, indent=1))
    Console(width=110).print_json(json.dumps(told))


@app.command()
def write(
    folder: Folder,
    cameras: Cameras = 1000,
    every: Annotated[float, typer.Option(help="Seconds between two pictures of a camera.")] = 3,
    partitions: Annotated[int, typer.Option(help="Of the frames topic.")] = 8,
    skipped: Annotated[float, typer.Option(help="Share that the speed layer skips.")] = 0.04,
    objects: Annotated[float, typer.Option(help="With a stored score, on an average frame.")] = 3,
    slower: Annotated[
        int, typer.Option(help="So many times fewer commits, where they are not looked at.")
    ] = 1,
) -> None:
    """Write an hour of metadata."""
    usual = thousand_hour.usual_picture()
    fleet = Fleet(cameras, every, partitions, round(usual["picture_bytes"]), objects, skipped, slower)
    data, now = folder.absolute(), last_full_hour(datetime.now(UTC))
    found = thousand_hour.make_hour(data, Hour(data / "lake", fleet, now))
    (data / WRITTEN).write_text(json.dumps({"hour": format_hour(now), "fleet": asdict(fleet)}))
    keep("write", cameras, {"fleet": asdict(fleet), "records": fleet.per_hour, "usual": usual, **found})


@app.command()
def before(folder: Folder) -> None:
    """Ask what is asked before the hourly run."""
    about = written(folder.absolute())
    keep("before", about.fleet.cameras, thousand_hour.ask_before(about))


@app.command()
def hour(folder: Folder) -> None:
    """Run the batch layer over the hour, and ask what is asked after it."""
    about = written(folder.absolute())
    found = thousand_hour.run_hour(folder.absolute(), about)
    keep("hour", about.fleet.cameras, {"records": about.fleet.per_hour, **found})


@app.command()
def status(
    cameras: Cameras = 1000,
    minutes: Annotated[float, typer.Option(help="How long they speak.")] = 2,
) -> None:
    """Minutes of heartbeats."""
    keep("status", cameras, thousand_notices.measure_notices(cameras, minutes))


@app.command()
def pages(folder: Folder) -> None:
    """The dashboard over the lake of that hour, in a browser."""
    fleet = written(folder.absolute()).fleet
    found = thousand_live.measure_pages(folder.absolute(), fleet.cameras, fleet.every_s, OUT.parent)
    keep("pages", fleet.cameras, found)


@app.command()
def whole(cameras: Cameras = 1000) -> None:
    """All parts, and an hour of a tenth of the cameras first: 36 minutes on two cores."""
    few = max(FEWEST, cameras // 10 // FEWEST * FEWEST)
    with tempfile.TemporaryDirectory() as temporary:
        small, large = Path(temporary) / "small", Path(temporary) / "large"
        write(small, few, slower=40)
        hour(small)
        write(large, cameras)
        before(large)
        hour(large)
        pages(large)
    status(cameras, 1)


def written(data: Path) -> Hour:
    """The hour that `write` left in a folder."""
    known = json.loads((data / WRITTEN).read_text())
    return Hour(data / "lake", Fleet(**known["fleet"]), parse_hour(known["hour"]))


@app.command(hidden=True)
def create() -> None:
    """Make the tables of this environment."""
    thousand_hour.create_tables()


if __name__ == "__main__":
    app()
