"""Make the virtual environment `.venv`: `python -m stack.environment [GROUP…]`, standard library only.

Run by any supported Python, it creates the environment and installs the hash-pinned
`requirements/base.txt` and the groups named (`dev`, `java`, `node`). Installed groups are recorded by hash,
so that the next run ends at once and needs no network.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from stack.provision import machine

FOLDER: Final = Path(".venv")
PYTHON: Final = FOLDER / "bin" / "python"
STAMP: Final = "pycturestream.installed"
MISSING_TOOLS: Final = """\
import os
from lake.config.sources import load_configuration
from stack.provision.java import needs_bundled_java
from stack.provision.node import find_system_npm
load_configuration()
print("java" * needs_bundled_java(os.environ), "" if find_system_npm(os.environ) else "node")
"""
"""Runs in the environment once its base is installed: both modules need a package of it."""


class EnvironmentCreationError(RuntimeError):
    """The virtual environment could not be created or filled."""


def main(groups: Sequence[str]) -> int:
    """Create the environment with the base and these groups; return 1, with one sentence, on failure."""
    try:
        required = ["base", *groups]
        if not is_usable():
            if code := machine.main():
                return code
            create()
        install([group for group in required if not is_installed(group)])
        install([group for group in missing_tools() if not is_installed(group)])
    except (EnvironmentCreationError, OSError) as error:
        say(str(error))
        return 1
    return 0


def is_usable() -> bool:
    """Return whether the environment runs, and has this Python's version or none was requested by PYTHON."""
    try:
        result = subprocess.run(
            [PYTHON, "-c", "import sys; print(*sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return False
    same_version = result.stdout.split() == [str(part) for part in sys.version_info[:2]]
    return result.returncode == 0 and (same_version or not os.environ.get("PYTHON"))


def create() -> None:
    """Create an empty environment from this Python.

    Raises:
        EnvironmentCreationError: this Python cannot make one; the message names the cure.
    """
    if FOLDER.is_symlink():
        raise EnvironmentCreationError(
            f"{FOLDER} is a link to {FOLDER.resolve()}, left alone: remove the link"
        )
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    say(f"making .venv with Python {version}")
    if FOLDER.exists():
        shutil.rmtree(FOLDER)
    result = subprocess.run(
        [sys.executable, "-m", "venv", FOLDER], capture_output=True, text=True, check=False
    )
    if result.returncode:
        shutil.rmtree(FOLDER, ignore_errors=True)
        output = (result.stdout + result.stderr).strip()
        raise EnvironmentCreationError(
            f"{sys.executable} has no complete venv module (on Debian and Ubuntu:"
            f" sudo apt install python{version}-venv, then run make again): {output[-500:]}"
        )


def missing_tools() -> list[str]:
    """Return the groups that replace tools this machine lacks: `java`, `node`."""
    result = subprocess.run([PYTHON, "-c", MISSING_TOOLS], capture_output=True, text=True, check=False)
    if result.returncode:
        raise EnvironmentCreationError(f"cannot look for Java and npm: {result.stderr.strip()[-500:]}")
    return result.stdout.split()


def is_installed(group: str) -> bool:
    """Return whether exactly this state of a requirements file was installed."""
    return read_stamp().get(group) == fingerprint(group)


def fingerprint(group: str) -> str:
    """Return the SHA-256 of a requirements file."""
    return hashlib.sha256(requirements(group).read_bytes()).hexdigest()


def requirements(group: str) -> Path:
    """Return the requirements file of a group."""
    return Path("requirements") / f"{group}.txt"


def read_stamp() -> dict[str, str]:
    """Read what was installed: group → fingerprint."""
    try:
        return dict(line.split() for line in (FOLDER / STAMP).read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError):
        return {}


def install(groups: Sequence[str]) -> None:
    """Install the requirements of groups with uv, itself installed first by pip; hashes are checked.

    Raises:
        EnvironmentCreationError: a package could not be fetched or built.
    """
    if not groups:
        return
    if not is_installed("uv"):
        run([PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", requirements("uv")])
        remember(["uv"])
    say(f"installing {', '.join(str(requirements(group)) for group in groups)}")
    files = [part for group in groups for part in ("-r", requirements(group))]
    uv: list[str | Path] = [
        PYTHON,
        "-m",
        "uv",
        "pip",
        "install",
        "--python",
        PYTHON,
        "--require-hashes",
        "--compile-bytecode",
    ]
    run([*uv, *files])
    shutil.rmtree(FOLDER / "uv-cache", ignore_errors=True)
    remember(groups)


def run(command: Sequence[str | Path]) -> None:
    """Run an installer with its output visible.

    Its cache lies in the environment by default, so that files are linked and not copied, a broken
    installation continues where it stopped, and deleting .venv frees the space.

    Raises:
        EnvironmentCreationError: it failed.
    """
    env = {"UV_CACHE_DIR": str((FOLDER / "uv-cache").absolute()), "UV_HTTP_TIMEOUT": "120"} | dict(os.environ)
    if subprocess.run(command, env=env, check=False).returncode:
        raise EnvironmentCreationError(
            "the Python packages could not be installed (see above): is this machine connected,"
            " and its proxy set up? Run make again; it continues where it stopped"
        )


def remember(groups: Sequence[str]) -> None:
    """Record that groups are installed as their files are now."""
    stamp = read_stamp() | {group: fingerprint(group) for group in groups}
    new = FOLDER / f"{STAMP}.{os.getpid()}"
    new.write_text("".join(f"{group} {mark}\n" for group, mark in sorted(stamp.items())), encoding="utf-8")
    new.replace(FOLDER / STAMP)


def say(line: str) -> None:
    """Print a line on standard error."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
