"""An own Spark cluster on loopback: how many workers, where they listen, and what each offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from lake.config.settings import LOOPBACK, PREFIX, whole

SPARK_PORTS: Final = ("SPARK_MASTER_PORT", "SPARK_MASTER_UI_PORT", "SPARK_WORKER_UI_PORT")
"""The last is the first worker's; each further worker has the next one."""
MAX_WORKERS: Final = 8
"""On one machine; more belong on machines of their own."""
SPARK_MASTER: Final = "spark-master"
SPARK_WORKERS: Final = tuple(f"spark-worker-{number}" for number in range(1, MAX_WORKERS + 1))
STREAM_SLOTS: Final = 2
"""Tasks that the stream runs at once on each worker: one detects, the other archives."""
BATCH_SLOTS: Final = 1
"""Tasks that batch jobs run at once on each worker, beside the stream's."""


@dataclass(frozen=True, slots=True)
class SparkCluster:
    """A standalone master and its workers; no workers, no cluster.

    Attributes:
        workers: how many.
        master_port, master_ui_port: of the master, on loopback.
        worker_ui_port: of the first worker.
    """

    workers: int
    master_port: int
    master_ui_port: int
    worker_ui_port: int

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings from any mapping.

        Raises:
            SettingError: one cannot be used.
        """
        return cls(whole(env, "SPARK_WORKERS"), *(whole(env, name) for name in SPARK_PORTS))

    @property
    def url(self) -> str:
        """The master's address, as Spark writes it."""
        return f"spark://{LOOPBACK}:{self.master_port}"

    @property
    def names(self) -> tuple[str, ...]:
        """The programs, in the order in which they start."""
        return (SPARK_MASTER, *SPARK_WORKERS[: self.workers]) if self.workers else ()

    def page(self, name: str) -> int:
        """Port of a daemon's pages; also of a running one that these settings do not know of."""
        if name == SPARK_MASTER:
            return self.master_ui_port
        return self.worker_ui_port + SPARK_WORKERS.index(name)

    @property
    def listening(self) -> dict[str, int]:
        """Setting, without its prefix → port, of everything that will listen; none where there is no cluster.

        The second worker's port, and each further one's, is the setting of the first one with a number added.
        """
        if not self.workers:
            return {}
        first = dict(
            zip(SPARK_PORTS, (self.master_port, self.master_ui_port, self.worker_ui_port), strict=True)
        )
        more = range(1, self.workers)
        return first | {f"SPARK_WORKER_UI_PORT+{turn}": self.worker_ui_port + turn for turn in more}

    def to_env(self) -> dict[str, str]:
        """What programs are told beside these settings: both layers run here, and share its slots.

        What the environment says otherwise goes before it.
        """
        if not self.workers:
            return {}
        told = {
            "SPARK_MASTER": self.url,
            "STREAM_CORES": self.workers * STREAM_SLOTS,
            "EXECUTOR_CORES": STREAM_SLOTS,
            "BATCH_MASTER": self.url,
            "BATCH_CORES": self.workers * BATCH_SLOTS,
        }
        return {PREFIX + name: str(value) for name, value in told.items()}
