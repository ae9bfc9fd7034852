"""What the page of a garage shows: the state in its address, and the record, plan and changes that follow from it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from dash_app.answers.depot_moves import moves_of
from dash_app.answers.depot_sessions import MARK, SessionFacts, session_named, sessions_of_plan
from dash_app.page import NotFoundError
from dash_app.pages.jobs_lookup import job_of
from dash_app.services import Services
from dash_app.url_state import PageState, url_field
from dash_app.view import View
from data.errors import InvalidInput, Problem
from data.jobs import Job, JobState
from optimizers.plan import DepotPlan
from twin.depot_departures import Departure, departures
from twin.depot_moves import Move, MoveOutcome, moved
from twin.depot_record import DepotRecord, record_from_bytes
from twin.schedule_pages import record_file

NAME = "depot"
RECORD = "record"
"""Under which a re-plan hands back its record, as text."""


class Rows(StrEnum):
    """What a row of the Gantt chart is."""

    OUTLETS = "outlets"
    BUSES = "buses"


@dataclass(frozen=True)
class DepotState(PageState):
    """What the page shows.

    `session` names the one being changed ("bus@step"), `shift` (in steps), `charger` (number of a class) and `drop` say
    how; `moves` are the changes made before it. `job` is a re-plan, shown when `replanned`.
    """

    rows: Rows = url_field(Rows.OUTLETS)
    session: str = url_field("")
    shift: int = url_field(0, low=-500, high=500)
    charger: str = url_field("", longest=4)
    drop: bool = url_field(default=False)
    moves: tuple[str, ...] = url_field((), key="m")
    job: str = url_field("", longest=16)
    replanned: bool = url_field(default=False)


@dataclass(frozen=True, eq=False)
class Shown:
    """A garage as the page shows it.

    Attributes
    ----------
    record
        The garage with the plan of the run, or with the re-planned one.
    moves
        All changes, the one being made last.
    outcome
        What they do; None without changes, or when one cannot be made.
    problems
        Why a change cannot be made.
    plan, found, sessions
        The plan that is drawn, with its departures and sessions.
    chosen
        Name of the session being changed, as it stands in `sessions`.
    """

    record: DepotRecord
    moves: tuple[Move, ...]
    outcome: MoveOutcome | None
    problems: tuple[Problem, ...]
    plan: DepotPlan
    found: tuple[Departure, ...]
    sessions: tuple[SessionFacts, ...]
    chosen: str


def record_of(view: View, services: Services) -> DepotRecord:
    """Return the record of the garage in the address.

    Raises
    ------
    NotFoundError
        When the run has no such garage, or was made before runs kept records.
    """
    depot = view.arguments["depot"]
    try:
        return services.runs.part(view.run_id, record_file(depot), record_from_bytes)
    except KeyError:
        known = any(facts.garage == depot for facts in services.runs.summary(view.run_id).depots)
        key = "depot.no_record" if known else "depot.not_found"
        raise NotFoundError(view.words(key, depot=depot, run=view.run_id)) from None


def shown_of(view: View, state: DepotState, services: Services) -> Shown:
    """Return what the page shows; kept, because several of its parts ask for it at once."""
    record = record_of(view, services)
    job = job_of(services, state.job)
    again = replanned_record(job) if state.replanned and job is not None else None
    made = (state.session, str(state.shift), state.charger, str(state.drop), *state.moves)
    key = (view.run_id, record.garage, "shown", job.job_id if job and again else "", *made)
    return services.runs.made(key, lambda: _shown(again or record, state))


def _shown(record: DepotRecord, state: DepotState) -> Shown:
    moves = moves_of(record.problem, state.moves)
    current = current_move(record, state)
    every = (*moves, current) if current else moves
    outcome, problems = _outcome(record, every)
    plan = outcome.plan if outcome else record.plan
    found = departures(record.problem, plan)
    sessions = sessions_of_plan(record.problem, plan, found)
    chosen = state.session
    if current and outcome and not current.drop:
        chosen = f"{current.bus}{MARK}{current.start + current.shift}"
    return Shown(record, every, outcome, problems, plan, found, sessions, chosen)


def _outcome(record: DepotRecord, moves: Sequence[Move]) -> tuple[MoveOutcome | None, tuple[Problem, ...]]:
    if not moves:
        return None, ()
    try:
        return moved(record, moves), ()
    except InvalidInput as refused:
        return None, refused.problems


def current_move(record: DepotRecord, state: DepotState) -> Move | None:
    """Return the change being made, or None when nothing is changed yet."""
    if not state.session or not (state.shift or state.charger or state.drop):
        return None
    text = f"{state.session}:{'drop' if state.drop else f'{state.shift:+d}'}"
    found = moves_of(record.problem, [text + (f":c{state.charger}" if state.charger and not state.drop else "")])
    return found[0] if found else None


def session_before(record: DepotRecord, state: DepotState) -> SessionFacts | None:
    """Return the session being changed as it stands before the change."""
    moves = moves_of(record.problem, state.moves)
    outcome, _ = _outcome(record, moves)
    plan = outcome.plan if outcome else record.plan
    return session_named(sessions_of_plan(record.problem, plan, ()), state.session)


def replanned_record(job: Job) -> DepotRecord | None:
    """Return the record that a finished re-plan handed back, or None."""
    if job.state is not JobState.DONE or not job.result or RECORD not in job.result:
        return None
    return record_from_bytes(base64.b64decode(str(job.result[RECORD])))
