"""Settings of the streaming application, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from jobs.detector.detector import DetectorSettings
from jobs.frames.frame_policy import Policy
from jobs.stream.disk_guard import GB
from lake.config.settings import Settings, number, text, whole
from lake.spark.conf import is_local

CHECKPOINTS_WITHOUT_FORKS = (
    "org.apache.spark.sql.execution.streaming.checkpointing.FileSystemBasedCheckpointFileManager"
)
CHECKPOINTS_ON_OBJECT_STORES = "org.apache.spark.internal.io.cloud.AbortableStreamBasedCheckpointFileManager"


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Settings of the streaming application.

    Attributes:
        shared: what all programs share.
        policy: what the speed layer may skip.
        detector: model and engine.
        factory: `module:function` that loads the detector; another one may be plugged in.
        master: Spark's master address.
        cores, executor_cores: tasks at once where that is a cluster, in all and on each executor.
        ui_port: of the Spark UI, on loopback.
        detect_every_s: seconds between micro-batches of detection; 0: one as soon as the last has ended.
        archive_frames_every_s, archive_detections_every_s, archive_status_every_s: seconds between commits of
            the archives.
        min_free_bytes: bytes of the lake's disk below which pictures are not archived.
    """

    shared: Settings
    policy: Policy
    detector: DetectorSettings
    factory: str
    master: str
    cores: int
    executor_cores: int
    ui_port: int
    detect_every_s: float
    archive_frames_every_s: float
    archive_detections_every_s: float
    archive_status_every_s: float
    min_free_bytes: float

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings from any mapping, `os.environ` in production."""
        shared = Settings.from_env(env)
        return cls(
            shared=shared,
            policy=Policy.from_env(env, shared),
            detector=DetectorSettings.from_env(env, shared),
            factory=text(env, "DETECTOR"),
            # Two attempts of a task: what kills its worker twice is analysed frame by frame.
            master=text(env, "SPARK_MASTER"),
            cores=whole(env, "STREAM_CORES"),
            executor_cores=whole(env, "EXECUTOR_CORES"),
            ui_port=whole(env, "SPARK_UI_PORT"),
            detect_every_s=number(env, "DETECT_EVERY_SECONDS"),
            archive_frames_every_s=number(env, "ARCHIVE_FRAMES_EVERY_SECONDS"),
            archive_detections_every_s=number(env, "ARCHIVE_DETECTIONS_EVERY_SECONDS"),
            archive_status_every_s=number(env, "ARCHIVE_STATUS_EVERY_SECONDS"),
            min_free_bytes=number(env, "LEAST_FREE_GB") * GB,
        )

    @property
    def health(self) -> Path:
        """Path of the health file."""
        return self.shared.run / "stream.json"

    def spark_conf(self) -> dict[str, str]:
        """Return this application's Spark configuration beside the shared one."""
        on_disk = isinstance(self.shared.checkpoints, Path)
        return self._share() | {
            # Generating code for a handful of rows costs more than interpreting: a batch took 1.1 s of
            # addBatch with it and 0.5 s without, half of the processor time.
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
            "spark.sql.codegen.wholeStage": "false",
            "spark.ui.enabled": "true",
            "spark.ui.port": str(self.ui_port),
            # The default takes another way to the disk, on which each file of the log costs a process. Both
            # rename, which a bucket cannot: there a file appears whole when its upload ends.
            "spark.sql.streaming.checkpointFileManagerClass": CHECKPOINTS_WITHOUT_FORKS
            if on_disk
            else CHECKPOINTS_ON_OBJECT_STORES,
            "spark.sql.streaming.noDataMicroBatches.enabled": "false",
            "spark.sql.streaming.stopTimeout": "20s",
            # The default polls the broker 100 times a second: without cameras the JVM
            # took 7 % of a core for that and the broker as much; with 50 ms 3-4 and 4-8.
            "spark.sql.streaming.pollingDelay": "50ms",
            "spark.sql.adaptive.enabled": "false",
            # One Arrow batch is otherwise 64 MB, about 600 frames, before the first result leaves.
            "spark.sql.execution.arrow.maxRecordsPerBatch": "16",
            "spark.sql.execution.pyspark.udf.faulthandler.enabled": "true",
            "spark.sql.execution.pyspark.udf.idleTimeoutSeconds": "60",
            "spark.sql.execution.pyspark.udf.killOnIdleTimeout": "true",
        }

    def _share(self) -> dict[str, str]:
        """Return the share of a cluster, so that batch jobs fit beside; a local master needs none."""
        if is_local(self.master):
            return {}
        return {"spark.cores.max": str(self.cores), "spark.executor.cores": str(self.executor_cores)}
