"""The three queries of the streaming application, and what each reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from jobs import archive_detections, archive_frames, detect_objects
from jobs.checkpoints import checkpoint_of
from jobs.gaps import Gaps
from jobs.kafka_source import read_stream
from jobs.messages import Detecting
from jobs.records import describe_records
from jobs.stream_settings import StreamSettings
from lake.contracts import FRAMES_TOPIC, OUTCOMES_TOPIC, RESULTS_TOPIC
from lake.tables import Lake

READS: Final = {
    detect_objects.QUERY: (FRAMES_TOPIC,),
    archive_frames.QUERY: (FRAMES_TOPIC,),
    archive_detections.QUERY: (RESULTS_TOPIC, OUTCOMES_TOPIC),
}


@dataclass(frozen=True, slots=True)
class Started:
    """A query that was started."""

    name: str
    query: StreamingQuery


def start_queries(
    spark: SparkSession,
    settings: StreamSettings,
    lake: Lake,
    run: Detecting,
    ids: Mapping[str, str],
    now: Callable[[], datetime],
) -> list[Started]:
    """Start all three; each goes on where its checkpoint is, or at the earliest offset."""
    shared = settings.shared

    def gaps(query: str) -> Gaps:
        own = {topic: ids[topic] for topic in READS[query]}
        return Gaps(lake, query, own, checkpoint_of(settings.checkpoints, query, own))

    def records(query: str) -> DataFrame:
        return read_stream(spark, shared.kafka, *READS[query])

    def start(
        query: str, rows: DataFrame, handle: Callable[[DataFrame, int], None], every_s: float
    ) -> Started:
        writer = rows.writeStream.foreachBatch(handle).queryName(query)
        writer = writer.option("checkpointLocation", str(gaps(query).checkpoint))
        return Started(query, writer.trigger(processingTime=f"{int(every_s * 1000)} milliseconds").start())

    live, frames, outcomes = READS
    detect = detect_objects.DetectObjects(
        shared.kafka, settings.policy, settings.factory, settings.detector, run, gaps(live), now
    )
    frames_id = ids[FRAMES_TOPIC]
    return [
        start(live, detect_objects.with_batch_time(records(live), frames_id, shared.time_zone), detect, 0),
        start(
            frames,
            describe_records(records(frames), frames_id, shared.time_zone),
            archive_frames.ArchiveFrames(lake, gaps(frames), now),
            settings.archive_frames_every_s,
        ),
        start(
            outcomes,
            records(outcomes),
            archive_detections.ArchiveDetections(lake, gaps(outcomes), now),
            settings.archive_detections_every_s,
        ),
    ]
