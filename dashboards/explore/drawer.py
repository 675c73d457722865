"""What the drawer tells of a frame: its picture, and everything about where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from dash import html

from dashboards.data.provenance import Provenance
from dashboards.explore.drawn_pictures import NoPictureError, stored_picture
from dashboards.explore.grid import moment
from lake.contracts.wire_format import rfc3339

MAX_HEADER_LENGTH: Final = 200
COPIED: Final = ("Frame", "Topic id", "SHA-256", "Detector run", "Configuration", "Run that decided")


def facts(title: str, told: Iterable[tuple[str, object]]) -> html.Section:
    """A heading and pairs of name and value, as text; ids can be copied."""
    pairs: list[Any] = []
    for name, value in told:
        said = "-" if value is None or value == "" else str(value)
        copy = [_copy(name, said)]
        wanted = copy if name in COPIED and said != "-" else []
        pairs += [html.Dt(name), html.Dd([html.Span(said), *wanted])]
    return html.Section([html.H3(title), html.Dl(pairs, className="facts")])


def _copy(name: str, said: str) -> html.Button:
    extra: dict[str, Any] = {"data-copy": said, "aria-label": f"Copy {name}"}
    return html.Button("Copy", className="copy", title=f"Copy {name}", **extra)


def picture(known: Provenance, stored: Mapping[str, Any], threshold: float) -> Any:
    """The picture with boxes, or why there is none."""
    try:
        stored_picture(stored)
    except NoPictureError as error:
        return html.P(str(error), className="no-picture", role="note")
    seen = known.analyses[0]["objects"] if known.analyses else None
    over = [one for one in seen or [] if one["score"] >= threshold]
    words = ", ".join(f"{one['label']} {one['score']:.2f}" for one in over) or "no objects"
    camera = known.origin["camera_id"] or "unknown camera"
    plain = f"/picture/{known.record.key}.jpg"
    address = f"{plain}?{urlencode({'boxes': 1, 'threshold': f'{threshold:g}'})}"
    return html.Figure(
        [
            html.Img(src=address, alt=f"Picture of {camera} with boxes around: {words}", className="drawn"),
            html.Figcaption([f"{camera}: {words}. ", html.A("Without boxes", href=plain, target="_blank")]),
        ]
    )


def drawer_sections(known: Provenance, zone: ZoneInfo) -> list[Any]:
    """All sections under the picture."""
    return [
        _record(known, zone),
        _times(known, zone),
        _headers(known.frame.get("headers") or []),
        _run(known.run, known.analyses[0] if known.analyses else {}),
        _analyses(known.analyses, zone),
        _publication(known, zone),
    ]


def _record(known: Provenance, zone: ZoneInfo) -> html.Section:
    row, frame = known.origin, known.frame
    size = f"{frame['width']} x {frame['height']} px, as the agent says" if frame.get("width") else None
    return facts(
        "Record",
        [
            ("Frame", row["frame_id"]),
            ("Topic", row["topic"]),
            ("Topic id", row["topic_id"]),
            ("Partition", row["partition"]),
            ("Offset", row["offset"]),
            ("Appended at", moment(row["appended_at"], zone)),
            ("Bytes", f"{frame['bytes']:,}" if frame.get("bytes") is not None else None),
            ("SHA-256", frame.get("sha256")),
            ("Format", frame.get("format")),
            ("Size", size),
            ("Problem", frame.get("problem")),
        ],
    )


def _times(known: Provenance, zone: ZoneInfo) -> html.Section:
    row = known.origin
    seen = known.analyses[0] if known.analyses else {}
    stages = [
        ("Captured", row["captured_at"]),
        ("Sent", row["sent_at"]),
        ("Appended", row["appended_at"]),
        ("Batch", seen.get("batch_at")),
        ("Started", seen.get("started_at")),
        ("Finished", seen.get("finished_at")),
    ]
    corrected = "yes: the agent's clock is wrong" if row["clock_skewed"] else "no"
    observed = [("Observed at", moment(row["observed_at"], zone)), ("Clock corrected", corrected)]
    return facts("Stages", [*observed, *with_differences(stages, zone)])


def with_differences(stages: Sequence[tuple[str, datetime | None]], zone: ZoneInfo) -> list[tuple[str, str]]:
    """Each stage's time, and how long after the one before that is known."""
    said, before = [], None
    for name, at in stages:
        after = "" if at is None or before is None else f" ({(at - before).total_seconds():+.3f} s)"
        said.append((name, moment(at, zone) + after))
        before = at or before
    return said


def _headers(headers: Sequence[Mapping[str, Any]]) -> html.Section:
    """As they came: bytes as text, cut."""
    pairs = [
        (
            str(one["key"])[:MAX_HEADER_LENGTH],
            (one["value"] or b"")[:MAX_HEADER_LENGTH].decode("utf-8", "replace"),
        )
        for one in headers[:50]
    ]
    return facts("Headers as they came", pairs or [("Headers", "none stored")])


def _run(run: Mapping[str, Any], seen: Mapping[str, Any]) -> html.Section:
    files = [(f"File {name}", digest) for name, digest in dict(run.get("model_sha256") or {}).items()]
    return facts(
        "Detector",
        [
            ("Detector run", seen.get("run_id")),
            ("Layer", seen.get("layer")),
            ("Model", run.get("model")),
            ("Engine", run.get("engine")),
            *files,
            ("Stored score", run.get("stored_score")),
            ("Report threshold", run.get("report_threshold")),
            ("Policy", run.get("policy")),
            ("Stale after (s)", run.get("stale_after_s")),
            ("Configuration", run.get("configuration_sha256")),
        ],
    )


def _analyses(analyses: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> html.Section:
    items = []
    for number, one in enumerate(analyses):
        counts = "counts" if number == 0 else "does not count"
        reason = f" ({one['reason']})" if one["reason"] else f", {len(one['objects'] or [])} objects stored"
        said = f"{one['layer']} run {one['run_id']}: {one['status']}{reason}"
        items.append(html.Li(f"{said}, finished {moment(one['finished_at'], zone)}: it {counts}"))
    body = html.Ol(items) if items else html.P("Not analysed yet.")
    return html.Section([html.H3("Analyses of this record"), body])


def _publication(known: Provenance, zone: ZoneInfo) -> html.Section:
    decided = known.publication
    reasons = " ".join(decided.get("reasons") or [])
    read = [(f"Version of {name} read now", version) for name, version in known.versions.items()]
    return facts(
        "Publication",
        [
            ("State", decided.get("state", "nobody decided yet: live")),
            ("Served", decided.get("serving", "live")),
            ("Reasons", reasons),
            ("Run that decided", decided.get("run_id")),
            ("Decided at", moment(decided["decided_at"], zone) if decided else None),
            ("Candidate version", decided.get("objects_candidate_version")),
            ("Published version", decided.get("published_objects_version")),
            *read,
        ],
    )


def dependents(title: str, hours: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> html.Section:
    """Published hours, each with a link to its objects."""
    items = [
        html.Li(
            html.A(
                f"{one['camera_id']}, {moment(one['hour'], zone)[:16]}: {one['objects']} objects",
                href=hour_address(one["hour"], one["camera_id"]),
            )
        )
        for one in hours
    ]
    body = html.Ul(items) if items else html.P("No published hour.")
    return html.Section([html.H3(title), body])


def hour_address(hour: datetime, camera_id: str) -> str:
    """Of the objects of one hour and camera."""
    span = {"from": rfc3339(hour), "to": rfc3339(hour + timedelta(hours=1))}
    return "/explore?" + urlencode({"camera": camera_id, "period": "custom", **span})
