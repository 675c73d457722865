"""Check that an object store keeps two writers of one table apart, made before anything is written."""

from __future__ import annotations

import uuid
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from lake.config.lake_location import ObjectFolder
from lake.config.settings import SettingError

ALREADY_EXISTS = "FileAlreadyExistsException"


class UnsafeStoreError(SettingError):
    """The store overwrites objects although asked not to, which would lose commits."""


def check_store(spark: SparkSession, root: ObjectFolder) -> None:
    """Check that the store refuses the second of two commits of one version.

    Args:
        spark: with the log store of a lake in a bucket.
        root: where the probe is written, and removed again.

    Raises:
        UnsafeStoreError: it took both.
        Py4JJavaError: it cannot be reached, or refuses the keys.
    """
    jvm: Any = spark._jvm
    place = jvm.org.apache.hadoop.fs.Path(f"{root / '_probe' / uuid.uuid4().hex}")
    try:
        _commit(spark, place, "first")
        if not _is_refused(spark, place):
            raise UnsafeStoreError(
                f"the store of {root} wrote over an object that If-None-Match protected: two programs that"
                " commit at once would lose rows; see docs/object-storage.md for stores that do not"
            )
    finally:
        place.getFileSystem(_conf(spark)).delete(place, False)


def _is_refused(spark: SparkSession, place: Any) -> bool:
    try:
        _commit(spark, place, "second")
    except Py4JJavaError as error:
        if ALREADY_EXISTS in str(error.java_exception):
            return True
        raise
    return False


def _commit(spark: SparkSession, place: Any, content: str) -> None:
    jvm: Any = spark._jvm
    lines = jvm.java.util.Collections.singletonList(content).iterator()
    jvm.pycturestream.ConditionalLogStore(_conf(spark)).write(place, lines, False, _conf(spark))


def _conf(spark: SparkSession) -> Any:
    return spark._jsc.hadoopConfiguration()
