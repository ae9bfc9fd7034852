"""The card of a chart: a name, a sentence, the chart, its data as a table, and its exports."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from dash_app import ids
from dash_app.graph_config import graph_config
from dash_app.view import View

_NO_AXIS = {"visible": False, "fixedrange": True}
BLANK = {
    "data": [],
    "layout": {
        "xaxis": _NO_AXIS,
        "yaxis": _NO_AXIS,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
    },
}
"""What stands in the place of a figure until it comes: nothing, not axes without data."""


def chart_card(
    view: View, page: str, name: str, title: str, *, table: str = "", height: int = 280, note: str = ""
) -> Component:
    """Return the card of a chart whose figure and sentence callbacks fill in.

    Parameters
    ----------
    view
        Who looks.
    page, name
        Name the chart: the figure is `Output(ids.chart(page, name), "figure")`, its sentence
        `Output(ids.sentence(page, name), "children")`.
    title
        Heading of the card; part of the chart's accessible name.
    table
        Name among the page's tables of the full data behind the chart; enables "show as table", CSV and XLSX.
    height
        Height of the chart in pixels.
    note
        A line below, such as the sign convention.
    """
    graph = dcc.Graph(
        id=ids.chart(page, name), config=graph_config(view.lang), style={"height": f"{height}px"}, figure=BLANK
    )
    sentence_id, title_id = ids.sentence(page, name), f"{page}-{name}-title"
    described = {"aria-labelledby": title_id, "aria-describedby": sentence_id}
    picture = html.Div(graph, role="img", className="chart", **described)
    caption = html.Figcaption([html.P(id=sentence_id, className="sentence"), *([html.P(note)] if note else [])])
    return html.Figure(
        [
            html.Div([html.H3(title, id=title_id), tools(view, page, name, title, table)], className="card-head"),
            caption,
            picture,
            html.Div(id=ids.table_place(page, table, name), className="table-place") if table else None,
        ],
        className="card",
    )


def table_card(view: View, page: str, name: str, title: str, children: Component) -> Component:
    """Return the card of a table that is always open, with its exports; `name` is among the page's tables."""
    head = html.Div([html.H3(title), html.Div(downloads(view, page, name, title), className="tools")])
    head.className = "card-head"
    return html.Section([head, children], className="card")


def tools(view: View, page: str, chart: str, title: str, table: str) -> Component:
    """Return the buttons of a chart: show as table, CSV, XLSX, PNG."""
    words = view.words
    buttons = []
    if table:
        buttons.append(
            html.Button(
                words("tool.table"),
                id=ids.table_button(page, table, chart),
                className="tool",
                n_clicks=0,
                **{"aria-label": words("tool.table_of", title=title), "aria-expanded": "false"},
            )
        )
        buttons += downloads(view, page, table, title)
    if chart:
        buttons += [
            html.Button(
                "PNG",
                id=ids.image_button(page, chart),
                className="tool",
                n_clicks=0,
                **{"aria-label": words("tool.image_of", title=title)},
            ),
            dcc.Store(id=ids.image_done(page, chart)),
        ]
    return html.Div(buttons, className="tools")


def downloads(view: View, page: str, table: str, title: str) -> list[Component]:
    """Return the links to a table as CSV and XLSX; the browser adds the page's query when one is followed."""
    return [
        html.A(
            kind.upper(),
            href=f"/export/{page}/{table}.{kind}",
            className="tool",
            **{"data-export": "1", "aria-label": view.words("tool.download_of", title=title, kind=kind.upper())},
        )
        for kind in ("csv", "xlsx")
    ]
