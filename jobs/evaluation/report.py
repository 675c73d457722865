"""The contact sheet of an evaluation: one HTML file that holds its pictures and fetches nothing."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Final

from jobs.detector.detected_object import DetectedObject
from jobs.evaluation.comparison import ModelResults, PictureResult
from lake.contracts.sentences import count_noun

STYLE: Final = Path(__file__).with_suffix(".css")
HEAD: Final = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Model evaluation</title>
<style>{style}</style></head><body>
<h1>Model evaluation</h1>
"""
SHORT: Final = 12
"""Characters of a hash that are shown; all of it is in the tooltip and the table."""
COLUMNS: Final = ("model", "engine", "load", "per picture", "objects", "failed")


@dataclass(frozen=True, slots=True)
class ReportHeader:
    """Header of a report: the run's name, its start (UTC), and the threshold."""

    run_id: str
    evaluated_at: datetime
    threshold: float

    def over(self, objects: Iterable[DetectedObject]) -> list[DetectedObject]:
        """Select the objects that are reported."""
        return [item for item in objects if item.score >= self.threshold]


def render_report(about: ReportHeader, evaluated: Sequence[ModelResults]) -> str:
    """Render the page; every model has results for the same pictures."""
    pictures = zip(*(model.results for model in evaluated), strict=True)
    sheets = "".join(_sheet(about, evaluated, results_of_picture) for results_of_picture in pictures)
    head = HEAD.format(style=STYLE.read_text(encoding="utf-8"))
    return f"{head}{_intro(about, evaluated)}{_summary(about, evaluated)}{sheets}</body></html>\n"


def _intro(about: ReportHeader, evaluated: Sequence[ModelResults]) -> str:
    models, pictures = len(evaluated), len(evaluated[0].results) if evaluated else 0
    moment = about.evaluated_at.strftime("%Y-%m-%d %H:%M:%S")
    counted = f"{count_noun(models, 'model')} on {count_noun(pictures, 'picture')}"
    return (
        f"<p>{counted}, {moment} UTC. Objects with a score of at least {about.threshold:g} are drawn and "
        "counted. A model is loaded when it has answered once; the first of an engine loads the engine too. "
        f"Run <code>{escape(about.run_id)}</code></p>\n"
    )


def figures_of(about: ReportHeader, model: ModelResults) -> tuple[str, ...]:
    """Format a model's summary, in the order of COLUMNS."""
    load = "-" if model.load_s is None else f"{model.load_s:.2f} s"
    objects = sum(len(about.over(result.objects)) for result in model.results)
    numbers = load, _milliseconds(model.median_s), str(objects), str(model.failed)
    return model.candidate.name, model.candidate.engine, *numbers


def _summary(about: ReportHeader, evaluated: Sequence[ModelResults]) -> str:
    heads = "".join(f"<th>{name}</th>" for name in (*COLUMNS, "weights"))
    rows = "".join(_summary_row(about, model) for model in evaluated)
    return f'<div class="wide"><table><tr>{heads}</tr>\n{rows}</table></div>\n'


def _summary_row(about: ReportHeader, model: ModelResults) -> str:
    cells = *map(escape, figures_of(about, model)), _hash(model.weights_sha256)
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n"


def _sheet(about: ReportHeader, evaluated: Sequence[ModelResults], results: Sequence[PictureResult]) -> str:
    picture = results[0].picture
    size = f" · {picture.width} x {picture.height}" if picture.width else ""
    figures = "\n".join(_figure(about, *pair) for pair in zip(evaluated, results, strict=True))
    return (
        f'<h2>{escape(picture.name)} <span class="soft">{size} · {_hash(picture.sha256)}</span></h2>\n'
        f'<div class="sheet">\n{figures}\n</div>\n'
    )


def _figure(about: ReportHeader, model: ModelResults, result: PictureResult) -> str:
    name = escape(str(model.candidate))
    labels = ", ".join(f"{item.label} {item.score:.2f}" for item in about.over(result.objects))
    words = escape(result.error or labels or "no objects")
    image = ""
    if result.annotated:
        data = base64.b64encode(result.annotated).decode()
        image = f'<img alt="{escape(result.picture.name)}: {words}" src="data:image/jpeg;base64,{data}">'
    caption = f'<span class="bad">{words}</span>' if result.error else words
    return (
        f"<figure>{image}<figcaption><b>{name}<span>{_milliseconds(result.seconds)}</span></b>"
        f"{caption}</figcaption></figure>"
    )


def _hash(digest: str | None) -> str:
    return f'<code title="SHA-256 {digest}">{digest[:SHORT]}</code>' if digest else "-"


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.1f} ms"
