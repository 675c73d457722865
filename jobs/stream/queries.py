"""The four queries of the streaming application, and what each reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from jobs.frames.outcome_messages import RunDescription
from jobs.stream import archive_camera_status, archive_detections, archive_frames, detect_objects
from jobs.stream.checkpoints import checkpoint_of
from jobs.stream.detect_partition import SeenRecords, SpeedLayer
from jobs.stream.disk_guard import DiskGuard
from jobs.stream.highest_offsets import HighestOffsets
from jobs.stream.kafka_source import FRAMES_PER_BATCH, RECORDS_PER_ARCHIVE, read_stream
from jobs.stream.lost_offsets import LostOffsets
from jobs.stream.settings import StreamSettings
from lake.contracts.wire_format import FRAMES_TOPIC, OUTCOMES_TOPIC, RESULTS_TOPIC, STATUS_TOPIC
from lake.schema.schemas import DETECTIONS
from lake.storage.tables import Lake

READS: Final = {
    detect_objects.QUERY: (FRAMES_TOPIC,),
    archive_frames.QUERY: (FRAMES_TOPIC,),
    archive_detections.QUERY: (RESULTS_TOPIC, OUTCOMES_TOPIC),
    archive_camera_status.QUERY: (STATUS_TOPIC,),
}


@dataclass(frozen=True, slots=True)
class StartedQuery:
    """A query that was started."""

    name: str
    query: StreamingQuery


@dataclass(frozen=True, slots=True)
class Queries:
    """Starts the queries; each resumes at its checkpoint, or at the earliest offset.

    Attributes:
        settings: of the streaming application.
        lake: where the archives write.
        run: the detector run.
        disk_guard: guard of the disk that keeps the pictures.
        ids: UUID of each topic.
        now: the clock.
    """

    spark: SparkSession
    settings: StreamSettings
    lake: Lake
    run: RunDescription
    disk_guard: DiskGuard
    ids: Mapping[str, str]
    now: Callable[[], datetime]

    def start(self) -> list[StartedQuery]:
        """Start all four."""
        return [
            self._detect_objects(),
            self._archive_frames(),
            self._archive_detections(),
            self._archive_camera_status(),
        ]

    def _detect_objects(self) -> StartedQuery:
        query, settings = detect_objects.QUERY, self.settings
        zone = settings.shared.time_zone
        speed = SpeedLayer(
            self.ids[FRAMES_TOPIC], zone, settings.policy, settings.factory, settings.detector, self.run
        )
        seen = self.spark.sparkContext.accumulator([], SeenRecords())
        handle = detect_objects.DetectObjects(
            settings.shared.broker, speed, self._gaps(query), self.now, seen
        )
        rows = detect_objects.detect_stream(self._records(query), speed, seen, self.now)
        return self._start(query, rows, handle, settings.detect_every_s)

    def _archive_frames(self) -> StartedQuery:
        query = archive_frames.QUERY
        zone = self.settings.shared.time_zone
        handle = archive_frames.ArchiveFrames(self.lake, self._gaps(query), self.disk_guard, self.now, zone)
        return self._start(query, self._records(query), handle, self.settings.archive_frames_every_s)

    def _archive_detections(self) -> StartedQuery:
        query = archive_detections.QUERY
        highest = HighestOffsets(self.lake.root)
        handle = archive_detections.ArchiveDetections(self.lake, self._gaps(query), highest, self.now)
        rows = archive_detections.without_pictures(self._records(query))
        return self._start(query, rows, handle, self.settings.archive_detections_every_s)

    def _archive_camera_status(self) -> StartedQuery:
        query = archive_camera_status.QUERY
        handle = archive_camera_status.ArchiveCameraStatus(self.lake, self._gaps(query), self.now)
        return self._start(query, self._records(query), handle, self.settings.archive_status_every_s)

    def _gaps(self, query: str) -> LostOffsets:
        own = {topic: self.ids[topic] for topic in READS[query]}
        answered_in = DETECTIONS if query == detect_objects.QUERY else None
        return LostOffsets(
            self.lake, query, own, checkpoint_of(self.settings.shared.checkpoints, query, own), answered_in
        )

    def _records(self, query: str) -> DataFrame:
        at_once = FRAMES_PER_BATCH if query == detect_objects.QUERY else RECORDS_PER_ARCHIVE
        return read_stream(self.spark, self.settings.shared.broker, *READS[query], at_once=at_once)

    def _start(
        self, query: str, rows: DataFrame, handle: Callable[[DataFrame, int], None], every_s: float
    ) -> StartedQuery:
        writer = rows.writeStream.foreachBatch(handle).queryName(query)
        writer = writer.option("checkpointLocation", str(self._gaps(query).checkpoint))
        return StartedQuery(
            query, writer.trigger(processingTime=f"{int(every_s * 1000)} milliseconds").start()
        )
