from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from typer.testing import CliRunner

from capture.command import app
from capture.results import tts_process as pronounce
from capture.results import viewer
from capture.results.speech import Speaker, SpeechUnavailableError, Utterance, voice
from capture.results.tts_process import ENGINE, EXTRA, PLAYER, VoiceMissingError, open_engine

VOICE = """
import sys, time
from pathlib import Path
text = sys.stdin.read()
if text:
    with open({said!r}, "a") as said:
        said.write(text + "\\n")
    while "hang" in text and not Path({go!r}).exists():
        time.sleep(0.01)
"""


class Voice:
    """A program that writes down what it is to say; what has `hang` in it lasts until it is let go."""

    def __init__(self, folder: Path) -> None:
        self.said, self.go = folder / "said", folder / "go"
        text = VOICE.format(said=str(self.said), go=str(self.go))
        self.command = [sys.executable, "-c", text]

    def wait_for(self, *texts: str) -> None:
        self.wait_until(lambda: self.lines() == list(texts))

    def wait_until(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < until, self.lines()
            time.sleep(0.01)

    def lines(self) -> list[str]:
        return self.said.read_text().splitlines() if self.said.exists() else []


@pytest.fixture
def aloud(tmp_path: Path) -> Voice:
    return Voice(tmp_path)


def test_only_the_newest_text_is_spoken_and_nobody_waits_for_it(aloud: Voice) -> None:
    with Speaker(aloud.command, os.environ) as speaker:
        speaker.say(Utterance("door", "hang on"))
        aloud.wait_for("hang on")
        for words in ("outrun", "outrun too", "newest"):
            speaker.say(Utterance("door", words))
        aloud.go.touch()
        aloud.wait_for("hang on", "newest")


def test_a_camera_does_not_repeat_itself_but_others_are_heard(aloud: Voice) -> None:
    with Speaker(aloud.command, os.environ) as speaker:
        for camera, words, heard in (
            ("door", "cat.", ["cat."]),
            ("door", "cat.", ["cat."]),
            ("yard", "cat.", ["cat.", "cat."]),
            ("door", "dog.", ["cat.", "cat.", "dog."]),
            ("door", "cat.", ["cat.", "cat.", "dog.", "cat."]),
        ):
            speaker.say(Utterance(camera, words))
            aloud.wait_until(lambda: speaker._newest is None)
            aloud.wait_for(*heard)


def test_the_end_silences_a_voice_that_still_speaks_and_leaves_nothing(aloud: Voice) -> None:
    with Speaker(aloud.command, os.environ) as speaker:
        files = Path(speaker._files.name)
        assert files.is_dir()
        speaker.say(Utterance("door", "hang for ever"))
        aloud.wait_for("hang for ever")
    assert not files.exists()
    assert [child for child in psutil.Process().children() if aloud.command[2] in child.cmdline()] == []
    assert "speaker" not in {thread.name for thread in threading.enumerate()}


def test_a_voice_that_ends_early_is_tried_again_with_the_next_text(aloud: Voice) -> None:
    deaf = [sys.executable, "-c", "import sys; sys.stdin.close()"]
    with Speaker(deaf, os.environ) as speaker:
        speaker.say(Utterance("door", "x" * 1_000_000))
        speaker._command = aloud.command
        speaker.say(Utterance("door", "heard"))
        aloud.wait_for("heard")


def test_a_machine_without_a_voice_says_so_before_anything_is_read() -> None:
    mute = [sys.executable, "-c", "import sys; sys.exit('noise\\nspeech needs a tongue')"]
    with pytest.raises(SpeechUnavailableError, match=r"^speech needs a tongue$"), Speaker(mute, os.environ):
        pass
    with pytest.raises(SpeechUnavailableError, match="/no/such does not speak"), Speaker(["/no/such"], {}):
        pass


def test_the_command_says_in_one_sentence_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mute = [sys.executable, "-c", f"import sys; sys.exit({EXTRA!r})"]
    monkeypatch.setattr(viewer, "voice", lambda rate: mute)
    ended = CliRunner().invoke(app, ["results", "--speak"], env={"PYCTURESTREAM_DATA": str(tmp_path)})
    assert (ended.exit_code, ended.output) == (1, f"pycturestream: {EXTRA}\n")


def test_macos_speaks_by_itself_and_others_by_the_extra() -> None:
    assert voice(200, "darwin") == ["say", "-r", "200", "-f", "-"]
    assert voice(170, "linux")[-3:] == ["-m", "capture.results.tts_process", "170"]


class Engine:
    def __init__(self) -> None:
        self.done: list[tuple[object, ...]] = []

    def setProperty(self, name: str, value: int) -> None:
        self.done.append((name, value))

    def say(self, text: str) -> None:
        self.done.append(("say", text))

    def runAndWait(self) -> None:
        self.done.append(("run",))


def test_a_text_is_spoken_at_its_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine()
    monkeypatch.setattr(pronounce, "open_engine", lambda: engine)
    assert pronounce.main(170, "2 books at middle left.") == 0
    assert engine.done == [("rate", 170), ("say", "2 books at middle left."), ("run",)]


def missing(_name: str) -> object:
    raise ModuleNotFoundError


def without_engine(_name: str) -> object:
    def init() -> None:
        raise RuntimeError("This means you probably do not have eSpeak")

    return SimpleNamespace(init=init)


@pytest.mark.parametrize(
    ("load", "cure"),
    [(missing, EXTRA), (without_engine, ENGINE), (lambda _name: SimpleNamespace(init=Engine), PLAYER)],
)
def test_each_missing_thing_is_told_with_how_to_get_it(
    load: object, cure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(VoiceMissingError) as told:
        open_engine(load)
    assert str(told.value) == cure
