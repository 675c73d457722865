"""`capture results`: shows, saves and speaks results, until Ctrl-C."""

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
    """Options of the viewer.

    Attributes:
        cameras: only their results; empty means all.
        json_lines: one line of JSON for each result instead of text.
        from_beginning: all results still in the topic, not only new ones.
        picture: path of the last annotated picture, besides `pictures/<camera>/result.jpg`.
        speech_rate: words a minute at which results are read aloud; None: not at all.
    """

    cameras: frozenset[str] = frozenset()
    json_lines: bool = False
    from_beginning: bool = False
    picture: Path | None = None
    speech_rate: int | None = None


class Viewer:
    """Handles the messages of the results topic one by one."""

    def __init__(
        self, options: ViewOptions, pictures: Path, show: Say, notify: Say, speaker: Speaker | None
    ) -> None:
        """Show results by `show`, tell of trouble by `say`; pictures go below a folder."""
        self._options, self._pictures = options, pictures
        self._show, self._say, self._speaker = show, notify, speaker

    def see(self, value: bytes | None) -> None:
        """Show one message, speak it, and keep its picture."""
        try:
            result = parse_result(value)
            if not self._options.cameras or result["camera_id"] in self._options.cameras:
                self._take(result)
        except MalformedResultError as error:
            self._say(f"a message was passed over: {error}")
        except OSError as error:
            self._say(f"the picture cannot be saved ({error}); is the disk full?")

    def _take(self, result: dict[str, Any]) -> None:
        self._show(as_json(result) if self._options.json_lines else as_text(result))
        if self._speaker:
            self._speaker.say(self._utterance(result))
        save_picture(result, self._pictures, self._options.picture)

    def _utterance(self, result: dict[str, Any]) -> Utterance:
        """Return the sentences to speak, after the camera's name if there may be several."""
        name = result["camera_id"]
        head = "" if len(self._options.cameras) == 1 else f"{name}: "
        return Utterance(name, head + " ".join(sentences(result["objects"])))


def show_results(settings: Settings, options: ViewOptions) -> None:
    """Follow the results until Ctrl-C.

    Raises:
        SpeechUnavailableError: speech was requested, and this machine has none.
    """
    out, err = Console(soft_wrap=True, highlight=False), Console(stderr=True, soft_wrap=True, highlight=False)

    def notify(text: str) -> None:
        err.print(text, markup=False)

    with ExitStack() as open_things:
        speaker = None
        if options.speech_rate is not None:
            speaker = open_things.enter_context(Speaker(voice(options.speech_rate), os.environ))
        viewer = Viewer(
            options, settings.data / "pictures", lambda text: out.print(text, markup=False), notify, speaker
        )
        backoff = Backoff(random.random, longest=MAX_WAIT_S)
        for value in follow(
            settings.broker, backoff, time.sleep, notify, from_beginning=options.from_beginning
        ):
            viewer.see(value)
