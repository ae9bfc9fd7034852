"""The page `/policy/compare`: up to five runs on cost, carbon, peak and violations, against a named baseline."""

from __future__ import annotations

from dataclasses import dataclass

import dash_mantine_components as dmc
import plotly.graph_objects as go
from dash import Output, html
from dash.development.base_component import Component

from dash_app import ids
from dash_app.answers.policy import (
    DISTRICT_MEASURES,
    Compared,
    Measure,
    cautions,
    compared,
    curves_table,
    districts_table,
    map_sentence,
    measures_table,
    policy_answer,
    run_name,
)
from dash_app.callbacks import Callbacks
from dash_app.exports.table import Table
from dash_app.figures.policy import blank, curves_figure, differences_figure, districts_map
from dash_app.page import Page
from dash_app.pages.grid import OUTLINES
from dash_app.pages.grid import PAGE as GRID
from dash_app.pages.jobs_lookup import summary_of
from dash_app.pages.policy_outlines import outlines_of
from dash_app.resources import address_of
from dash_app.services import Services
from dash_app.url_state import PageState, url_field
from dash_app.view import View
from dash_app.widgets.chart import chart_card, table_card
from dash_app.widgets.choice import choice, picker
from dash_app.widgets.plain_table import plain_table
from dash_app.widgets.text import answer
from data.users import Role
from twin.summary_types import Summary

NAME = "policy"
MOST_OTHERS = 4
MOST_OFFERED = 40
_ANSWER, _CAUTIONS, _MEASURES, _DISTRICTS = (
    ids.of_page(NAME, part) for part in ("answer", "cautions", "measures", "districts")
)


@dataclass(frozen=True)
class PolicyState(PageState):
    """What the page shows; without a baseline the run of the frame is it, without others the newest ones are."""

    base: str = url_field("")
    runs: tuple[str, ...] = url_field((), key="with")
    measure: Measure = url_field(Measure.COST)
    focus: str = url_field("")


def compared_of(view: View, state: PolicyState, services: Services) -> Compared:
    """Return the runs that are compared; ids that are none are left out."""
    base = summary_of(services, state.base) if state.base else None
    base = base or services.runs.summary(view.run_id)
    wanted = state.runs or tuple(s.run.run_id for s in _offered(services) if _like(s, base))
    found = [summary_of(services, run_id) for run_id in wanted if run_id != base.run.run_id]
    return compared(base, [summary for summary in found if summary is not None][:MOST_OTHERS], view.words)


def _like(summary: Summary, base: Summary) -> bool:
    return summary.run.district == base.run.district and summary.run.city == base.run.city


def _offered(services: Services) -> list[Summary]:
    """Return the newest runs that can be compared."""
    found = [summary_of(services, record.run_id) for record in services.runs.shown()[:MOST_OFFERED]]
    return [summary for summary in found if summary is not None]


def focus_of(runs: Compared, state: PolicyState) -> Summary | None:
    """Return the run that the map shows: the chosen one, else the first."""
    chosen = next((summary for summary in runs.others if summary.run.run_id == state.focus), None)
    return chosen or (runs.others[0] if runs.others else None)


