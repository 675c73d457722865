"""One setting: what it refuses, and how."""

from __future__ import annotations

import pytest

from lake.config.setting_key import Key, choice, host_names_problem, number, text, whole
from lake.config.setting_keys import KEYS, SUBJECTS
from lake.config.settings import PREFIX, SettingError
from lake.config.settings import number as read_number
from lake.config.settings import text as read_text
from lake.config.settings import whole as read_whole

DOOR = ("capture",)


def test_the_defaults_of_all_settings_can_be_used() -> None:
    assert [key.name for key in KEYS.values() if key.default_text and key.refusal(key.default_text)] == []


def test_a_name_is_given_once() -> None:
    assert len(KEYS) == sum(len(keys) for keys in SUBJECTS.values())


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (number("DOOR", 1, 0.5, 2, DOOR, ""), "0.5", None),
        (number("DOOR", 1, 0.5, 2, DOOR, ""), "2", None),
        (number("DOOR", 1, 0.5, 2, DOOR, ""), "2.1", "must be a number from 0.5 to 2"),
        (number("DOOR", 1, 0.5, 2, DOOR, ""), "nan", "must be a number from 0.5 to 2"),
        (whole("DOOR", 1, 1, 100_000, DOOR, ""), "7", None),
        (whole("DOOR", 1, 1, 100_000, DOOR, ""), "7.0", None),
        (whole("DOOR", 1, 1, 100_000, DOOR, ""), "7.5", "must be a whole number from 1 to 100000"),
        (choice("DOOR", ("open", "shut"), DOOR, ""), "shut", None),
        (choice("DOOR", ("open", "shut"), DOOR, ""), "Shut", "must be one of: open, shut"),
        (text("DOOR", None, DOOR, "", fault=host_names_problem), "a.example, [fd00::5]", None),
        (
            text("DOOR", None, DOOR, "", fault=host_names_problem),
            "a, b:80",
            "cannot be used: 'b:80' is no host name; write names without http:// and port, with commas"
            " between them",
        ),
    ],
)
def test_a_value_outside_what_is_allowed_is_refused_in_words(key: Key, value: str, said: str | None) -> None:
    assert key.refusal(value) == said


def test_readers_take_default_and_range_from_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KEYS, "DOOR", whole("DOOR", 3, 1, 5, DOOR, ""))
    assert (read_text({}, "DOOR"), read_number({}, "DOOR"), read_whole({}, "DOOR")) == ("3", 3.0, 3)
    assert read_whole({PREFIX + "DOOR": "5"}, "DOOR") == 5
    with pytest.raises(SettingError, match=r"^PYCTURESTREAM_DOOR='6' must be a whole number from 1 to 5$"):
        read_whole({PREFIX + "DOOR": "6"}, "DOOR")


def test_a_setting_that_is_not_in_the_list_cannot_be_read() -> None:
    with pytest.raises(KeyError, match="NO_SUCH_DOOR"):
        read_text({PREFIX + "NO_SUCH_DOOR": "1"}, "NO_SUCH_DOOR")


def test_a_refused_secret_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = text("DOOR", None, DOOR, "", secret=True, fault=lambda _value: "is too short")
    monkeypatch.setitem(KEYS, "DOOR", secret)
    with pytest.raises(SettingError, match=r"^PYCTURESTREAM_DOOR='\*\*\*' is too short$"):
        read_text({PREFIX + "DOOR": "sesame"}, "DOOR")
