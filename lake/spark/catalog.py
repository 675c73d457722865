"""Tables and views by name in schema `pycturestream`, without a metastore server."""

from __future__ import annotations

from pyspark.sql import SparkSession

from lake.config.settings import Settings
from lake.schema.schemas import TABLES
from lake.storage.tables import Lake
from lake.views.all_views import VIEWS
from lake.views.view import names_needed

SCHEMA = "pycturestream"


class LakeEmptyError(FileNotFoundError):
    """The lake has no tables yet."""


def check_lake(settings: Settings) -> None:
    """Check that there are tables to query.

    Raises:
        LakeEmptyError: the stream has not made them yet.
    """
    lake = Lake(settings.lake)
    missing = [table.name for table in TABLES if not lake.exists(table)]
    if missing:
        raise LakeEmptyError(
            f"no table {', '.join(missing)} in {settings.lake} yet: the stream makes them when it starts;"
            " run ./pycturestream up"
        )


def register_lake(spark: SparkSession, settings: Settings, statement: str = "") -> None:
    """Register the tables and views by name in this session.

    Args:
        spark: the session.
        settings: where the lake is, and the report threshold.
        statement: SQL to come; when it names tables or views, only these (and what they are made of) are
            registered, since each costs about a second. Without names, all are.
    """
    lake = Lake(settings.lake)
    spark.sql(f"CREATE DATABASE IF NOT EXISTS {SCHEMA}")
    spark.catalog.setCurrentDatabase(SCHEMA)
    names = [table.name for table in TABLES]
    selected = names_needed(statement, names, VIEWS) or {*names, *(view.name for view in VIEWS)}
    for table in (table for table in TABLES if table.name in selected):
        location = lake.path(table).replace("'", "\\'")
        spark.sql(f"CREATE TABLE IF NOT EXISTS {table.name} USING delta LOCATION '{location}'")
    for view in (view for view in VIEWS if view.name in selected):
        query = view.sql.format(threshold=f"{settings.report_threshold:f}")
        spark.sql(f"CREATE OR REPLACE VIEW {view.name} COMMENT '{view.comment}' AS {query}")
