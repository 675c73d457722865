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
"""All that a daemon, and so an executor, gets of the environment: no secret of a camera, and no PYTHONPATH,
since an executor elsewhere has none either."""
RETENTION_S: Final = 3600
"""What Spark brought to an executor, and its logs, is deleted so many seconds after the application's end."""


def spark_folder(installation: Installation) -> Path:
    """Everything of the daemons: work folders, what the master remembers, the secret."""
    return installation.settings.data / "spark"


def daemon_conf(installation: Installation) -> dict[str, str]:
    """Configuration of our own cluster; nothing where there is none.

    All that speak on the cluster's ports know its secret: another user of this machine could otherwise run
    programs as us. It stands in a file of mode 0600, and never in a command line.
    """
    if not installation.cluster.workers:
        return {}
    return {
        "spark.authenticate": "true",
        "spark.authenticate.secret": _secret(spark_folder(installation)),
        # It takes programs from anybody, without the secret, and is on unless told.
        "spark.master.rest.enabled": "false",
        "spark.ui.killEnabled": "false",
        "spark.master.ui.decommission.allow.mode": "DENY",
        # A master that was started anew knows its applications again.
        "spark.deploy.recoveryMode": "FILESYSTEM",
        "spark.deploy.recoveryDirectory": str(spark_folder(installation) / "recovery"),
        # It gives nobody an executor until all have answered, or for so many seconds: 60 unless told.
        "spark.deploy.recoveryTimeout": "20",
        "spark.worker.cleanup.enabled": "true",
        "spark.worker.cleanup.interval": "600",
        "spark.worker.cleanup.appDataTtl": str(RETENTION_S),
    }


def _secret(folder: Path) -> str:
    """The cluster's secret, made at the first call and readable by nobody else."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    file = folder / "secret"
    if not file.exists():
        write_atomically(file, secrets.token_urlsafe(32), 0o600)
    return file.read_text("ascii")


def forget_applications(installation: Installation) -> None:
    """Before a start of everything: the master would wait a minute for applications that are gone."""
    shutil.rmtree(spark_folder(installation) / "recovery", ignore_errors=True)


def daemon_command(installation: Installation, name: str, spark_home: str) -> list[str]:
    """Program and arguments of the master or of a worker."""
    cluster = installation.cluster
    spark_class = str(Path(spark_home) / "bin" / "spark-class")
    pages = ["--host", LOOPBACK, "--webui-port", str(cluster.page(name))]
    if name == SPARK_MASTER:
        port = ["--port", str(cluster.master_port)]
        return [spark_class, "org.apache.spark.deploy.master.Master", *pages, *port]
    offer = ["--cores", str(STREAM_SLOTS + BATCH_SLOTS), "--work-dir", str(work_folder(installation, name))]
    return [spark_class, "org.apache.spark.deploy.worker.Worker", *pages, *offer, cluster.url]


def work_folder(installation: Installation, name: str) -> Path:
    """Where a daemon works, and a worker's executors leave their logs."""
    return spark_folder(installation) / name


def daemon_environment(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of a daemon, out of that of programs that may start Spark."""
    inherited = {name: env[name] for name in INHERITED if name in env}
    return {**inherited, "SPARK_DAEMON_MEMORY": "256m", "SPARK_DAEMON_JAVA_OPTS": JAVA_OPTIONS}


def spark_problem(cluster: SparkCluster, name: str) -> str | None:
    """What keeps the master, or a worker, from being healthy; None when nothing does."""
    if name == SPARK_MASTER:
        return None if is_open(cluster.master_port) else f"no answer at {cluster.url}"
    page = f"http://{LOOPBACK}:{cluster.page(name)}"
    # A worker that was killed stays in the master's list for a while, beside the one at its place.
    known = [one for one in _said_by_master(cluster).get("workers", ()) if one.get("webuiaddress") == page]
    alive = any(one.get("state") == "ALIVE" for one in known)
    return None if alive else "the master has lost it" if known else "the master does not know it"


def _said_by_master(cluster: SparkCluster) -> Mapping[str, Any]:
    """What the master's page says to programs; empty when it does not answer."""
    try:
        with urllib.request.urlopen(
            f"http://{LOOPBACK}:{cluster.master_ui_port}/json/", timeout=REQUEST_TIMEOUT_S
        ) as page:
            said = json.load(page)
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}
