"""The page `/schedule/depot/<depot>`: which bus or charger is at risk, and until when somebody must act."""

from __future__ import annotations

import plotly.graph_objects as go
from dash import Input, Output, dcc, html
from dash.development.base_component import Component

from dash_app import ids
from dash_app.answers.depot import (
    charger_sentence,
    departures_table,
    depot_answer,
    power_sentence,
    power_table,
    sessions_table,
    slack_words,
    soc_sentence,
    state_words,
    tone_of,
)
from dash_app.answers.depot_moves import cost_table
from dash_app.answers.depot_sessions import clock_of
from dash_app.answers.schedule_badges import depot_badges
from dash_app.callbacks import Callbacks
from dash_app.exports.table import Column, Table
from dash_app.figures.depot import bus_gantt, gantt_height, outlet_gantt, power_figure, soc_figure
from dash_app.page import Page
from dash_app.pages.depot_edit import edit_section, register_edit
from dash_app.pages.depot_shown import NAME, DepotState, Rows, Shown, shown_of
from dash_app.services import Services
from dash_app.view import View
from dash_app.widgets.chart import chart_card, table_card
from dash_app.widgets.choice import choice
from dash_app.widgets.plain_table import plain_table
from dash_app.widgets.text import answer, badges
from data.users import Role
from twin.depot_departures import DepartureState
from twin.report_numbers import percent

LATE = 8
"""Departures of the list in the page; the table has all."""


def layout(view: View, state: DepotState, services: Services) -> Component:
    """Return the page without its figures and rows."""
    shown, words = shown_of(view, state, services), view.words
    record = shown.record
    rows = sum(charger.count for charger in record.problem.chargers)
    height = gantt_height(record.problem.bus_count if state.rows is Rows.BUSES else rows)
    return html.Div(
        [
            answer(view, NAME, depot_answer(record, shown.found, words), tone_of(record, shown.found)),
            badges(*depot_badges(record, view)),
            html.Div(
                [
                    table_card(view, NAME, "departures", words("depot.late_title"), html.Div(id=_LATE)),
                    chart_card(view, NAME, "soc", words("depot.soc_title"), table="departures", height=250),
                ],
                className="columns",
            ),
            html.Div(
                choice(
                    ids.control(NAME, "rows"),
                    words("depot.rows"),
                    state.rows.value,
                    [(rows.value, words(f"depot.rows_{rows.value}")) for rows in Rows],
                ),
                className="row",
            ),
            html.Div(
                chart_card(view, NAME, "gantt", words("depot.gantt_title"), table="sessions", height=height,
                           note=words("depot.gantt_note")),
                className="depot-gantt",
            ),
            edit_section(view, state, shown),
            chart_card(view, NAME, "power", words("depot.power"), table="power", note=words("schedule.sign")),
            html.P(
                [
                    dcc.Link(words("depot.to_why"), href=f"/schedule/run/{view.run_id}/why?depot={record.garage}"),
                    " · ",
                    dcc.Link(words("depot.to_schedule"), href=f"/schedule?run={view.run_id}"),
                ]
            ),
        ]
    )  # fmt: skip


_LATE = ids.of_page(NAME, "late")


