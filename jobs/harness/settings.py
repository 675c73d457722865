"""Settings of the batch programs, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from jobs.detector.detector import DetectorSettings
from lake.config.settings import Settings, number, text

UNDER_SPARK_SUBMIT = "PYSPARK_GATEWAY_PORT"
"""Environment variable in which spark-submit gives the Python program its JVM's port."""


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """Settings of the batch programs.

    Attributes:
        shared: what all programs share.
        detector: model and engine, as in the speed layer.
        factory: `module:function` that loads the detector.
        master: Spark's master address; None under spark-submit, which has one already.
        detect_skipped: whether frames that the speed layer skipped are analysed at all.
        detect_minutes: time limit of detection, in minutes; remaining frames wait for the next run.
    """

    shared: Settings
    detector: DetectorSettings
    factory: str
    master: str | None
    detect_skipped: bool
    detect_minutes: float

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings from any mapping, `os.environ` in production."""
        shared = Settings.from_env(env)
        submitted = UNDER_SPARK_SUBMIT in env
        return cls(
            shared=shared,
            detector=DetectorSettings.from_env(env, shared),
            factory=text(env, "DETECTOR"),
            # One core: the stream beside it needs the other.
            master=None if submitted else text(env, "BATCH_MASTER"),
            detect_skipped=text(env, "DETECT_SKIPPED") == "on",
            detect_minutes=number(env, "DETECT_MINUTES"),
        )

    def spark_conf(self) -> dict[str, str]:
        """Return the batch programs' Spark configuration beside the shared one."""
        return {
            # One Arrow batch is otherwise 64 MB of pictures.
            "spark.sql.execution.arrow.maxRecordsPerBatch": "16",
            "spark.sql.execution.pyspark.udf.faulthandler.enabled": "true",
            # A frame may hang its worker.
            "spark.sql.execution.pyspark.udf.idleTimeoutSeconds": "60",
            "spark.sql.execution.pyspark.udf.killOnIdleTimeout": "true",
        }
