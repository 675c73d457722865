"""Shared Spark configuration for all ways to start a Spark program.

spark-submit ignores jars and extensions that a program sets itself (its JVM is already up), so they
live in a configuration folder that `SPARK_CONF_DIR` names; it serves spark-submit and in-process alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from lake.config.lake_location import ObjectFolder
from lake.config.settings import PREFIX, SettingError, Settings, text, whole
from lake.storage.files import write_atomically

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
logger.upload.name = org.apache.hadoop.fs.s3a.S3ABlockOutputStream
logger.upload.level = error
logger.uploaded.name = org.apache.hadoop.fs.s3a.S3AInstrumentation
logger.uploaded.level = error
"""
LOG_STORE: Final = "pycturestream.ConditionalLogStore"
"""How Spark commits to a table in a bucket; its source is in `stack/provision/log_store`."""


NOTHING: Final[Mapping[str, str]] = {}
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=240m"
"""The first compiler alone would get 48 MB for its code: publishing 69 hours filled it, and nothing more was
compiled."""


def spark_conf(settings: Settings) -> dict[str, str]:
    """Return the configuration shared by all Spark programs."""
    return {
        "spark.driver.extraClassPath": ":".join(f"{folder}/*" for folder in jar_folders(settings)),
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        # The second compiler and the collector for large heaps cost more than they save: the stream at one
        # frame a second took 26-30 % of a core with these and 30-38 % without, 0.8 and 1.2 GB.
        "spark.driver.extraJavaOptions": JAVA_OPTIONS,
        # Hadoop's own starts a process to set the mode of each file: four for the log of a micro-batch.
        "spark.hadoop.fs.file.impl": "com.globalmentor.apache.hadoop.fs.BareLocalFileSystem",
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
        **object_store_conf(settings),
    }


def object_store_conf(settings: Settings) -> dict[str, str]:
    """Return the configuration of the object store; its keys come by the environment."""
    if not isinstance(settings.lake, ObjectFolder):
        return {}
    store = settings.lake.store
    conf = {
        "spark.delta.logStore.s3a.impl": LOG_STORE,
        "spark.hadoop.fs.s3a.endpoint.region": store.region,
        "spark.hadoop.fs.s3a.buffer.dir": str(settings.run / "uploads"),
    }
    if store.endpoint:
        # Only AWS gives each bucket a host name of its own.
        conf["spark.hadoop.fs.s3a.endpoint"] = store.endpoint
        conf["spark.hadoop.fs.s3a.path.style.access"] = "true"
    return conf


def jar_folders(settings: Settings) -> list[Path]:
    """Return the folders of Spark's jars: those of S3 only for a lake in a bucket."""
    return [settings.spark_jars, *([settings.s3_jars] if settings.lake_url else [])]


def uses_cluster(env: Mapping[str, str]) -> bool:
    """Return whether the settings send the stream or the batch jobs to a remote master."""
    return not (is_local(text(env, "SPARK_MASTER")) and is_local(text(env, "BATCH_MASTER")))


def is_local(master: str) -> bool:
    """Return whether a master's address means this very process.

    >>> is_local("local[4,2]"), is_local("spark://127.0.0.1:7077")
    (True, False)
    """
    return master.partition("[")[0] == "local"


def cluster_conf(settings: Settings, env: Mapping[str, str]) -> dict[str, str]:
    """Return the additional configuration for a remote master, whose executors lack our files.

    The share of the cluster is that of a batch job; the stream says its own.

    Raises:
        SettingError: a setting cannot be used.
    """
    jars = [jar for folder in jar_folders(settings) for jar in sorted(folder.glob("*.jar"))]
    return {
        # Spark brings them to every executor; a path of this machine on a class path means nothing there.
        "spark.jars": ",".join(jar.as_uri() for jar in jars),
        "spark.executor.extraJavaOptions": JAVA_OPTIONS,
        "spark.executor.memory": text(env, "EXECUTOR_MEMORY"),
        "spark.executor.cores": "1",
        "spark.cores.max": str(whole(env, "BATCH_CORES")),
        # As local[4,2] says it: what kills its worker twice is analysed frame by frame.
        "spark.task.maxFailures": "2",
        # A task would wait 3 s, longer than most batches take, for the executor that read its partition last.
        "spark.locality.wait": "0s",
        "spark.executor.logs.rolling.strategy": "size",
        "spark.executor.logs.rolling.maxSize": str(5 * 2**20),
        "spark.executor.logs.rolling.maxRetainedFiles": "3",
        **further_conf(env),
    }


def further_conf(env: Mapping[str, str]) -> dict[str, str]:
    """Read the file of `PYCTURESTREAM_SPARK_DEFAULTS`, in the form of spark-defaults.conf.

    Raises:
        SettingError: it cannot be read, or a line is no setting of Spark's.
    """
    named = text(env, "SPARK_DEFAULTS")
    if not named:
        return {}
    try:
        lines = Path(named).expanduser().read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{PREFIX}SPARK_DEFAULTS={named!r} cannot be read: {error}") from error
    written = [line.split(maxsplit=1) for line in lines if line.strip() and not line.lstrip().startswith("#")]
    for words in written:
        if len(words) < 2 or not words[0].startswith("spark."):
            raise SettingError(
                f"{PREFIX}SPARK_DEFAULTS={named!r}: {words[0]!r} is no setting; write lines such as"
                " spark.driver.host 10.0.0.7"
            )
    return {words[0]: words[1].strip() for words in written}


def write_spark_conf(settings: Settings, folder: Path, more: Mapping[str, str] = NOTHING) -> None:
    """Write spark-defaults.conf, readable by its owner only, and log4j2.properties into the folder.

    Args:
        settings: what all programs share.
        folder: made where it is missing.
        more: configuration beside the shared one; it goes before that.
    """
    lines = [f"{name} {_escaped(value)}" for name, value in {**spark_conf(settings), **more}.items()]
    # In one step, since programs that run read them whenever they start one more; one may hold a secret.
    write_atomically(folder / "spark-defaults.conf", "\n".join(lines) + "\n", 0o600)
    write_atomically(folder / "log4j2.properties", LOG4J, 0o600)


def _escaped(value: str) -> str:
    """Escape backslashes, since Spark reads the file as Java properties."""
    return value.replace("\\", "\\\\")
