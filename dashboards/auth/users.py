"""Who may log in: a file of names, roles and hashed passwords, followed while it changes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final

from dashboards.auth.passwords import METHOD
from dashboards.auth.private_files import write_privately

VIEWER: Final = "viewer"
ADMIN: Final = "admin"
ROLES: Final = (VIEWER, ADMIN)
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", re.ASCII)
HASH: Final = re.compile(rf"{METHOD}\$[A-Za-z0-9]+\$[0-9a-f]+", re.ASCII)
FIELDS: Final = {"role", "password_hash"}
CURE: Final = "mend it, or remove it and add the users anew"


class UsersError(ValueError):
    """Users that cannot be read, added or found; the message names the file and the cure."""


@dataclass(frozen=True, slots=True)
class User:
    """One who may log in; what Flask-Login asks of a user is here too.

    Attributes:
        name: as typed at the login; fits NAME.
        role: one of ROLES; an admin sees everything, a viewer what is not kept for admins.
        password_hash: of `passwords.hashed`.
    """

    name: str
    role: str
    password_hash: str
    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """What a session keeps: it fits no more once the password changed or the user was made anew."""
        return f"{self.name} {hashlib.sha256(self.password_hash.encode()).hexdigest()[:32]}"


Users = Mapping[str, User]
"""Name → user."""
ANONYMOUS_ADMIN: Final = User("", ADMIN, "")
"""Who asks while there are no users, and therefore no login."""


def read_users(path: Path) -> Users:
    """All users of a file; none when there is no file.

    Raises:
        UsersError: the file cannot be read, or holds anything but users.
    """
    try:
        entries = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsersError(f"{path} cannot be read ({error}); {CURE}") from error
    if not isinstance(entries, dict):
        raise UsersError(f"{path} holds no JSON object of names; {CURE}")
    return {name: _user(path, name, entry) for name, entry in entries.items()}


def _user(path: Path, name: str, entry: Any) -> User:
    fields = entry if isinstance(entry, dict) and set(entry) == FIELDS else {}
    role, kept = str(fields.get("role")), str(fields.get("password_hash"))
    if not NAME.fullmatch(name) or role not in ROLES or not HASH.fullmatch(kept):
        raise UsersError(f"{path} is broken at user {name!r}; {CURE}")
    return User(name, role, kept)


def write_users(path: Path, users: Users) -> None:
    """Replace the file.

    Raises:
        OSError: it cannot be written.
    """
    entries = {user.name: {"role": user.role, "password_hash": user.password_hash} for user in users.values()}
    write_privately(path, json.dumps(entries, indent=2).encode() + b"\n")


class UsersFile:
    """The users as the file has them now; it is read again only when it changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: Any = None
        self._found: Users | UsersError = {}
        self._lock = Lock()

    def now(self) -> Users:
        """All users.

        Raises:
            UsersError: the file is broken.
        """
        with self._lock:
            stamp = self._stamp()
            if stamp != self._seen or stamp is None:
                self._seen, self._found = stamp, self._read()
            found = self._found
        if isinstance(found, UsersError):
            raise found
        return found

    def _read(self) -> Users | UsersError:
        try:
            return read_users(self.path)
        except UsersError as error:
            return error

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
