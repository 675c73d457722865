"""What the simulation of `benchmarks.thousand_cameras` found, as the tables of docs/how-big.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.sizing_rows import number

Found = Mapping[str, Any]
STEPS = ("due", "start Spark", "count", "check", "publish", "whole run")


def found_text(simulated: Found) -> str:
    """All parts of the simulation with the most cameras, as Markdown."""
    written, waiting, run, spoken, looked = (
        simulated[part][max(simulated[part], key=int)]
        for part in ("write", "before", "hour", "status", "pages")
    )
    parts = [
        _archives(written),
        _hourly_run(run),
        _questions(waiting, run),
        _tables(run),
        _notices(spoken),
        _pages(looked),
    ]
    return "\n\n".join(parts)


def _grid(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    rule = "|---|" + "---:|" * (len(head) - 1)
    return "\n".join([f"### {title}", "", "| " + " | ".join(head) + " |", rule, *lines])


def _archives(written: Found) -> str:
    fleet = written["fleet"]
    title = (
        f"An hour of {fleet['cameras']:,} cameras, a frame every {fleet['every_s']:g} s:"
        f" {written['records']:,} records"
    )
    rows = [
        (name, f"{one['count']:,}", f"{1000 * one['first_s']:.0f} ms", f"{1000 * one['last_s']:.0f} ms",
         *_size(written["tables_as_archived"][name]))
        for name, one in written["commits"].items()
    ]  # fmt: skip
    head = ("table", "commits", "first ones", "last ones", "files", "MB", "log files", "MB of log")
    return _grid(title, head, rows)


def _size(table: Found) -> tuple[str, ...]:
    log = table["log"]
    return (
        f"{table['files']:,}",
        number(table["bytes"] / 1e6),
        f"{log['files']:,}",
        number(log["bytes"] / 1e6),
    )


def _hourly_run(run: Found) -> str:
    seconds, compaction = run["hourly_run"]["seconds"], run["compaction"]
    rows = [(step, number(seconds[step]), "") for step in STEPS[:-1]]
    rows += [(STEPS[-1], number(seconds[STEPS[-1]]), number(run["hourly_run"]["memory_mb"]))]
    rows += [("compaction", number(compaction["seconds"]), number(compaction["memory_mb"]))]
    return _grid("The hourly run over it, on one core", ("step", "seconds", "peak MB"), rows)


def _questions(waiting: Found, run: Found) -> str:
    rows = [
        (name, when, number(one["seconds"]), number(one["memory_mb"]), f"{one['answer']:,}")
        for when, asked in (("before", waiting), ("after", run))
        for name, one in asked["questions"].items()
    ]
    head = ("question", "the run", "seconds", "peak MB", "answer")
    return _grid("What jobs and pages ask of it, each in a process of its own", head, rows)


def _tables(run: Found) -> str:
    rows = [
        (f"`{name}`", f"{one['rows']:,}", *_size(one))
        for name, one in sorted(run["tables"].items()) if one["rows"]
    ]  # fmt: skip
    docs = run["data_docs"]
    rows += [("Data Docs", "", f"{docs['files']:,}", number(docs["bytes"] / 1e6), "", "")]
    return _grid(
        "Tables after it, compacted", ("table", "rows", "files", "MB", "log files", "MB of log"), rows
    )


def _notices(spoken: Found) -> str:
    batches = spoken["batches"]
    rows = [
        ("notices sent, all of them stored", f"{spoken['sent']:,}"),
        ("micro-batches of the archive", len(batches)),
        ("notices of the largest", f"{max(one['rows'] for one in batches):,}"),
        ("seconds of the slowest", number(max(one["trigger_ms"] for one in batches) / 1000)),
        ("most left unread by one", f"{max(one['behind'] or 0 for one in batches):,}"),
        *((f"milliseconds of {role} for a notice", number(max(0, one)))
          for role, one in spoken["cpu_ms_per_notice"].items()),
    ]  # fmt: skip
    return _grid(
        f"{spoken['minutes']:g} minutes of heartbeats of {spoken['cameras']:,} cameras", ("", ""), rows
    )


def _pages(looked: Found) -> str:
    pages, state = looked["pages"], looked["state"]
    rows: list[tuple[object, ...]] = [
        (name, number(one["shown_after_s"]), f"{one['elements']:,}", number(one["longest_pause_ms"]))
        for name, one in pages.items()
    ]
    shown = _grid(
        "Pages, while all cameras send", ("page", "shown after s", "elements", "longest pause, ms"), rows
    )
    said = (
        f"The live page asks for {state['kb']:.0f} kB ten times a second, answered in"
        f" {number(state['median_ms'])} ms; it shows {state['cameras']} of {state['found']:,} cameras."
        f" The dashboard takes {number(looked['alone'])} of a core to follow {number(looked['per_second'])}"
        f" pictures and results a second, {number(looked['looked_at'])} while somebody looks, and"
        f" {number(looked['memory_mb'])} MB."
    )
    return f"{shown}\n\n{said}"
