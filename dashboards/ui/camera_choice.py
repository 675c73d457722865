"""Cameras to choose from in people's words, and the time zones of their places. Names are only ever text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from dashboards.data.camera_registry import RegisteredCamera, Registry
from dashboards.ui.context import Context

MAX_NAMES: Final = 3
"""Cameras that a zone names; of more it says how many."""


def registry(context: Context) -> Registry:
    """The registered cameras that this server keeps."""
    return context.services.cameras


def cameras(context: Context, found: Iterable[str], chosen: Iterable[str]) -> list[dict[str, str]]:
    """Cameras for a control, sorted by id; a chosen one stays although it is not known."""
    words = registry(context).words({*found, *chosen})
    return [{"value": one, "label": words[one]} for one in sorted(words)]


def zones(context: Context, chosen: Iterable[str], zone: str) -> list[dict[str, str]]:
    """Zones for a control: the site's, UTC, and those of the chosen cameras' places, or of all."""
    site, known = context.settings.time_zone, registry(context).now()
    wanted = [known[one] for one in chosen if one in known] or list(known.values())
    words = {"site": site, "utc": "UTC"}
    words |= {one: said for one, said in zone_words(wanted).items() if one not in (site, "UTC")}
    return [{"value": value, "label": label} for value, label in ({zone: zone} | words).items()]


def zone_words(wanted: Iterable[RegisteredCamera]) -> Mapping[str, str]:
    """Each zone of the cameras with whose it is.

    >>> zone_words([RegisteredCamera("door", time_zone="Asia/Tokyo"), RegisteredCamera("yard")])
    {'Asia/Tokyo': 'Asia/Tokyo (door)'}
    """
    places: dict[str, list[str]] = {}
    for one in wanted:
        if one.time_zone:
            places.setdefault(one.time_zone, []).append(one.camera_id)
    return {zone: f"{zone} ({_named(ids)})" for zone, ids in sorted(places.items())}


def _named(ids: list[str]) -> str:
    return ", ".join(ids) if len(ids) <= MAX_NAMES else f"{len(ids)} cameras"
