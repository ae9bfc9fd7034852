"""The page `/grid`: what is or will be outside its limits, the worst, where, when, by how much."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component

from dash_app import ids
from dash_app.answers.grid import grid_answer, grid_tone
from dash_app.answers.grid_facts import GridFacts
from dash_app.answers.grid_layers import layer_values
from dash_app.answers.grid_tables import feeders_table, limits_table, strip_table, worst_table
from dash_app.callbacks import Callbacks
from dash_app.figures.grid_legend import map_legend
from dash_app.figures.grid_map import grid_map, grid_map_patch
from dash_app.figures.grid_map_feeders import MapView, feeder_text
from dash_app.figures.grid_map_words import map_sentence
from dash_app.figures.grid_strip import strip_figure, strip_sentence
from dash_app.page import Page
from dash_app.pages.grid_controls import enum_choice, outcome_choice, step_slider, step_text
from dash_app.pages.grid_data import facts_of, outlines_resource, paths_of
from dash_app.pages.grid_state import GridState, Listed, clicked, district_of, step_of, zoomed
from dash_app.resources import address_of
from dash_app.services import Services
from dash_app.url_state import PageState, format_query
from dash_app.view import View
from dash_app.widgets.chart import chart_card, table_card
from dash_app.widgets.plain_table import plain_table
from dash_app.widgets.text import answer
from data.users import Role

NAME = "grid"
OUTLINES = "outlines"
FEEDER_PATH = "/grid/feeder"


def layout(view: View, state: GridState, services: Services) -> Component:
    """Return the page."""
    facts, words = facts_of(view, services), view.words
    sentence = grid_answer(facts, view.now_utc, words, state.plan.outcome)
    tone = grid_tone(facts, view.now_utc, state.plan.outcome)
    return html.Div(
        [
            answer(view, NAME, sentence, tone, id_=ids.of_page(NAME, "answer")),
            _controls(view, state, facts),
            html.Div(
                [
                    html.Div(
                        [
                            chart_card(view, NAME, "map", words("grid.map"), table="feeders", height=330),
                            html.Div(id=ids.of_page(NAME, "legend"), className="map-legend"),
                            step_slider(view, NAME, state.step, facts),
                            html.Div(id=ids.of_page(NAME, "chosen"), role="status"),
                        ],
                        className="grid-map-column",
                    ),
                    html.Div(
                        [
                            _worst_card(view, state),
                            chart_card(view, NAME, "strip", words("grid.strip"), table="strip", height=176),
                        ],
                        className="stack",
                    ),
                ],
                className="columns grid-columns",
            ),
            dcc.Store(id=ids.of_page(NAME, "drawn")),
            dcc.Store(id=ids.of_page(NAME, "focus")),
        ]
    )


def _controls(view: View, state: GridState, facts: GridFacts) -> Component:
    words = view.words
    districts = [{"value": d.code, "label": facts.district_name(d.code, view.lang)} for d in facts.summary.districts]
    return html.Div(
        [
            enum_choice(view, NAME, "layer", state.layer, "grid.layer"),
            outcome_choice(view, NAME, state.plan),
            dmc.Select(
                id=ids.control(NAME, "district"),
                value=state.district or None,
                data=districts,
                placeholder=words("grid.whole_city"),
                clearable=True,
                searchable=True,
                size="xs",
                clearButtonProps={"aria-label": words("grid.whole_city")},
                **{"aria-label": words("grid.district")},
            ),
            dcc.Input(id=ids.control(NAME, "feeder"), type="hidden", value=state.feeder),
        ],
        className="row",
    )


def _worst_card(view: View, state: GridState) -> Component:
    body = html.Div(
        [
            enum_choice(view, NAME, "listed", state.listed, "grid.listed"),
            html.Div(id=ids.of_page(NAME, "worst"), className="tight"),
        ]
    )
    return table_card(view, NAME, "limits", view.words("grid.worst"), body)


def register(on: Callbacks, services: Services) -> None:
    """Add the callbacks: what is drawn, and what a click or a zoom on the map chooses."""
    _register_map(on, services)
    _register_lists(on, services)

    @on.event(
        Output(ids.control(NAME, "district"), "value"),
        Output(ids.control(NAME, "feeder"), "value"),
        Output(ids.of_page(NAME, "focus"), "data"),
        Input(ids.chart(NAME, "map"), "clickData"),
        Input(ids.chart(NAME, "map"), "relayoutData"),
        prevent_initial_call=True,
    )
    def _choose(view: View, state: GridState, click: Any, moved: Any) -> tuple[Any, Any, Any]:
        facts = facts_of(view, services)
        if ctx.triggered and ctx.triggered[0]["prop_id"].endswith("clickData"):
            return clicked(click, state, facts)
        return zoomed(moved, state, facts)


def _register_map(on: Callbacks, services: Services) -> None:
    @on.shown(
        Output(ids.chart(NAME, "map"), "figure"),
        Output(ids.sentence(NAME, "map"), "children"),
        Output(ids.of_page(NAME, "legend"), "children"),
        Output(ids.of_page(NAME, "step-text"), "children"),
        Output(ids.of_page(NAME, "chosen"), "children"),
        Output(ids.of_page(NAME, "drawn"), "data"),
        State(ids.of_page(NAME, "drawn"), "data"),
        State(ids.of_page(NAME, "focus"), "data"),
    )
    def _map(view: View, state: GridState, drawn: Any, focus: Any) -> tuple[Any, ...]:
        facts = facts_of(view, services)
        shown = map_view(view, state, facts, services)
        key = "|".join((view.run_id, shown.district, view.lang, view.theme))
        told = drawn if isinstance(drawn, dict) else {}
        revision = _revision(key, told, focus)
        if told.get("key") == key:
            figure: Any = grid_map_patch(facts, shown, view.words, view.theme)
        else:
            figure = grid_map(facts, shown, view.words, view.theme, revision, address_of(view.run_id, NAME, OUTLINES))
        return (
            figure,
            map_sentence(facts, shown, view.words),
            map_legend(facts, shown, view.words, view.theme),
            step_text(view, step_of(state, facts), facts),
            chosen_card(view, facts, shown),
            {"key": key, "revision": revision},
        )


def _register_lists(on: Callbacks, services: Services) -> None:
    """Add the strip of the day and the list of the worst, which also holds the answer."""

    @on.shown(
        Output(ids.chart(NAME, "strip"), "figure"),
        Output(ids.sentence(NAME, "strip"), "children"),
    )
    def _strip(view: View, state: GridState) -> tuple[Any, str]:
        facts = facts_of(view, services)
        asked = (facts, state.layer, state.plan.outcome, district_of(state, facts))
        figure = strip_figure(*asked, step_of(state, facts), view.words, view.theme)
        return figure, strip_sentence(*asked, view.words)

    @on.shown(
        Output(ids.of_page(NAME, "worst"), "children"),
        Output(ids.of_page(NAME, "answer"), "children"),
        Output(ids.of_page(NAME, "worst"), "data-key"),
        State(ids.of_page(NAME, "worst"), "data-key"),
    )
    def _worst(view: View, state: GridState, drawn: str | None) -> tuple[Any, Any, Any]:
        facts = facts_of(view, services)
        key = "|".join((view.run_id, state.plan, state.listed, district_of(state, facts)))
        if key == drawn:
            return no_update, no_update, no_update
        transformers = state.listed is Listed.TRANSFORMERS
        table, feeders = worst_table(
            facts, state.plan.outcome, district_of(state, facts), view.words, transformers=transformers
        )
        query = format_query(PageState(), run=view.run_id)
        links = {row: f"{FEEDER_PATH}/{feeder}?{query}" for row, feeder in enumerate(feeders) if feeder}
        return (
            plain_table(view, table, links=links),
            grid_answer(facts, view.now_utc, view.words, state.plan.outcome),
            key,
        )


def map_view(view: View, state: GridState, facts: GridFacts, services: Services) -> MapView:
    """Return what the map is asked to show; what the run does not have is left out."""
    district = district_of(state, facts)
    values = layer_values(facts.overview, state.layer, state.plan.outcome, step_of(state, facts))
    return MapView(
        layer=state.layer,
        values=values,
        district=district,
        paths=paths_of(view, services, district),
        feeder=facts.feeder_number(state.feeder),
    )


def _revision(key: str, drawn: dict[str, Any], focus: Any) -> str:
    """Return the revision of the view: the reader's own zoom stays when it is the zoom that chose the district."""
    by_zoom = isinstance(focus, dict) and focus.get("by") == "zoom"
    return str(drawn["revision"]) if by_zoom and drawn.get("revision") else key


