"""Changing a garage's plan by hand: choose a session, move it, see at once what that costs and breaks, keep it."""

from __future__ import annotations

from dataclasses import asdict
from urllib.parse import quote

import dash_mantine_components as dmc
from dash import Input, Output, dcc, html, no_update
from dash.development.base_component import Component

from dash_app import ids
from dash_app.answers.depot_moves import (
    broken_lines,
    cost_table,
    locks_of,
    move_text,
    move_words,
    moves_of,
    outcome_sentence,
    outcome_tone,
)
from dash_app.answers.depot_replan import replan_lines, replan_tone
from dash_app.answers.depot_sessions import clock_of, sessions_of_plan
from dash_app.callbacks import Callbacks
from dash_app.clock import kst
from dash_app.pages.depot_shown import (
    NAME,
    DepotState,
    Shown,
    current_move,
    record_of,
    session_before,
    shown_of,
)
from dash_app.pages.jobs_lookup import job_of
from dash_app.services import Services
from dash_app.view import View
from dash_app.widgets.choice import picker
from dash_app.widgets.plain_table import plain_table
from dash_app.widgets.text import section
from data.errors import InvalidInput
from data.jobs import JobKind, TooManyJobsError
from data.users import Role
from twin.depot_locks import locked

KEEP = "schedule.change"
"""What the audit log calls a change by hand."""

_OUTCOME, _KEPT, _JOB, _TICK, _NOTE = (ids.of_page(NAME, name) for name in ("outcome", "kept", "job", "tick", "note"))
_ADD, _SAVE, _PLAN = (ids.of_page(NAME, name) for name in ("add", "save", "plan"))
POLL_MS = 1500


def edit_section(view: View, state: DepotState, shown: Shown) -> Component:
    """Return the controls; sessions to choose from come by callback."""
    words, record = view.words, shown.record
    step_min = round(float(record.problem.step_h[0]) * 60)
    classes = [(str(number), charger.id) for number, charger in enumerate(record.problem.chargers)]
    controls = [
        picker(ids.control(NAME, "session"), words("edit.session"), state.session, [(state.session, state.session)]
               if state.session else [], w="min(290px, 100%)", placeholder=words("edit.choose"), clearable=True),
        dmc.NumberInput(id=ids.control(NAME, "shift"), label=words("edit.shift", minutes=step_min), value=state.shift,
                        min=-500, max=500, step=1, size="xs", w=190, allowDecimal=False),
        picker(ids.control(NAME, "charger"), words("edit.charger"), state.charger, classes, w=150, clearable=True,
               placeholder=words("edit.same")) if len(classes) > 1
        else dcc.Input(id=ids.control(NAME, "charger"), type="hidden", value=state.charger),
        dmc.Switch(id=ids.switch(NAME, "drop"), label=words("edit.drop"), checked=state.drop, size="sm"),
    ]  # fmt: skip
    chosen = [{"value": text, "label": text} for text in state.moves]
    moves = dmc.MultiSelect(
        id=ids.control(NAME, "moves"), label=words("edit.moves"), value=list(state.moves), data=chosen, size="xs",
        placeholder=words("edit.no_moves"), clearable=True,
    )  # fmt: skip
    buttons = [html.Button(words("edit.add"), id=_ADD, n_clicks=0, className="button-quiet")]
    if view.viewer.may(Role.SCHEDULER):
        buttons += [
            html.Button(words("edit.save"), id=_SAVE, n_clicks=0, className="button"),
            html.Button(words("edit.plan"), id=_PLAN, n_clicks=0, className="button-quiet"),
        ]
    return section(
        words("edit.title"),
        html.Div(
            [
                html.Div([html.Div(controls, className="row"), moves, html.Div(buttons, className="row")]),
                html.Div(id=_OUTCOME, role="status"),
            ],
            className="columns",
        ),
        html.P(id=_NOTE, role="status", className="note"),
        html.Div(
            [
                html.Div(id=_JOB, role="status"),
                dmc.Switch(
                    id=ids.switch(NAME, "replanned"), label=words("edit.show_replanned"), checked=state.replanned,
                    size="sm", disabled=not state.job,
                ),
            ],
            style=None if state.job else {"display": "none"},
            id=ids.of_page(NAME, "job-box"),
        ),
        dcc.Input(id=ids.control(NAME, "job"), type="hidden", value=state.job),
        dcc.Interval(id=_TICK, interval=POLL_MS, disabled=not state.job),
        html.Div(id=_KEPT),
        note=words("edit.note"),
    )  # fmt: skip


