"""Where things are: the settings that more than one program needs, read once in each `main`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tzlocal import get_localzone_name

PROJECT_ROOT = Path(__file__).resolve().parents[1]
PREFIX = "PYCTURESTREAM_"


class SettingError(ValueError):
    """A setting whose value cannot be used; the message names it, its value and the cure."""


def text(env: Mapping[str, str], name: str, default: str) -> str:
    """The setting `PYCTURESTREAM_<name>`, or its default when unset or empty."""
    return env.get(PREFIX + name) or default


def number(env: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    """The setting as a number in `low..high` (both allowed).

    Raises:
        SettingError: not a number, or outside the range.
    """
    value = text(env, name, str(default))
    try:
        parsed = float(value)
    except ValueError:
        parsed = float("nan")
    if not low <= parsed <= high:
        raise SettingError(f"{PREFIX}{name}={value!r} must be a number from {low:g} to {high:g}")
    return parsed


def choice(env: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    """The setting as one of the allowed words.

    Raises:
        SettingError: any other word.
    """
    value = text(env, name, default)
    if value not in allowed:
        raise SettingError(f"{PREFIX}{name}={value!r} must be one of: {', '.join(allowed)}")
    return value


@dataclass(frozen=True, slots=True)
class Settings:
    """Addresses shared by all programs.

    Attributes:
        home: cache of fetched files (jars, model, clips); may be shared by many installations.
        data: everything this installation wrote: lake, checkpoints, broker, logs, run files.
        kafka: bootstrap server, host:port.
        time_zone: the site's zone; zone-less times of old clients are read in it.
        report_threshold: objects at or above this score are reported (0..1).
    """

    home: Path
    data: Path
    kafka: str = "127.0.0.1:9092"
    time_zone: str = "UTC"
    report_threshold: float = 0.5

    def __post_init__(self) -> None:
        """Refuse an unknown time zone or a broker address without a port."""
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise SettingError(
                f"{PREFIX}TIME_ZONE={self.time_zone!r} is no time zone; use a name such as Europe/Berlin"
            ) from error
        if not self.kafka.rpartition(":")[2].isdigit():
            raise SettingError(f"{PREFIX}KAFKA={self.kafka!r} has no port; write it as 127.0.0.1:9092")

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings from any mapping, `os.environ` in production."""
        return cls(
            home=Path(text(env, "HOME", "~/.cache/pycturestream")).expanduser().absolute(),
            data=Path(text(env, "DATA", str(PROJECT_ROOT / "var"))).expanduser().absolute(),
            kafka=text(env, "KAFKA", "127.0.0.1:9092"),
            time_zone=text(env, "TIME_ZONE", get_localzone_name()),
            report_threshold=number(env, "REPORT_THRESHOLD", 0.5, 0.2, 1.0),
        )

    def to_env(self) -> dict[str, str]:
        """The same settings as an environment for a child process."""
        values = {
            "HOME": self.home,
            "DATA": self.data,
            "KAFKA": self.kafka,
            "TIME_ZONE": self.time_zone,
            "REPORT_THRESHOLD": self.report_threshold,
        }
        return {PREFIX + name: str(value) for name, value in values.items()}

    @property
    def lake(self) -> Path:
        """Root folder of the Delta tables."""
        return self.data / "lake"

    @property
    def run(self) -> Path:
        """Small files that running programs leave for others to read: states, process ids."""
        return self.data / "run"

    @property
    def models(self) -> Path:
        """Folder of the provisioned models, one folder each."""
        return self.home / "models"

    @property
    def spark_jars(self) -> Path:
        """Folder of the six jars that Spark needs for Kafka and Delta."""
        return self.home / "jars" / "spark"
