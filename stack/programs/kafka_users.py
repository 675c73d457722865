"""Separate Kafka users for programs, each without the passwords of the others.

`python -m stack.programs.kafka_users PROGRAM MODULE ARGUMENT…` becomes a program of the system, with
only its own of the passwords that the supervisor holds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from lake.config.settings import PREFIX, SettingError, text
from stack.programs.programs import CAPTURE, DASHBOARD, STREAM, Program

BATCH, RESULTS, ADMIN = "batch", "results", "admin"
PROGRAMS: Final = (CAPTURE, STREAM, BATCH, DASHBOARD, RESULTS)
"""Programs that may have a user of their own; `admin` is the common login, and their fallback."""
USER, PASSWORD = "KAFKA_USER", "KAFKA_PASSWORD"


def own_setting(name: str, program: str) -> str:
    """Return the name of a setting for one program.

    >>> own_setting("KAFKA_USER", "capture")
    'KAFKA_USER_CAPTURE'
    """
    return f"{name}_{program.upper()}"


def users(env: Mapping[str, str]) -> dict[str, str]:
    """Return program → user it logs in as; its own name if no user is set at all."""
    common = text(env, USER)
    own = {program: text(env, own_setting(USER, program), common or program) for program in PROGRAMS}
    return own | {ADMIN: common or ADMIN}


def environment_of(program: str, env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of one program: with its own login, without those of the others.

    Raises:
        SettingError: a user without a password, or the reverse.
    """
    own = {name: text(env, own_setting(name, program)) for name in (USER, PASSWORD)}
    missing = [own_setting(name, program) for name, value in own.items() if not value]
    if len(missing) == 1:
        raise SettingError(f"{PREFIX}{missing[0]} is empty; a user and a password belong together")
    without_logins = {name: value for name, value in env.items() if name not in own_settings()}
    return (
        without_logins if missing else without_logins | {PREFIX + name: value for name, value in own.items()}
    )


def with_own_users(programs: Iterable[Program], env: Mapping[str, str]) -> list[Program]:
    """Return the programs, each started with only its own login, if any has one."""
    if not own_settings() & env.keys():
        return list(programs)
    return [_as_own_user(program) if program.name in PROGRAMS else program for program in programs]


def _as_own_user(program: Program) -> Program:
    python, flag, *rest = program.command
    return replace(program, command=(python, flag, "stack.programs.kafka_users", program.name, *rest))


def own_settings() -> set[str]:
    """Return the names of all environment variables for one program."""
    return {PREFIX + own_setting(name, program) for name in (USER, PASSWORD) for program in PROGRAMS}


def main(arguments: Sequence[str]) -> None:
    """Become the program, in this process, which the supervisor knows."""
    program, module, *rest = arguments
    env = environment_of(program, os.environ)
    os.execve(sys.executable, [sys.executable, "-m", module, *rest], env)


if __name__ == "__main__":
    main(sys.argv[1:])
