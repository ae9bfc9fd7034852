"""The page `/schedule/run/<run>/why`: status, gap, binding limits and their prices, reasons of buses, ways out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dash import Input, Output, dcc, html, no_update
from dash.development.base_component import Component

from dash_app import ids
from dash_app.answers.depot_moves import bill_table
from dash_app.answers.schedule import garage_name
from dash_app.answers.schedule_badges import depot_badges, schedule_badges
from dash_app.answers.why import (
    binding_lines,
    costs_table,
    garages_reason_table,
    limits_table,
    place_lines,
    price_lines,
    reason_words,
    relaxation_lines,
    unkept_lines,
    waits_sentence,
    waits_table,
    why_answer,
    why_tone,
    without_plan,
)
from dash_app.callbacks import Callbacks
from dash_app.exports.table import Table
from dash_app.page import NotFoundError, Page
from dash_app.pages.jobs_lookup import job_of
from dash_app.services import Services
from dash_app.url_state import PageState, url_field
from dash_app.view import View
from dash_app.widgets.chart import table_card
from dash_app.widgets.choice import picker
from dash_app.widgets.plain_table import plain_table
from dash_app.widgets.text import answer, badges, section
from dash_app.widgets.tone import Tone
from data.jobs import JobKind, JobState, TooManyJobsError
from data.users import Role
from twin.depot_record import DepotRecord, record_from_bytes
from twin.report_numbers import percent
from twin.schedule_pages import record_file
from twin.summary_types import Summary

NAME = "why"
POLL_MS = 1500
MOST_LIMITS, MOST_WAITS = 10, 60
_LIMITS, _COSTS, _DEPOT, _GARAGES, _RELAX, _TICK, _NOTE, _EXPLAIN = (
    ids.of_page(NAME, part) for part in ("limits", "costs", "depot", "garages", "relax", "tick", "note", "explain")
)


@dataclass(frozen=True)
class WhyState(PageState):
    """What the page shows: the reasons of one garage, and the job that looks for ways out."""

    depot: str = url_field("")
    job: str = url_field("", longest=16)


def run_of(view: View, services: Services) -> View:
    """Return the view of the run in the path, whatever the frame's picker says.

    Raises
    ------
    NotFoundError
        When there is no such run, or it ended without a result; then with its reason.
    """
    run_id = view.arguments["run"]
    found = next((record for record in services.runs.all() if record.run_id == run_id), None)
    if found is None:
        raise NotFoundError(view.words("why.no_run", run=run_id))
    if not found.state.shown:
        raise NotFoundError(
            view.words("why.no_result", run=run_id, state=view.words(f"run_state.{found.state.value}"),
                       message=found.message or "–")
        )  # fmt: skip
    return replace(view, run=found)


def layout(view: View, state: WhyState, services: Services) -> Component:
    """Return the page without its rows."""
    view = run_of(view, services)
    summary, words = services.runs.summary(view.run_id), view.words
    garages = [(depot.garage, garage_name(depot.garage, (depot,), words.lang)) for depot in summary.depots]
    explain = html.Button(words("why.explain"), id=_EXPLAIN, n_clicks=0, className="button-quiet")
    return html.Div(
        [
            answer(view, NAME, why_answer(summary, words), why_tone(summary)),
            badges(*schedule_badges(summary, None, view)),
            html.Div(
                [
                    table_card(view, NAME, "limits", words("why.limits_title"), html.Div(id=_LIMITS)),
                    table_card(view, NAME, "costs", words("why.costs_title"), html.Div(id=_COSTS)),
                ],
                className="columns even",
            ),
            section(
                words("why.garage_title"),
                html.Div(
                    [
                        picker(ids.control(NAME, "depot"), words("schedule.depot"), state.depot, garages,
                               w="min(300px, 100%)", clearable=True, placeholder=words("why.choose")),
                        explain if view.viewer.may(Role.SCHEDULER) else None,
                    ],
                    className="row",
                ),
                html.P(id=_NOTE, role="status", className="note"),
                html.Div(id=_RELAX, role="status"),
                html.Div(id=_DEPOT),
            ),
            table_card(view, NAME, "garages", words("why.garages_title"), html.Div(id=_GARAGES, className="tall")),
            html.P(
                [
                    html.Span(words("why.bound_for", bound_for=summary.certificate.bound_for)),
                    " ",
                    dcc.Link(words("depot.to_schedule"), href=f"/schedule?run={view.run_id}"),
                ],
                className="note",
            ),
            dcc.Input(id=ids.control(NAME, "job"), type="hidden", value=state.job),
            dcc.Interval(id=_TICK, interval=POLL_MS, disabled=not state.job),
        ]
    )  # fmt: skip


def register(on: Callbacks, services: Services) -> None:
    """Add what fills the page, and what looks for ways out."""

    @on.shown(Output(_LIMITS, "children"), Output(_COSTS, "children"), Output(_GARAGES, "children"))
    def _city(view: View, _state: WhyState) -> tuple[Component, Component, Component]:
        view = run_of(view, services)
        summary, words = services.runs.summary(view.run_id), view.words
        links = {n: f"?depot={depot}" for n, depot in enumerate(_order(summary_garages(view, services)))}
        garages = plain_table(view, garages_reason_table(summary, words), links=links, most=200)
        return limits_part(view, summary), plain_table(view, costs_table(summary, words)), garages

    @on.shown(Output(_DEPOT, "children"))
    def _garage(view: View, state: WhyState) -> Component:
        view = run_of(view, services)
        record = record_of(view, state, services)
        return garage_part(view, record) if record else html.P(view.words("why.choose_long"), className="note")

    @on.event(
        Output(ids.control(NAME, "job"), "value"),
        Output(_NOTE, "children"),
        Input(_EXPLAIN, "n_clicks"),
        role=Role.SCHEDULER,
        changes="job.start",
        prevent_initial_call=True,
    )
    def _explain(view: View, state: WhyState, _clicks: int) -> tuple[object, str]:
        return start_explain(run_of(view, services), state, services)

    @on.shown(Output(_RELAX, "children"), Output(_TICK, "disabled"), Input(_TICK, "n_intervals"))
    def _watch(view: View, state: WhyState, _ticks: int | None) -> tuple[Component | None, bool]:
        job = job_of(services, state.job)
        return relax_part(run_of(view, services), state, services), job is None or job.state.over


def limits_part(view: View, summary: Summary) -> Component:
    """Return the limits of grid and city that bind with their prices, those that are not kept, and best places."""
    words = view.words
    kept, unkept, places = price_lines(summary, words), unkept_lines(summary, words), place_lines(summary, words)
    parts: list[Component] = []
    if unkept:
        parts += [html.H3(words("why.unkept")), _lines(unkept, f"verdict {Tone.ALERT}")]
    parts.append(_lines(kept, "") if kept else html.P(words("why.no_limit_prices"), className="note"))
    if places:
        parts += [html.H3(words("why.places")), _lines(places, "")]
    return html.Div(parts, className="stack")


def _lines(said: tuple[str, ...], look: str) -> Component:
    return html.Div(html.Ul([html.Li(line) for line in said[:MOST_LIMITS]]), className=look)


def summary_garages(view: View, services: Services) -> list[tuple[bool, float, str]]:
    """Return for every garage whether it has a plan, its gap and its id, in the order of the summary."""
    summary = services.runs.summary(view.run_id)
    lacking = {depot.garage for depot in without_plan(summary)}
    return [(depot.garage not in lacking, -depot.gap, depot.garage) for depot in summary.depots]


def _order(garages: list[tuple[bool, float, str]]) -> list[str]:
    return [name for _, _, name in sorted(garages, key=lambda row: row[:2])]


def record_of(view: View, state: WhyState, services: Services) -> DepotRecord | None:
    """Return the record of the chosen garage, or None when none is chosen or the run has none of it."""
    try:
        return services.runs.part(view.run_id, record_file(state.depot), record_from_bytes) if state.depot else None
    except KeyError:
        return None


def garage_part(view: View, record: DepotRecord) -> Component:
    """Return what binds in a garage, what its plan costs, and what each of its buses waits for."""
    words = view.words
    lines = binding_lines(record, words) or [words("why.nothing_binds")]
    reason = reason_words(record.fallback, words)
    told = html.P(words("why.fallback", reason=reason), className="verdict alert") if reason else None
    waits = waits_table(record, words)
    return html.Div(
        [
            badges(*depot_badges(record, view)),
            told,
            html.Div(
                [
                    html.Div([html.H3(words("why.binds")), html.Ul([html.Li(line) for line in lines])]),
                    html.Div(
                        [html.H3(words("cost.title")),
                         plain_table(view, bill_table(record.replayed_krw, words), most=12)]
                    ),
                ],
                className="columns even",
            ),
            html.H3(words("why.waits_title")),
            html.P(waits_sentence(record, words), className="sentence"),
            html.Div(plain_table(view, waits, most=MOST_WAITS), className="tall"),
            dcc.Link(words("why.to_depot"), href=f"/schedule/depot/{record.garage}?run={view.run_id}"),
        ],
        className="stack",
    )  # fmt: skip


def relax_part(view: View, state: WhyState, services: Services) -> Component | None:
    """Return how the search for ways out stands, or what it found."""
    job, words = job_of(services, state.job), view.words
    if job is None:
        return None
    if not job.state.over:
        share = percent(job.share, words.lang, 0)
        return html.P(words("relax.running", state=words(f"job_state.{job.state.value}"), share=share))
    record = record_of(view, replace(state, depot=str(job.parameters.get("garage", ""))), services)
    if job.state is not JobState.DONE or job.result is None or record is None:
        return html.P(words("relax.failed", why=job.message or "–"), className=f"verdict {Tone.ALERT}")
    lines = [html.Li(line) for line in relaxation_lines(job.result, record.problem, words)]
    title = words(
        "relax.title", depot=garage_name(record.garage, services.runs.summary(view.run_id).depots, words.lang)
    )
    return html.Div([html.H3(title), html.Ul(lines)], className="verdict")


def start_explain(view: View, state: WhyState, services: Services) -> tuple[object, str]:
    """Ask the worker for the conflict of a garage and the smallest ways out; return the job's id and what to say."""
    words = view.words
    if record_of(view, state, services) is None:
        return no_update, words("why.choose_long")
    title = words("relax.job_title", depot=state.depot)
    try:
        job = services.jobs.ask(
            JobKind.DEPOT_EXPLAIN, view.viewer.name, title, {"run": view.run_id, "garage": state.depot}
        )
    except TooManyJobsError as error:
        return no_update, str(error)
    services.audit.add(view.viewer.name, "job.start", job.job_id, kind=job.kind, garage=state.depot)
    return job.job_id, words("relax.started")


def _limits(view: View, _state: WhyState, services: Services) -> Table:
    view = run_of(view, services)
    return limits_table(services.runs.summary(view.run_id), view.words)


def _costs(view: View, _state: WhyState, services: Services) -> Table:
    view = run_of(view, services)
    return costs_table(services.runs.summary(view.run_id), view.words)


def _garages(view: View, _state: WhyState, services: Services) -> Table:
    view = run_of(view, services)
    return garages_reason_table(services.runs.summary(view.run_id), view.words)


def _waits(view: View, state: WhyState, services: Services) -> Table:
    record = record_of(run_of(view, services), state, services)
    if record is None:
        return Table(view.words("why.waits_title"), (), ())
    return waits_table(record, view.words)


PAGE = Page(
    name=NAME,
    path="/schedule/run/<run>/why",
    role=Role.VIEWER,
    state=WhyState,
    layout=layout,
    register=register,
    tables={"limits": _limits, "costs": _costs, "garages": _garages, "waits": _waits},
    in_navigation=False,
)
