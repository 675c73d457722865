"""Takes the documents' pictures of Airflow's pages from the running system.

`python -m tests.browser.take_pictures [FOLDER]`; wants one finished run of `hourly_counts` that published,
the run of `data_quality` that it started, and reads the settings that `./pycturestream` reads.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.support.running.chromium import open_page
from lake.config.settings import PROJECT_ROOT
from stack.airflow.components import address, airflow_home
from stack.airflow.credentials import read_passwords
from stack.site.installation import Installation
from tests.browser.airflow_pages import AirflowPages

if TYPE_CHECKING:
    from playwright.sync_api import Page

SETTLE_MS = 4000
"""The pages draw their charts and graphs a while after their data came."""
MOST_BYTES = 200_000


class PictureTooLargeError(ValueError):
    """A picture that would make the repository heavy."""


def newest_run(person: AirflowPages, dag: str) -> str:
    """The newest run of a DAG that ended well with its last task done, by the pages' own API."""
    last = {"hourly_counts": "announce_candidate", "data_quality": "announce_published"}[dag]
    found = person.ask(f"/dags/{dag}/dagRuns/~/taskInstances?task_ids={last}&state=success&limit=100")
    done = [one for one in found["task_instances"] if one["task_id"] == last and one["state"] == "success"]
    return str(max(done, key=lambda one: one["end_date"])["dag_run_id"])


def pictures(person: AirflowPages) -> Iterator[tuple[str, Page]]:
    """Name of each picture, once the page shows it."""
    person.dags()
    yield "airflow-dags", person.page
    person.run("hourly_counts", newest_run(person, "hourly_counts"))
    yield "airflow-hourly-counts", person.page
    person.run("data_quality", newest_run(person, "data_quality"))
    yield "airflow-data-quality", person.page
    person.run("data_quality", newest_run(person, "data_quality"), "check_quality")
    yield "airflow-log", person.page
    person.trigger_form("hourly_counts")
    yield "airflow-form", person.page


def main(folder: Path) -> None:
    """Take them all."""
    here = Installation.from_env(os.environ, PROJECT_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    with open_page(1280, 960) as page:
        passwords = read_passwords(airflow_home(here))
        person = AirflowPages(page, address(here), "admin", passwords["admin"])
        for name, shown in pictures(person):
            shown.wait_for_timeout(SETTLE_MS)
            file = folder / f"{name}.png"
            shown.screenshot(path=str(file))
            if file.stat().st_size > MOST_BYTES:
                raise PictureTooLargeError(f"{file} has {file.stat().st_size:,} bytes: use a smaller page")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT_ROOT / "docs" / "pictures")
