"""Spark's master and workers as on machines of others: another folder, another home, none of our settings."""

from __future__ import annotations

from collections.abc import Mapping

import psutil

from benchmarks.support.running.programs import Program, free_ports, wait_for
from benchmarks.support.running.system import System
from lake.config.settings import PREFIX
from stack.programs.spark_daemons import daemon_command, daemon_conf, daemon_environment, spark_problem
from stack.site.ports import is_free
from stack.site.spark_cluster import SPARK_PORTS

EXECUTOR = "org.apache.spark.executor.CoarseGrainedExecutorBackend"


def cluster_of(workers: int) -> dict[str, str]:
    """Settings of a system whose jobs run on so many workers."""
    ports = dict(zip(SPARK_PORTS, [*free_ports(2), free_row(workers)], strict=True))
    return {PREFIX + name: str(one) for name, one in {"SPARK_WORKERS": workers, **ports}.items()}


def free_row(count: int) -> int:
    """The first of so many free ports side by side."""
    return next(
        port for [port] in iter(lambda: free_ports(1), None) if all(map(is_free, range(port, port + count)))
    )


class Cluster:
    """The daemons of a system; none of them can see its code, its cache or its configuration."""

    def __init__(self, system: System, more: Mapping[str, str] | None = None) -> None:
        self.system = system
        self.home = system.data / "elsewhere"
        self.conf = self.home / "conf"
        self.conf.mkdir(parents=True)
        own = {**daemon_conf(system.installation), **(more or {})}
        (self.conf / "spark-defaults.conf").write_text("".join(f"{key} {one}\n" for key, one in own.items()))
        self.master, *self.workers = map(self._program, system.installation.cluster.names)
        system.programs[:0] = [self.master, *self.workers]

    def _program(self, name: str) -> Program:
        here = self.system.installation
        env = daemon_environment(self.system.stream.env)
        env |= {"HOME": str(self.home), "SPARK_CONF_DIR": str(self.conf)}
        command = daemon_command(here, name, env["SPARK_HOME"])
        return Program(command, env, self.system.data / "logs" / f"{name}.log", cwd=self.home)

    def start(self) -> None:
        """All of it, until the master knows every worker."""
        cluster = self.system.installation.cluster
        for program in (self.master, *self.workers):
            if not program.runs:
                program.start()
        for name in cluster.names:
            wait_for(f"healthy {name}", lambda name=name: spark_problem(cluster, name) is None)

    def executors(self, worker: Program) -> list[psutil.Process]:
        """The JVMs in which a worker runs tasks, the oldest first: the stream's."""
        found = [one for one in worker.tree() if EXECUTOR in " ".join(one.cmdline())]
        return sorted(found, key=psutil.Process.create_time)
