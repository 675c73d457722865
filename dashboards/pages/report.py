"""Report: what was seen, when and where, beside how much of the time anything could be seen."""

from __future__ import annotations

from typing import Any

import dash
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, dcc, html
from dash.exceptions import PreventUpdate

from dashboards.report import answers as report_answers
from dashboards.report.charts import CHARTS
from dashboards.report.controls import bar
from dashboards.report.query import ReportQuery
from dashboards.ui import camera_choice
from dashboards.ui.context import current_context
from dashboards.ui.filters import FilterError
from lake.storage.reader import LakeUnreadableError

dash.register_page(  # type: ignore[no-untyped-call]
    __name__, path="/report", name="Report", title="PyctureStream: report", order=1
)

OTHERS = (
    Output("report-summary", "children"),
    Output("report-freshness", "children"),
    Output("report-comparison", "children"),
    Output("report-camera", "data"),
    Output("report-label", "data"),
    Output("report-zone", "data"),
    Output("report-query", "data"),
    Output("report-drawn", "data"),
)
"""What is drawn beside the charts."""
CLICKED = tuple(chart.id for chart in CHARTS if chart.opens_rows)


def layout(**query: str) -> Any:
    """The page for an address."""
    try:
        asked = ReportQuery.read(query)
    except FilterError as error:
        said = html.P([f"{error} ", html.A("Clear all", href="/report")], role="alert")
        return html.Div([html.H1("Report"), said])
    return html.Div(
        [
            html.H1("Report"),
            bar(asked, current_context().settings.time_zone),
            *_other_threshold(asked),
            html.P("Reading the lake …", id="report-summary", role="status"),
            html.P("", id="report-freshness"),
            html.P(_downloads(), id="report-downloads"),
            html.Div(
                [*(_panel(chart.id, chart.title) for chart in CHARTS), _comparison()], id="report-panels"
            ),
            dcc.Store(id="report-query", data=asked.to_query()),
            dcc.Store(id="report-drawn", data=""),
            dcc.Interval(id="report-tick", interval=3000),
        ],
        id="report",
    )


def _other_threshold(asked: ReportQuery) -> list[Any]:
    """A sentence where another least score is counted than the address names."""
    if asked.said_threshold == asked.filters.threshold:
        return []
    counted, said = asked.filters.threshold, asked.said_threshold
    return [html.P(f"A report counts in steps of 0.05: the least score is {counted:g} here, not {said:g}.")]


def _downloads() -> list[Any]:
    links = [
        html.A(
            kind.upper() if kind == "csv" else kind.capitalize(),
            id=f"report-{kind}",
            href=f"/report/objects.{kind}",
        )
        for kind in ("csv", "parquet")
    ]
    return ["Download these objects: ", links[0], " ", links[1]]


def _comparison() -> Any:
    title = html.H2("This period and the one before, of the same length")
    return html.Section([title, html.Div(id="report-comparison")], className="panel")


def _panel(name: str, title: str) -> Any:
    graph = dcc.Graph(id=f"report-{name}", config={"displaylogo": False, "displayModeBar": "hover"})
    return html.Section([html.H2(title), graph], className=f"panel panel-{name}")


def _refused(sentence: str) -> tuple[Any, ...]:
    """A sentence; all else stays as it is."""
    return *(dash.no_update for _ in CHARTS), sentence, *(dash.no_update for _ in OTHERS[1:])


@callback(
    *(Output(f"report-{chart.id}", "figure") for chart in CHARTS),
    *OTHERS,
    *(Input(f"report-{name}", "value") for name in report_answers.CONTROLS),
    Input("report-tick", "n_intervals"),
    State("report-drawn", "data"),
)
def draw(*values: Any) -> Any:
    """All charts anew when a control or the lake changed."""
    *chosen, _tick, drawn = values
    context = current_context()
    controls = dict(zip(report_answers.CONTROLS, chosen, strict=True))
    try:
        query = ReportQuery.read(report_answers.words_of(controls, context.settings.time_zone))
    except FilterError as error:
        return _refused(f"{error}.")
    known = report_answers.history(context).now()
    token = report_answers.token(known, query)
    if token == drawn:
        raise PreventUpdate
    try:
        answered = report_answers.answer(known, query, context)
    except LakeUnreadableError as error:
        return _refused(f"The lake cannot be read: {error}.")
    cameras, labels = report_answers.names(known)
    return (
        *answered,
        camera_choice.cameras(context, cameras, query.filters.cameras),
        report_answers.options(labels, query.filters.labels),
        camera_choice.zones(context, query.filters.cameras, query.filters.zone),
        query.to_query(),
        token,
    )


clientside_callback(
    ClientsideFunction("report", "remember"),
    Output("report-csv", "href"),
    Output("report-parquet", "href"),
    Input("report-query", "data"),
)
clientside_callback(
    ClientsideFunction("report", "custom"),
    Output("report-span", "style"),
    Input("report-period", "value"),
)
clientside_callback(
    ClientsideFunction("report", "open"),
    Output("report-panels", "title"),
    *(Input(f"report-{name}", "clickData") for name in CLICKED),
    *(State(f"report-{name}", "figure") for name in CLICKED),
    State("report-query", "data"),
    prevent_initial_call=True,
)