def outcome_part(view: View, shown: Shown) -> Component:
    """Return what the changes do, why one cannot be made, or what to do first."""
    words, record = view.words, shown.record
    if shown.problems:
        lines = [html.Li(f"{problem.what}. {problem.fix}.") for problem in shown.problems]
        return html.Div([html.P(words("move.cannot")), html.Ul(lines)], className="verdict alert")
    if shown.outcome is None:
        return html.P(words("edit.begin"), className="note")
    outcome = shown.outcome
    broken = [html.Li(line) for line in broken_lines(record, outcome, words)]
    said = [html.Li(move_words(record.problem, move, words)) for move in shown.moves]
    sign = f"{outcome_tone(outcome).sign} "
    return html.Div(
        [
            html.Ul(said),
            html.P(sign + outcome_sentence(outcome, words), className="verdict-sentence"),
            html.Ul(broken) if broken else None,
            plain_table(view, cost_table(outcome.cost_before, outcome.cost_after, words)),
        ],
        className=f"verdict {outcome_tone(outcome)}",
    )


def kept_part(view: View, services: Services, garage: str) -> Component:
    """Return who changed what by hand in this garage of this run, newest first, from the audit log."""
    words = view.words
    entries = services.audit.entries(8, action=KEEP, object_name=f"{view.run_id}/{garage}")
    if not entries:
        return html.P(words("edit.none_kept"), className="note")
    lines = [
        html.Li(
            [
                words(
                    "edit.kept_by", user=entry.user, time=kst(entry.at_utc), count=len(entry.detail.get("moves", ()))
                ),
                " ",
                dcc.Link(words("edit.kept_open"), href=f"?{entry.detail.get('query', '')}"),
            ]
        )
        for entry in entries
    ]
    return html.Div([html.H3(words("edit.kept")), html.Ul(lines)])


def register_edit(on: Callbacks, services: Services) -> None:
    """Add what prices, keeps and plans around changes."""

    @on.shown(
        Output(_OUTCOME, "children"),
        Output(ids.control(NAME, "session"), "data"),
        Output(ids.control(NAME, "moves"), "data"),
        Output(_KEPT, "children"),
    )
    def _price(
        view: View, state: DepotState
    ) -> tuple[Component, list[dict[str, str]], list[dict[str, str]], Component]:
        shown = shown_of(view, state, services)
        return (
            outcome_part(view, shown),
            *edit_choices(view, state, shown),
            kept_part(view, services, shown.record.garage),
        )

    @on.event(
        Output(ids.control(NAME, "moves"), "value"),
        Output(ids.control(NAME, "shift"), "value"),
        Output(ids.switch(NAME, "drop"), "checked"),
        Output(ids.control(NAME, "charger"), "value"),
        Input(_ADD, "n_clicks"),
        prevent_initial_call=True,
    )
    def _add(view: View, state: DepotState, _clicks: int) -> tuple[object, ...]:
        record = shown_of(view, state, services).record
        move = current_move(record, state)
        if move is None:
            return (no_update,) * 4
        return [*state.moves, move_text(record.problem, move)], 0, False, ""

    @on.event(
        Output(_NOTE, "children"),
        Output(_KEPT, "children", allow_duplicate=True),
        Input(_SAVE, "n_clicks"),
        role=Role.SCHEDULER,
        changes=KEEP,
        prevent_initial_call=True,
    )
    def _keep(view: View, state: DepotState, _clicks: int) -> tuple[str, Component]:
        return keep_change(view, state, services), kept_part(view, services, record_of(view, services).garage)

    @on.event(
        Output(ids.control(NAME, "job"), "value"),
        Output(_NOTE, "children", allow_duplicate=True),
        Input(_PLAN, "n_clicks"),
        role=Role.SCHEDULER,
        changes="job.start",
        prevent_initial_call=True,
    )
    def _plan(view: View, state: DepotState, _clicks: int) -> tuple[object, str]:
        return start_replan(view, state, services)

    @on.shown(
        Output(_JOB, "children"),
        Output(_TICK, "disabled"),
        Output(ids.switch(NAME, "replanned"), "disabled"),
        Output(ids.of_page(NAME, "job-box"), "style"),
        Input(_TICK, "n_intervals"),
    )
    def _watch(view: View, state: DepotState, _ticks: int | None) -> tuple[list[Component], bool, bool, dict[str, str]]:
        job = job_of(services, state.job)
        lines = [html.P(line) for line in replan_lines(job, view.words)]
        box = html.Div(lines, className=f"verdict {replan_tone(job)}")
        over = job is None or job.state.over
        return [box], over, not (job and job.result), {} if job else {"display": "none"}


