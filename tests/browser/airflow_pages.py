"""Airflow's pages as a person uses them, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


DAGS = (
    "airflow_history", "data_quality", "evaluate_models", "hourly_counts", "lake_maintenance", "stream_watch",
)  # fmt: skip


class AirflowPages:
    """A person at the pages of one Airflow, logged in."""

    def __init__(self, page: Page, url: str, user: str, password: str) -> None:
        self.page, self.url = page, url
        page.goto(f"{url}/dags")
        page.fill("input[name=username]", user)
        page.fill("input[name=password]", password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/dags*")

    def dags(self) -> list[str]:
        """Names in the list of DAGs."""
        self.page.goto(f"{self.url}/dags")
        names = self.page.locator("a[href*='/dags/']")
        names.filter(has_text=DAGS[0]).first.wait_for()
        self.page.wait_for_load_state("networkidle")
        return sorted({text for text in names.all_inner_texts() if text in DAGS})

    def trigger_form(self, dag: str) -> Locator:
        """The opened form that starts a run by hand."""
        self.page.goto(f"{self.url}/dags/{dag}")
        self.page.get_by_role("button", name="Trigger").first.click()
        form = self.page.get_by_role("dialog")
        form.wait_for()
        return form

    def run(self, dag: str, run_id: str, task: str | None = None) -> None:
        """Open a run, or the log of one of its tasks."""
        place = f"{self.url}/dags/{dag}/runs/{quote(run_id)}"
        self.page.goto(f"{place}/tasks/{task}" if task else place)
        self.page.wait_for_load_state("networkidle")

    def ask(self, path: str) -> dict[str, Any]:
        """An answer of the API to the person who is logged in."""
        answer = self.page.request.get(f"{self.url}/api/v2{path}")
        assert answer.ok, f"{path}: {answer.status} {answer.text()}"
        found: dict[str, Any] = answer.json()
        return found
