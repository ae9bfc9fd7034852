"""What the page of jobs says: did last night work, which step failed, what is being served instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dash_app.clock import age, kst
from dash_app.exports.table import Column, Table
from dash_app.widgets.tone import Tone
from dash_app.words import Words
from data.jobs import Job, JobKind, JobState
from data.ledger import RunRecord, RunState
from twin.report_numbers import day, minutes, percent
from twin.summary_types import Summary

STEPS = (
    "city and grid",
    "loads of the day",
    "unmanaged day",
    "plan",
    "power flow of the plan",
    "replay",
    "store and report",
)
"""Phases of a night, in their order."""


class StepState(StrEnum):
    """Where a step stands."""

    DONE = "done"
    RUNNING = "running"
    FAILED = "failed"
    WAITING = "waiting"


@dataclass(frozen=True)
class Step:
    """One step of a night: its name, where it stands, and how long it took when that is known."""

    name: str
    state: StepState
    seconds: float | None


@dataclass(frozen=True)
class Night:
    """The newest run, and the newest one that is served; either may be missing."""

    newest: RunRecord | None
    served: RunRecord | None
    now_utc: datetime


def jobs_answer(night: Night, words: Words) -> str:
    """Say whether the last night worked, which step failed if not, and what is being served."""
    newest, served = night.newest, night.served
    if newest is None:
        return words("jobs.none")
    told = {
        "date": day(newest.key.service_date.isoformat(), words.lang),
        "time": kst(newest.ended_utc or newest.started_utc),
    }
    told |= {"message": newest.message, "step": step_words(newest.phase, words)}
    if newest.state.shown:
        key = "jobs.worked" if newest.state is RunState.PUBLISHED else "jobs.degraded"
        return words(key, **told)
    return f"{words(f'jobs.{newest.state.value}', **told)} {_served(served, night, words)}"


def _served(served: RunRecord | None, night: Night, words: Words) -> str:
    if served is None:
        return words("jobs.serves_nothing")
    ended = served.ended_utc or served.started_utc
    return words(
        "jobs.serves",
        date=day(served.key.service_date.isoformat(), words.lang),
        time=kst(ended),
        age=age(ended, night.now_utc, words),
    )


def jobs_tone(night: Night) -> Tone:
    """Return how unusual the last night is."""
    if night.newest is None:
        return Tone.UNKNOWN
    calm = night.newest.state in {RunState.PUBLISHED, RunState.RUNNING}
    return Tone.CALM if calm else Tone.ALERT


def step_words(phase: str, words: Words) -> str:
    """Return the name of a step in the language of the page."""
    return words.label("step", phase.replace(" ", "_")) if phase else words("jobs.before_steps")


def steps_of(record: RunRecord | None, summary: Summary | None) -> tuple[Step, ...]:
    """Return the steps of a run: done with their seconds, running, failed, or not reached."""
    if record is None:
        return ()
    at = STEPS.index(record.phase) if record.phase in STEPS else 0
    found = []
    for number, name in enumerate(STEPS):
        seconds = summary.phases_s.get(name) if summary else None
        if record.state.shown or number < at:
            state = StepState.DONE
        elif number > at:
            state = StepState.WAITING
        else:
            state = StepState.RUNNING if record.state is RunState.RUNNING else StepState.FAILED
        found.append(Step(name, state, seconds))
    return tuple(found)


def duration_words(job: Job, now_utc: datetime, words: Words) -> str:
    """Return how long a job has been running, or how long it took."""
    if job.started_utc is None:
        return words("jobs.not_started")
    seconds = ((job.ended_utc or now_utc) - job.started_utc).total_seconds()
    return words("jobs.seconds", count=round(seconds)) if seconds < 120 else minutes(seconds / 60, words.lang)


def job_sentence(job: Job, now_utc: datetime, words: Words) -> str:
    """Say how one job stands."""
    told = {"title": job.title, "state": words(f"job_state.{job.state.value}"), "user": job.user}
    told |= {"duration": duration_words(job, now_utc, words), "share": percent(job.share, words.lang, 0)}
    if job.state is JobState.RUNNING:
        key = "jobs.stopping" if job.stop_asked else "jobs.job_running"
        return words(key, phase=phase_words(job.phase, words), **told)
    if job.state is JobState.FAILED:
        return words("jobs.job_failed", why=job.message.splitlines()[0] if job.message else "–", **told)
    return words(f"jobs.job_{job.state.value}", **told)


def phase_words(phase: str, words: Words) -> str:
    """Return the phase of a job, its count of parts kept: "plan 3/73 depots"."""
    name = next((step for step in STEPS if phase == step or phase.startswith(f"{step} ")), "")
    if not name:
        return phase or "–"
    return f"{step_words(name, words)}{phase[len(name) :]}"


def job_tone(job: Job | None) -> Tone:
    """Return how unusual a job is: only a failed one."""
    return Tone.ALERT if job is not None and job.state is JobState.FAILED else Tone.CALM


def jobs_table(jobs: Sequence[Job], now_utc: datetime, words: Words) -> Table:
    """Return one row a job, newest first."""
    columns = (
        Column("title", words("jobs.title")),
        Column("kind", words("jobs.kind")),
        Column("state", words("jobs.state")),
        Column("done_percent", words("jobs.done"), "%", 0),
        Column("phase", words("jobs.phase")),
        Column("user", words("jobs.user")),
        Column("asked_kst", words("jobs.asked")),
        Column("duration", words("jobs.duration")),
        Column("job_id", words("jobs.id")),
    )
    rows = [
        (
            job.title,
            words(f"job_kind.{job.kind.value}"),
            words(f"job_state.{job.state.value}"),
            round(job.share * 100),
            phase_words(job.phase, words),
            job.user,
            kst(job.asked_utc),
            duration_words(job, now_utc, words),
            job.job_id,
        )
        for job in jobs
    ]
    return Table(words("jobs.jobs"), columns, rows)


def runs_table(records: Sequence[RunRecord], words: Words) -> Table:
    """Return one row a run, newest first."""
    columns = (
        Column("run_id", words("jobs.run")),
        Column("state", words("jobs.state")),
        Column("service_date", words("jobs.date")),
        Column("started_kst", words("jobs.started")),
        Column("ended_kst", words("jobs.ended")),
        Column("phase", words("jobs.phase")),
        Column("message", words("jobs.message")),
    )
    rows = [
        (
            record.run_id,
            words(f"run_state.{record.state.value}"),
            record.key.service_date.isoformat(),
            kst(record.started_utc),
            kst(record.ended_utc) if record.ended_utc else None,
            step_words(record.phase, words) if record.state is not RunState.PUBLISHED else "–",
            record.message,
        )
        for record in records
    ]
    return Table(words("jobs.runs"), columns, rows)


def can_run_again(job: Job | None) -> bool:
    """Whether a job can be asked again as it was."""
    return job is not None and job.state.over and job.kind is not JobKind.INPUT_CHECK
