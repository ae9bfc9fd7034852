"""The page `/jobs`: did last night work, what failed, what is served instead; start, stop and run again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dash_mantine_components as dmc
from dash import Input, Output, dcc, html, no_update
from dash.development.base_component import Component

from dash_app import ids
from dash_app.answers.jobs import (
    Night,
    can_run_again,
    jobs_answer,
    jobs_table,
    jobs_tone,
    runs_table,
)
from dash_app.callbacks import Callbacks
from dash_app.clock import SEOUL
from dash_app.exports.table import Table
from dash_app.page import Page
from dash_app.pages.jobs_lookup import job_of, summary_of
from dash_app.pages.jobs_parts import job_part, steps_part
from dash_app.services import Services
from dash_app.url_state import PageState, url_field
from dash_app.view import View
from dash_app.widgets.chart import table_card
from dash_app.widgets.choice import picker
from dash_app.widgets.plain_table import plain_table
from dash_app.widgets.text import answer, section
from data.jobs import Job, JobKind, TooManyJobsError
from data.users import Role
from twin.report_numbers import Lang
from twin.scenario import TODAY

NAME = "jobs"
POLL_MS = 1500
MOST_JOBS, MOST_RUNS = 15, 15
_PARTS = ("answer", "steps", "jobs", "runs", "job", "tick", "note", "start", "stop", "again")
_ANSWER, _STEPS, _JOBS, _RUNS, _JOB, _TICK, _NOTE, _START, _STOP, _AGAIN = (ids.of_page(NAME, part) for part in _PARTS)
_SCENARIO = re.compile(r"[\w .-]{1,60}")


@dataclass(frozen=True)
class JobsState(PageState):
    """What the page shows: what would be started (`limit_s` for all garages together), and the job that is watched."""

    date: str = url_field("", longest=10)
    district: str = url_field("", longest=20)
    scenario: str = url_field(TODAY, longest=60)
    limit_s: int = url_field(120, key="limit", low=1, high=3600)
    job: str = url_field("", longest=16)


def night_of(services: Services, now_utc: datetime) -> Night:
    """Return the newest run, and the one that is served."""
    runs = services.runs.all()
    return Night(runs[0] if runs else None, services.runs.latest(), now_utc)


def layout(view: View, state: JobsState, services: Services) -> Component:
    """Return the page without its rows."""
    words, night = view.words, night_of(services, view.now_utc)
    return html.Div(
        [
            answer(view, NAME, jobs_answer(night, words), jobs_tone(night), id_=_ANSWER),
            section(words("jobs.steps"), html.Div(id=_STEPS)),
            html.Div(
                [
                    _form(view, state, services) if view.viewer.may(Role.SCHEDULER) else None,
                    section(
                        words("jobs.watched"),
                        html.Div(id=_JOB, role="status"),
                        html.Div(_job_buttons(view), className="row") if view.viewer.may(Role.SCHEDULER) else None,
                    ),
                ],
                className="columns even",
            ),
            html.P(id=_NOTE, role="status", className="note"),
            table_card(view, NAME, "jobs", words("jobs.jobs"), html.Div(id=_JOBS)),
            table_card(view, NAME, "runs", words("jobs.runs"), html.Div(id=_RUNS)),
            dcc.Input(id=ids.control(NAME, "job"), type="hidden", value=state.job),
            dcc.Interval(id=_TICK, interval=POLL_MS),
        ]
    )


def _form(view: View, state: JobsState, services: Services) -> Component:
    words = view.words
    tomorrow = (view.now_utc.astimezone(SEOUL) + timedelta(days=1)).date().isoformat()
    fields = [
        dmc.TextInput(id=ids.control(NAME, "date"), label=words("jobs.date"), value=state.date, placeholder=tomorrow,
                      size="xs", w=140),
        picker(ids.control(NAME, "district"), words("jobs.district"), state.district, _districts(view, services),
               clearable=True, placeholder=words("jobs.whole_city"), w=190),
        dmc.Autocomplete(id=ids.control(NAME, "scenario"), label=words("jobs.scenario"), value=state.scenario,
                         data=_scenarios(services), size="xs", w=170),
        dmc.NumberInput(id=ids.control(NAME, "limit_s"), label=words("jobs.limit"), value=state.limit_s, min=1,
                        max=3600, step=30, size="xs", w=150, allowDecimal=False),
    ]  # fmt: skip
    start = html.Button(words("jobs.start"), id=_START, n_clicks=0, className="button")
    return section(words("jobs.new"), html.Div([*fields, start], className="row"), note=words("jobs.new_note"))


def _job_buttons(view: View) -> list[Component]:
    return [
        html.Button(view.words("jobs.stop"), id=_STOP, n_clicks=0, className="button-quiet"),
        html.Button(view.words("jobs.again"), id=_AGAIN, n_clicks=0, className="button-quiet"),
    ]


def _districts(view: View, services: Services) -> list[tuple[str, str]]:
    """Return the districts of the newest run of a whole city, else those of the newest run."""
    summaries = [summary_of(services, record.run_id) for record in services.runs.shown()[:MOST_RUNS]]
    known = [summary for summary in summaries if summary is not None]
    whole = next((summary for summary in known if summary.run.district is None), known[0] if known else None)
    if whole is None:
        return []
    return [(d.code, d.name_local if view.lang is Lang.KOREAN else d.name_en) for d in whole.districts]


def _scenarios(services: Services) -> list[str]:
    """Return the scenarios that runs were made of."""
    summaries = [summary_of(services, record.run_id) for record in services.runs.shown()[:MOST_RUNS]]
    return sorted({TODAY, *(summary.run.scenario for summary in summaries if summary is not None)})


def register(on: Callbacks, services: Services) -> None:
    """Add what keeps the page up to date, and what starts, stops and repeats jobs."""

    @on.shown(
        Output(_ANSWER, "children"),
        Output(_STEPS, "children"),
        Output(_JOB, "children"),
        Output(_JOBS, "children"),
        Output(_RUNS, "children"),
        Input(_TICK, "n_intervals"),
    )
    def _watch(view: View, state: JobsState, _ticks: int | None) -> tuple[object, ...]:
        night, job = night_of(services, view.now_utc), job_of(services, state.job)
        return (
            jobs_answer(night, view.words),
            steps_part(view, night, services),
            job_part(view, job, services),
            _jobs_part(view, state, services),
            _runs_part(view, services),
        )

    @on.event(
        Output(ids.control(NAME, "job"), "value"),
        Output(_NOTE, "children"),
        Input(_START, "n_clicks"),
        role=Role.SCHEDULER,
        changes="job.start",
        prevent_initial_call=True,
    )
    def _start(view: View, state: JobsState, _clicks: int) -> tuple[object, str]:
        return start_run(view, state, services)

    @on.event(
        Output(_NOTE, "children", allow_duplicate=True),
        Input(_STOP, "n_clicks"),
        role=Role.SCHEDULER,
        changes="job.stop",
        prevent_initial_call=True,
    )
    def _stop(view: View, state: JobsState, _clicks: int) -> str:
        return stop_job(view, job_of(services, state.job), services)

    @on.event(
        Output(ids.control(NAME, "job"), "value", allow_duplicate=True),
        Output(_NOTE, "children", allow_duplicate=True),
        Input(_AGAIN, "n_clicks"),
        role=Role.SCHEDULER,
        changes="job.start",
        prevent_initial_call=True,
    )
    def _again(view: View, state: JobsState, _clicks: int) -> tuple[object, str]:
        job = job_of(services, state.job)
        if job is None or not can_run_again(job):
            return no_update, view.words("jobs.cannot_again")
        return ask(view, services, job.kind, job.title, dict(job.parameters))


def start_run(view: View, state: JobsState, services: Services) -> tuple[object, str]:
    """Ask for a night of the city or of a district; return the job's id and what to say."""
    words = view.words
    try:
        when = date.fromisoformat(state.date).isoformat() if state.date else ""
    except ValueError:
        return no_update, words("jobs.bad_date", text=state.date)
    if not _SCENARIO.fullmatch(state.scenario):
        return no_update, words("jobs.bad_scenario")
    kind = JobKind.DISTRICT if state.district else JobKind.NIGHTLY
    parameters: dict[str, object] = {"scenario": state.scenario, "time_limit_s": state.limit_s}
    parameters |= {name: value for name, value in (("date", when), ("district", state.district)) if value}
    where = dict(_districts(view, services)).get(state.district, state.district) or words("jobs.whole_city")
    title = words("jobs.job_title", where=where, date=when or words("jobs.tomorrow"), scenario=state.scenario)
    return ask(view, services, kind, title, parameters)


