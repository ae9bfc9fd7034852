"""Parts of the page of jobs: the steps of a night, and how the watched job stands."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from dash_app.answers.jobs import Night, Step, StepState, job_sentence, job_tone, step_words, steps_of
from dash_app.clock import kst
from dash_app.pages.jobs_lookup import summary_of
from dash_app.services import Services
from dash_app.view import View
from data.jobs import Job, JobState


def steps_part(view: View, night: Night, services: Services) -> Component:
    """Return the steps of the newest run as a row of states."""
    newest = night.newest
    if newest is None:
        return html.P(view.words("jobs.no_steps"), className="note")
    summary = summary_of(services, newest.run_id) if newest.state.shown else None
    return html.Ol([_step(view, step) for step in steps_of(newest, summary)], className="steps")


def _step(view: View, step: Step) -> Component:
    words = view.words
    signs = {StepState.DONE: "✓", StepState.RUNNING: "…", StepState.FAILED: "▲", StepState.WAITING: "·"}
    looks = {StepState.FAILED: "alert", StepState.WAITING: "waiting"}
    seconds = f" {words('jobs.seconds', count=round(step.seconds))}" if step.seconds is not None else ""
    told = words(f"step_state.{step.state.value}")
    return html.Li(
        [html.Span(f"{signs[step.state]} ", **{"aria-hidden": "true"}), step_words(step.name, words), seconds,
         html.Span(f" ({told})", className="" if step.state is StepState.FAILED else "hidden")],
        className=looks.get(step.state, ""),
    )  # fmt: skip


def job_part(view: View, job: Job | None, services: Services) -> Component:
    """Return how the watched job stands: sentence, bar, log, and the way to what it made."""
    words = view.words
    if job is None:
        return html.P(words("jobs.choose"), className="note")
    percent = round(job.share * 100)
    bar = html.Div(
        html.Span(style={"width": f"{percent}%"}), className="progress", role="progressbar",
        **{"aria-valuenow": str(percent), "aria-valuemin": "0", "aria-valuemax": "100", "aria-label": job.title},
    )  # fmt: skip
    sentence = f"{job_tone(job).sign} {job_sentence(job, view.now_utc, words)}".strip()
    lines = [f"{kst(at)[11:]} {line}" for at, line in services.jobs.log_lines(job.job_id, 30)]
    if job.state is JobState.FAILED:
        lines += job.message.splitlines()
    run_id = str((job.result or {}).get("run_id", ""))
    link = dcc.Link(words("jobs.open_run", run=run_id), href=f"/schedule?run={run_id}") if run_id else None
    log = html.Pre("\n".join(lines), className="log", tabIndex="0", **{"aria-label": words("jobs.log")})
    return html.Div(
        [html.P(sentence, className="verdict-sentence"), bar, link, log if lines else None],
        className=f"verdict stack {job_tone(job)}",
    )
