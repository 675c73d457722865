"""The report in words: what was counted, of what, and how it was before."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import ZoneInfo

from dash import html

from dashboards.data.report_counts import Counts
from dashboards.data.report_history import History
from dashboards.ui.zone_words import shown
from lake.contracts.sentences import count_noun

MAX_LABELS: Final = 12


def summary(counts: Counts) -> str:
    """Objects beside the frames on which they were counted."""
    if not counts.hours:
        return "No frames came in this period: choose another one, or look at Live whether a camera sends."
    cameras = len({one.camera for one in counts.hours})
    received = sum(one.received for one in counts.hours)
    if not counts.analysed:
        return f"{received:,} frames of {cameras} cameras came in, and none of them is analysed yet."
    rate = counts.objects / counts.analysed
    return (
        f"{counts.objects:,} objects on {counts.analysed:,} analysed frames "
        f"of {count_noun(cameras, 'camera')}: "
        f"{rate:.2f} per frame."
        f"{_gated(sum(one.gated for one in counts.hours))}{_of_placeless(counts.placeless)}"
    )


def _gated(number: int) -> str:
    """A camera that sends little, since nothing moves before it, is quiet and not off."""
    word = "picture was" if number == 1 else "pictures were"
    return f" {number:,} more {word} not sent, as nothing moved." if number else ""


def _of_placeless(number: int) -> str:
    said = f" {number:,} objects were imported without their place in the picture, and are on neither map."
    return said if number else ""


def freshness(history: History, counts: Counts, zone: ZoneInfo) -> str:
    """Since when numbers are live, how many hours are held, and what is still to be read."""
    if history.error:
        return f"These numbers may be old: {history.error}."
    if history.read_at is None:
        return "Reading the lake …"
    said = [f"Read at {shown(history.read_at, zone)}."]
    live = [one.hour for one in counts.hours if one.state == "live"]
    held = sum(one.state == "held" for one in counts.hours)
    published = sum(one.state == "published" for one in counts.hours)
    said.append(f"Hours of cameras: {published:,} published, {len(live):,} live, {held:,} held.")
    if live:
        said.append(f"Live since {shown(min(live), zone)}: these numbers may still change.")
    if held:
        said.append("A held hour failed its checks and changes no chart until it passes.")
    if history.unread:
        said.append(f"{count_noun(history.unread, 'older day')} still to be read …")
    if history.left_out:
        said.append(f"{count_noun(history.left_out, 'older day')} left out: more than a report can keep.")
    return " ".join(said)


def comparison(now: Counts, before: Counts) -> Any:
    """A table of labels: this period beside the one before, of the same length."""
    names = list(now.labels)[:MAX_LABELS]
    names += [name for name in before.labels if name not in names][: MAX_LABELS - len(names)]
    head = [html.Th(word, scope="col") for word in ("Label", "Objects", "Per frame", "Before", "Change")]
    rows = [_row("all", now.objects, before.objects, now, before)]
    rows += [_row(name, now.labels.get(name, 0), before.labels.get(name, 0), now, before) for name in names]
    return html.Table([html.Thead(html.Tr(head)), html.Tbody(rows)])


def _row(name: str, objects: int, earlier: int, now: Counts, before: Counts) -> Any:
    rate, was = _rate(objects, now.analysed), _rate(earlier, before.analysed)
    change = f"{rate / was - 1:+.0%}" if rate is not None and was else "-"
    cells = [f"{objects:,}", _said(rate), _said(was), change]
    return html.Tr([html.Th(name, scope="row"), *(html.Td(cell) for cell in cells)])


def _rate(objects: int, frames: int) -> float | None:
    return objects / frames if frames else None


def _said(rate: float | None) -> str:
    return "no frames" if rate is None else f"{rate:.3f}"
