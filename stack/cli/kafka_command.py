"""`pycturestream kafka`: rights on an external Kafka."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Console

from lake.config.settings import PROJECT_ROOT
from stack.site.installation import Installation

kafka_commands = typer.Typer(help="What a secured Kafka must allow.", no_args_is_help=True)


@kafka_commands.callback()
def kafka() -> None:
    """Keep `acls` a command of its own, although it is the only one yet."""


@kafka_commands.command()
def acls(
    commands: Annotated[bool, typer.Option("--commands", help="As lines for Kafka's own tool.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Add them to the broker's rules.")] = False,
    user: Annotated[
        str | None, typer.Option(help="An administrator who adds them; asks for the password.")
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read it from standard input instead of asking.")
    ] = False,
) -> None:
    """Show the rights that each program needs, under the users that the settings name."""
    from stack.cli.screens import show_grants
    from stack.programs.kafka_rights import add_rights, list_grants
    from stack.programs.kafka_users import users

    installation, console = Installation.from_env(os.environ, PROJECT_ROOT), Console()
    grants, broker = list_grants(users(installation.env)), installation.settings.broker
    show_grants(console, grants, commands=commands)
    if not apply:
        return
    if user and broker.login:
        password = sys.stdin.readline().rstrip("\r\n") if password_stdin else _prompt_password(user)
        broker = replace(broker, login=replace(broker.login, user=user, password=password))
    console.print(f"{add_rights(broker, grants)} rules are in force at {broker}", highlight=False)


def _prompt_password(user: str) -> str:
    return str(typer.prompt(f"Password of {user}", hide_input=True))
