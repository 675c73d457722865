"""Count the words of a sentence by Spark, to show that Spark works with Kafka and with Delta.

`spark-submit jobs/maintenance/check_spark.py FOLDER SENTENCE [--topic TOPIC]`.
With a topic the sentence is written to
Kafka and counted by a streaming query that reads it there; then it is written to a Delta table and counted
from there. Each of the two steps prints its result as one line of JSON. `pycturestream doctor` starts it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.harness.process import open_batch_session, run_job
from jobs.harness.settings import BatchSettings
from jobs.stream.kafka_source import read_stream, write_messages
from lake.config.kafka_address import Address
from lake.config.sources import load_configuration

KAFKA: Final = "kafka"
DELTA: Final = "delta"
MAX_ERROR_LENGTH: Final = 500


def count_words(lines: DataFrame) -> DataFrame:
    """Count words: (value STRING or BINARY), words separated by one space → (word, count)."""
    words = F.explode(F.split(F.col("value").cast("string"), " "))
    return lines.select(words.alias("word")).groupBy("word").count()


def count_through_kafka(
    spark: SparkSession, bootstrap: Address, topic: str, sentence: str, folder: Path
) -> dict[str, int]:
    """Write the sentence to a topic and count all words in the topic, by a streaming query that ends."""
    write_messages(spark.createDataFrame([(topic, sentence)], "topic STRING, value STRING"), bootstrap)
    counts = count_words(read_stream(spark, bootstrap, topic))
    writer = counts.writeStream.format("memory").queryName(KAFKA).outputMode("complete")
    query = writer.option("checkpointLocation", str(folder / KAFKA)).trigger(availableNow=True).start()
    query.awaitTermination()
    return _collected(spark.table(KAFKA))


def count_through_delta(spark: SparkSession, sentence: str, folder: Path) -> dict[str, int]:
    """Write the sentence to a new Delta table and count what is read back."""
    table = str(folder / DELTA)
    spark.createDataFrame([(sentence,)], "value STRING").write.format("delta").save(table)
    return _collected(count_words(spark.read.format("delta").load(table)))


def _collected(counts: DataFrame) -> dict[str, int]:
    return {row["word"]: row["count"] for row in counts.collect()}


def run_step(step: str, count: Callable[[], dict[str, int]]) -> bool:
    """Run one step and print its result as one line of JSON; return whether it succeeded."""
    try:
        result: dict[str, object] = {"step": step, "words": count()}
    except (PySparkException, Py4JError) as error:
        result = {"step": step, "error": str(error).strip()[:MAX_ERROR_LENGTH]}
    sys.stdout.write(f"{json.dumps(result)}\n")
    sys.stdout.flush()
    return "words" in result


def main(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Run the steps; return 1 when one of them failed."""
    parser = argparse.ArgumentParser(prog="check_spark.py", description="Count a sentence's words by Spark.")
    parser.add_argument("folder", type=Path, help="for the table and the checkpoint; must exist")
    parser.add_argument("sentence", help="words separated by one space")
    parser.add_argument("--topic", help="empty, of the broker in use; without one Kafka is left out")
    args = parser.parse_args(argv)

    def job() -> int:
        settings = BatchSettings.from_env(env)
        spark, kafka = open_batch_session(env, "check_spark", settings), settings.shared.broker
        steps = {
            KAFKA: lambda: count_through_kafka(spark, kafka, args.topic, args.sentence, args.folder),
            DELTA: lambda: count_through_delta(spark, args.sentence, args.folder),
        }
        selected = [step for step in steps if args.topic or step != KAFKA]
        return 0 if all([run_step(step, steps[step]) for step in selected]) else 1

    return run_job(env, job)


if __name__ == "__main__":
    load_configuration()
    sys.exit(main(sys.argv[1:], os.environ))
