"""Every page for people is true: its pictures and links, and the commands, targets and modules it names."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from stack.cli.command import EXTERNAL_COMMANDS, app

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "docs").glob("*.md"))
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
         for path in (*sorted(ROOT.glob("*.md")), *CHAPTERS, *sorted((ROOT / ".github").rglob("*.md")))
         }  # fmt: skip
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
OURS = ("benchmarks", "capture", "dags", "dashboards", "jobs", "lake", "stack", "tests")
Mention = tuple[str, str]
"""Page, and what it names."""


def mentions(pattern: str) -> list[Mention]:
    """All that the pages say in that way, each once for a page."""
    return sorted({(page, found) for page, text in PAGES.items() for found in re.findall(pattern, text)})


def slug(heading: str) -> str:
    """The name that GitHub gives to a heading, to link to it.

    >>> slug("## Who may `see` it?")
    'who-may-see-it'
    """
    words = re.sub(r"[^\w\- ]", "", heading.lstrip("#").strip().lower())
    return words.replace(" ", "-")


@pytest.mark.parametrize(("page", "link"), mentions(r"\]\((?!https?://)([^)\s]+)\)"))
def test_a_link_leads_somewhere(page: str, link: str) -> None:
    path, _, heading = link.partition("#")
    target = (ROOT / page).parent / path if path else ROOT / page
    assert target.exists()
    if heading:
        assert heading in map(slug, re.findall(r"^#+ .*", target.read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize(("page", "command"), mentions(r"\./pycturestream ([a-z][a-z-]*)"))
def test_a_command_exists(page: str, command: str) -> None:
    assert command in {*EXTERNAL_COMMANDS, *get_command(app).commands}  # type: ignore[attr-defined]


@pytest.mark.parametrize(("page", "target"), mentions(r"(?:`|^)make ([a-z][a-z-]*)"))
def test_a_target_can_be_made(page: str, target: str) -> None:
    assert f"\n{target}:" in MAKEFILE


@pytest.mark.parametrize(
    ("page", "module"), mentions(r"(?:python -m |`)((?:" + "|".join(OURS) + r")(?:\.[a-z_0-9]+)+)(?=[` )])")
)
def test_a_module_exists(page: str, module: str) -> None:
    path = ROOT / module.replace(".", "/")
    assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()


@pytest.mark.parametrize(("page", "module"), mentions(r"python -m ([a-z_]+)(?![a-z_.])"))
def test_a_program_of_others_is_installed(page: str, module: str) -> None:
    assert importlib.util.find_spec(module) is not None


def test_every_picture_is_shown_on_a_page() -> None:
    shown = {Path(link).name for _, link in mentions(r"!\[[^]]*\]\(([^)]+)\)")}
    assert {path.name for path in (ROOT / "docs" / "pictures").iterdir()} == shown


def test_every_chapter_is_in_the_table_of_chapters() -> None:
    listed = re.findall(r"^\| \[([^]]+\.md)\]", PAGES["docs/README.md"], re.MULTILINE)
    assert {path.name for path in CHAPTERS} - {*listed, "README.md"} == set()


def test_the_readme_can_be_read_at_one_go() -> None:
    assert len(PAGES["README.md"].splitlines()) < 200


def test_the_newest_version_of_the_changelog_is_the_project_s() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert re.findall(r"^## (\d\S*) — \d{4}-\d\d-\d\d$", PAGES["CHANGELOG.md"], re.MULTILINE)[0] == version
