"""The page `/data`: send a city, depot, network or weather; every problem is shown at its row; stored when clean."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dash import Input, Output, dcc, html, no_update
from dash.development.base_component import Component

from dash_app import ids
from dash_app.answers.data import data_answer, data_tone, problems_table, stored_table
from dash_app.callbacks import Callbacks
from dash_app.exports.table import Table
from dash_app.page import Page
from dash_app.pages.jobs_lookup import job_of
from dash_app.services import Services
from dash_app.uploads import path_of
from dash_app.url_state import PageState, url_field
from dash_app.view import View
from dash_app.widgets.chart import table_card
from dash_app.widgets.choice import choice
from dash_app.widgets.plain_table import plain_table
from dash_app.widgets.text import answer, section
from dash_app.widgets.upload import upload_box
from data.jobs import JobKind, TooManyJobsError
from data.users import Role
from twin.inputs import InputKind, stored_inputs

NAME = "data"
POLL_MS = 700
_ANSWER, _PROBLEMS, _STORED, _TICK, _NOTE = (
    ids.of_page(NAME, part) for part in ("answer", "problems", "stored", "tick", "note")
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f<>\"'&\\/]")


@dataclass(frozen=True)
class DataState(PageState):
    """What the page shows: which kind is sent, and the check of a file."""

    kind: InputKind = url_field(InputKind.DEPOT)
    job: str = url_field("", longest=16)


def layout(view: View, state: DataState, services: Services) -> Component:
    """Return the page without its rows."""
    words, job = view.words, job_of(services, state.job)
    stored = stored_inputs(services.settings.state_folder)
    limit_mb = services.settings.upload_bytes // (1024 * 1024)
    boxes = [
        html.Div(
            [upload_box(view, NAME, kind.value, words(f"data.send_{kind.value}"), limit_mb),
             html.P(words(f"data.about_{kind.value}"), className="note")],
            style={} if kind is state.kind else {"display": "none"}, id=ids.of_page(NAME, f"box-{kind.value}"),
        )
        for kind in InputKind
    ]  # fmt: skip
    return html.Div(
        [
            answer(view, NAME, data_answer(job, stored, words), data_tone(job), id_=_ANSWER),
            html.Div(
                [
                    section(
                        words("data.send"),
                        choice(ids.control(NAME, "kind"), words("data.kind"), state.kind.value,
                               [(kind.value, words(f"data.kind_{kind.value}")) for kind in InputKind]),
                        *boxes,
                        html.P(id=_NOTE, role="status", className="note"),
                        note=words("data.rule"),
                    ),
                    table_card(view, NAME, "stored", words("data.stored"), html.Div(id=_STORED)),
                ],
                className="columns even",
            ),
            html.Div(table_card(view, NAME, "problems", words("data.problems"), html.Div(id=_PROBLEMS)),
                     className="problems"),
            dcc.Input(id=ids.control(NAME, "job"), type="hidden", value=state.job),
            dcc.Interval(id=_TICK, interval=POLL_MS, disabled=not state.job),
        ]
    )  # fmt: skip


def register(on: Callbacks, services: Services) -> None:
    """Add what starts a check and shows how it came out."""

    @on.shown(*(Output(ids.of_page(NAME, f"box-{kind.value}"), "style") for kind in InputKind))
    def _boxes(_view: View, state: DataState) -> list[dict[str, str]]:
        return [{} if kind is state.kind else {"display": "none"} for kind in InputKind]

    @on.shown(
        Output(_ANSWER, "children"),
        Output(_PROBLEMS, "children"),
        Output(_STORED, "children"),
        Output(_TICK, "disabled"),
        Input(_TICK, "n_intervals"),
    )
    def _watch(view: View, state: DataState, _ticks: int | None) -> tuple[str, Component, Component, bool]:
        job = job_of(services, state.job)
        stored = stored_inputs(services.settings.state_folder)
        over = job is None or job.state.over
        return (
            data_answer(job, stored, view.words),
            _problems_part(view, state, services),
            _stored_part(view, services),
            over,
        )

    @on.event(
        Output(ids.control(NAME, "job"), "value"),
        Output(_NOTE, "children"),
        *(Input(ids.of_page(NAME, f"upload-{kind.value}"), "data") for kind in InputKind),
        role=Role.ENGINEER,
        changes="data.check",
        prevent_initial_call=True,
    )
    def _check(view: View, state: DataState, *received: object) -> tuple[object, str]:
        number = list(InputKind).index(state.kind)
        return start_check(view, state.kind, received[number], services)


def start_check(view: View, kind: InputKind, told: object, services: Services) -> tuple[object, str]:
    """Ask the worker to check a file that was received; return the job's id and what to say."""
    given = told if isinstance(told, dict) else {}
    try:
        path = path_of(services.settings, view.viewer.name, str(given.get("upload", "")))
    except KeyError:
        return no_update, ""
    name = _UNPRINTABLE.sub("_", str(given.get("name") or path.name))[:100]
    parameters = {
        "kind": kind.value, "path": str(path), "name": name, "user": view.viewer.name,
        "state_folder": str(services.settings.state_folder),
    }  # fmt: skip
    title = view.words("data.job_title", name=name, kind=view.words(f"data.kind_{kind.value}"))
    try:
        job = services.jobs.ask(JobKind.INPUT_CHECK, view.viewer.name, title, parameters)
    except TooManyJobsError as error:
        return no_update, str(error)
    services.audit.add(view.viewer.name, "data.check", job.job_id, kind=kind.value, name=name)
    return job.job_id, ""


def _problems_part(view: View, state: DataState, services: Services) -> Component:
    table = _problems(view, state, services)
    if table.rows:
        return plain_table(view, table, most=200)
    return html.P(view.words("data.no_problems" if state.job else "data.no_check"), className="note")


def _stored_part(view: View, services: Services) -> Component:
    table = stored_table(stored_inputs(services.settings.state_folder), view.words)
    brief = Table(table.title, table.columns[:5], [row[:5] for row in table.rows])
    return plain_table(view, brief, most=12) if table.rows else html.P(view.words("data.nothing"), className="note")


def _problems(view: View, state: DataState, services: Services) -> Table:
    return problems_table(job_of(services, state.job), view.words)


def _stored(view: View, _state: DataState, services: Services) -> Table:
    return stored_table(stored_inputs(services.settings.state_folder), view.words)


PAGE = Page(
    name=NAME,
    path="/data",
    role=Role.ENGINEER,
    state=DataState,
    layout=layout,
    register=register,
    tables={"problems": _problems, "stored": _stored},
    needs_run=False,
)
