"""What reports show, read without a JVM: the same views as in Spark SQL, asked of DataFusion."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
from deltalake import QueryBuilder

from lake.config.lake_location import LakeLocation
from lake.schema.schemas import TABLES
from lake.storage.delta_tables import open_table
from lake.views.all_views import VIEWS, with_views
from lake.views.serving_views import OBJECTS, SERVING_CAMERA_HOURS, SERVING_COUNTS
from lake.views.view import View, names_needed

ALL: Final = "TRUE"


def objects(root: LakeLocation, threshold: float, where: str = ALL) -> pa.Table:
    """Objects with at least this score, one row each, with `state` published or live.

    Args:
        root: root folder of the tables.
        threshold: 0..1; objects below 0.2 are not stored.
        where: condition on `day`, `hour` and `camera_id`, such as `Scope.where` makes; naming the day
            keeps other days from being read.
    """
    return _rows(root, OBJECTS, where, threshold)


def serving_counts(root: LakeLocation, where: str = ALL) -> pa.Table:
    """Objects per hour, camera, label, sector and score bin of 0.05, with `state` published or live.

    Args:
        root: root folder of the tables.
        where: condition on `day`, `hour` and `camera_id`.
    """
    return _rows(root, SERVING_COUNTS, where)


def camera_hours(root: LakeLocation, where: str = ALL) -> pa.Table:
    """What came in and what became of it per hour and camera, with `state` published or live.

    Args:
        root: root folder of the tables.
        where: condition on `day`, `hour` and `camera_id`.
    """
    return _rows(root, SERVING_CAMERA_HOURS, where)


def _rows(root: LakeLocation, view: View, where: str, threshold: float = 0.0) -> pa.Table:
    """Rows of a view; the condition is put to the live hours too, so that no other is looked at."""
    wanted = names_needed(view.name, [table.name for table in TABLES], VIEWS)
    builder = QueryBuilder()
    for table in (table for table in TABLES if table.name in wanted):
        builder = builder.register(table.name, open_table(root / table.name))
    statement = with_views(f"SELECT v.* FROM {view.name} v WHERE {where}", live=where)
    return pa.table(builder.execute(statement.format(threshold=f"{threshold:f}")).read_all())
