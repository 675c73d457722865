"""Reads aloud without keeping anybody waiting: only the newest text is spoken, what it outran never is."""

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
"""A text that takes longer is cut off: the sound device hangs."""


class SpeechUnavailableError(RuntimeError):
    """This machine cannot speak; the message says how to change that."""


class Utterance(NamedTuple):
    """What to say, and whose news it is."""

    camera_id: str
    words: str


def voice(rate: int, platform: str = sys.platform) -> list[str]:
    """The program that speaks what it reads, so many words a minute: macOS' own, elsewhere pyttsx3."""
    if platform == "darwin":
        return ["say", "-r", str(rate), "-f", "-"]
    return [sys.executable, "-P", "-m", "capture.results.tts_process", str(rate)]


class Speaker:
    """A voice in a thread of its own; what a camera said last is not repeated while nothing changes."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Speak through a program that reads its text; nothing is started before `say`."""
        self._command = list(command)
        self._files = tempfile.TemporaryDirectory(prefix="pycturestream-speech-")
        self._env = {**env, "PYTHONPATH": str(PROJECT_ROOT), "TMPDIR": self._files.name}
        self._news = threading.Condition()
        self._newest: Utterance | None = None
        self._closed = False
        self._program: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="speaker", daemon=True)

    def __enter__(self) -> Self:
        """Find out whether there is a voice, and be ready.

        Raises:
            SpeechUnavailableError: there is none.
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
            tried = subprocess.run(
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
        if tried.returncode:
            said = tried.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise SpeechUnavailableError(said or f"{self._command[0]} does not speak; leave out --speak")

    def say(self, text: Utterance) -> None:
        """Speak this next, instead of what still waits; returns at once."""
        with self._news:
            self._newest = text
            self._news.notify()

    def _run(self) -> None:
        spoken: dict[str, str] = {}
        while (text := self._next()) is not None:
            if spoken.get(text.camera_id) != text.words:
                spoken[text.camera_id] = text.words
                self._speak(text.words)

    def _next(self) -> Utterance | None:
        with self._news:
            self._news.wait_for(lambda: self._newest is not None or self._closed)
            text, self._newest = self._newest, None
            return None if self._closed else text

    def _speak(self, words: str) -> None:
        with self._news:
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
            self._hush()

    def _hush(self) -> None:
        """End the program and the player that it started."""
        if self._program is not None and self._program.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._program.pid, signal.SIGKILL)
            self._program.wait()

    def __exit__(self, *_: object) -> None:
        """Fall silent in the middle of a word."""
        with self._news:
            self._closed = True
            self._news.notify()
        self._hush()
        self._thread.join()
        self._files.cleanup()
