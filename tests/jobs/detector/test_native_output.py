from __future__ import annotations

import os

import pytest

from jobs.detector.native_output import silence_native_output


def chatter(text):
    os.write(1, text)
    os.write(2, text)


def fail(error):
    with silence_native_output():
        chatter(b"noise")
        raise error


def test_native_chatter_is_kept_off_the_terminal_and_later_words_are_not(capfd):
    with silence_native_output():
        chatter(b"noise")
    chatter(b"word")
    assert capfd.readouterr() == ("word", "word")


def test_an_unexpected_failure_shows_what_was_said_before_it(capfd):
    with pytest.raises(RuntimeError):
        fail(RuntimeError())
    assert capfd.readouterr() == ("", "noisenoise")


def test_an_error_meant_for_a_person_is_not_hidden_in_noise(capfd):
    with pytest.raises(ValueError, match="cure"):
        fail(ValueError("the cure"))
    assert capfd.readouterr() == ("", "")
