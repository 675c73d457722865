"""This installation: its settings, ports and folders, from the environment and the file `.env`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from dotenv import dotenv_values

from lake.contracts import FRAMES_TOPIC, GIB, HOUR_MS, TOPIC_PARTITIONS, TOPICS
from lake.settings import PREFIX, SettingError, Settings, number, text

LOOPBACK: Final = "127.0.0.1"
PORTS: Final = {
    "KAFKA_PORT": 9092,
    "KAFKA_CONTROLLER_PORT": 9093,
    "SPARK_UI_PORT": 4040,
    "AIRFLOW_PORT": 8080,
    "AIRFLOW_LOGS_PORT": 8793,
    "DASHBOARD_PORT": 8078,
}
PATHS: Final = tuple(PREFIX + name for name in ("HOME", "DATA", "MODEL", "DASHBOARD_USERS"))


def read_environment(environ: Mapping[str, str], root: Path) -> dict[str, str]:
    """The process environment over the file `.env` in the project's root.

    A relative path in `.env` counts from the root, so that every command means the same folder
    wherever it is run. Values are taken as they stand: a `$` in a camera's password stays one.

    Raises:
        SettingError: the file cannot be read.
    """
    file = root / ".env"
    try:
        written = dotenv_values(file, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{file} cannot be read ({error}); make it plain NAME=value lines") from error
    known = {name: _anchored(name, value, root) for name, value in written.items() if value}
    return known | dict(environ)


def _anchored(name: str, value: str, root: Path) -> str:
    return str(root / Path(value).expanduser()) if name in PATHS else value


@dataclass(frozen=True, slots=True)
class Installation:
    """What the commands need to know.

    Attributes:
        root: folder of the project.
        settings: shared settings; `kafka` is the broker in use, embedded or not.
        env: the merged environment, which child processes inherit.
        kafka_port, controller_port, ui_port, airflow_port, airflow_logs_port, dashboard_port: on loopback.
        embedded: whether the broker is ours to start.
        frames_hours, frames_gib: how long, and up to what size, the broker keeps pictures.
    """

    root: Path
    settings: Settings
    env: Mapping[str, str]
    kafka_port: int
    controller_port: int
    ui_port: int
    airflow_port: int
    airflow_logs_port: int
    dashboard_port: int
    embedded: bool
    frames_hours: float
    frames_gib: float

    @classmethod
    def from_env(cls, environ: Mapping[str, str], root: Path) -> Self:
        """Read everything once.

        Raises:
            SettingError: a setting cannot be used.
        """
        env = read_environment(environ, root)
        ports = [_port(env, name) for name in PORTS]
        if len(set(ports)) < len(ports):
            raise SettingError(f"{', '.join(PREFIX + name for name in PORTS)} must differ, not be {ports}")
        kafka, controller, interface, airflow, airflow_logs, dashboard = ports
        own = f"{LOOPBACK}:{kafka}"
        named = text(env, "KAFKA", own)
        embedded = named in (own, f"localhost:{kafka}")
        settings = replace(Settings.from_env(env), kafka=own) if embedded else Settings.from_env(env)
        return cls(
            root,
            settings,
            env,
            kafka,
            controller,
            interface,
            airflow,
            airflow_logs,
            dashboard,
            embedded=embedded,
            frames_hours=number(env, "FRAMES_TOPIC_HOURS", 24, 0.01, 24 * 365),
            frames_gib=number(env, "FRAMES_TOPIC_GB", 2, 0.1, 1e5),
        )

    @property
    def topics(self) -> dict[str, dict[str, str]]:
        """The contract's topics, with this installation's retention of pictures."""
        kept = {
            "retention.ms": str(int(self.frames_hours * HOUR_MS)),
            "retention.bytes": str(int(self.frames_gib * GIB / TOPIC_PARTITIONS)),
        }
        return TOPICS | {FRAMES_TOPIC: TOPICS[FRAMES_TOPIC] | kept}

    @property
    def config(self) -> Path:
        """The supervisor's configuration."""
        return self.settings.run / "supervisord.conf"

    @property
    def logs(self) -> Path:
        """Folder of all logs."""
        return self.settings.data / "logs"

    def log(self, program: str) -> Path:
        """The log of a program."""
        return self.logs / f"{program}.log"


def _port(env: Mapping[str, str], name: str) -> int:
    value = number(env, name, PORTS[name], 1, 65535)
    if value != int(value):
        raise SettingError(f"{PREFIX}{name}={value!r} must be a whole number")
    return int(value)
