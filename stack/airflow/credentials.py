"""Airflow's secrets and passwords: created once, readable by nobody else."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from lake.storage.files import write_atomically

USERS: Final = ("admin", "viewer")


class SecretsError(ValueError):
    """A file of secrets that cannot be read; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Keys that Airflow signs and encrypts with; the two for signing have 64 random bytes, base64 encoded."""

    jwt_secret: str
    secret_key: str
    fernet_key: str


def passwords_file(home: Path) -> Path:
    """Return the JSON file, user → password, that Airflow's SimpleAuthManager reads."""
    return home / "passwords.json"


def make_secrets(home: Path) -> Secrets:
    """Return the secrets of this installation, created at the first call with the passwords.

    Raises:
        SecretsError: a file exists, but cannot be used.
    """
    home.mkdir(parents=True, exist_ok=True)
    _write_once(passwords_file(home), {user: secrets.token_urlsafe(16) for user in USERS})
    fresh = Secrets(
        jwt_secret=secrets.token_urlsafe(64),
        secret_key=secrets.token_urlsafe(64),
        fernet_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    )
    _write_once(home / "secrets.json", asdict(fresh))
    try:
        return Secrets(**_read(home / "secrets.json"))
    except TypeError as error:
        raise SecretsError(f"{home / 'secrets.json'} lacks a secret; remove it to make it anew") from error


def read_passwords(home: Path) -> dict[str, str]:
    """Return user → password; empty before the first start."""
    file = passwords_file(home)
    return _read(file) if file.exists() else {}


def _read(file: Path) -> dict[str, str]:
    try:
        values = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SecretsError(f"{file} cannot be read ({error}); remove it to make it anew") from error
    if not isinstance(values, dict):
        raise SecretsError(f"{file} holds no JSON object; remove it to make it anew")
    return values


def _write_once(file: Path, values: Mapping[str, str]) -> None:
    """Write a file of mode 0600 unless it exists; a reader never sees half of it."""
    if not file.exists():
        write_atomically(file, json.dumps(dict(values)), 0o600)
