"""The four queries of the streaming application, and what each reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from jobs import archive_camera_status, archive_detections, archive_frames, detect_objects
from jobs.checkpoints import checkpoint_of
from jobs.disk_room import DiskRoom
from jobs.gaps import Gaps
from jobs.kafka_source import read_stream
from jobs.messages import Detecting
from jobs.records import describe_records
from jobs.stream_settings import StreamSettings
from lake.contracts import FRAMES_TOPIC, OUTCOMES_TOPIC, RESULTS_TOPIC, STATUS_TOPIC
from lake.schemas import DETECTIONS
from lake.tables import Lake

READS: Final = {
    detect_objects.QUERY: (FRAMES_TOPIC,),
    archive_frames.QUERY: (FRAMES_TOPIC,),
    archive_detections.QUERY: (RESULTS_TOPIC, OUTCOMES_TOPIC),
    archive_camera_status.QUERY: (STATUS_TOPIC,),
}


@dataclass(frozen=True, slots=True)
class Started:
    """A query that was started."""

    name: str
    query: StreamingQuery


@dataclass(frozen=True, slots=True)
class Queries:
    """Starts the queries; each goes on where its checkpoint is, or at the earliest offset.

    Attributes:
        settings: of the streaming application.
        lake: where the archives write.
        run: the detector run.
        room: of the disk that keeps the pictures.
        ids: UUID of each topic.
        now: the clock.
    """

    spark: SparkSession
    settings: StreamSettings
    lake: Lake
    run: Detecting
    room: DiskRoom
    ids: Mapping[str, str]
    now: Callable[[], datetime]

    def start(self) -> list[Started]:
        """Start all four."""
        return [
            self._detect_objects(),
            self._archive_frames(),
            self._archive_detections(),
            self._archive_camera_status(),
        ]

    def _detect_objects(self) -> Started:
        query, told = detect_objects.QUERY, self.settings
        handle = detect_objects.DetectObjects(
            told.shared.kafka, told.policy, told.factory, told.detector, self.run, self._gaps(query), self.now
        )
        rows = detect_objects.with_batch_time(
            self._records(query), self.ids[FRAMES_TOPIC], told.shared.time_zone
        )
        return self._start(query, rows, handle, told.detect_every_s)

    def _archive_frames(self) -> Started:
        query = archive_frames.QUERY
        handle = archive_frames.ArchiveFrames(self.lake, self._gaps(query), self.room, self.now)
        zone = self.settings.shared.time_zone
        rows = describe_records(self._records(query), self.ids[FRAMES_TOPIC], zone)
        return self._start(query, rows, handle, self.settings.archive_frames_every_s)

    def _archive_detections(self) -> Started:
        query = archive_detections.QUERY
        handle = archive_detections.ArchiveDetections(self.lake, self._gaps(query), self.now)
        return self._start(query, self._records(query), handle, self.settings.archive_detections_every_s)

    def _archive_camera_status(self) -> Started:
        query = archive_camera_status.QUERY
        handle = archive_camera_status.ArchiveCameraStatus(self.lake, self._gaps(query), self.now)
        return self._start(query, self._records(query), handle, self.settings.archive_status_every_s)

    def _gaps(self, query: str) -> Gaps:
        own = {topic: self.ids[topic] for topic in READS[query]}
        answered_in = DETECTIONS if query == detect_objects.QUERY else None
        return Gaps(self.lake, query, own, checkpoint_of(self.settings.checkpoints, query, own), answered_in)

    def _records(self, query: str) -> DataFrame:
        return read_stream(self.spark, self.settings.shared.kafka, *READS[query])

    def _start(
        self, query: str, rows: DataFrame, handle: Callable[[DataFrame, int], None], every_s: float
    ) -> Started:
        writer = rows.writeStream.foreachBatch(handle).queryName(query)
        writer = writer.option("checkpointLocation", str(self._gaps(query).checkpoint))
        return Started(query, writer.trigger(processingTime=f"{int(every_s * 1000)} milliseconds").start())
