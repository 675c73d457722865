"""`pycturestream sql`: Spark SQL over the lake, in one statement or a shell, while the stream writes."""

from __future__ import annotations

import base64
import csv
import json
import os
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, TextIO

import pyarrow as pa
import typer
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from rich.console import Console
from rich.table import Table as Grid

from lake.config.settings import SettingError, Settings
from lake.config.sources import load_configuration
from lake.contracts.sentences import count_noun
from lake.contracts.wire_format import rfc3339
from lake.spark.catalog import LakeEmptyError, check_lake, register_lake
from lake.spark.session import SparkUnavailableError, open_session

PROMPT, CONTINUED = "pycturestream> ", "            -> "


class Format(StrEnum):
    """Output format of an answer."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def json_value(value: Any) -> Any:
    """Return a value for JSON: times as RFC 3339 UTC, bytes as base64.

    >>> json_value([datetime(2026, 1, 2, tzinfo=UTC), b"a"])
    ['2026-01-02T00:00:00.000000Z', 'YQ==']
    """
    simple: dict[type, Callable[[Any], Any]] = {
        datetime: lambda v: rfc3339(v if v.tzinfo else v.replace(tzinfo=UTC)),
        date: date.isoformat,
        bytes: lambda v: base64.b64encode(v).decode(),
        Decimal: float,
        dict: lambda v: {str(key): json_value(item) for key, item in v.items()},
        list: lambda v: [json_value(item) for item in v],
        tuple: lambda v: [json_value(item) for item in v],
    }
    return simple.get(type(value), lambda v: v)(value)


def print_answer(answer: pa.Table, form: Format, out: TextIO) -> None:
    """Print the rows: a table for people, CSV with a header, or one JSON array of objects."""
    rows = [json_value(row) for row in answer.to_pylist()]
    if form is Format.JSON:
        out.write(json.dumps(rows, ensure_ascii=False) + "\n")
    elif form is Format.CSV:
        writer = csv.writer(out)
        writer.writerow(answer.column_names)
        writer.writerows([_cell(value, "") for value in row.values()] for row in rows)
    else:
        _print_grid(answer.column_names, rows, out)


def _print_grid(names: list[str], rows: list[dict[str, Any]], out: TextIO) -> None:
    console = Console(file=out)
    if sum(len(name) + 3 for name in names) < console.width:
        _print_beside(names, rows, console)
    else:
        _print_below(rows, console)
    console.print(count_noun(len(rows), "row"), highlight=False)


def _print_beside(names: list[str], rows: list[dict[str, Any]], console: Console) -> None:
    grid = Grid(*names)
    for row in rows:
        grid.add_row(*(_cell(value, "null") for value in row.values()))
    if names:
        console.print(grid)


def _print_below(rows: list[dict[str, Any]], console: Console) -> None:
    """Print each column on its own line, for rows whose names alone are wider than the screen."""
    for row in rows:
        widest = max(map(len, row))
        for name, value in row.items():
            console.print(f"{name:{widest}}  {_cell(value, 'null')}", markup=False, highlight=False)
        console.print()


def _cell(value: Any, null: str) -> str:
    if value is None:
        return null
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return text if len(text) <= 2000 or not null else f"{text[:60]}… ({len(text)} characters)"


def _collect_rows(answered: DataFrame) -> pa.Table:
    """Collect the rows; commands such as OPTIMIZE return nulls in fields declared not null."""
    try:
        return answered.toArrow()
    except pa.ArrowInvalid:
        return pa.Table.from_pylist([row.asDict(recursive=True) for row in answered.collect()])


def run_statement(spark: SparkSession, statement: str, form: Format, out: TextIO) -> bool:
    """Run one statement and print its rows; return False, with the reason on stderr, when it fails."""
    try:
        print_answer(_collect_rows(spark.sql(statement)), form, out)
    except (PySparkException, Py4JJavaError) as error:
        sys.stderr.write(f"{_reason(error)}\n")
        return False
    return True


def _reason(error: Exception) -> str:
    """Return Spark's message without the plan and the stack trace."""
    text = str(error.java_exception.getMessage()) if isinstance(error, Py4JJavaError) else str(error)
    return text.split("\n\nJVM stacktrace")[0].split("\n'")[0].strip()


def shell(spark: SparkSession, form: Format, read: Callable[[str], str], out: TextIO) -> None:
    """Read statements, each ended by a semicolon, until the end of input or `quit;`."""
    out.write("Spark SQL over the lake. SHOW TABLES; lists it, DESCRIBE objects; explains one, quit; ends.\n")
    statement = ""
    while True:
        try:
            statement += read(CONTINUED if statement else PROMPT) + "\n"
        except (EOFError, KeyboardInterrupt):
            out.write("\n")
            return
        if statement.strip().rstrip(";").lower() in ("quit", "exit"):
            return
        if statement.strip() in ("", ";"):
            statement = ""
        elif statement.rstrip().endswith(";"):
            run_statement(spark, statement.strip().rstrip(";"), form, out)
            statement = ""


def run(env: Mapping[str, str], statement: str | None, form: Format) -> int:
    """Open the lake and run the statement or shell; return the exit status."""
    try:
        settings = Settings.from_env(env)
        check_lake(settings)
        spark = open_session(env, "pycturestream sql", "local[2]", {})
        register_lake(spark, settings, statement or "")
    except (SettingError, SparkUnavailableError, LakeEmptyError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if statement is not None:
        return 0 if run_statement(spark, statement.strip().rstrip(";"), form, sys.stdout) else 1
    shell(spark, form, input, sys.stdout)
    return 0


def sql(
    statement: Annotated[str | None, typer.Argument(help="one statement; without it, a shell opens")] = None,
    form: Annotated[Format, typer.Option("--format", help="how rows are printed")] = Format.TABLE,
) -> None:
    """Query the lake with Spark SQL; tables and views are in schema pycturestream."""
    if sys.stdin.isatty():
        import readline  # noqa: F401  (gives input() a history)
    raise typer.Exit(run(os.environ, statement, form))


if __name__ == "__main__":
    load_configuration()
    typer.run(sql)
