"""Who asks, and what is kept for admins: pages, everything below their paths, and their callbacks."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import dash
from flask import abort, has_request_context
from flask_login import current_user

from dashboards.auth.users import ADMIN, User

ADMIN_ONLY: Final = ("/pipeline",)
"""Paths that only admins may open, with all that lies below them and the callbacks of their pages."""


def person() -> User | None:
    """Who asks; None while nobody is logged in."""
    found = current_user._get_current_object() if has_request_context() else None
    return found if isinstance(found, User) else None


def may_open(path: str) -> bool:
    """Whether who asks may open a path; not whether there is something."""
    asks = person()
    return asks is not None and (asks.role == ADMIN or not is_kept(path))


def may_call(output: str, module: str) -> bool:
    """Whether who asks may run a callback, by what it writes and by the module it stands in."""
    asks = person()
    if asks is None or asks.role == ADMIN:
        return asks is not None
    words = {path.rpartition("/")[2] for path in ADMIN_ONLY}
    return not any(module.rpartition(".")[2].startswith(word) or word in output for word in words)


def is_kept(path: str) -> bool:
    """Whether a path is kept for admins."""
    asked = "/" + path.strip("/")
    return any(asked == kept or asked.startswith(f"{kept}/") for kept in ADMIN_ONLY)


def guard_pages() -> None:
    """Let no layout be made for who may not open its page: Dash gives pages out by a callback too."""
    for page in dash.page_registry.values():
        if not hasattr(page["layout"], "__wrapped__"):
            page["layout"] = _guarded(page["relative_path"], page["layout"])


def _guarded(path: str, layout: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(layout)
    def guarded(**query: str) -> Any:
        if not may_open(path):
            abort(403)
        return layout(**query)

    return guarded
