"""What is said of a re-plan of a garage while it runs and when it is over."""

from __future__ import annotations

from dash_app.widgets.tone import Tone
from dash_app.words import Words
from data.jobs import Job, JobState
from twin.report_numbers import money, percent


def replan_tone(job: Job | None) -> Tone:
    """Return how unusual the state of a job is: failed, or over without a plan."""
    if job is None or not job.state.over:
        return Tone.CALM
    planned = job.state is JobState.DONE and bool(job.result) and "record" in (job.result or {})
    return Tone.CALM if planned else Tone.ALERT


def replan_lines(job: Job | None, words: Words) -> list[str]:
    """Return lines about a re-plan: how far it is, or what it found."""
    if job is None:
        return []
    if not job.state.over:
        return [
            words(
                "replan.running", state=words(f"job_state.{job.state.value}"), share=percent(job.share, words.lang, 0)
            )
        ]
    if job.state is not JobState.DONE or job.result is None:
        return [words("replan.failed", state=words(f"job_state.{job.state.value}"), why=job.message)]
    result = job.result
    if "record" not in result:
        lead = words("replan.no_plan", status=words(f"plan_status.{result['status']}"))
        return [lead, *(str(reason) for reason in result["reasons"])]
    before, after, bound = (float(result[name]) for name in ("before_krw", "cost_krw", "bound_krw"))
    key = "replan.more" if after > before else "replan.less"
    return [
        words(
            key,
            cost=money(after, words.lang),
            difference=money(abs(after - before), words.lang),
            gap=percent(float(result["gap"]), words.lang, 2),
            least=money(max(bound - before, 0.0), words.lang),
        )
    ]