def late_rows(view: View, shown: Shown) -> Component:
    """Return the most urgent departures; the bus leads to the change of its session."""
    words, labels = view.words, shown.record.problem.labels
    chosen = [d for d in shown.found if d.state is not DepartureState.SAFE][:LATE] or list(shown.found[:3])
    columns = tuple(
        Column(key, words(f"depot.{key}"))
        for key in ("bus", "leaves", "state", "soc_of_need", "begins", "act_by_column", "slack")
    )
    rows = [
        (
            d.bus,
            clock_of(labels, d.leave, words),
            state_words(d, words),
            words("depot.soc_of_need_cell", soc=percent(d.soc, words.lang, 0), need=percent(d.need_soc, words.lang, 0)),
            words("depot.not_needed") if d.begin is None else clock_of(labels, d.begin, words),
            words("depot.not_needed") if d.act_by is None else clock_of(labels, d.act_by, words),
            slack_words(d, words),
        )
        for d in chosen
    ]
    sessions = {d: next((s for s in shown.sessions if s.leaves == d), None) for d in chosen}
    links = {
        number: PAGE.href(f"run={view.run_id}&session={session.name}", depot=shown.record.garage)
        for number, d in enumerate(chosen)
        if (session := sessions[d]) is not None
    }
    table = Table(words("depot.late_title"), columns, rows)
    return html.Div([plain_table(view, table, links=links), html.P(charger_sentence(shown.record, shown.plan, words))])


def register(on: Callbacks, services: Services) -> None:
    """Add what fills the page and answers a click on a session."""

    @on.shown(
        Output(_LATE, "children"),
        Output(ids.chart(NAME, "soc"), "figure"),
        Output(ids.sentence(NAME, "soc"), "children"),
    )
    def _departures(view: View, state: DepotState) -> tuple[Component, go.Figure, str]:
        shown = shown_of(view, state, services)
        figure = soc_figure(shown.record, shown.found, view.words, view.theme)
        return late_rows(view, shown), figure, soc_sentence(shown.found, view.words)

    @on.shown(
        Output(ids.chart(NAME, "gantt"), "figure"),
        Output(ids.sentence(NAME, "gantt"), "children"),
        Output(ids.chart(NAME, "power"), "figure"),
        Output(ids.sentence(NAME, "power"), "children"),
    )
    def _plan(view: View, state: DepotState) -> tuple[go.Figure, str, go.Figure, str]:
        shown = shown_of(view, state, services)
        words, record = view.words, shown.record
        draw = bus_gantt if state.rows is Rows.BUSES else outlet_gantt
        gantt = draw(record, shown.sessions, words, view.theme, shown.chosen)
        changed = shown.outcome.plan.grid_kw if shown.outcome else None
        power = power_figure(record, record.plan, words, view.theme, changed)
        said = charger_sentence(record, shown.plan, words)
        return gantt, said, power, power_sentence(record, record.plan, words)

    @on.event(
        Output(ids.control(NAME, "session"), "value"),
        Input(ids.chart(NAME, "gantt"), "clickData"),
        prevent_initial_call=True,
    )
    def _choose(_view: View, state: DepotState, click: dict[str, object] | None) -> str:
        return clicked_session(click) or state.session

    register_edit(on, services)


def clicked_session(click: object) -> str:
    """Return the name of the session that was clicked, or nothing."""
    points = click.get("points") if isinstance(click, dict) else None
    data = points[0].get("customdata") if isinstance(points, list) and points and isinstance(points[0], dict) else None
    return str(data[0]) if isinstance(data, list) and data else ""


def _departures(view: View, state: DepotState, services: Services) -> Table:
    shown = shown_of(view, state, services)
    return departures_table(shown.record, shown.found, view.words)


def _sessions(view: View, state: DepotState, services: Services) -> Table:
    shown = shown_of(view, state, services)
    return sessions_table(shown.record, shown.sessions, view.words)


def _power(view: View, state: DepotState, services: Services) -> Table:
    shown = shown_of(view, state, services)
    return power_table(shown.record, shown.plan, view.words)


def _costs(view: View, state: DepotState, services: Services) -> Table:
    shown = shown_of(view, state, services)
    before = shown.record.replayed_krw
    return cost_table(before, shown.outcome.cost_after if shown.outcome else before, view.words)


PAGE = Page(
    name=NAME,
    path="/schedule/depot/<depot>",
    role=Role.VIEWER,
    state=DepotState,
    layout=layout,
    register=register,
    tables={"departures": _departures, "sessions": _sessions, "power": _power, "costs": _costs},
    in_navigation=False,
)
