"""The page `/grid/whatif`: what changes when power is added, a switch is operated or a garage is moved.

The power flow runs in the worker: the page asks for a job, keeps its id in the address, and shows what it found.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dash import Input, Output, dcc, html, no_update
from dash.development.base_component import Component

from dash_app import ids
from dash_app.answers.grid_facts import GridFacts
from dash_app.answers.whatif import (
    change_words,
    curves_table,
    feeders_table,
    findings_in_sight,
    findings_table,
    totals_table,
    whatif_answer,
    whatif_tone,
)
from dash_app.callbacks import Callbacks
from dash_app.exports.table import Table
from dash_app.figures.style import styled
from dash_app.figures.whatif import curves_figure, curves_sentence, difference_map, map_sentence
from dash_app.figures.whatif_legend import difference_legend
from dash_app.page import NotFoundError, Page
from dash_app.pages.grid_data import facts_of, feeder_of, outlines_resource, paths_of
from dash_app.pages.whatif_form import NAME, WhatIfState, change_of, form, missing_part, options_of
from dash_app.resources import address_of
from dash_app.services import Services
from dash_app.view import View
from dash_app.widgets.chart import chart_card, table_card
from dash_app.widgets.plain_table import plain_table
from dash_app.widgets.text import answer
from dash_app.widgets.tone import Tone
from data.errors import InvalidInput
from data.jobs import Job, JobKind, JobState, TooManyJobsError
from data.users import Role
from twin.whatif_result import WhatIfResult, result_from_json

OUTLINES = "outlines"
POLL_MS = 700


def job_of(services: Services, state: WhatIfState) -> Job | None:
    """Return the job that the address names, or None; jobs of other kinds are none of this page."""
    if not state.job:
        return None
    try:
        job = services.jobs.get(state.job)
    except KeyError:
        return None
    return job if job.kind is JobKind.WHAT_IF else None


def result_of(view: View, services: Services, state: WhatIfState) -> WhatIfResult | None:
    """Return what the job of the address found in the run that is looked at, or None."""
    job = job_of(services, state)
    if job is None or job.result is None or job.state is not JobState.DONE:
        return None
    try:
        result = result_from_json(job.result)
    except InvalidInput:
        return None
    return result if result.run_id == view.run_id else None


def layout(view: View, state: WhatIfState, services: Services) -> Component:
    """Return the page."""
    facts, words = facts_of(view, services), view.words
    sentence, tone = told_of(view, state, services, facts)
    waiting = is_waiting(services, state)
    results = html.Div(
        [
            chart_card(view, NAME, "map", words("whatif.map"), table="feeders", height=300),
            html.Div(difference_legend(words, view.theme), className="map-legend"),
            table_card(
                view,
                NAME,
                "totals",
                words("whatif.totals"),
                html.Div(id=ids.of_page(NAME, "totals"), className="tight before-after"),
            ),
            chart_card(
                view, NAME, "curves", words("whatif.curves"), table="curves", height=220, note=words("feeder.sign")
            ),
            table_card(
                view,
                NAME,
                "findings",
                words("whatif.findings"),
                html.Div(id=ids.of_page(NAME, "findings"), className="tight"),
            ),
        ],
        className="stack",
    )
    return html.Div(
        [
            answer(view, NAME, sentence, tone, id_=ids.of_page(NAME, "answer")),
            html.Div([form(view, state, facts), results], className="columns whatif-columns"),
            dcc.Interval(id=ids.of_page(NAME, "tick"), interval=POLL_MS, disabled=not waiting),
            dcc.Store(id=ids.of_page(NAME, "shown-job")),
        ]
    )


def is_waiting(services: Services, state: WhatIfState) -> bool:
    """Whether the job of the address is still to end."""
    job = job_of(services, state)
    return job is not None and not job.state.over


def told_of(view: View, state: WhatIfState, services: Services, facts: GridFacts) -> tuple[str, Tone]:
    """Return the sentence of the page and its tone: what was found, what is awaited, or what to do first."""
    words, job = view.words, job_of(services, state)
    result = result_of(view, services, state)
    if result is not None:
        return whatif_answer(result, facts, words), whatif_tone(result)
    if job is None:
        return words("whatif.answer_first"), Tone.CALM
    if not job.state.over:
        return words("whatif.answer_waiting", change=change_words(change_of(state), facts, words)), Tone.CALM
    if job.state is JobState.DONE:
        return words("whatif.answer_other_run"), Tone.UNKNOWN
    return words("whatif.answer_failed", why=job.message), Tone.ALERT


def register(on: Callbacks, services: Services) -> None:
    """Add the callbacks: lists of the form, asking, waiting, showing."""

    @on.shown(
        Output(ids.control(NAME, "feeder"), "data"),
        Output(ids.control(NAME, "bus"), "data"),
        Output(ids.control(NAME, "opened"), "data"),
        Output(ids.control(NAME, "closed"), "data"),
        Output(ids.control(NAME, "energy_kwh"), "disabled"),
        Output(ids.control(NAME, "hours"), "disabled"),
    )
    def _options(view: View, state: WhatIfState) -> tuple[Any, ...]:
        facts = facts_of(view, services)
        try:
            feeder = feeder_of(view, services, state.feeder) if state.feeder else None
        except NotFoundError:
            feeder = None
        battery, chargers = state.resource.value == "battery", state.resource.value == "chargers"
        return (*options_of(facts, state, feeder, view), not battery, not chargers)

    @on.event(
        Output(ids.control(NAME, "job"), "value"),
        Output(ids.of_page(NAME, "told"), "children"),
        Input(ids.of_page(NAME, "ask"), "n_clicks"),
        role=Role.ENGINEER,
        changes="job.start",
        prevent_initial_call=True,
    )
    def _ask(view: View, state: WhatIfState, clicks: int) -> tuple[Any, str]:
        if not clicks:
            return no_update, ""
        return asked(view, state, services)

    @on.shown(
        Output(ids.of_page(NAME, "answer"), "children"),
        Output(ids.of_page(NAME, "tick"), "disabled"),
        Output(ids.chart(NAME, "map"), "figure"),
        Output(ids.sentence(NAME, "map"), "children"),
        Output(ids.of_page(NAME, "totals"), "children"),
        Output(ids.chart(NAME, "curves"), "figure"),
        Output(ids.sentence(NAME, "curves"), "children"),
        Output(ids.of_page(NAME, "findings"), "children"),
        Input(ids.of_page(NAME, "tick"), "n_intervals"),
    )
    def _show(view: View, state: WhatIfState, ticks: int | None) -> tuple[Any, ...]:
        waiting = is_waiting(services, state)
        if waiting and ticks:
            return (no_update, False, *([no_update] * 6))
        facts = facts_of(view, services)
        sentence, _ = told_of(view, state, services, facts)
        return (sentence, not waiting, *parts_of(view, state, services, facts))


def asked(view: View, state: WhatIfState, services: Services) -> tuple[Any, str]:
    """Ask for the job of a form; return its id, or what the form lacks."""
    lacks = missing_part(state)
    if lacks:
        return no_update, view.words(lacks)
    change, facts = change_of(state), facts_of(view, services)
    parameters = {"run_id": view.run_id, "change": change.as_json()}
    try:
        job = services.jobs.ask(JobKind.WHAT_IF, view.viewer.name, change_words(change, facts, view.words), parameters)
    except TooManyJobsError:
        return no_update, view.words("whatif.too_many")
    services.audit.add(view.viewer.name, "job.start", job.job_id, kind=job.kind.value)
    return job.job_id, ""


def parts_of(view: View, state: WhatIfState, services: Services, facts: GridFacts) -> tuple[Any, ...]:
    """Return map, totals, curves and findings, or empty ones with what to do first."""
    words, result = view.words, result_of(view, services, state)
    if result is None:
        blank = styled(view.theme, legend=False)
        blank.update_xaxes(visible=False)
        blank.update_yaxes(visible=False)
        nothing = html.P(words("whatif.empty"), className="note")
        return blank, words("whatif.empty"), nothing, blank, words("whatif.empty"), nothing
    paths = {n: path for code in result.districts for n, path in paths_of(view, services, code).items()}
    findings = findings_in_sight(result, facts, words)
    return (
        difference_map(result, facts, paths, words, view.theme, address_of(view.run_id, NAME, OUTLINES)),
        map_sentence(result, words),
        plain_table(view, totals_table(result, words)),
        curves_figure(result, facts, words, view.theme),
        curves_sentence(result, facts, words),
        plain_table(view, findings) if findings.rows else html.P(words("whatif.limits_none"), className="note"),
    )


def _table(make: Callable[[WhatIfResult, GridFacts, Any], Table]) -> Callable[[View, WhatIfState, Services], Table]:
    def table(view: View, state: WhatIfState, services: Services) -> Table:
        result = result_of(view, services, state)
        if result is None:
            return Table(view.words("whatif.empty"), (), ())
        return make(result, facts_of(view, services), view.words)

    return table


PAGE = Page(
    name=NAME,
    path="/grid/whatif",
    role=Role.VIEWER,
    state=WhatIfState,
    layout=layout,
    register=register,
    tables={
        "feeders": _table(feeders_table),
        "totals": _table(lambda result, _, words: totals_table(result, words)),
        "curves": _table(curves_table),
        "findings": _table(findings_table),
    },
    resources={OUTLINES: outlines_resource},
)
