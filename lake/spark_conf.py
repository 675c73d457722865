"""One Spark configuration for every way a Spark program starts.

spark-submit ignores jars and extensions that a program sets itself (its JVM is already up), so they
live in a configuration folder that `SPARK_CONF_DIR` names; it serves spark-submit and in-process alike.
"""

from __future__ import annotations

from pathlib import Path

from lake.settings import Settings

LOG4J = """rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSS'Z'}{UTC} %p %c{1}: %m%n%ex{12}
logger.native.name = org.apache.hadoop.util.NativeCodeLoader
logger.native.level = error
logger.kafka.name = org.apache.kafka.clients
logger.kafka.level = error
logger.mbean.name = org.apache.kafka.common.utils.AppInfoParser
logger.mbean.level = error
logger.behind.name = org.apache.spark.sql.execution.streaming.runtime.ProcessingTimeExecutor
logger.behind.level = error
logger.truncation.name = org.apache.spark.util.SparkStringUtils
logger.truncation.level = error
logger.truncated.name = org.apache.spark.sql.catalyst.util.SparkStringUtils
logger.truncated.level = error
"""


JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=240m"
"""The first compiler alone would get 48 MB for its code: publishing 69 hours filled it, and nothing more was
compiled."""


def spark_conf(settings: Settings) -> dict[str, str]:
    """The configuration that all Spark programs share."""
    jars = f"{settings.spark_jars}/*"
    return {
        "spark.driver.extraClassPath": jars,
        "spark.executor.extraClassPath": jars,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        # The second compiler and the collector for large heaps cost more than they save: the stream at one
        # frame a second took 26-30 % of a core with these and 30-38 % without, 0.8 and 1.2 GB.
        "spark.driver.extraJavaOptions": JAVA_OPTIONS,
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(settings.run / "spark-warehouse"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        # 50 tiny tasks for each look at a table's log otherwise.
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.databricks.delta.writeChecksumFile.enabled": "false",
        "spark.redaction.regex": "(?i)secret|password|token|access[.]?key|sasl|jaas",
    }


def write_spark_conf(settings: Settings, folder: Path) -> None:
    """Write spark-defaults.conf and log4j2.properties into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{name} {_escaped(value)}" for name, value in spark_conf(settings).items()]
    (folder / "spark-defaults.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "log4j2.properties").write_text(LOG4J, encoding="utf-8")


def _escaped(value: str) -> str:
    """Spark reads the file as Java properties, where a backslash escapes."""
    return value.replace("\\", "\\\\")
