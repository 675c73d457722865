"""Data Docs as the server gives them out: these and nothing else of the disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from dashboards.app import create_app
from dashboards.quality.data_docs_routes import BACK, POLICY, found_below
from dashboards.ui.settings import DashboardSettings
from lake.config.settings import Settings
from lake.contracts.data_docs import DocumentedRun, documented_runs, run_of
from tests.conftest import at

OWN = {"base_url": "http://127.0.0.1:8078"}
SECRET = "secret of the house"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of two pages and a style, files beside and below it that are none of it, and links."""
    data = tmp_path_factory.mktemp("data")
    site = data / "quality" / "data_docs"
    run = site / "runs" / "20260102T1210-a"
    run.mkdir(parents=True)
    (site / "index.html").write_text('<html><body class="x"><h1>Data quality</h1></body></html>')
    (run / "frames.html").write_text("<html><body>frames</body></html>")
    (site / "style.css").write_text("body { color: black; }")
    (site / "broken.html").write_bytes(b"\xff\xfe")
    hidden = site / "runs" / ".made"
    hidden.mkdir()
    for place in (data / "outside.html", hidden / "half.html", site / ".hidden.html", site / "own.json",
                  site / "own.py", data / "quality" / "beside.html"):  # fmt: skip
        place.write_text(SECRET)
    (site / "link.html").symlink_to(data / "outside.html")
    (site / "link.css").symlink_to(site / "own.json")
    (site / "folder").symlink_to(data)
    (site / "within.html").symlink_to(run / "frames.html")
    (site / "circle.html").symlink_to(site / "circle.html")
    return data


@pytest.fixture(scope="module")
def client(data: Path) -> FlaskClient:
    settings = Settings(home=data, data=data, kafka="127.0.0.1:1")
    return create_app(settings, DashboardSettings(), lambda: at("11:00")).server.test_client()


def test_pages_and_their_style_are_given_out_with_a_way_back(client: FlaskClient) -> None:
    answer = client.get("/data-docs/", **OWN)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert answer.text == f'<html><body class="x">{BACK}<h1>Data quality</h1></body></html>'
    assert "frames" in client.get("/data-docs/runs/20260102T1210-a/frames.html", **OWN).text
    style = client.get("/data-docs/style.css", **OWN)
    assert (style.status_code, style.mimetype, style.text) == (200, "text/css", "body { color: black; }")
    assert client.get("/data-docs", **OWN).headers["Location"].endswith("/data-docs/")


def test_no_script_and_nothing_from_elsewhere_is_allowed_in_them(client: FlaskClient) -> None:
    headers = client.get("/data-docs/", **OWN).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert "default-src 'none'" in POLICY
    assert "script" not in POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"


ELSEWHERE = [
    "../beside.html", "../../outside.html", "runs/../../beside.html", "%2e%2e/beside.html",
    "..%2fbeside.html", "%2e%2e%2f%2e%2e%2foutside.html", "..%5cbeside.html", "%252e%252e/beside.html",
    "/etc/passwd", "%2fetc%2fpasswd", "//etc/hosts.html", "index.html%00.css", "%00", "own.json%00.html",
    "link.html", "link.css", "folder/outside.html", "folder/quality/beside.html", "circle.html",
    ".hidden.html", "runs/.made/half.html", "own.json", "own.py", "runs", "runs/",
    "nowhere.html", "a" * 5000 + ".html", "broken.html", "index.html/../../beside.html", "INDEX.HTML",
]  # fmt: skip


@pytest.mark.parametrize("name", ELSEWHERE)
def test_nothing_else_of_the_disk_is_given_out(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/data-docs/{name}", **OWN, follow_redirects=True)
    assert answer.status_code == 404
    assert SECRET not in answer.text
    assert answer.mimetype == "text/plain"


def test_the_real_path_of_the_file_is_what_counts(data: Path) -> None:
    site = data / "quality" / "data_docs"
    assert found_below(site, "within.html") == site / "runs" / "20260102T1210-a" / "frames.html"
    absolute = [str(data / "outside.html"), "/etc/passwd", "..", "", ".", "a\x00.html"]
    assert [found_below(site, name) for name in absolute] == [None] * len(absolute)


def test_without_a_site_a_sentence_says_how_to_get_one(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, data=tmp_path, kafka="127.0.0.1:1")
    app = create_app(settings, DashboardSettings(), lambda: at("11:00"))
    answer = app.server.test_client().get("/data-docs/", **OWN)
    assert answer.status_code == 404
    assert "airflow dags trigger hourly_counts" in answer.text


def test_they_are_only_read(client: FlaskClient) -> None:
    for method in (client.post, client.put, client.delete):
        assert method("/data-docs/index.html", **OWN).status_code == 405


def document(docs: Path, folder: str, told: object) -> None:
    (docs / "runs" / folder).mkdir(parents=True)
    (docs / "runs" / folder / "summary.json").write_text(json.dumps(told))


def told(run_id: str, checked_at: str, **subjects: str) -> dict[str, object]:
    return {"run_id": run_id, "checked_at": checked_at, "subjects": {"frames": "passed", **subjects}}


def test_a_decision_finds_the_audit_of_its_run_that_led_to_it(tmp_path: Path) -> None:
    document(tmp_path, "1-a", told("run <a>", "2026-01-02T12:10:00Z", objects_candidate="failed"))
    document(tmp_path, "2-b", told("other", "2026-01-02T12:20:00Z"))
    document(tmp_path, "3-a", told("run <a>", "2026-01-02T12:30:00Z", objects_candidate="warned"))
    document(tmp_path, ".half", told("run <a>", "2026-01-02T12:31:00Z"))
    document(tmp_path, "4", ["no summary"])
    document(tmp_path, "5", {"run_id": "run <a>"})
    runs = documented_runs(tmp_path)
    first = DocumentedRun("1-a", "run <a>", at("12:10"), ("objects_candidate",))
    assert [run.folder for run in runs] == ["1-a", "2-b", "3-a"]
    assert runs[0] == first
    assert run_of(runs, "run <a>", at("12:29")) == first
    assert run_of(runs, "run <a>", at("12:30")) == runs[2]
    assert run_of(runs, "run <a>", at("12:00")) is None
    assert run_of(runs, "gone", at("12:30")) is None
    assert (first.page, runs[2].page) == ("runs/1-a/objects_candidate.html", "index.html")
    assert documented_runs(tmp_path / "nowhere") == []
