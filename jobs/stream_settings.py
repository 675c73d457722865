"""Everything the streaming application is told, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from jobs.choose_frames import Policy
from jobs.detector import DetectorSettings
from jobs.disk_room import GB
from lake.settings import SettingError, Settings, number, text

CHECKPOINTS_WITHOUT_FORKS = (
    "org.apache.spark.sql.execution.streaming.checkpointing.FileSystemBasedCheckpointFileManager"
)
OWN_DETECTOR = "jobs.detector:load_detector"


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """Settings of the streaming application.

    Attributes:
        shared: what all programs share.
        policy: what the speed layer may skip.
        detector: model and engine.
        factory: `module:function` that loads the detector; another one may be plugged in.
        master: Spark's master address.
        ui_port: of the Spark UI, on loopback.
        detect_every_s: seconds between micro-batches of detection; 0: one as soon as the last has ended.
        archive_frames_every_s, archive_detections_every_s, archive_status_every_s: seconds between commits of
            the archives.
        least_free: bytes of the lake's disk below which pictures are not archived.
    """

    shared: Settings
    policy: Policy
    detector: DetectorSettings
    factory: str
    master: str
    ui_port: int
    detect_every_s: float
    archive_frames_every_s: float
    archive_detections_every_s: float
    archive_status_every_s: float
    least_free: float

    def __post_init__(self) -> None:
        """Refuse a detector that cannot be named."""
        if ":" not in self.factory:
            raise SettingError(f"PYCTURESTREAM_DETECTOR={self.factory!r} must be written as module:function")

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings from any mapping, `os.environ` in production."""
        shared = Settings.from_env(env)
        return cls(
            shared=shared,
            policy=Policy.from_env(env, shared),
            detector=DetectorSettings.from_env(env, shared),
            factory=text(env, "DETECTOR", OWN_DETECTOR),
            # Two attempts of a task: what kills its worker twice is analysed frame by frame.
            master=text(env, "SPARK_MASTER", "local[4,2]"),
            ui_port=int(number(env, "SPARK_UI_PORT", 4040, 1, 65_535)),
            detect_every_s=number(env, "DETECT_EVERY_SECONDS", 0, 0, 3600),
            archive_frames_every_s=number(env, "ARCHIVE_FRAMES_EVERY_SECONDS", 15, 0.1, 3600),
            archive_detections_every_s=number(env, "ARCHIVE_DETECTIONS_EVERY_SECONDS", 2, 0.1, 3600),
            archive_status_every_s=number(env, "ARCHIVE_STATUS_EVERY_SECONDS", 60, 0.1, 3600),
            least_free=number(env, "LEAST_FREE_GB", 2, 0, 1e6) * GB,
        )

    @property
    def checkpoints(self) -> Path:
        """Root folder of the queries' checkpoints."""
        return self.shared.data / "checkpoints"

    @property
    def health(self) -> Path:
        """File in which the application says how it is."""
        return self.shared.run / "stream.json"

    def spark_conf(self) -> dict[str, str]:
        """What this application needs of Spark beside the shared configuration."""
        return {
            # To generate code for a handful of rows costs more than to interpret: a batch took 1.1 s of
            # addBatch with it and 0.5 s without, half of the processor time.
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
            "spark.sql.codegen.wholeStage": "false",
            "spark.ui.enabled": "true",
            "spark.ui.port": str(self.ui_port),
            # The default forks a process for each file of the log: 116 instead of 27 ms a batch.
            "spark.sql.streaming.checkpointFileManagerClass": CHECKPOINTS_WITHOUT_FORKS,
            "spark.sql.streaming.noDataMicroBatches.enabled": "false",
            "spark.sql.streaming.stopTimeout": "20s",
            # The default asks the broker 100 times a second whether there is news: without cameras the JVM
            # took 7 % of a core for that and the broker as much; with 50 ms 3-4 and 4-8.
            "spark.sql.streaming.pollingDelay": "25ms",
            "spark.sql.adaptive.enabled": "false",
            # One Arrow batch is otherwise 64 MB, about 600 frames, before the first result leaves.
            "spark.sql.execution.arrow.maxRecordsPerBatch": "16",
            "spark.sql.execution.pyspark.udf.faulthandler.enabled": "true",
            "spark.sql.execution.pyspark.udf.idleTimeoutSeconds": "60",
            "spark.sql.execution.pyspark.udf.killOnIdleTimeout": "true",
        }
