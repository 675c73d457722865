"""The tools that fetch, as far as they need no network."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from stack.provision.artifacts import Artifact, Package
from stack.provision.downloads import ToolError, describe_jars, find_ivy, run_tool, unpack

CLIPS = Package("clips", "1", "data", Artifact("clips.whl", 1, ""), (Artifact("clips/a.mp4", 1, ""),))


def test_a_tool_that_fails_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="no such host"):
        run_tool([sys.executable, "-c", "import sys; sys.exit('no such host')"], tmp_path)


def test_every_line_of_a_tool_is_handed_over(tmp_path: Path) -> None:
    lines: list[str] = []
    run_tool([sys.executable, "-c", "print('one'); print('two')"], tmp_path, lines.append)
    assert lines == ["one", "two"]


def test_ivy_is_asked_for_the_jars_alone_and_not_for_what_they_depend_on() -> None:
    module = ElementTree.fromstring(describe_jars([Artifact("jars/kafka/a-1.jar", 1, "", "org.a:a:1")]))
    assert [row.attrib for row in module.iter("dependency")] == [
        {"org": "org.a", "name": "a", "rev": "1", "transitive": "false", "conf": "default->master"}
    ]


def test_pyspark_brings_an_ivy() -> None:
    assert find_ivy().is_file()


def test_only_listed_files_are_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "clips.whl", "w") as wheel:
        wheel.writestr("data/a.mp4", b"clip")
        wheel.writestr("data/../../evil", b"no")
    unpack(tmp_path / "clips.whl", CLIPS, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.mp4"]


def test_an_archive_without_a_listed_file_is_told(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "clips.whl", "w") as wheel:
        wheel.writestr("data/b.mp4", b"clip")
    with pytest.raises(ToolError, match=r"clips\.whl lacks data/a\.mp4"):
        unpack(tmp_path / "clips.whl", CLIPS, tmp_path / "out")
