"""Hour accounts are those of Spark's view, whatever happened to the records."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from dashboards.data.hour_accounts import HourAccount, hour_accounts
from lake.config.settings import Settings
from lake.spark.catalog import register_lake
from lake.storage.tables import Lake
from tests.lake.random_accounts import END, START, random_accounts

pytestmark = pytest.mark.spark

COLUMNS = [one.name for one in fields(HourAccount)]


def view_s_accounts(spark: SparkSession, settings: Settings) -> tuple[HourAccount, ...]:
    register_lake(spark, settings, "reconciliation")
    try:
        rows = spark.table("reconciliation").select(*COLUMNS).toArrow().sort_by("hour").to_pylist()
    finally:
        spark.catalog.setCurrentDatabase("default")
        spark.sql("DROP DATABASE pycturestream CASCADE")
    return tuple(HourAccount(**row) for row in rows)


def test_random_accounts_equal_those_of_the_view(
    spark: SparkSession, settings: Settings, tmp_path: Path
) -> None:
    own = replace(settings, data=tmp_path)
    Lake(own.lake).create(spark)
    random_accounts(own.lake, seed=1)
    expected = view_s_accounts(spark, own)
    every = {name: sum(getattr(one, name) for one in expected) for name in COLUMNS[1:]}
    assert 0 not in every.values(), "something of each kind happened"
    assert hour_accounts(own.lake, START, END) == expected
    for one in expected[::8]:
        assert hour_accounts(own.lake, one.hour, one.hour + timedelta(hours=1)) == (one,)