def chosen_card(view: View, facts: GridFacts, shown: MapView) -> Component | None:
    """Return what is known of the feeder that was chosen on the map, with the way to its page."""
    if shown.feeder < 0:
        return None
    words, feeder = view.words, str(facts.overview.feeders.id[shown.feeder])
    query = format_query(PageState(), run=view.run_id)
    return html.P(
        [
            feeder_text(facts, shown, shown.feeder, words),
            " · ",
            dcc.Link(words("grid.open_feeder", feeder=feeder), href=f"{FEEDER_PATH}/{feeder}?{query}"),
        ],
        className="note",
    )


def _feeders(view: View, state: GridState, services: Services) -> Any:
    facts = facts_of(view, services)
    return feeders_table(facts, state.plan.outcome, step_of(state, facts), view.words)


def _limits(view: View, state: GridState, services: Services) -> Any:
    return limits_table(facts_of(view, services), state.plan.outcome, view.words)


def _strip_data(view: View, state: GridState, services: Services) -> Any:
    facts = facts_of(view, services)
    return strip_table(facts, state.layer, district_of(state, facts), view.words)


PAGE = Page(
    name=NAME,
    path="/grid",
    role=Role.VIEWER,
    state=GridState,
    layout=layout,
    register=register,
    resources={OUTLINES: outlines_resource},
    tables={"feeders": _feeders, "limits": _limits, "strip": _strip_data},
)
