"""A failure in one sentence, with links to the log and, where there are some, to the quality report."""

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
    """Say what failed in the task's log, and leave the same in the run folder as `failed-<dag>.json`."""
    settings = Settings.from_env(os.environ)
    instance = context["ti"]
    told = {
        "dag": instance.dag_id,
        "task": instance.task_id,
        "run": instance.run_id,
        "sentence": f"{instance.dag_id}: {instance.task_id} failed: {reason(context.get('exception'))}",
        "log": str(instance.log_url),
        "data_docs": data_docs(settings.data, os.environ),
    }
    links = "".join(f"\n  {name}: {told[name]}" for name in ("log", "data_docs") if told[name])
    log.error("%s%s", told["sentence"], links)
    write_atomically(settings.run / f"failed-{instance.dag_id}.json", json.dumps(told))


def reason(error: BaseException | str | None) -> str:
    """What was wrong: an exception's own words.

    >>> reason(ValueError("no camera 'door'"))
    "no camera 'door'"
    >>> reason(None)
    'it was ended from outside'
    """
    if error is None:
        return "it was ended from outside"
    return str(error).strip() or type(error).__name__


def data_docs(data: Path, env: Mapping[str, str]) -> str | None:
    """Address at which the dashboard serves the quality reports, None where there are none.

    A page from the web, such as Airflow's, may not open a file by its path.
    """
    if not (data / QUALITY / DOCS / "index.html").is_file():
        return None
    return f"http://127.0.0.1:{whole(env, 'DASHBOARD_PORT')}/data-docs/"
