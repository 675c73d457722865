"""The `pycturestream` command line."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from lake.config.settings import PREFIX, PROJECT_ROOT, SettingError
from stack.airflow.components import COMPONENTS
from stack.cli import config_command
from stack.cli.kafka_command import kafka_commands
from stack.programs.programs import CAPTURE, NAMES, child_environment, spark_environment
from stack.site.clock import SystemClock
from stack.site.installation import Installation

EXTERNAL_COMMANDS = {
    "capture": (
        "capture",
        "Publish pictures of one source, or find cameras: `capture run`, `capture probe`.",
        (),
    ),
    "camera": ("capture", "Add, list or remove the cameras of the running agent.", ("camera",)),
    "user": ("dashboards.auth.cli", "Manage who may log in to the dashboard: `user add NAME`.", ()),
    "detect": ("jobs.frames.detect_pictures", "Detect objects on picture files, without Kafka or Spark.", ()),
    "results": ("capture", "Watch the results as they come.", ("results",)),
    "batch": ("jobs.pipeline.batch", "Recount, check and publish: `batch hour 2026-01-31T10:00:00Z`.", ()),
    "demo-events": ("jobs.demo.demo_events", "Write seeded history into the lake, or remove it.", ()),
    "events": ("jobs.events.cli", "Import and export events.json of the first version.", ()),
    "sql": ("lake.spark.sql_shell", "Ask the lake in SQL, or open its shell.", ()),
}
"""Command → module, help, first arguments."""
SPARK_MODULES = {
    "jobs.pipeline.batch",
    "jobs.demo.demo_events",
    "jobs.evaluation.evaluate_models",
    "jobs.events.cli",
    "lake.spark.sql_shell",
}
OUR_PACKAGES = {"stack", "lake"}
PASS_THROUGH = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""Settings of a command that takes every argument, `--help` too, for another program."""
NO_OVERRIDES: Mapping[str, str] = {}

