"""Settings that more than one program needs, read once in each `main`."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from tzlocal import get_localzone_name

from lake.config.kafka_address import Kafka, KafkaLogin
from lake.config.lake_location import LakeLocation, ObjectFolder, S3Store
from lake.config.setting_keys import KEYS

PROJECT_ROOT = Path(__file__).resolve().parents[2]
PREFIX = "PYCTURESTREAM_"
LOOPBACK: Final = "127.0.0.1"
"""The address on which servers listen that nobody outside this machine should reach."""


class SettingError(ValueError):
    """A setting has an invalid value; the message names it, its value and the cure."""


def text(env: Mapping[str, str], name: str, computed: str = "") -> str:
    """Return setting `PYCTURESTREAM_<name>`; if unset or empty its default, else `computed`.

    Raises:
        SettingError: its value cannot be used.
        KeyError: there is no such setting.
    """
    key = KEYS[name]
    value = env.get(PREFIX + name) or key.default_text or computed
    if value and (refusal := key.refusal(value)):
        raise SettingError(f"{PREFIX}{name}={key.shown(value)!r} {refusal}")
    return value


def path(env: Mapping[str, str], name: str, computed: Path | None = None) -> Path:
    """Return the setting as an absolute path; a relative one counts from the working folder."""
    return Path(text(env, name, str(computed or ""))).expanduser().absolute()


def number(env: Mapping[str, str], name: str) -> float:
    """Return the setting as a number in its range.

    Raises:
        SettingError: not a number, or outside the range.
    """
    return float(text(env, name))


def whole(env: Mapping[str, str], name: str) -> int:
    """Return the setting as a whole number in its range.

    Raises:
        SettingError: not a whole number, or outside the range.
    """
    return int(number(env, name))


SASL_SSL = "sasl_ssl"


def kafka_login(env: Mapping[str, str]) -> KafkaLogin | None:
    """Return the Kafka login, or None for a broker open to everybody in plaintext.

    Raises:
        SettingError: half a login, or certificates that cannot be read.
    """
    secured = text(env, "KAFKA_SECURITY") == SASL_SSL
    user, password = text(env, "KAFKA_USER"), text(env, "KAFKA_PASSWORD")
    if not secured:
        if user or password:
            raise SettingError(
                f"{PREFIX}KAFKA_USER and _PASSWORD need {PREFIX}KAFKA_SECURITY={SASL_SSL}:"
                " no password is sent in the clear"
            )
        return None
    if not (user and password):
        lacking = "KAFKA_PASSWORD" if user else "KAFKA_USER"
        raise SettingError(f"{PREFIX}KAFKA_SECURITY={SASL_SSL} needs {PREFIX}{lacking}, which is empty")
    return KafkaLogin(user, password, _certificates(path(env, "KAFKA_CA")) if text(env, "KAFKA_CA") else None)


def _certificates(file: Path) -> Path:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except (OSError, ssl.SSLError) as error:
        raise SettingError(
            f"{PREFIX}KAFKA_CA={str(file)!r} holds no certificates ({error}); name a readable PEM file"
        ) from error
    return file


@dataclass(frozen=True, slots=True)
class Settings:
    """Addresses shared by all programs.

    Attributes:
        home: cache of fetched files (jars, model, clips); may be shared by many installations.
        data: everything this installation wrote: lake, checkpoints, broker, logs, run files.
        kafka: bootstrap servers, host:port, with commas between several.
        login: to a secured Kafka; None for plaintext.
        time_zone: the site's zone; zone-less times of old clients are read in it.
        report_threshold: objects at or above this score are reported (0..1).
        lake_url: where the tables and checkpoints are, as s3a://bucket/path; empty: below `data`.
        store: of that bucket.
    """

    home: Path
    data: Path
    kafka: str = "127.0.0.1:9092"
    time_zone: str = "UTC"
    report_threshold: float = 0.5
    login: KafkaLogin | None = None
    lake_url: str = ""
    store: S3Store = field(default_factory=S3Store)

    def __post_init__(self) -> None:
        """Check that the store's keys are given both or not at all."""
        if bool(self.store.access_key) != bool(self.store.secret_key):
            lacking = "S3_SECRET_KEY" if self.store.access_key else "S3_ACCESS_KEY"
            raise SettingError(
                f"{PREFIX}{lacking} is missing: set both keys, or none where the machine has a role"
            )

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings from a mapping, `os.environ` in production."""
        return cls(
            home=path(env, "HOME"),
            data=path(env, "DATA", PROJECT_ROOT / "var"),
            kafka=text(env, "KAFKA", f"127.0.0.1:{whole(env, 'KAFKA_PORT')}"),
            time_zone=text(env, "TIME_ZONE", get_localzone_name()),
            report_threshold=number(env, "REPORT_THRESHOLD"),
            login=kafka_login(env),
            lake_url=text(env, "LAKE").rstrip("/").replace("s3://", "s3a://", 1),
            store=S3Store(
                endpoint=text(env, "S3_ENDPOINT").rstrip("/"),
                region=text(env, "S3_REGION"),
                access_key=text(env, "S3_ACCESS_KEY"),
                secret_key=text(env, "S3_SECRET_KEY"),
            ),
        )

    def to_env(self) -> dict[str, str]:
        """Return the settings as environment of a child process, without the login's password."""
        values: dict[str, object] = {
            "HOME": self.home,
            "DATA": self.data,
            "KAFKA": self.kafka,
            "TIME_ZONE": self.time_zone,
            "REPORT_THRESHOLD": self.report_threshold,
            "LAKE": self.lake_url,
            "S3_ENDPOINT": self.store.endpoint,
            "S3_REGION": self.store.region,
            "S3_ACCESS_KEY": self.store.access_key,
            "S3_SECRET_KEY": self.store.secret_key,
        }
        if self.login is not None:
            values |= {"KAFKA_SECURITY": SASL_SSL, "KAFKA_USER": self.login.user}
            values |= {"KAFKA_CA": self.login.ca} if self.login.ca else {}
        keys = self.store.to_env() if self.lake_url else {}
        return {PREFIX + name: str(value) for name, value in values.items()} | keys

    @property
    def broker(self) -> Kafka:
        """Return address and login for Kafka clients."""
        return Kafka(self.kafka, self.login)

    @property
    def lake(self) -> LakeLocation:
        """Return the root folder of the Delta tables."""
        return ObjectFolder(self.lake_url, self.store) if self.lake_url else self.data / "lake"

    @property
    def checkpoints(self) -> LakeLocation:
        """Return the root folder of the streaming queries' checkpoints."""
        return self.lake / "_checkpoints" if self.lake_url else self.data / "checkpoints"

    @property
    def run(self) -> Path:
        """Return the folder of small files shared by running programs: states, process ids."""
        return self.data / "run"

    @property
    def models(self) -> Path:
        """Return the folder of the provisioned models, one folder each."""
        return self.home / "models"

    @property
    def spark_jars(self) -> Path:
        """Return the folder of the jars that Spark needs for Kafka, Delta and local files."""
        return self.home / "jars" / "spark"

    @property
    def s3_jars(self) -> Path:
        """Return the folder of the additional jars for a lake in a bucket."""
        return self.home / "jars" / "s3"
