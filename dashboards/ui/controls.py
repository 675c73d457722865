"""Controls that several pages have; the id of each is its page and the word that the address has for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import dash_mantine_components as dmc

CLEAR: Final = {"aria-label": "Clear"}
"""What the cross that empties a field is called."""


def choice(page: str, word: str, title: str, words: Mapping[str, str], chosen: str) -> Any:
    """One of some values, each with its words for people."""
    data = [{"value": value, "label": label} for value, label in words.items()]
    return dmc.Select(id=f"{page}-{word}", label=title, data=data, value=chosen, allowDeselect=False)


def names(page: str, word: str, title: str, chosen: Sequence[str]) -> Any:
    """Any of the names that the page will come to know; none means all."""
    return dmc.MultiSelect(
        id=f"{page}-{word}", label=title, data=list(chosen), value=list(chosen), placeholder="all",
        searchable=True, clearable=True, clearButtonProps=CLEAR, debounce=400,
    )  # fmt: skip


def zone_choice(page: str, site: str, chosen: str) -> Any:
    """The zone in which times are shown: the site's, UTC, or the one that the address names."""
    return choice(page, "zone", "Times in", {chosen: chosen, "site": site, "utc": "UTC"}, chosen)
