"""Text to speech that never blocks: only the newest text is spoken, older ones are skipped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple, Self

from lake.config.settings import PROJECT_ROOT

MAX_SECONDS: Final = 60.0
"""Timeout of one text: if it takes longer, the sound device hangs, and it is cut off."""


class SpeechUnavailableError(RuntimeError):
    """This machine has no speech; the message holds the cure."""


class Utterance(NamedTuple):
    """Text to speak, and the camera it is about."""

    camera_id: str
    words: str


def voice(rate: int, platform: str = sys.platform) -> list[str]:
    """Return the command that speaks its input at `rate` words a minute: macOS' own, elsewhere pyttsx3."""
    if platform == "darwin":
        return ["say", "-r", str(rate), "-f", "-"]
    return [sys.executable, "-P", "-m", "capture.results.tts_process", str(rate)]


class Speaker:
    """Speaks in a thread of its own; the last text of a camera is not repeated."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Speak through `command`, which reads the text from standard input."""
        self._command = list(command)
        self._files = tempfile.TemporaryDirectory(prefix="pycturestream-speech-")
        self._env = {**env, "PYTHONPATH": str(PROJECT_ROOT), "TMPDIR": self._files.name}
        self._changed = threading.Condition()
        self._newest: Utterance | None = None
        self._closed = False
        self._program: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="speaker", daemon=True)

    def __enter__(self) -> Self:
        """Check that this machine can speak, and start the thread.

        Raises:
            SpeechUnavailableError: it cannot.
        """
        try:
            self._check()
        except SpeechUnavailableError:
            self._files.cleanup()
            raise
        self._thread.start()
        return self

    def _check(self) -> None:
        try:
            result = subprocess.run(
                self._command,
                env=self._env,
                input=b"",
                capture_output=True,
                check=False,
                timeout=MAX_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SpeechUnavailableError(
                f"{self._command[0]} does not speak ({error}); leave out --speak"
            ) from error
        if result.returncode:
            message = result.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise SpeechUnavailableError(message or f"{self._command[0]} does not speak; leave out --speak")

    def say(self, text: Utterance) -> None:
        """Speak this text next, instead of a waiting one; return at once."""
        with self._changed:
            self._newest = text
            self._changed.notify()

    def _run(self) -> None:
        spoken: dict[str, str] = {}
        while (text := self._next()) is not None:
            if spoken.get(text.camera_id) != text.words:
                spoken[text.camera_id] = text.words
                self._speak(text.words)

    def _next(self) -> Utterance | None:
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._closed)
            text, self._newest = self._newest, None
            return None if self._closed else text

    def _speak(self, words: str) -> None:
        with self._changed:
            if self._closed:
                return
            try:
                self._program = subprocess.Popen(
                    self._command, env=self._env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL, start_new_session=True,
                )  # fmt: skip
            except OSError:  # a machine at its limit; the next text is tried again
                return
        try:
            self._program.communicate(words.encode(), MAX_SECONDS)
        except subprocess.TimeoutExpired:
            self._kill_program()

    def _kill_program(self) -> None:
        """Kill the program and the player that it started."""
        if self._program is not None and self._program.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._program.pid, signal.SIGKILL)
            self._program.wait()

    def __exit__(self, *_: object) -> None:
        """Stop speaking at once and end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._kill_program()
        self._thread.join()
        self._files.cleanup()
