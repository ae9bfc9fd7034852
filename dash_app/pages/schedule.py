"""The page `/schedule`: do all buses and vehicles leave charged, peak against limit, cost against unmanaged."""

from __future__ import annotations

import json
from dataclasses import dataclass

import plotly.graph_objects as go
from dash import Output, dcc, html
from dash.development.base_component import Component

from dash_app import ids
from dash_app.answers.schedule import (
    Order,
    at_risk_table,
    brief_risk_table,
    charging_sentence,
    curves_table,
    garages_in_order,
    garages_table,
    risk_sentence,
    schedule_answer,
    schedule_tone,
    supply_sentence,
    vehicles_sentence,
)
from dash_app.answers.schedule_badges import schedule_badges
from dash_app.callbacks import Callbacks
from dash_app.exports.table import Table
from dash_app.figures.schedule import charging_figure, supply_figure
from dash_app.page import Page
from dash_app.pages.depot import PAGE as DEPOT
from dash_app.services import Services
from dash_app.url_state import PageState, url_field
from dash_app.view import View
from dash_app.widgets.chart import chart_card, table_card
from dash_app.widgets.choice import choice, picker
from dash_app.widgets.plain_table import plain_table
from dash_app.widgets.text import answer, badges
from data.users import Role
from twin.report_numbers import Lang
from twin.schedule_pages import CHARGING_FILE, ChargingOverview, charging_from_json
from twin.summary_types import Summary

NAME = "schedule"
FIRST = 8
"""Departures at risk that are listed in the page; the table has all that were kept."""


@dataclass(frozen=True)
class ScheduleState(PageState):
    """What the page shows: garages of one district or all, in an order."""

    order: Order = url_field(Order.RISK)
    district: str = url_field("", longest=20)


def charging_of(view: View, services: Services) -> ChargingOverview | None:
    """Return the overview of charging, or None for a run that was made before it was kept."""
    try:
        return services.runs.part(view.run_id, CHARGING_FILE, _read)
    except KeyError:
        return None


def _read(content: bytes) -> ChargingOverview:
    return charging_from_json(json.loads(content))


def layout(view: View, state: ScheduleState, services: Services) -> Component:
    """Return the page without its figures and rows."""
    summary, charging, words = services.runs.summary(view.run_id), charging_of(view, services), view.words
    return html.Div(
        [
            answer(view, NAME, schedule_answer(summary, words), schedule_tone(summary)),
            badges(*schedule_badges(summary, charging, view)),
            html.Div(
                [
                    table_card(view, NAME, "at_risk", words("schedule.at_risk"), html.Div(id=_RISK)),
                    chart_card(view, NAME, "charging", words("schedule.charging"), table="curves", height=250,
                               note=words("schedule.sign")),
                ],
                className="columns",
            ),
            html.Div(
                [
                    choice(ids.control(NAME, "order"), words("schedule.order"), state.order.value,
                           [(order.value, words(f"schedule.order_{order.value}")) for order in Order]),
                    picker(ids.control(NAME, "district"), words("schedule.district"), state.district,
                           districts_of(summary, words.lang), clearable=True, placeholder=words("schedule.all"), w=200),
                ],
                className="row",
            ),
            table_card(view, NAME, "garages", words("schedule.garages"), html.Div(id=_GARAGES, className="tall")),
            chart_card(view, NAME, "supply", words("schedule.supply"), table="curves", height=250,
                       note=words("schedule.sign")),
            html.P(dcc.Link(words("schedule.to_why"), href=f"/schedule/run/{view.run_id}/why")),
        ]
    )  # fmt: skip


_RISK, _GARAGES = ids.of_page(NAME, "risk"), ids.of_page(NAME, "garages")


def districts_of(summary: Summary, lang: Lang) -> list[tuple[str, str]]:
    """Return code and name of every district with a garage."""
    used = {depot.district for depot in summary.depots}
    return [
        (district.code, district.name_local if lang is Lang.KOREAN else district.name_en)
        for district in summary.districts
        if district.code in used
    ]


def register(on: Callbacks, services: Services) -> None:
    """Add what fills the page."""

    @on.shown(
        Output(_RISK, "children"),
        Output(ids.chart(NAME, "charging"), "figure"),
        Output(ids.sentence(NAME, "charging"), "children"),
        Output(ids.chart(NAME, "supply"), "figure"),
        Output(ids.sentence(NAME, "supply"), "children"),
    )
    def _first(view: View, _state: ScheduleState) -> tuple[Component, go.Figure, str, go.Figure, str]:
        summary, words = services.runs.summary(view.run_id), view.words
        return (
            at_risk_part(view, summary, charging_of(view, services)),
            charging_figure(summary, words, view.theme),
            charging_sentence(summary, words),
            supply_figure(summary, words, view.theme),
            supply_sentence(summary, words),
        )

    @on.shown(Output(_GARAGES, "children"))
    def _garages(view: View, state: ScheduleState) -> Component:
        table = _garages_table(view, state, services)
        chosen = garages_in_order(
            services.runs.summary(view.run_id), charging_of(view, services), state.order, state.district
        )
        links = {n: DEPOT.href(f"run={view.run_id}", depot=facts.garage) for n, facts in enumerate(chosen)}
        return plain_table(view, table, links=links, most=len(table.rows))


def at_risk_part(view: View, summary: Summary, charging: ChargingOverview | None) -> Component:
    """Return the sentence on departures at risk, the most urgent of them, and the sentence on other vehicles."""
    words = view.words
    said = html.P(risk_sentence(charging, summary.depots, words), className="sentence")
    rows = charging.at_risk[:FIRST] if charging else ()
    links = {number: DEPOT.href(f"run={view.run_id}", depot=row.garage) for number, row in enumerate(rows)}
    table = plain_table(view, brief_risk_table(rows, summary.depots, words), links=links) if rows else None
    return html.Div([said, table, html.P(vehicles_sentence(charging, words), className="note")])


def _at_risk_table(view: View, _state: ScheduleState, services: Services) -> Table:
    charging = charging_of(view, services)
    return at_risk_table(charging.at_risk if charging else (), services.runs.summary(view.run_id).depots, view.words)


def _garages_table(view: View, state: ScheduleState, services: Services) -> Table:
    summary, charging = services.runs.summary(view.run_id), charging_of(view, services)
    chosen = garages_in_order(summary, charging, state.order, state.district)
    return garages_table(summary, charging, chosen, view.words)


def _curves(view: View, _state: ScheduleState, services: Services) -> Table:
    return curves_table(services.runs.summary(view.run_id), view.words)


PAGE = Page(
    name=NAME,
    path="/schedule",
    role=Role.VIEWER,
    state=ScheduleState,
    layout=layout,
    register=register,
    tables={"at_risk": _at_risk_table, "garages": _garages_table, "curves": _curves},
)
