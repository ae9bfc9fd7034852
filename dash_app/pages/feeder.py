"""The page `/grid/feeder/<feeder>`: what limits this feeder, when, and how much more it could carry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dash_cytoscape as cyto
from dash import Input, Output, ctx, dcc, html
from dash.development.base_component import Component

from dash_app import ids
from dash_app.answers.grid_facts import GridFacts
from dash_app.answers.grid_feeder import feeder_answer, feeder_tone
from dash_app.answers.grid_feeder_tables import (
    buses_table,
    day_table,
    duration_table,
    feeder_limits_table,
    sections_table,
    ties_table,
)
from dash_app.answers.grid_layers import WHOLE_DAY, Shown
from dash_app.callbacks import Callbacks
from dash_app.exports.table import Table
from dash_app.figures.grid_feeder import (
    day_figure,
    day_sentence,
    duration_figure,
    duration_sentence,
    voltage_figure,
    voltage_sentence,
)
from dash_app.figures.grid_one_line import one_line, stylesheet
from dash_app.page import Page
from dash_app.pages.grid_controls import outcome_choice, step_slider, step_text
from dash_app.pages.grid_data import facts_of, feeder_of
from dash_app.services import Services
from dash_app.url_state import PageState, format_query, url_field
from dash_app.view import View
from dash_app.widgets.chart import chart_card, table_card, tools
from dash_app.widgets.plain_table import plain_table
from dash_app.widgets.text import answer
from data.users import Role
from twin.summary_feeder import FeederSlice

NAME = "feeder"
WHAT_IF_PATH = "/grid/whatif"


@dataclass(frozen=True)
class FeederState(PageState):
    """What the page shows; a step of -1 is the worst of the day."""

    plan: Shown = url_field(Shown.PLAN)
    step: int = url_field(WHOLE_DAY, low=WHOLE_DAY, high=383)


def looked_at(view: View, services: Services) -> tuple[FeederSlice, GridFacts]:
    """Return the feeder of the address, and what is known of its run."""
    return feeder_of(view, services, view.arguments["feeder"]), facts_of(view, services)


def layout(view: View, state: FeederState, services: Services) -> Component:
    """Return the page."""
    feeder, facts = looked_at(view, services)
    words, plan = view.words, state.plan.outcome
    sentence, tone = feeder_answer(feeder, facts, words, plan), feeder_tone(feeder, facts, plan)
    query = format_query(PageState(), run=view.run_id)
    back = f"/grid?{query}&district={feeder.district}&feeder={feeder.id}"
    ask = f"{WHAT_IF_PATH}?{query}&district={feeder.district}&feeder={feeder.id}"
    return html.Div(
        [
            answer(view, NAME, sentence, tone, id_=ids.of_page(NAME, "answer")),
            html.Div(
                [
                    outcome_choice(view, NAME, state.plan),
                    dcc.Link(words("feeder.back"), href=back, className="button-quiet"),
                    dcc.Link(words("feeder.ask"), href=ask, className="button"),
                ],
                className="row",
            ),
            step_slider(view, NAME, state.step, facts),
            html.Div(
                [
                    chart_card(view, NAME, "voltage", words("feeder.voltage"), table="buses", height=300),
                    html.Div(
                        [
                            _card(view, "limits"),
                            _card(view, "ties"),
                        ],
                        className="stack",
                    ),
                ],
                className="columns feeder-columns",
            ),
            _diagram_card(view),
            html.Div(
                [
                    chart_card(view, NAME, "day", words("feeder.day"), table="day", note=words("feeder.sign")),
                    chart_card(view, NAME, "duration", words("feeder.duration"), table="duration"),
                ],
                className="columns even",
            ),
        ]
    )


def _card(view: View, table: str) -> Component:
    """Return the card of a table that a callback fills in."""
    place = html.Div(id=ids.of_page(NAME, table), className="tight")
    return table_card(view, NAME, table, view.words(f"feeder.{table}"), place)


def _diagram_card(view: View) -> Component:
    words, title = view.words, view.words("feeder.one_line")
    diagram = cyto.Cytoscape(
        id=ids.of_page(NAME, "diagram"),
        elements=[],
        layout={"name": "preset", "fit": True, "padding": 16},
        stylesheet=stylesheet(view.theme),
        style={"width": "100%", "height": "380px"},
        responsive=True,
        userZoomingEnabled=False,
        autoungrabify=True,
        boxSelectionEnabled=False,
        minZoom=0.1,
        maxZoom=2.0,
    )
    sentence = ids.of_page(NAME, "diagram-sentence")
    explained = html.P(words("feeder.one_line_sentence"), className="sentence")
    caption = html.Figcaption([explained, html.P(words("feeder.one_line_note"))])
    return html.Figure(
        [
            html.Div([html.H3(title), tools(view, NAME, "", title, "sections")], className="card-head"),
            caption,
            html.Div(diagram, role="img", className="chart", **{"aria-label": title, "aria-describedby": sentence}),
            html.P(words("feeder.tap"), id=sentence, className="sentence", role="status"),
            html.Div(id=ids.table_place(NAME, "sections"), className="table-place"),
        ],
        className="card",
    )


def register(on: Callbacks, services: Services) -> None:
    """Add the callbacks that draw the charts, the diagram and the tables."""

    @on.shown(
        Output(ids.chart(NAME, "voltage"), "figure"),
        Output(ids.sentence(NAME, "voltage"), "children"),
        Output(ids.chart(NAME, "day"), "figure"),
        Output(ids.sentence(NAME, "day"), "children"),
        Output(ids.of_page(NAME, "diagram"), "elements"),
        Output(ids.of_page(NAME, "step-text"), "children"),
    )
    def _at_step(view: View, state: FeederState) -> tuple[Any, ...]:
        feeder, facts = looked_at(view, services)
        plan, step = state.plan.outcome, min(state.step, len(facts.clock) - 1)
        return (
            voltage_figure(feeder, facts, plan, step, view.words, view.theme),
            voltage_sentence(feeder, facts, plan, view.words),
            day_figure(feeder, facts, plan, step, view.words, view.theme),
            day_sentence(feeder, facts, plan, view.words),
            one_line(feeder, plan, step, view.words),
            step_text(view, step, facts),
        )

    @on.shown(
        Output(ids.of_page(NAME, "answer"), "children"),
        Output(ids.chart(NAME, "duration"), "figure"),
        Output(ids.sentence(NAME, "duration"), "children"),
        Output(ids.of_page(NAME, "limits"), "children"),
        Output(ids.of_page(NAME, "ties"), "children"),
    )
    def _of_outcome(view: View, state: FeederState) -> tuple[Any, ...]:
        feeder, facts = looked_at(view, services)
        plan, words = state.plan.outcome, view.words
        query = format_query(PageState(), run=view.run_id)
        ties = ties_table(feeder, facts, plan, words)
        links = {n: f"/grid/feeder/{tie.other_feeder}?{query}" for n, tie in enumerate(feeder.ties) if tie.other_feeder}
        return (
            feeder_answer(feeder, facts, words, plan),
            duration_figure(feeder, facts, plan, words, view.theme),
            duration_sentence(feeder, facts, plan, words),
            plain_table(view, feeder_limits_table(feeder, facts, plan, words)),
            plain_table(view, ties, links=links) if ties.rows else html.P(words("feeder.no_ties"), className="note"),
        )

    @on.event(
        Output(ids.of_page(NAME, "diagram-sentence"), "children"),
        Input(ids.of_page(NAME, "diagram"), "tapNodeData"),
        Input(ids.of_page(NAME, "diagram"), "tapEdgeData"),
        prevent_initial_call=True,
    )
    def _told(view: View, _: FeederState, node: Any, edge: Any) -> str:
        return told_of(view, node, edge)


def told_of(view: View, node: Any, edge: Any) -> str:
    """Return what the diagram tells of the element that was tapped last."""
    tapped = edge if ctx.triggered and ctx.triggered[0]["prop_id"].endswith("tapEdgeData") else node
    return str(tapped.get("told", "")) if isinstance(tapped, dict) else view.words("feeder.tap")


def _table(make: Callable[..., Table], *, at_step: bool = False) -> Callable[[View, FeederState, Services], Table]:
    def table(view: View, state: FeederState, services: Services) -> Table:
        feeder, facts = looked_at(view, services)
        step = (min(state.step, len(facts.clock) - 1),) if at_step else ()
        return make(feeder, facts, state.plan.outcome, *step, view.words)

    return table


PAGE = Page(
    name=NAME,
    path="/grid/feeder/<feeder>",
    role=Role.VIEWER,
    state=FeederState,
    layout=layout,
    register=register,
    tables={
        "limits": _table(feeder_limits_table),
        "ties": _table(ties_table),
        "buses": _table(buses_table, at_step=True),
        "sections": _table(sections_table),
        "day": _table(day_table),
        "duration": _table(duration_table),
    },
    in_navigation=False,
)
