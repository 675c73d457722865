"""Client of the supervisor: starts it, queries it, and starts and stops programs."""

from __future__ import annotations

import configparser
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import xmlrpc.client
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final

from supervisor.xmlrpc import SupervisorTransport

from lake.config.sources import MARK
from stack.site.installation import Installation

UNREACHABLE: Final = (OSError, HTTPException, xmlrpc.client.Error)
ALREADY_STARTED, NOT_RUNNING = 60, 70


class SupervisorError(RuntimeError):
    """The supervisor cannot be started, or refuses a request; the message says why."""


@dataclass(frozen=True, slots=True)
class ProgramState:
    """State of a program according to the supervisor.

    Attributes:
        state: the supervisor's name of it, for example RUNNING, BACKOFF or FATAL.
        pid: 0 when it does not run.
        up_s: seconds since it was started; 0 when it does not run.
        reason: why it could not be started, or empty.
    """

    state: str
    pid: int = 0
    up_s: int = 0
    reason: str = ""


def socket_path(run: Path) -> Path:
    """Return a short path for the socket of a run folder; the system allows only about 100 bytes.

    Raises:
        SupervisorError: somebody else owns the folder it should lie in.
    """
    folder = Path(tempfile.gettempdir()) / f"pycturestream-{os.getuid()}"
    if len(os.fsencode(folder)) > 70:
        folder = Path("/tmp") / folder.name
    folder.mkdir(mode=0o700, exist_ok=True)
    stat = folder.lstat()
    if folder.is_symlink() or stat.st_uid != os.getuid() or stat.st_mode & 0o077:
        raise SupervisorError(f"{folder} is not a private folder of yours; remove it or set TMPDIR")
    return folder / f"{hashlib.sha256(os.fsencode(run)).hexdigest()[:12]}.sock"


def start_supervisor(installation: Installation, env: Mapping[str, str]) -> None:
    """Start the supervisor in the background, without starting any program.

    Raises:
        SupervisorError: it does not start.
    """
    command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(installation.config)]
    marked_env = {**env, MARK: str(installation.config)}
    result = subprocess.run(
        command, env=marked_env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise SupervisorError(f"the supervisor did not start: {(result.stderr or result.stdout).strip()}")


class Supervisor:
    """The running supervisor of an installation."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def _call(self, method: str, *arguments: object) -> Any:
        parser = configparser.RawConfigParser()
        try:
            parser.read(self._installation.config, encoding="utf-8")
            path = parser.get("unix_http_server", "file").replace("%%", "%")
        except configparser.Error as error:
            raise FileNotFoundError(f"no supervisor was started from {self._installation.config}") from error
        transport = SupervisorTransport(None, None, f"unix://{path}")
        proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport)
        try:
            return getattr(proxy, method)(*arguments)
        finally:
            transport.close()

    def pid(self) -> int | None:
        """Return the process id of the supervisor, or None if none answers."""
        try:
            return int(self._call("supervisor.getPID"))
        except UNREACHABLE:
            return None

    def states(self) -> dict[str, ProgramState]:
        """Return the state of each program; empty if no supervisor answers."""
        try:
            programs = self._call("supervisor.getAllProcessInfo")
        except UNREACHABLE:
            return {}
        return {info["name"]: _program_state(info) for info in programs}

    def start(self, program: str) -> None:
        """Start a program, unless it runs already.

        Raises:
            SupervisorError: it cannot be started.
        """
        self._order("supervisor.startProcess", program, ALREADY_STARTED)

    def stop(self, program: str) -> None:
        """Begin to stop a program, if it runs.

        Raises:
            SupervisorError: it cannot be stopped.
        """
        self._order("supervisor.stopProcess", program, NOT_RUNNING)

    def _order(self, method: str, program: str, harmless: int) -> None:
        try:
            self._call(method, program, False)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != harmless:
                raise SupervisorError(f"{program}: {fault.faultString}") from fault
        except UNREACHABLE as error:
            raise SupervisorError(
                f"the supervisor does not answer ({error}); try: ./pycturestream down"
            ) from error

    def shutdown(self) -> None:
        """Ask the supervisor to end, if it runs."""
        try:
            self._call("supervisor.shutdown")
        except UNREACHABLE:
            return

    def restarts(self, program: str) -> int:
        """Return how often a program was restarted since the supervisor's start.

        The supervisor keeps no counter, so its log is read: it is written by the very process that
        restarts, outlives every program, and needs no listener that could itself be down.
        """
        log = self._installation.logs / "supervisord.log"
        parts = [log.with_name(f"{log.name}.{number}") for number in (2, 1)] + [log]
        text = "".join(part.read_text("utf-8", "replace") for part in parts if part.is_file())
        since_start = text.rpartition("supervisord started with pid")[2]
        spawned = re.findall(rf"spawned: '{re.escape(program)}' with pid", since_start)
        return max(0, len(spawned) - 1)


def _program_state(info: Mapping[str, Any]) -> ProgramState:
    up_s = info["now"] - info["start"] if info["pid"] else 0
    return ProgramState(info["statename"], info["pid"], up_s, info["spawnerr"])
