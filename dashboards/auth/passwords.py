"""Passwords: hashed by scrypt, checked one at a time, and in the same time for a user nobody knows."""

from __future__ import annotations

from threading import Lock
from typing import Final

from werkzeug.security import check_password_hash, generate_password_hash

METHOD: Final = "scrypt:32768:8:1"
"""About 32 MB and a tenth of a second for each check."""
MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 256
DUMMY_HASH: Final = f"{METHOD}${'x' * 16}${'0' * 128}"
"""A hash that no password has; checked for a user nobody knows, so that the time tells nothing."""
_one_at_a_time = Lock()


class PasswordError(ValueError):
    """A password that cannot be taken."""


def hashed(password: str) -> str:
    """The hash to store, with a fresh salt.

    Raises:
        PasswordError: too short, or too long.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise PasswordError(
            f"a password of {len(password)} characters cannot be taken; take {MIN_LENGTH} to {MAX_LENGTH}"
        )
    return generate_password_hash(password, METHOD)


def check_password(password: str, kept: str | None) -> bool:
    """Whether a password is the one of a stored hash; never for None, which takes as long.

    One check runs at a time: many at once would take the memory that the pages need.
    """
    with _one_at_a_time:
        return check_password_hash(kept or DUMMY_HASH, password[: MAX_LENGTH + 1]) and kept is not None
