"""Finding a Java."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lake.config.settings import SettingError
from stack.provision import java
from stack.provision.java import JavaNotFoundError, find_java, find_system_java, parse_java, wrap_bundled_java


def fake_java(folder: Path, version: str, home: str = "/opt/a jdk") -> Path:
    """A program that says of itself what a Java of this version would."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    said = f"    java.home = {home}\\n    java.specification.version = {version}\\n"
    program.write_text(f"#!/bin/sh\nprintf '{said}' >&2\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(("said", "major"), [("1.8", 8), ("11", 11), ("17", 17), ("25", 25)])
def test_the_version_is_read_in_the_old_and_the_new_way_of_counting(said: str, major: int) -> None:
    text = f"Property settings:\n    java.home = /opt/my jdk\n    java.specification.version = {said}\n"
    assert parse_java(text) == (major, Path("/opt/my jdk"))


def test_what_is_no_java_has_no_version() -> None:
    assert parse_java("The operation couldn't be completed. Unable to locate a Java Runtime.") is None


def test_java_home_comes_before_path(tmp_path: Path) -> None:
    fake_java(tmp_path / "one", "21", "/opt/one")
    fake_java(tmp_path / "two", "21", "/opt/two")
    env = {"JAVA_HOME": str(tmp_path / "one"), "PATH": str(tmp_path / "two" / "bin")}
    assert find_system_java(env) == Path("/opt/one")


def test_an_old_java_home_gives_way_to_a_newer_java_on_path(tmp_path: Path) -> None:
    fake_java(tmp_path / "one", "1.8", "/opt/one")
    fake_java(tmp_path / "two", "17", "/opt/two")
    env = {"JAVA_HOME": str(tmp_path / "one"), "PATH": str(tmp_path / "two" / "bin")}
    assert find_system_java(env) == Path("/opt/two")


def test_a_java_that_only_complains_is_none(tmp_path: Path) -> None:
    program = fake_java(tmp_path, "17")
    program.write_text("#!/bin/sh\nexit 1\n")
    assert find_system_java({"PATH": str(program.parent)}) is None


def test_bundled_passes_over_the_machines_java(tmp_path: Path) -> None:
    fake_java(tmp_path / "system", "21")
    env = {"JAVA_HOME": str(tmp_path / "system"), "PYCTURESTREAM_JAVA": "bundled", "PATH": ""}
    assert find_java(tmp_path / "home", env) == tmp_path / "home" / "java"


def test_an_unknown_choice_of_java_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="PYCTURESTREAM_JAVA='newest' must be one of: auto, bundled"):
        find_java(tmp_path, {"PYCTURESTREAM_JAVA": "newest"})


def test_no_java_at_all_is_one_sentence_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(_name: str) -> None:
        raise java.PackageNotFoundError

    monkeypatch.setattr(java, "distribution", absent)
    with pytest.raises(JavaNotFoundError, match=r"no Java 17 or newer .* run `make up`"):
        find_java(tmp_path, {"PATH": ""})


def test_the_wrapper_drops_one_argument_and_keeps_all_others_whole(tmp_path: Path) -> None:
    home = wrap_bundled_java(tmp_path / "a 'home'")
    wrapper = home / "bin" / "java"
    show = tmp_path / "show it"
    show.write_text("#!/bin/sh\nprintf '[%s]' \"$@\"\n")
    show.chmod(0o755)
    wrapper.write_text(java.WRAPPER.format(java=f"'{show}'"))
    given = ["-cp", "a b/*", "--add-modules=jdk.incubator.vector", "", "-Dx=*", "--add-modules=other"]
    shown = subprocess.run([wrapper, *given], capture_output=True, text=True, check=True).stdout
    assert shown == "[-cp][a b/*][][-Dx=*][--add-modules=other]"


def test_the_wrapped_java_runs_and_is_new_enough(tmp_path: Path) -> None:
    home = wrap_bundled_java(tmp_path / "with space")
    described = parse_java(java.describe_java(str(home / "bin" / "java")))
    assert described is not None
    assert described[0] >= java.MIN_VERSION


def test_a_wrapper_of_a_moved_environment_is_written_anew(tmp_path: Path) -> None:
    wrapper = wrap_bundled_java(tmp_path) / "bin" / "java"
    right = wrapper.read_text()
    wrapper.write_text("#!/bin/sh\nexec /gone/java\n")
    wrap_bundled_java(tmp_path)
    assert wrapper.read_text() == right
    assert [path.name for path in wrapper.parent.iterdir()] == ["java"]
