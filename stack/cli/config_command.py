"""`config check|show`: what is set, where it comes from, and what of it cannot be used."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lake.config.setting_keys import KEYS, SUBJECTS
from lake.config.settings import PREFIX, PROJECT_ROOT, SettingError
from lake.config.sources import DOTENV, Configuration, read_configuration
from stack.site.installation import Installation

app = typer.Typer(help="Show the settings, or check them all at once.", no_args_is_help=True)

DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True)
class Row:
    """A setting as people may see it; `value` is empty where there is none, `source` says who gave it."""

    subject: str
    name: str
    value: str
    source: str


@app.command()
def check() -> None:
    """Tell everything that is wrong with the settings; status 0 only if nothing is."""
    found, console = read_configuration(os.environ, PROJECT_ROOT), Console()
    faults = find_faults(found)
    for fault in faults:
        console.print(Text("✗", "bold red"), Text(fault), soft_wrap=True)
    for stranger in found.strangers():
        console.print(Text("!", "yellow"), Text(stranger), soft_wrap=True)
    given = sum(PREFIX + name in found.given for name in KEYS)
    if not faults:
        console.print(Text("✔", "green"), Text(f"{given} of {len(KEYS)} settings are given, and can be used"))
    raise typer.Exit(1 if faults else 0)


@app.command()
def show(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Show every setting, its value (secrets masked) and where it comes from."""
    rows = describe(read_configuration(os.environ, PROJECT_ROOT))
    if as_json:
        print(json.dumps({"settings": [asdict(row) for row in rows]}, ensure_ascii=False))  # noqa: T201
    else:
        show_rows(Console(), rows)


def find_faults(found: Configuration) -> list[str]:
    """A sentence for each fault: of the files, of single values, and where there is none, of their sum."""
    if faults := [*found.problems, *found.refusals()]:
        return faults
    try:
        Installation.from_values({name: one.value for name, one in found.given.items()}, PROJECT_ROOT)
    except SettingError as error:
        return [str(error)]
    return []


def describe(found: Configuration) -> list[Row]:
    """Every setting, by subject."""
    return [
        Row(subject, PREFIX + key.name, *_said(found, key.name))
        for subject in SUBJECTS
        for key in SUBJECTS[subject]
    ]


def _said(found: Configuration, name: str) -> tuple[str, str]:
    key, one = KEYS[name], found.given.get(PREFIX + name)
    if one is not None:
        return key.shown(one.value), one.source
    return key.default_text or key.unset.replace("`", ""), DEFAULT


def show_rows(console: Console, rows: list[Row]) -> None:
    """A table with the names of the TOML file, which fit a narrow terminal; what was given stands out."""
    table = Table(box=None, pad_edge=False)
    table.add_column("setting", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("from", no_wrap=True)
    subject = ""
    for row in rows:
        if row.subject != subject:
            table.add_row(Text(f"[{row.subject}]", "bold"))
            subject = row.subject
        style = "dim" if row.source == DEFAULT else "green"
        name = row.name.removeprefix(PREFIX).lower()
        table.add_row(Text(name), Text(row.value, style), Text(row.source, style))
    console.print(table)
    console.print(Text(f"In the environment and in {DOTENV}: {PREFIX}<SETTING IN CAPITALS>", "dim"))