def edit_choices(view: View, state: DepotState, shown: Shown) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return the sessions that can be chosen, and the changes made so far, each with its words."""
    words, problem = view.words, shown.record.problem
    labels = problem.labels
    plan = shown.record.plan if not state.moves else shown.plan
    sessions = {s.name: s for s in sessions_of_plan(problem, plan, ())}
    before = session_before(shown.record, state)
    if before is not None:
        sessions[before.name] = before
    options = [
        {
            "value": s.name,
            "label": words("edit.session_option", bus=s.bus, start=clock_of(labels, s.start, words),
                           stop=clock_of(labels, s.stop, words)),
        }
        for s in sorted(sessions.values(), key=lambda s: (s.bus, s.start))
    ]  # fmt: skip
    made = [
        {"value": text, "label": move_words(problem, move, words)}
        for text in state.moves
        for move in moves_of(problem, [text])
    ]
    return options, made


def keep_change(view: View, state: DepotState, services: Services) -> str:
    """Write a change into the audit log and say so, or say why not."""
    shown, words = shown_of(view, state, services), view.words
    if shown.outcome is None:
        return words("edit.nothing_to_keep")
    problem = shown.record.problem
    texts = [move_text(problem, move) for move in shown.moves]
    query = "&".join([f"run={view.run_id}", *(f"m={quote(text, safe='')}" for text in texts)])
    entry = services.audit.add(
        view.viewer.name,
        KEEP,
        f"{view.run_id}/{shown.record.garage}",
        moves=texts,
        extra_krw=round(shown.outcome.extra_krw, 2),
        broken=len(shown.outcome.broken) + len(shown.outcome.overloads),
        query=query,
    )
    return words("edit.saved", number=entry.number)


def start_replan(view: View, state: DepotState, services: Services) -> tuple[object, str]:
    """Ask the worker to plan everything around the changed sessions; return the job's id and what to say."""
    shown, words = shown_of(view, state, services), view.words
    if shown.outcome is None:
        return no_update, words("edit.nothing_to_keep")
    record = record_of(view, services)
    locks = locks_of(shown.record, shown.moves)
    try:
        locked(record.problem, locks)
    except InvalidInput as refused:
        return no_update, words("edit.cannot_plan", why="; ".join(problem.what for problem in refused.problems))
    title = words("edit.job_title", depot=record.garage, count=len(locks))
    parameters = {"run": view.run_id, "garage": record.garage, "locks": [asdict(lock) for lock in locks]}
    try:
        job = services.jobs.ask(JobKind.DEPOT_REPLAN, view.viewer.name, title, parameters)
    except TooManyJobsError as error:
        return no_update, str(error)
    services.audit.add(view.viewer.name, "job.start", job.job_id, kind=job.kind, garage=record.garage)
    return job.job_id, words("edit.job_started")
