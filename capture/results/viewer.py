"""`results`: shows, keeps and speaks what was found, until Ctrl-C."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from capture.publish.backoff import Backoff
from capture.results.consumer import as_json, as_text, follow, save_picture
from capture.results.speech import Speaker, Utterance, voice
from lake.config.settings import Settings
from lake.contracts.result_message import MalformedResultError, parse_result
from lake.contracts.sentences import sentences

MAX_WAIT_S: Final = 5.0
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """What the person asked for.

    Attributes:
        cameras: only their results; empty means all.
        json_lines: one line of JSON for each result instead of text.
        from_beginning: all results still kept, not only new ones.
        picture: where the last annotated picture is kept besides `pictures/<camera>/result.jpg`.
        speech_rate: words a minute at which results are read aloud; None: not at all.
    """

    cameras: frozenset[str] = frozenset()
    json_lines: bool = False
    from_beginning: bool = False
    picture: Path | None = None
    speech_rate: int | None = None


class Viewer:
    """Takes the messages of the results topic one by one."""

    def __init__(
        self, wanted: ViewOptions, pictures: Path, show: Say, say: Say, speaker: Speaker | None
    ) -> None:
        """Show results by `show`, tell of trouble by `say`; pictures go below a folder."""
        self._wanted, self._pictures = wanted, pictures
        self._show, self._say, self._speaker = show, say, speaker

    def see(self, value: bytes | None) -> None:
        """Show one message, speak it, and keep its picture."""
        try:
            result = parse_result(value)
            if not self._wanted.cameras or result["camera_id"] in self._wanted.cameras:
                self._take(result)
        except MalformedResultError as error:
            self._say(f"a message was passed over: {error}")
        except OSError as error:
            self._say(f"the picture cannot be saved ({error}); is the disk full?")

    def _take(self, result: dict[str, Any]) -> None:
        self._show(as_json(result) if self._wanted.json_lines else as_text(result))
        if self._speaker:
            self._speaker.say(self._aloud(result))
        save_picture(result, self._pictures, self._wanted.picture)

    def _aloud(self, result: dict[str, Any]) -> Utterance:
        """The sentences; where results of several cameras may come, after the name of theirs."""
        name = result["camera_id"]
        head = "" if len(self._wanted.cameras) == 1 else f"{name}: "
        return Utterance(name, head + " ".join(sentences(result["objects"])))


def show_results(settings: Settings, wanted: ViewOptions) -> None:
    """Follow the results for ever; Ctrl-C ends quietly.

    Raises:
        SpeechUnavailableError: it was asked for, and this machine cannot.
    """
    out, err = Console(soft_wrap=True, highlight=False), Console(stderr=True, soft_wrap=True, highlight=False)

    def say(text: str) -> None:
        err.print(text, markup=False)

    with ExitStack() as open_things:
        speaker = None
        if wanted.speech_rate is not None:
            speaker = open_things.enter_context(Speaker(voice(wanted.speech_rate), os.environ))
        viewer = Viewer(
            wanted, settings.data / "pictures", lambda text: out.print(text, markup=False), say, speaker
        )
        backoff = Backoff(random.random, longest=MAX_WAIT_S)
        for value in follow(settings.broker, backoff, time.sleep, say, from_beginning=wanted.from_beginning):
            viewer.see(value)
