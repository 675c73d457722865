"""The own Spark cluster on loopback: its workers, ports and slots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from lake.config.settings import LOOPBACK, PREFIX, whole

SPARK_PORTS: Final = ("SPARK_MASTER_PORT", "SPARK_MASTER_UI_PORT", "SPARK_WORKER_UI_PORT")
"""The last is the first worker's; each further worker has the next port."""
MAX_WORKERS: Final = 8
"""Limit on one machine; more workers belong on other machines."""
SPARK_MASTER: Final = "spark-master"
SPARK_WORKERS: Final = tuple(f"spark-worker-{number}" for number in range(1, MAX_WORKERS + 1))
STREAM_SLOTS: Final = 2
"""Tasks that the stream runs at once on each worker: one detects, the other archives."""
BATCH_SLOTS: Final = 1
"""Tasks that batch jobs run at once on each worker, beside the stream's."""


@dataclass(frozen=True, slots=True)
class SparkCluster:
    """A standalone master and its workers; without workers there is no cluster.

    Attributes:
        workers: their number.
        master_port, master_ui_port: ports of the master, on loopback.
        worker_ui_port: port of the first worker.
    """

    workers: int
    master_port: int
    master_ui_port: int
    worker_ui_port: int

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings from any mapping.

        Raises:
            SettingError: one is invalid.
        """
        return cls(whole(env, "SPARK_WORKERS"), *(whole(env, name) for name in SPARK_PORTS))

    @property
    def url(self) -> str:
        """URL of the master for Spark."""
        return f"spark://{LOOPBACK}:{self.master_port}"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the programs, in the order in which they start."""
        return (SPARK_MASTER, *SPARK_WORKERS[: self.workers]) if self.workers else ()

    def page(self, name: str) -> int:
        """Return the port of a daemon's web pages, also of one that these settings do not include."""
        if name == SPARK_MASTER:
            return self.master_ui_port
        return self.worker_ui_port + SPARK_WORKERS.index(name)

    @property
    def listening(self) -> dict[str, int]:
        """Return setting, without its prefix → port of all daemons; empty without a cluster.

        Ports of further workers have the setting of the first one with `+1`, `+2` and so on.
        """
        if not self.workers:
            return {}
        first = dict(
            zip(SPARK_PORTS, (self.master_port, self.master_ui_port, self.worker_ui_port), strict=True)
        )
        more = range(1, self.workers)
        return first | {f"SPARK_WORKER_UI_PORT+{turn}": self.worker_ui_port + turn for turn in more}

    def to_env(self) -> dict[str, str]:
        """Return settings for programs on this cluster: both layers run here, and share its slots.

        The environment takes precedence over them.
        """
        if not self.workers:
            return {}
        settings = {
            "SPARK_MASTER": self.url,
            "STREAM_CORES": self.workers * STREAM_SLOTS,
            "EXECUTOR_CORES": STREAM_SLOTS,
            "BATCH_MASTER": self.url,
            "BATCH_CORES": self.workers * BATCH_SLOTS,
        }
        return {PREFIX + name: str(value) for name, value in settings.items()}
