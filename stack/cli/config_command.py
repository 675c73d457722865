"""`config check|show`: the settings, where they come from, and which are invalid."""

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
    """A setting for display; `value` is empty if there is none, `source` says where it comes from."""

    subject: str
    name: str
    value: str
    source: str


@app.command()
def check() -> None:
    """Print everything that is wrong with the settings; status 0 only if nothing is."""
    configuration, console = read_configuration(os.environ, PROJECT_ROOT), Console()
    faults = find_faults(configuration)
    for fault in faults:
        console.print(Text("✗", "bold red"), Text(fault), soft_wrap=True)
    for unknown in configuration.strangers():
        console.print(Text("!", "yellow"), Text(unknown), soft_wrap=True)
    given = sum(PREFIX + name in configuration.given for name in KEYS)
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


def find_faults(configuration: Configuration) -> list[str]:
    """Return a sentence for each fault: of the files, of single values, or else of their combination."""
    if faults := [*configuration.problems, *configuration.refusals()]:
        return faults
    try:
        Installation.from_values(
            {name: setting.value for name, setting in configuration.given.items()}, PROJECT_ROOT
        )
    except SettingError as error:
        return [str(error)]
    return []


def describe(configuration: Configuration) -> list[Row]:
    """Return every setting, by subject."""
    return [
        Row(subject, PREFIX + key.name, *_value_and_source(configuration, key.name))
        for subject in SUBJECTS
        for key in SUBJECTS[subject]
    ]


def _value_and_source(configuration: Configuration, name: str) -> tuple[str, str]:
    key, setting = KEYS[name], configuration.given.get(PREFIX + name)
    if setting is not None:
        return key.shown(setting.value), setting.source
    return key.default_text or key.unset.replace("`", ""), DEFAULT


def show_rows(console: Console, rows: list[Row]) -> None:
    """Print a table with the names of the TOML file, which fit a narrow terminal; set values stand out."""
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
