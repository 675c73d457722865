"""Spark's own master and workers as supervised programs: configuration, command, environment, health."""

from __future__ import annotations

import json
import secrets
import shutil
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lake.config.settings import LOOPBACK
from lake.config.sources import MARK
from lake.spark.conf import JAVA_OPTIONS
from lake.storage.files import write_atomically
from stack.site.installation import Installation
from stack.site.ports import is_open
from stack.site.spark_cluster import BATCH_SLOTS, SPARK_MASTER, STREAM_SLOTS, SparkCluster

REQUEST_TIMEOUT_S: Final = 2.0
INHERITED: Final = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"),
    *("JAVA_HOME", "JDK_JAVA_OPTIONS", "SPARK_HOME", "SPARK_CONF_DIR", "SPARK_LOCAL_DIRS", "SPARK_LOCAL_IP"),
    MARK,
)
"""Variables that a daemon, and so an executor, inherits: no secret of a camera, and no PYTHONPATH,
since an executor on another machine has none either."""
RETENTION_S: Final = 3600
"""Files and logs of an executor are deleted this long after the application's end."""


def spark_folder(installation: Installation) -> Path:
    """Return the folder of the daemons: work folders, recovery state of the master, the secret."""
    return installation.settings.data / "spark"


def daemon_conf(installation: Installation) -> dict[str, str]:
    """Return the configuration of our own cluster; empty if there is none.

    All clients of the cluster's ports need its secret: otherwise another user of this machine could run
    programs as us. It is in a file of mode 0600, and never in a command line.
    """
    if not installation.cluster.workers:
        return {}
    return {
        "spark.authenticate": "true",
        "spark.authenticate.secret": _secret(spark_folder(installation)),
        # It accepts programs from anybody, without the secret, and is on by default.
        "spark.master.rest.enabled": "false",
        "spark.ui.killEnabled": "false",
        "spark.master.ui.decommission.allow.mode": "DENY",
        # A restarted master recovers its applications.
        "spark.deploy.recoveryMode": "FILESYSTEM",
        "spark.deploy.recoveryDirectory": str(spark_folder(installation) / "recovery"),
        # It assigns no executor until all have answered, or for this many seconds; the default is 60.
        "spark.deploy.recoveryTimeout": "20",
        "spark.worker.cleanup.enabled": "true",
        "spark.worker.cleanup.interval": "600",
        "spark.worker.cleanup.appDataTtl": str(RETENTION_S),
    }


def _secret(folder: Path) -> str:
    """Return the cluster's secret, created at the first call and readable by nobody else."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    file = folder / "secret"
    if not file.exists():
        write_atomically(file, secrets.token_urlsafe(32), 0o600)
    return file.read_text("ascii")


def forget_applications(installation: Installation) -> None:
    """Delete recovery state before a full start: the master would wait a minute for old applications."""
    shutil.rmtree(spark_folder(installation) / "recovery", ignore_errors=True)


def daemon_command(installation: Installation, name: str, spark_home: str) -> list[str]:
    """Return the command line of the master or of a worker."""
    cluster = installation.cluster
    spark_class = str(Path(spark_home) / "bin" / "spark-class")
    pages = ["--host", LOOPBACK, "--webui-port", str(cluster.page(name))]
    if name == SPARK_MASTER:
        port = ["--port", str(cluster.master_port)]
        return [spark_class, "org.apache.spark.deploy.master.Master", *pages, *port]
    offer = ["--cores", str(STREAM_SLOTS + BATCH_SLOTS), "--work-dir", str(work_folder(installation, name))]
    return [spark_class, "org.apache.spark.deploy.worker.Worker", *pages, *offer, cluster.url]


def work_folder(installation: Installation, name: str) -> Path:
    """Return the working folder of a daemon, with the logs of a worker's executors."""
    return spark_folder(installation) / name


def daemon_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a daemon, from that of programs that may start Spark."""
    inherited = {name: env[name] for name in INHERITED if name in env}
    return {**inherited, "SPARK_DAEMON_MEMORY": "256m", "SPARK_DAEMON_JAVA_OPTS": JAVA_OPTIONS}


def spark_problem(cluster: SparkCluster, name: str) -> str | None:
    """Return why the master, or a worker, is unhealthy, or None."""
    if name == SPARK_MASTER:
        return None if is_open(cluster.master_port) else f"no answer at {cluster.url}"
    page = f"http://{LOOPBACK}:{cluster.page(name)}"
    # A killed worker stays in the master's list for a while, beside its replacement.
    workers = [
        worker
        for worker in _read_master_state(cluster).get("workers", ())
        if worker.get("webuiaddress") == page
    ]
    alive = any(worker.get("state") == "ALIVE" for worker in workers)
    return None if alive else "the master has lost it" if workers else "the master does not know it"


def _read_master_state(cluster: SparkCluster) -> Mapping[str, Any]:
    """Read the master's state from its JSON page; empty if it does not answer."""
    try:
        with urllib.request.urlopen(
            f"http://{LOOPBACK}:{cluster.master_ui_port}/json/", timeout=REQUEST_TIMEOUT_S
        ) as page:
            state = json.load(page)
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}
