"""Definition of a view, and the two SQL dialects that read it. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class View:
    """A named query over tables and earlier views; `{threshold}` is the report threshold.

    Spark reads it as it is, DataFusion after `for_datafusion`; where other words for the same rows are
    quicker there, `datafusion` has them.
    """

    name: str
    comment: str
    sql: str
    datafusion: str = ""


SAID_OTHERWISE: Final = (
    (
        r"posexplode\(([\w.]+)\) AS \((\w+), (\w+)\)",
        r"unnest(range(0, cardinality(\1))) AS \2, unnest(\1) AS \3",
    ),
    (r"\barray\(", "make_array("),
    (r"unix_micros\(([\w.]+)\)", r"CAST(\1 AS BIGINT)"),
)
"""Regular expression of what Spark says → what DataFusion says for it."""


def for_datafusion(sql: str) -> str:
    """Translate Spark's SQL for DataFusion, as far as the views need it.

    >>> for_datafusion("SELECT d.day, posexplode(d.objects) AS (number, seen) FROM d")
    'SELECT d.day, unnest(range(0, cardinality(d.objects))) AS number, unnest(d.objects) AS seen FROM d'
    """
    for spark, datafusion in SAID_OTHERWISE:
        sql = re.sub(spark, datafusion, sql)
    return sql


def names_needed(statement: str, tables: Iterable[str], views: Iterable[View]) -> set[str]:
    """Return the tables and views that a statement names, directly or through its views."""
    made_of = dict.fromkeys(tables, "") | {view.name: view.sql for view in views}
    needed = set(re.findall(r"\w+", statement.lower())) & set(made_of)
    while inner := {name for view in needed for name in read_by(made_of[view])} & set(made_of) - needed:
        needed |= inner
    return needed


def read_by(sql: str) -> set[str]:
    """Return what a view's query reads: names after FROM or JOIN, not columns of the same name."""
    return set(re.findall(r"\b(?:FROM|JOIN) +(\w+)", sql))


def qualified(alias: str, columns: Iterable[str]) -> str:
    """Return columns of one relation, qualified by its alias so `partition` and `offset` need no quotes."""
    return ", ".join(f"{alias}.{column}" for column in columns)


def same(left: str, right: str, columns: Iterable[str]) -> str:
    """Return the condition that two relations are equal in some columns."""
    return " AND ".join(f"{left}.{column} = {right}.{column}" for column in columns)
