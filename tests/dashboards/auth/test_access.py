"""What is open without a login, to a viewer, and to an admin."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import dash
import pytest

from dashboards.auth import access
from tests.dashboards.logins import Browser, Site

OPEN = {"/login", "/healthz"}
REPORT = "report-timeline.figure"
PAGES = ".._pages_content.children..._pages_store.data.."


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = Site(tmp_path_factory.mktemp("data"))
    made.write("anna", "vic")
    return made


@pytest.fixture
def viewer(site: Site) -> Browser:
    browser = site.browser()
    browser.log_in("vic")
    return browser


@pytest.fixture
def admin(site: Site) -> Browser:
    browser = site.browser()
    browser.log_in("anna")
    return browser


@pytest.fixture
def report_for_admins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "ADMIN_ONLY", ("/report",))


def requests_of(site: Site) -> Iterator[tuple[str, str]]:
    """Every method of every rule, with a made-up value for each part of its path."""
    adapter = site.app.server.url_map.bind("127.0.0.1")
    for rule in site.app.server.url_map.iter_rules():
        values = {name: "x" for name in rule.arguments} | (rule.defaults or {})
        path = adapter.build(rule.endpoint, values)
        yield from ((method, path) for method in (rule.methods or set()) - {"HEAD"})


def test_without_a_login_every_rule_is_closed_but_the_few_that_are_open(site: Site) -> None:
    browser = site.browser()
    seen = set()
    for method, path in requests_of(site):
        answer = browser.client.open(path, method=method, base_url="http://127.0.0.1:8078")
        assert (answer.status_code == 401) == (path not in OPEN or (path, method) == ("/login", "POST")), path
        seen.add(path)
    pages = {"/", "/login", "/logout", "/healthz", "/_dash-layout", "/_dash-update-component"}
    files = {"/assets/x", "/live/state.json", "/live/x/x.jpg", "/picture/x/x/x/x.jpg", "/report/objects.csv"}
    assert pages | files <= seen


@pytest.mark.parametrize(
    "path",
    ["/report", "/nowhere", "/pipeline", "/data-docs/index.html", "/assets/live.js", "/assets/../login.css",
     "/login/", "/healthz/", "/assets/login.css/x", "/LOGIN"],
)  # fmt: skip
def test_without_a_login_a_page_leads_to_it_and_a_script_is_told(site: Site, path: str) -> None:
    browser = site.browser()
    answer = browser.look(path)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login?next=%2F")
    assert browser.get(path, Accept="*/*").status_code == 401
    assert browser.get(path, Accept="image/avif,image/*").status_code == 401


def test_the_style_of_the_login_and_the_bare_health_are_open_to_all(site: Site, viewer: Browser) -> None:
    browser = site.browser()
    with browser.get("/assets/login.css") as style:
        assert style.status_code == 200
    bare = browser.get("/healthz").json
    assert bare is not None
    assert (bare["state"], bare["pages"]["live"]) == ("error", {"state": "error"})
    assert {tuple(page) for page in bare["pages"].values()} == {("state",)}
    known = viewer.get("/healthz").json
    assert known is not None
    assert known["pages"]["live"] == {"state": "error", "sentence": "not connected yet"}


def test_a_session_that_ended_is_told_to_scripts_of_an_open_page(site: Site, viewer: Browser) -> None:
    assert viewer.call(PAGES, "/", "").status_code == 200
    viewer.post("/logout")
    assert viewer.call(PAGES, "/", "").status_code == 401


def test_what_was_shown_is_not_kept_by_the_browser(viewer: Browser) -> None:
    assert viewer.look("/").headers["Cache-Control"] == "no-store"
    assert viewer.get("/_dash-layout").headers["Cache-Control"] == "no-store"


def test_a_viewer_is_told_that_the_pipeline_is_for_admins(viewer: Browser, admin: Browser) -> None:
    for path in ("/pipeline", "/pipeline/", "/pipeline/tables.json"):
        answer = viewer.look(path)
        assert answer.status_code == 403
        assert "This is for admins only." in answer.text
        assert "Log out vic" in answer.text
        assert viewer.get(path).text.startswith("This is for admins only.")
    assert viewer.look("/pipelines").status_code == 404
    assert admin.look("/pipeline/tables.json").status_code != 403


@pytest.mark.usefixtures("report_for_admins")
def test_a_page_for_admins_is_not_offered_to_a_viewer(viewer: Browser, admin: Browser) -> None:
    assert links(admin) == ["/", "/report", "/explore"]
    assert links(viewer) == ["/", "/explore"]


def links(browser: Browser) -> list[str]:
    """Where the navigation leads."""
    found: list[str] = []

    def look(part: object) -> object:
        if isinstance(part, dict) and part.get("type") == "NavLink":
            found.append(part["props"]["href"])
        return part

    json.loads(browser.get("/_dash-layout").text, object_hook=look)
    return [path for path in found if path in ("/", "/report", "/explore")]


@pytest.mark.usefixtures("report_for_admins")
def test_no_callback_gives_a_viewer_what_is_for_admins(site: Site, viewer: Browser, admin: Browser) -> None:
    [draw] = [output for output in site.app.callback_map if REPORT in output]
    assert viewer.look("/report").status_code == 403
    assert viewer.look("/report/objects.csv").status_code == 403
    for path in ("/report", "/report/", "//report//"):
        assert viewer.call(PAGES, path, "").status_code == 403
        assert "report-panels" in admin.call(PAGES, path, "").text
    assert viewer.call(draw).status_code == 403
    assert admin.call(draw).status_code != 403
    assert viewer.call(PAGES, "/explore", "").status_code == 200


def test_a_page_carries_no_layout_of_another(tmp_path: Path) -> None:
    assert "report-panels" not in Site(tmp_path).browser().look("/").text


def test_every_callback_stands_in_a_module_that_bears_the_name_of_its_page(site: Site) -> None:
    """The rule by which callbacks are kept for admins: see `access.may_call`."""
    site.browser().look("/")
    pages = tuple(module.rpartition(".")[2] for module in dash.page_registry)
    on_server = [
        known["callback"].__module__ for known in site.app.callback_map.values() if "callback" in known
    ]
    own = [module for module in on_server if not module.startswith("dash.")]
    assert len(own) > 1
    assert [module for module in own if not module.rpartition(".")[2].startswith(pages)] == []


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b'{"output": 7}', b'{"output": "x.y"}'])
def test_a_callback_that_is_none_is_no_way_in(site: Site, viewer: Browser, body: bytes) -> None:
    for browser, codes in ((site.browser(), {401}), (viewer, {400, 415, 500})):
        answer = browser.client.post("/_dash-update-component", data=body, base_url="http://127.0.0.1:8078")
        assert answer.status_code in codes