app = typer.Typer(
    help="Cameras in, answers people can trust out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(config_command.app, name="config")


def load_installation(overrides: Mapping[str, str] = NO_OVERRIDES) -> Installation:
    """Load this installation from the process environment and the files; `overrides` take precedence."""
    return Installation.from_env({**os.environ, **overrides}, PROJECT_ROOT)


@app.command()
def up(
    no_capture: Annotated[bool, typer.Option("--no-capture", help="Start without the cameras.")] = False,
    no_airflow: Annotated[bool, typer.Option("--no-airflow", help="Start without the batch layer.")] = False,
    spark_workers: Annotated[
        int | None,
        typer.Option("--spark-workers", help="Start a Spark master and so many workers; all jobs run there."),
    ] = None,
) -> None:
    """Start everything in the background and wait until it is healthy."""
    from stack.cli.screens import TerminalScreen, show_login, show_next, show_programs
    from stack.operations.startup import bring_up
    from stack.operations.status import login, program_states

    without = {*((CAPTURE,) if no_capture else ()), *(COMPONENTS if no_airflow else ())}
    overrides = {} if spark_workers is None else {PREFIX + "SPARK_WORKERS": str(spark_workers)}
    installation, clock, console = load_installation(overrides), SystemClock(), Console()
    with TerminalScreen(console) as screen:
        bring_up(installation, without, screen, clock)
    show_programs(console, program_states(installation, clock))
    console.print()
    show_login(console, None if no_airflow else login(installation))
    show_next(console)


@app.command()
def down() -> None:
    """Stop everything and leave no process."""
    from stack.cli.screens import TerminalScreen
    from stack.operations.shutdown import bring_down

    with TerminalScreen(Console()) as screen:
        bring_down(load_installation(), screen, SystemClock())


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Show what runs, the outcomes of the frames, and how far behind the stream is."""
    from stack.cli.screens import show_status
    from stack.operations.status import read_status

    current = read_status(load_installation(), SystemClock())
    if as_json:
        print(json.dumps(current.to_json()))  # noqa: T201
    else:
        show_status(Console(), current)


@app.command()
def logs(
    program: Annotated[str | None, typer.Argument(help=f"One of {', '.join(NAMES)}; all by default.")] = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Continue with added lines.")] = False,
) -> None:
    """Show the last lines of the programs' logs."""
    from stack.cli.screens import show_added, show_log
    from stack.programs.logs import choose_logs
    from stack.programs.logs import follow as follow_logs

    files, console = choose_logs(load_installation(), program), Console()
    additions = follow_logs(files, SystemClock())
    for file in files:
        show_log(console, file)
    for file, text in additions if follow else ():
        show_added(console, file, text)


@app.command()
def doctor(
    quick: Annotated[bool, typer.Option("--quick", help="Skip slow checks: Spark, the model.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Check everything that can be wrong, and print cures; status 0 only if all is well."""
    from stack.cli.screens import show_finding, show_progress
    from stack.operations.doctor import examine

    installation, console, err = load_installation(), Console(), Console(stderr=True)
    findings = []
    for finding in examine(installation, SystemClock(), lambda text: show_progress(err, text), quick=quick):
        findings.append(finding)
        if not as_json:
            show_finding(console, finding)
    all_ok = all(finding.ok for finding in findings)
    if as_json:
        print(json.dumps({"ok": all_ok, "findings": [asdict(finding) for finding in findings]}))  # noqa: T201
    raise typer.Exit(0 if all_ok else 1)


repairs = typer.Typer(help="Repair what a crash or a full disk left broken.", no_args_is_help=True)
app.add_typer(repairs, name="repair")


@repairs.callback()
def repair() -> None:
    """Keep `checkpoint` a command of its own, although it is the only one yet."""


@repairs.command()
def checkpoint(
    query: Annotated[
        str | None, typer.Argument(help="Name of the query; all damaged ones by default.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
) -> None:
    """Move a query's damaged checkpoint away; the query restarts at the earliest record."""
    from stack.cli.screens import TerminalScreen
    from stack.operations.repair import announce, choose, put_aside

    installation, clock = load_installation(), SystemClock()
    with TerminalScreen(Console()) as screen:
        chosen = choose(installation, query)
        if not chosen:
            return screen.line("no checkpoint is damaged")
        announce(chosen, screen)
        if not yes:
            typer.confirm("Move it away and continue?", abort=True)
        put_aside(installation, chosen, screen, clock)


app.add_typer(kafka_commands, name="kafka")


@app.command(context_settings=PASS_THROUGH, add_help_option=False)
def airflow(context: typer.Context) -> None:
    """Run Airflow's own command, for example `airflow dags trigger hourly_counts`."""
    from stack.programs.run_airflow import exec_module

    exec_module(load_installation(), "airflow", context.args)


@app.command(context_settings=PASS_THROUGH, add_help_option=False)
def evaluate(context: typer.Context) -> None:
    """Compare models on pictures: `evaluate coco-ssd FOLDER`; some are fetched when named."""
    from stack.provision.models_on_demand import provide
    from stack.provision.provision import say

    provide(load_installation().settings, context.args, say)
    exec_program("jobs.evaluation.evaluate_models", context.args)


def exec_program(module: str, arguments: list[str], name: str = "") -> NoReturn:
    """Become another program; one without a Kafka user of its own logs in as the batch layer."""
    from stack.programs.kafka_users import BATCH, PROGRAMS, environment_of

    installation = load_installation()
    env = spark_environment(installation) if module in SPARK_MODULES else child_environment(installation)
    # -P: a user's folder named `capture` or `lake` must not shadow ours.
    own = environment_of(name if name in PROGRAMS else BATCH, env)
    os.execve(sys.executable, [sys.executable, "-P", "-m", module, *arguments], own)


def _add_external_command(name: str, module: str, purpose: str, first: tuple[str, ...]) -> None:
    @app.command(name, help=purpose, context_settings=PASS_THROUGH, add_help_option=False)
    def run(context: typer.Context) -> None:
        exec_program(module, [*first, *context.args], name)


for _name, (_module, _purpose, _first) in EXTERNAL_COMMANDS.items():
    _add_external_command(_name, _module, _purpose, _first)


def is_ours(error: BaseException) -> bool:
    """Return whether an error is an answer to the user rather than a fault of the program."""
    return type(error).__module__.partition(".")[0] in OUR_PACKAGES


def main() -> None:
    """Run the command; our own errors print one sentence, with exit code 2 for a bad setting, else 1."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    try:
        app(prog_name="pycturestream")
    except (OSError, RuntimeError, ValueError, LookupError) as error:
        if not is_ours(error):
            raise
        Console(stderr=True).print(f"pycturestream: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2 if isinstance(error, SettingError) else 1)
