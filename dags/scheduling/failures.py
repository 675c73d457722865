"""Reporting of a failure in one sentence, with links to the log and to the quality report if there is one."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lake.config.settings import Settings, whole
from lake.contracts.data_docs import DOCS, QUALITY
from lake.storage.files import write_atomically

log = logging.getLogger(__name__)


def tell_failure(context: Any) -> None:
    """Log what failed in the task's log, and write the same to the run folder as `failed-<dag>.json`."""
    settings = Settings.from_env(os.environ)
    instance = context["ti"]
    failure = {
        "dag": instance.dag_id,
        "task": instance.task_id,
        "run": instance.run_id,
        "sentence": f"{instance.dag_id}: {instance.task_id} failed: {reason(context.get('exception'))}",
        "log": str(instance.log_url),
        "data_docs": data_docs(settings.data, os.environ),
    }
    links = "".join(f"\n  {name}: {failure[name]}" for name in ("log", "data_docs") if failure[name])
    log.error("%s%s", failure["sentence"], links)
    write_atomically(settings.run / f"failed-{instance.dag_id}.json", json.dumps(failure))


def reason(error: BaseException | str | None) -> str:
    """Return why a task failed: an exception's own words.

    >>> reason(ValueError("no camera 'door'"))
    "no camera 'door'"
    >>> reason(None)
    'it was ended from outside'
    """
    if error is None:
        return "it was ended from outside"
    return str(error).strip() or type(error).__name__


def data_docs(data: Path, env: Mapping[str, str]) -> str | None:
    """Return the dashboard's address of the quality reports, or None if there are none.

    A page from the web, such as Airflow's, may not open a file by its path.
    """
    if not (data / QUALITY / DOCS / "index.html").is_file():
        return None
    return f"http://127.0.0.1:{whole(env, 'DASHBOARD_PORT')}/data-docs/"
