"""Speaks the text on standard input by pyttsx3: `python -m capture.results.tts_process RATE`.

A process of its own, because speech engines are native code that may hang or crash. Without a text it only
checks whether it could speak.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from lake.config.settings import PROJECT_ROOT

EXTRA: Final = (
    f"speech needs the package pyttsx3: run, in {PROJECT_ROOT}, .venv/bin/python -m stack.environment speech"
)
ENGINE: Final = "speech needs eSpeak NG: install it (Debian, Ubuntu: sudo apt install espeak-ng)"
PLAYER: Final = "speech needs the program aplay: install it (Debian, Ubuntu: sudo apt install alsa-utils)"


class VoiceMissingError(RuntimeError):
    """A requirement of speech is not installed; the message names it and how to install it."""


def open_engine(load: Callable[[str], Any] = import_module) -> Any:
    """Open the engine of pyttsx3.

    Raises:
        VoiceMissingError: the package, the speech engine or the player is missing.
    """
    try:
        pyttsx3 = load("pyttsx3")
    except ModuleNotFoundError as error:
        raise VoiceMissingError(EXTRA) from error
    try:
        engine = pyttsx3.init()
    except (ImportError, OSError, RuntimeError) as error:
        raise VoiceMissingError(ENGINE) from error
    if shutil.which("aplay") is None:  # pyttsx3 would only print that it failed
        raise VoiceMissingError(PLAYER)
    return engine


def main(rate: int, text: str) -> int:
    """Speak the text; return 1, with one sentence on standard error, if a requirement is missing."""
    try:
        engine = open_engine()
    except VoiceMissingError as error:
        sys.stderr.write(str(error))
        return 1
    if text:
        engine.setProperty("rate", rate)
        engine.say(text)
        engine.runAndWait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]), sys.stdin.read()))
