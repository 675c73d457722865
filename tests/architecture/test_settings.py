"""The list of settings, the code that reads them and what the documents say of them agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lake.config.setting_key import EVERY, Key
from lake.config.setting_keys import KEYS
from lake.config.settings import PREFIX
from stack.cli import settings_page
from stack.programs.kafka_users import own_settings

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("capture", "dags", "dashboards", "jobs", "lake", "stack")
FILES = {
    path: path.read_text("utf-8") for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))
    if path.stem != "setting_keys"
}  # fmt: skip
READ = re.compile(r"""\b(?:text|number|whole|path|_address)\(\s*[\w.]*env(?:iron)?,\s*["'](\w+)["']""")
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")))
}
ROWS = [
    (page, *row)
    for page, text in PAGES.items()
    for row in re.findall(r"^\| (`PYCTURESTREAM_\w+`.*?) \| (.*?) \|", text, re.MULTILINE)
    if page != "docs/settings.md"  # which is compared as a whole
]
ALONE = {"convert_anchor_free", "convert_model", "probe_source", "reader_process", "tts_process",
         "kafka_users", "machine", "environment", "pack_model", "run_airflow", "run_spark", "settings_page",
         "stack"}  # fmt: skip
"""Programs that read no settings, or read the files in another way."""


def readers() -> dict[str, set[str]]:
    """Setting → folders of the code that reads it."""
    found: dict[str, set[str]] = {}
    for file, source in FILES.items():
        for name in [*READ.findall(source), *ports(source)]:
            found.setdefault(name, set()).add(file.relative_to(ROOT).parts[0])
    return found | {name.removeprefix(PREFIX): {"stack"} for name in own_settings()}


def ports(source: str) -> list[str]:
    """What is read by way of `PORTS`, `MORE_PORTS` and `SPARK_PORTS`."""
    listed = re.findall(r"^(?:MORE_|SPARK_)?PORTS: Final = \(([^)]*)\)", source, re.MULTILINE)
    return re.findall(r'"(\w+)"', "".join(listed))


def test_every_setting_that_is_read_is_in_the_list_and_every_one_in_the_list_is_read() -> None:
    assert sorted({*readers(), "CONFIG"}) == sorted(KEYS)


@pytest.mark.parametrize("name", sorted(readers()))
def test_the_list_names_the_programs_that_read_a_setting(name: str) -> None:
    folders = readers()[name]
    assert KEYS[name].programs == ((EVERY,) if "lake" in folders else tuple(sorted(folders)))


def test_the_page_of_all_settings_is_up_to_date() -> None:
    told = "run `python -m stack.cli.settings_page`"
    assert settings_page.PAGE.read_text("utf-8") == settings_page.page(), told


@pytest.mark.parametrize("page", sorted(PAGES))
def test_no_page_names_a_setting_that_there_is_not(page: str) -> None:
    named = set(re.findall(r"PYCTURESTREAM_([A-Z0-9_]+[A-Z0-9])\b", PAGES[page]))
    assert {name for name in named - set(KEYS) if name.removesuffix("_FILE") not in KEYS} == set()


@pytest.mark.parametrize(("page", "names", "defaults"), ROWS)
def test_a_row_of_a_table_names_settings_with_their_defaults(page: str, names: str, defaults: str) -> None:
    full, *short = re.findall(r"`(?:PYCTURESTREAM_|…)(\w+)`", names)
    keys = [KEYS[full], *(only(name) for name in short)]
    numbers = [(key.default_text, one) for key, one in zip(keys, defaults.split(", "), strict=False)]
    assert [pair for key, pair in zip(keys, numbers, strict=False) if key.high and pair[0] != pair[1]] == []


def only(ending: str) -> Key:
    """The one setting whose name ends so."""
    [key] = [key for name, key in KEYS.items() if f"PYCTURESTREAM_{name}".endswith(ending)]
    return key


@pytest.mark.parametrize(
    "file", [file for file, source in FILES.items() if '== "__main__"' in source], ids=str
)
def test_every_program_started_alone_reads_the_files(file: Path) -> None:
    name = file.parent.name if file.stem == "__main__" else file.stem
    assert ("    load_configuration()" in FILES[file]) != (name in ALONE)
