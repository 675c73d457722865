"""Sources of settings: the environment over `.env` over `pycturestream.toml`, and secrets from files."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dotenv import dotenv_values

from lake.config.setting_key import Kind
from lake.config.setting_keys import KEYS, find_key, subject_of, suggest_name
from lake.config.settings import PREFIX, PROJECT_ROOT, SettingError

TOML: Final = "pycturestream.toml"
DOTENV: Final = ".env"
ENVIRONMENT: Final = "environment"
CONFIG: Final = PREFIX + "CONFIG"
MARK: Final = PREFIX + "SUPERVISED_BY"
"""Environment variable that marks every process of a running system with its configuration's path."""


@dataclass(frozen=True, slots=True)
class SourcedValue:
    """A value and its source: `environment`, a file's name, or `file PATH` of a secret."""

    value: str
    source: str


Level = dict[str, SourcedValue]
"""What one source gives, by the environment's names."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """All values by environment name, and a sentence for each problem with the files."""

    given: Mapping[str, SourcedValue]
    problems: tuple[str, ...]

    def refusals(self) -> list[str]:
        """Return a sentence for each invalid value, with its source."""
        pairs = ((self.given.get(PREFIX + name), key) for name, key in KEYS.items())
        return [
            f"{one.source}: {PREFIX}{key.name}={key.shown(one.value)!r} {refusal}"
            for one, key in pairs
            if one and (refusal := key.refusal(one.value))
        ]

    def strangers(self) -> list[str]:
        """Return a sentence for each name that looks like a setting but is none."""
        unknown = [
            name
            for name in sorted(self.given)
            if name.startswith(PREFIX) and name != MARK and name.removeprefix(PREFIX) not in KEYS
        ]
        names = [PREFIX + name for name in KEYS]
        return [
            f"{self.given[name].source}: {name} is no setting; {suggest_name(name, names)}"
            for name in unknown
        ]


def load_configuration() -> None:
    """Complete this process's environment from the files; each program calls it first.

    Ends the program with the reason, status 2, where a file cannot be used.
    """
    try:
        merged = read_environment(os.environ, PROJECT_ROOT)
    except SettingError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from error
    replace_environment(os.environ, merged)


def replace_environment(environ: MutableMapping[str, str], merged: Mapping[str, str]) -> None:
    """Replace an environment, leaving out the names of files that held secrets."""
    for name in environ.keys() - merged.keys():
        del environ[name]
    environ.update(merged)


def read_environment(environ: Mapping[str, str], root: Path) -> dict[str, str]:
    """Return the process environment over the files in the project's root.

    Raises:
        SettingError: a file cannot be used; a line for each reason.
    """
    configuration = read_configuration(environ, root)
    if configuration.problems:
        raise SettingError("\n".join(configuration.problems))
    return {name: sourced.value for name, sourced in configuration.given.items()}


def read_configuration(environ: Mapping[str, str], root: Path) -> Configuration:
    """Read all values with their sources.

    An empty value is none. A relative path in a file counts from the file's folder, so that every command
    means the same folder wherever it is run. Values are taken as they stand: a `$` in a password stays one.
    A program of a running system was told everything when the system started, and reads no file: else it
    would differ from the others when a file was changed since.
    """
    problems: list[str] = []
    values = {
        name: SourcedValue(value, ENVIRONMENT)
        for name, value in environ.items()
        if value or not name.startswith(PREFIX)
    }
    values = _open_secrets(values, problems)
    if MARK in values:
        return Configuration(values, tuple(problems))
    upper = _open_secrets(_read_dotenv(root / DOTENV, problems), problems) | values
    named = upper.get(CONFIG)
    file = Path(named.value).expanduser() if named else root / TOML
    lower = _read_toml(file, problems) if named or file.exists() else {}
    return Configuration(_open_secrets(lower, problems) | upper, tuple(problems))


def _open_secrets(level: Level, problems: list[str]) -> Level:
    """Replace the names of secret files by the secrets in them."""
    opened: Level = {}
    for name, one in level.items():
        secret = find_key(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None
        if secret is None or secret.name in KEYS:
            opened[name] = one
            continue
        plain = name.removesuffix("_FILE")
        if plain in level:
            problems.append(f"{one.source}: {plain} and {name} are both given; keep one of them")
        try:
            value = Path(one.value).expanduser().read_text("utf-8").rstrip("\r\n")
            opened[plain] = SourcedValue(value, f"file {one.value}")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{one.source}: {name}={one.value!r} cannot be read ({error}); name a text file")
    return opened


def _read_dotenv(file: Path, problems: list[str]) -> Level:
    try:
        written = dotenv_values(file, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{file} cannot be read ({error}); make it plain NAME=value lines")
        return {}
    return {
        name: SourcedValue(_anchored(name, value, file), DOTENV) for name, value in written.items() if value
    }


def _read_toml(file: Path, problems: list[str]) -> Level:
    level: Level = {}
    for table, name, value in _entries(file, problems):
        full = PREFIX + name.upper()
        problem = "is given twice; keep one of them" if full in level else _problem(table, name, value)
        if problem:
            where = f"[{table}] {name}" if table else name
            problems.append(f"{file}: {where} {problem}")
        elif value != "":
            level[full] = SourcedValue(_anchored(full, str(value), file), file.name)
    return level


def _entries(file: Path, problems: list[str]) -> Iterator[tuple[str, str, Any]]:
    """Yield table (empty at the top), name and value of every entry."""
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{file} cannot be read ({error}); make it TOML, lines such as kafka_port = 9192")
        return
    for name, value in document.items():
        if isinstance(value, dict):
            yield from ((name, inner, entry) for inner, entry in value.items())
        else:
            yield "", name, value


def _problem(table: str, name: str, value: Any) -> str | None:
    """Return why an entry of the TOML file is invalid, to follow its name."""
    if name == "config":
        return f"would name this very file; set {CONFIG} in the environment or in {DOTENV}"
    key = find_key(name.upper()) if name == name.lower() else None
    if key is None:
        full_name = f"{table}_{name}" if f"{table}_{name}".upper() in KEYS else name.lower()
        return f"is no setting; {suggest_name(full_name, [key_name.lower() for key_name in KEYS])}"
    if table and table != subject_of(key):
        return f"stands in the wrong table; put it under [{subject_of(key)}], or above all tables"
    numeric = key.kind in (Kind.NUMBER, Kind.WHOLE)
    fits = (
        isinstance(value, int | float) and not isinstance(value, bool) if numeric else isinstance(value, str)
    )
    shown_value = f"= {key.shown(repr(value))}"
    if not fits:
        return f"{shown_value} must be {key.range or 'text'}, {'without' if numeric else 'in'} quotes"
    refusal = key.refusal(str(value)) if value != "" else None
    return refusal and f"{shown_value} {refusal}"


def _anchored(name: str, value: str, file: Path) -> str:
    key = find_key(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None
    return str(file.parent / Path(value).expanduser()) if key and key.kind is Kind.PATH else value