def ask(view: View, services: Services, kind: JobKind, title: str, parameters: dict[str, object]) -> tuple[object, str]:
    """Queue a job and note it in the audit log; return its id and what to say."""
    if kind is JobKind.NIGHTLY and not view.viewer.may(Role.ENGINEER):
        return no_update, view.words("jobs.needs_engineer")
    try:
        job = services.jobs.ask(kind, view.viewer.name, title, parameters)
    except TooManyJobsError as error:
        return no_update, str(error)
    services.audit.add(view.viewer.name, "job.start", job.job_id, kind=kind, title=title)
    return job.job_id, view.words("jobs.asked_for", title=title)


def stop_job(view: View, job: Job | None, services: Services) -> str:
    """Ask for a job's end; only its own user or an engineer may."""
    words = view.words
    if job is None or job.state.over:
        return words("jobs.nothing_to_stop")
    if job.user != view.viewer.name and not view.viewer.may(Role.ENGINEER):
        return words("jobs.not_yours")
    services.jobs.cancel(job.job_id)
    services.audit.add(view.viewer.name, "job.stop", job.job_id, title=job.title)
    return words("jobs.stop_asked", title=job.title)


def _jobs_part(view: View, state: JobsState, services: Services) -> Component:
    table = _jobs(view, state, services)
    if not table.rows:
        return html.P(view.words("jobs.no_jobs"), className="note")
    brief = Table(table.title, table.columns[:8], [row[:8] for row in table.rows[:MOST_JOBS]])
    links = {number: f"?job={row[-1]}" for number, row in enumerate(table.rows[:MOST_JOBS])}
    return plain_table(view, brief, links=links)


def _runs_part(view: View, services: Services) -> Component:
    records = services.runs.all()[:MOST_RUNS]
    if not records:
        return html.P(view.words("jobs.none"), className="note")
    links = {n: f"/schedule?run={record.run_id}" for n, record in enumerate(records) if record.state.shown}
    return plain_table(view, runs_table(records, view.words), links=links)


def _jobs(view: View, _state: JobsState, services: Services) -> Table:
    return jobs_table(services.jobs.jobs(100), datetime.now(UTC), view.words)


def _runs(view: View, _state: JobsState, services: Services) -> Table:
    return runs_table(services.runs.all(), view.words)


PAGE = Page(
    name=NAME,
    path="/jobs",
    role=Role.VIEWER,
    state=JobsState,
    layout=layout,
    register=register,
    tables={"jobs": _jobs, "runs": _runs},
    needs_run=False,
)