def layout(view: View, state: PolicyState, services: Services) -> Component:
    """Return the page without its figures and rows."""
    words, runs = view.words, compared_of(view, state, services)
    offered = [(s.run.run_id, f"{run_name(s, words)} · {s.run.run_id[-8:]}") for s in _offered(services)]
    data = [{"value": run_id, "label": text} for run_id, text in offered]
    controls = [
        picker(ids.control(NAME, "base"), words("policy.baseline"), state.base or runs.base.run.run_id, offered,
               w="min(330px, 100%)"),
        dmc.MultiSelect(
            id=ids.control(NAME, "runs"), label=words("policy.others"), data=data, maxValues=MOST_OTHERS, size="xs",
            value=list(state.runs) or [s.run.run_id for s in runs.others], clearable=True, searchable=True,
            style={"flex": "1 1 300px", "maxWidth": "460px"},
        ),
    ]  # fmt: skip
    measures = [(m.value, words(f"measure.{m.value}")) for m in DISTRICT_MEASURES]
    focus = picker(
        ids.control(NAME, "focus"), words("policy.on_map"), state.focus,
        [(s.run.run_id, runs.name(s)) for s in runs.others], w=260, clearable=True,
        placeholder=runs.name(runs.others[0]) if runs.others else "",
    )  # fmt: skip
    return html.Div(
        [
            answer(view, NAME, policy_answer(runs, words), id_=_ANSWER),
            html.Div(controls, className="row"),
            html.Div(id=_CAUTIONS, role="note"),
            html.Div(
                [
                    table_card(view, NAME, "measures", words("policy.measures"), html.Div(id=_MEASURES)),
                    chart_card(view, NAME, "differences", words("policy.differences"), table="measures", height=260),
                ],
                className="columns",
            ),
            chart_card(view, NAME, "curves", words("policy.curves"), table="curves", height=240,
                       note=words("schedule.sign")),
            html.Div(
                [choice(ids.control(NAME, "measure"), words("policy.measure"), state.measure.value, measures), focus],
                className="row",
            ),
            html.Div(
                [
                    table_card(view, NAME, "districts", words("policy.by_district"),
                               html.Div(id=_DISTRICTS, className="tall")),
                    chart_card(view, NAME, "map", words("policy.map"), table="districts", height=330,
                               note=words("policy.map_note")),
                ],
                className="columns even",
            ),
        ]
    )  # fmt: skip


def register(on: Callbacks, services: Services) -> None:
    """Add what fills the page."""

    @on.shown(
        Output(_ANSWER, "children"),
        Output(_CAUTIONS, "children"),
        Output(_MEASURES, "children"),
        Output(ids.chart(NAME, "differences"), "figure"),
        Output(ids.sentence(NAME, "differences"), "children"),
        Output(ids.chart(NAME, "curves"), "figure"),
        Output(ids.sentence(NAME, "curves"), "children"),
    )
    def _city(view: View, state: PolicyState) -> tuple[object, ...]:
        runs, words = compared_of(view, state, services), view.words
        said = [html.Li(text) for text in cautions(runs, words)]
        peaks = ", ".join(
            words("policy.peak_of", name=runs.name(s), peak=f"{max(s.curves.supplied_plan_mw):,.0f}")
            for s in (runs.base, *runs.others)
        )
        return (
            policy_answer(runs, words),
            html.Ul(said, className="note") if said else None,
            plain_table(view, measures_table(runs, words)),
            differences_figure(runs, words, view.theme) if runs.others else blank(view.theme),
            words("policy.less_better", name=runs.name(runs.base)) if runs.others else words("policy.only_one"),
            curves_figure(runs, words, view.theme),
            words("policy.peaks", peaks=peaks),
        )

    @on.shown(
        Output(_DISTRICTS, "children"),
        Output(ids.chart(NAME, "map"), "figure"),
        Output(ids.sentence(NAME, "map"), "children"),
    )
    def _districts(view: View, state: PolicyState) -> tuple[Component, go.Figure, str]:
        runs, words = compared_of(view, state, services), view.words
        table = plain_table(view, districts_table(runs, state.measure, words))
        other, outlines = focus_of(runs, state), outlines_of(services, runs.base.run.run_id)
        if other is None or outlines is None:
            return table, blank(view.theme), words("policy.no_map" if other else "policy.choose")
        at = address_of(runs.base.run.run_id, GRID.name, OUTLINES)
        figure = districts_map(runs.base, other, state.measure, words, view.theme, outlines, at)
        return table, figure, map_sentence(runs.base, other, state.measure, words)


def _measures(view: View, state: PolicyState, services: Services) -> Table:
    return measures_table(compared_of(view, state, services), view.words)


def _district_rows(view: View, state: PolicyState, services: Services) -> Table:
    return districts_table(compared_of(view, state, services), state.measure, view.words)


def _curves(view: View, state: PolicyState, services: Services) -> Table:
    return curves_table(compared_of(view, state, services), view.words)


PAGE = Page(
    name=NAME,
    path="/policy/compare",
    role=Role.VIEWER,
    state=PolicyState,
    layout=layout,
    register=register,
    tables={"measures": _measures, "districts": _district_rows, "curves": _curves},
)
