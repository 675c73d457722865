"""Data Docs of the audits, read-only: only pages and their style, and only those below their folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from flask import Flask, Response
from werkzeug.security import safe_join

from dashboards.ui.context import current_context
from lake.contracts.data_docs import DOCS, QUALITY

PREFIX: Final = "/data-docs/"
TYPES: Final = {".html": "text/html", ".css": "text/css"}
POLICY: Final = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""No script at all; Great Expectations' pages hold styles of their own."""
BODY: Final = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
BACK: Final = '<p><a href="/quality">Back to the dashboard: Quality</a></p>'
NO_DOCS: Final = (
    "There are no Data Docs yet: the first audit of counted hours writes them.\n"
    "Start one: ./pycturestream airflow dags trigger hourly_counts\n"
)
NO_PAGE: Final = "There is no such page of Data Docs; only the last audits keep theirs. See /data-docs/\n"


def docs_folder() -> Path:
    """Where the jobs write the site."""
    return current_context().settings.data / QUALITY / DOCS


def found_below(root: Path, name: str) -> Path | None:
    """The file of a name below the root; None for everything that is no page, or lies elsewhere."""
    if "\x00" in name or any(part.startswith(".") for part in name.split("/")):
        return None
    joined = safe_join(str(root), name)
    if joined is None:
        return None
    try:
        # A link may lead out of the folder: what counts is where the file really is.
        path, real = Path(joined).resolve(strict=True), root.resolve(strict=True)
    except (OSError, RuntimeError):
        return None
    return path if path.is_file() and path.is_relative_to(real) and path.suffix in TYPES else None


def page(name: str = "index.html") -> Response:
    """A page or its style; 404 in a sentence for anything else."""
    root = docs_folder()
    path = found_below(root, name)
    try:
        content = path.read_text() if path else None
    except (OSError, UnicodeDecodeError):
        content = None
    if path is None or content is None:
        return Response(NO_PAGE if root.is_dir() else NO_DOCS, 404, mimetype="text/plain")
    if path.suffix == ".html":
        content = BODY.sub(lambda body: body.group() + BACK, content, count=1)
    answer = Response(content, mimetype=TYPES[path.suffix])
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def register(server: Flask) -> None:
    """Add the routes."""
    server.add_url_rule(PREFIX, "data_docs", page)
    server.add_url_rule(f"{PREFIX}<path:name>", "data_docs_page", page)
