"""`user add|list|remove|password`: who may log in to the dashboard."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from filelock import FileLock
from rich.console import Console
from rich.table import Table

from dashboards.auth.login import users_path
from dashboards.auth.passwords import PasswordError, hashed
from dashboards.auth.users import NAME, ROLES, VIEWER, User, Users, UsersError, read_users, write_users
from dashboards.ui.settings import DashboardSettings
from lake.config.settings import SettingError, Settings
from lake.config.sources import load_configuration

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Who logs in.")]
StdinOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking.")
]
LOCK_TIMEOUT_S: Final = 10.0
"""How long a command waits for another one to write."""
OPEN: Final = "There is no user any more: the dashboard asks for no login."

app = typer.Typer(
    help="Who may log in to the dashboard; without a user it asks for no login.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def add(
    name: NameArgument,
    role: Annotated[str, typer.Option(help=f"One of: {', '.join(ROLES)}.")] = VIEWER,
    password_stdin: StdinOption = False,
) -> None:
    """Add a user; from the first one on the dashboard asks for a login."""
    with _told_as_usage():
        if not NAME.fullmatch(name):
            raise UsersError(f"{name!r} is no name; take up to 64 letters, digits, '.', '_', '-' and '@'")
        if role not in ROLES:
            raise UsersError(f"{role!r} is no role; take one of: {', '.join(ROLES)}")
        _free(read_users(_path()), name)
        kept = _hash(password_stdin)
        path = _change(lambda users: {**_free(users, name), name: User(name, role, kept)})
    _say(f"Added {name} ({role}) to {path}")


@app.command("list")
def list_users() -> None:
    """Show the users."""
    with _told_as_usage():
        users = read_users(_path())
    console = Console()
    if not console.is_terminal:
        for user in users.values():
            typer.echo(f"{user.name}\t{user.role}")
        return
    table = Table("user", "role")
    for user in users.values():
        table.add_row(user.name, user.role)
    console.print(table) if users else _say(OPEN)


@app.command()
def remove(name: NameArgument) -> None:
    """Remove a user; a session of theirs ends at once."""
    with _told_as_usage():
        path = _change(lambda users: _known(users, name) and {k: v for k, v in users.items() if k != name})
        left = read_users(path)
    _say(f"Removed {name} from {path}" + ("" if left else f"\n{OPEN}"))


@app.command()
def password(name: NameArgument, password_stdin: StdinOption = False) -> None:
    """Give a user a new password; a session of theirs ends at once."""
    with _told_as_usage():
        role = _known(read_users(_path()), name)[name].role
        kept = _hash(password_stdin)
        path = _change(lambda users: {**_known(users, name), name: User(name, role, kept)})
    _say(f"Changed the password of {name} in {path}")


def _path() -> Path:
    return users_path(Settings.from_env(os.environ), DashboardSettings.from_env(os.environ))


def _change(change: Callable[[Users], Users]) -> Path:
    """Read, change and write under a lock, so that two commands at once lose nothing."""
    path = _path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(f"{path}.lock", timeout=LOCK_TIMEOUT_S):
        write_users(path, change(read_users(path)))
    return path


def _known(users: Users, name: str) -> Users:
    if name not in users:
        raise UsersError(f"no user {name!r}; there are: {', '.join(users) or 'none'}")
    return users


def _free(users: Users, name: str) -> Users:
    if name in users:
        raise UsersError(f"there is a user {name!r} already; `user password {name}` gives a new password")
    return users


def _hash(from_stdin: bool) -> str:
    if from_stdin:
        return hashed(sys.stdin.readline().rstrip("\r\n"))
    return hashed(typer.prompt("Password", hide_input=True, confirmation_prompt="Once more"))


def _say(sentence: str) -> None:
    Console().print(sentence, soft_wrap=True, markup=False, highlight=False)


@contextmanager
def _told_as_usage() -> Iterator[None]:
    """Our own errors as the command's: one sentence, exit code 2."""
    try:
        yield
    except (UsersError, PasswordError, SettingError, OSError) as error:
        raise typer.BadParameter(str(error)) from error


if __name__ == "__main__":
    load_configuration()
    app(prog_name="pycturestream user")
