"""What programs do with Kafka, each through the code that it does it with."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks.support.running.programs import wait_for
from capture.publish.camera_status import Outcome
from capture.publish.kafka_producer import KafkaBroker, Message
from dashboards.data.feed import Feed
from jobs.stream.kafka_source import read_stream, write_messages
from lake.config.kafka_address import Kafka
from lake.contracts.clock import utc_now
from lake.contracts.wire_format import FRAMES_TOPIC, RESULTS_TOPIC, Frame

JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"


def send(broker: Kafka, *topics: str) -> list[Outcome]:
    """Send a message to each topic; what became of them."""
    agent, fates = KafkaBroker(broker), []
    agent.connect()
    headers = Frame("door", "cafe", 0, utc_now(), 4, 3, JPEG).headers(utc_now())
    for topic in topics:
        agent.send(Message(topic, "door", JPEG, headers), lambda outcome, _: fates.append(outcome))
    agent.close(5)
    return fates


def answer_frames(spark: SparkSession, broker: Kafka, folder: Path) -> str:
    """Answer every frame by a result, through Spark's source and sink; the plan as Spark shows it."""

    def answer(batch: DataFrame, _number: int) -> None:
        said = F.lit('{"camera_id": "door"}').alias("value")
        write_messages(batch.select(F.lit(RESULTS_TOPIC).alias("topic"), "key", said), broker)

    frames = read_stream(spark, broker, FRAMES_TOPIC)
    writer = frames.writeStream.foreachBatch(answer).option("checkpointLocation", str(folder / "answers"))
    query = writer.trigger(availableNow=True).start()
    query.awaitTermination()
    return str(frames._jdf.queryExecution().toString())


def cameras_seen(broker: Kafka) -> list[str]:
    feed = Feed(broker, utc_now)
    feed.start()
    try:
        return wait_for("camera", lambda: [one["camera"] for one in feed.state()["cameras"]], 20)
    finally:
        feed.stop()
