"""Fetches files with the tools of their registries: Ivy (from pyspark), npm and pip."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Final
from xml.sax.saxutils import quoteattr

from stack.provision.artifacts import Artifact, Package
from stack.provision.java import find_java
from stack.provision.node import find_npm

DOWNLOADED: Final = re.compile(r"\[SUCCESSFUL ?\] \S+#(\S+);(\S+?)!")
"""Ivy's line about a downloaded file, with its name and version."""
IVY_TIMEOUTS: Final = (
    "-Dsun.net.client.defaultConnectTimeout=20000",
    "-Dsun.net.client.defaultReadTimeout=60000",
)
"""Without these a network that drops packets would block Java forever."""


class ToolError(RuntimeError):
    """A tool failed to fetch a file; the message ends with its last output."""


def run_tool(
    command: Sequence[str],
    folder: Path,
    on_line: Callable[[str], None] = lambda _line: None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a tool in a folder, passing each line it prints to `on_line`.

    Raises:
        ToolError: it ended with another code than 0.
    """
    last_lines: deque[str] = deque(maxlen=12)
    with subprocess.Popen(
        command,
        cwd=folder,
        env=None if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last_lines.append(line.rstrip())
            on_line(line.rstrip())
    if process.returncode:
        raise ToolError("\n  ".join(filter(str.strip, last_lines)) or f"exit code {process.returncode}")


def fetch_jars(jars: Sequence[Artifact], folder: Path, home: Path, on_file: Callable[[str], None]) -> None:
    """Fetch exactly these jars with the Ivy inside pyspark; finished ones are kept in its cache.

    Args:
        jars: jars to fetch, each in one version.
        folder: target of `NAME-VERSION.jar`; holds Ivy's own cache too.
        home: cache folder, for the packaged Java.
        on_file: called with `NAME-VERSION.jar` after its download.

    Raises:
        ToolError: Ivy could not get one of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ivy.xml").write_text(describe_jars(jars), encoding="utf-8")
    java = [str(find_java(home) / "bin" / "java"), *IVY_TIMEOUTS, "-jar", str(find_ivy())]
    paths = ["-ivy", "ivy.xml", "-cache", "cache", "-retrieve", "[artifact]-[revision].[ext]"]

    def on_line(line: str) -> None:
        if match := DOWNLOADED.search(line):
            on_file(f"{match[1]}-{match[2]}.jar")

    run_tool([*java, *paths, "-types", "jar", "bundle"], folder, on_line)


def describe_jars(jars: Sequence[Artifact]) -> str:
    """Return an Ivy module file that requires these jars without their dependencies."""
    rows = []
    for jar in jars:
        group, name, version = (quoteattr(part) for part in jar.source.split(":"))
        rows.append(
            f'<dependency org={group} name={name} rev={version} transitive="false" conf="default->master"/>'
        )
    return (
        '<ivy-module version="2.0"><info organisation="pycturestream" module="jars"/>'
        '<configurations><conf name="default"/></configurations>'
        f"<dependencies>{''.join(rows)}</dependencies></ivy-module>"
    )


def find_ivy() -> Path:
    """Return the Ivy jar of pyspark.

    Raises:
        ToolError: pyspark is not installed, or without it.
    """
    spec = find_spec("pyspark")
    jars = Path(spec.origin).parent / "jars" if spec and spec.origin else Path()
    for ivy in jars.glob("ivy-*.jar"):
        return ivy
    raise ToolError("no Ivy in this Python environment's pyspark: run `make up`, which installs it")


def fetch_npm_package(package: Package, folder: Path) -> None:
    """Download a package's archive into a folder with npm; no script of the package runs.

    Raises:
        ToolError: npm could not get it.
    """
    retries = ["--fetch-retries=1", "--fetch-retry-mintimeout=2000", "--fetch-retry-maxtimeout=5000"]
    requirement = f"{package.name}@{package.version}"
    run_tool([*find_npm(), "pack", requirement, "--ignore-scripts", "--loglevel=error", *retries], folder)


def fetch_wheel(package: Package, folder: Path) -> None:
    """Download a package's wheel into a folder with pip; nothing is installed.

    Raises:
        ToolError: pip could not get it.
    """
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--retries=1"]
    requirement = f"{package.name}=={package.version}"
    run_tool([*pip, "--no-deps", "--only-binary=:all:", "--dest", ".", requirement], folder)


def unpack(archive: Path, package: Package, folder: Path) -> None:
    """Extract only the package's listed files from its archive into a folder.

    Raises:
        ToolError: the archive lacks one of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file in package.files:
        member = str(PurePosixPath(package.folder) / file.name)
        (folder / file.name).write_bytes(read_member(archive, member))


def read_member(archive: Path, member: str) -> bytes:
    """Read one file from a wheel or a gzipped tar.

    Raises:
        ToolError: it is not in there, or the archive is broken.
    """
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(member)
        with tarfile.open(archive) as tar:
            extracted = tar.extractfile(member)
            return extracted.read() if extracted else b""
    except (KeyError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise ToolError(f"{archive.name} lacks {member} ({error}); delete it and fetch it again") from error
