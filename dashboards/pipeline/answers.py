"""What the pipeline page answers: each part anew only where something in it is new."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from dash import html, no_update

from dashboards.data.background_reader import Reading
from dashboards.data.pipeline_facts import Pipeline
from dashboards.pipeline import (
    figures as pipeline_figures,
)
from dashboards.pipeline import (
    sentences as pipeline_words,
)
from dashboards.pipeline import (
    tables as pipeline_tables,
)
from dashboards.pipeline.query import PipelineQuery
from dashboards.pipeline.sentences import clock, freshness
from dashboards.ui.context import Context
from lake.config.settings import LOOPBACK

CONTROLS: Final = ("period", "zone")
CHARTS: Final = {
    "rates": "Records per minute",
    "durations": "How long batches take (dotted: p95)",
    "behind": "Records behind",
}
PARTS: Final = ("stream", "charts", "ledger", "hours", "tables", "dags")
AIRFLOW: Final = "The other parts of this page do not need it."
Value = TypeVar("Value")


def pipeline(query: PipelineQuery, context: Context) -> Pipeline:
    """What is known; asks for what is not."""
    return context.services.pipeline.now(query.period)


def tokens(known: Pipeline, query: PipelineQuery) -> dict[str, str]:
    """For each part, text that changes when there is something new to draw in it."""
    own: dict[str, Reading[Any]] = {
        "stream": known.stream,
        "charts": known.minutes,
        "ledger": known.ledger,
        "hours": known.hours,
        "tables": known.tables,
        "dags": known.dags,
    }
    return {name: f"{_token(kept)} {query.to_query()}" for name, kept in own.items()}


def _token(kept: Reading[Any]) -> str:
    """Times are shown in minutes."""
    return f"{kept.version} {clock(kept.read_at, ZoneInfo('UTC'))} {kept.old} {kept.error}"


def answer(
    known: Pipeline, query: PipelineQuery, context: Context, stale: Mapping[str, bool]
) -> tuple[list[Any], list[Any]]:
    """Figures and parts in the order of the page, Dash's word for no change where nothing is new.

    Args:
        known: what was read.
        query: the zone in which times are shown.
        context: the ports of other programs.
        stale: whether a part must be drawn anew.
    """
    zone = ZoneInfo(query.shown_in(context.settings.time_zone))
    figures: list[Any] = [no_update] * len(CHARTS)
    if stale["charts"] and known.minutes.value:
        minutes = known.minutes.value
        figures = [
            pipeline_figures.rates(minutes, zone),
            pipeline_figures.durations(minutes, zone),
            pipeline_figures.behind(minutes, zone),
        ]
    drawn: dict[str, Callable[[], list[Any]]] = {
        "stream": lambda: _stream(known, zone),
        "charts": lambda: _part(known.minutes, zone, lambda now: [html.P(pipeline_words.charts(now))]),
        "ledger": lambda: _ledger(known, zone),
        "hours": lambda: _hours(known, zone),
        "tables": lambda: _tables(known, zone),
        "dags": lambda: _dags(known, context.dashboard.airflow_port, zone),
    }
    return figures, [drawn[name]() if stale[name] else no_update for name in PARTS]


def _part(
    kept: Reading[Value],
    zone: ZoneInfo,
    show: Callable[[Value], list[Any]],
    cure: str = pipeline_words.DOCTOR,
) -> list[Any]:
    """What is known of a part, and how fresh that is; a screen reader is told only when it is not."""
    shown = [] if kept.value is None else show(kept.value)
    news: dict[str, Any] = {"role": "status"} if kept.error or kept.old else {}
    return [*shown, html.P(freshness(kept, zone, cure), className="fresh", **news)]


def _stream(known: Pipeline, zone: ZoneInfo) -> list[Any]:
    return _part(
        known.stream,
        zone,
        lambda now: [html.P(pipeline_words.stream(now)), pipeline_words.problem_list(now.complaints)],
    )


def _ledger(known: Pipeline, zone: ZoneInfo) -> list[Any]:
    return _part(
        known.ledger,
        zone,
        lambda now: [*pipeline_words.balance(now, zone), pipeline_tables.ledger(now.ledger)],
    )


def _hours(known: Pipeline, zone: ZoneInfo) -> list[Any]:
    return _part(
        known.hours,
        zone,
        lambda found: [
            html.P(pipeline_words.reconciled(found)),
            *([pipeline_tables.hours(found, zone)] if found else []),
        ],
    )


def _tables(known: Pipeline, zone: ZoneInfo) -> list[Any]:
    return _part(
        known.tables,
        zone,
        lambda found: [html.P(pipeline_words.tables(found)), pipeline_tables.sizes(found, zone)],
    )


def _dags(known: Pipeline, port: int, zone: ZoneInfo) -> list[Any]:
    read_at = known.dags.read_at

    def show(found: Any) -> list[Any]:
        if not found:
            return [html.P("Airflow knows no DAG yet: it looks for them once a minute.")]
        pages = html.P([pipeline_words.link(f"http://{LOOPBACK}:{port}", "Airflow's pages"), "."])
        return [pages, pipeline_tables.dags(found, port, read_at, zone)] if read_at else []

    return _part(known.dags, zone, show, AIRFLOW)
