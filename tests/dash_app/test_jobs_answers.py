"""What the page of jobs says, on nights whose truth is known, in both languages."""

from __future__ import annotations

from datetime import date

import pytest

from dash_app.answers.jobs import (
    STEPS,
    Night,
    StepState,
    can_run_again,
    duration_words,
    job_sentence,
    job_tone,
    jobs_answer,
    jobs_table,
    jobs_tone,
    phase_words,
    runs_table,
    steps_of,
)
from dash_app.widgets.tone import Tone
from dash_app.words import words_of
from data.jobs import Job, JobKind
from data.ledger import RunKey
from tests.dash_app.job_rows import NOW, job, run
from tests.twin.report_builders import summary
from twin.job_nightly import SHARES
from twin.report_numbers import Lang

EN, KO = words_of(Lang.ENGLISH), words_of(Lang.KOREAN)
STOPPED = run("cancelled", phase="plan", message="stopped by its user")
EARLY = run("failed", phase="", message="x")
BEFORE = run(key=RunKey("nightly", "Seoul", date(2026, 11, 23), "c" * 64))
FAILED = run("failed", phase="plan", message="OSError: no space left")
NIGHTS: dict[str, tuple[Night, str, str, Tone]] = {
    "none": (Night(None, None, NOW), "Nothing has been planned yet", "아직 계획한 적이", Tone.UNKNOWN),
    "worked": (Night(run(), run(), NOW), "Last night worked: the plan of Tue 24 Nov 2026", "성공했습니다", Tone.CALM),
    "when": (Night(run(), run(), NOW), "2026-11-23 04:01 KST", "2026-11-23 04:01 KST", Tone.CALM),
    "how well": (Night(run(), run(), NOW), "(optimal, gap 0.06%)", "(optimal, gap 0.06%)", Tone.CALM),
    "degraded": (
        Night(run("degraded", message="2 garages fell back"), run("degraded"), NOW),
        "ended degraded: the plan of Tue 24 Nov 2026 was published",
        "일부 저하",
        Tone.ALERT,
    ),
    "why degraded": (
        Night(run("degraded", message="2 garages fell back"), run("degraded"), NOW),
        "2 garages fell back",
        "2 garages fell back",
        Tone.ALERT,
    ),
    "failed": (Night(FAILED, BEFORE, NOW), "Last night failed", "실패했습니다", Tone.ALERT),
    "which step": (Night(FAILED, BEFORE, NOW), "in the step “Plan”", "‘계획’ 단계", Tone.ALERT),
    "why failed": (Night(FAILED, BEFORE, NOW), "no space left", "no space left", Tone.ALERT),
    "served instead": (Night(FAILED, BEFORE, NOW), "instead: the plan of Mon 23 Nov", "11월 23일(월) 계획", Tone.ALERT),
    "how old": (Night(FAILED, BEFORE, NOW), "(1 h ago)", "1시간 전", Tone.ALERT),
    "nothing to serve": (Night(FAILED, None, NOW), "no run was ever published", "게시된 실행이 없어", Tone.ALERT),
    "running": (Night(run("running", phase="replay"), BEFORE, NOW), "is being made since", "만드는 중", Tone.CALM),
    "stopped": (Night(STOPPED, BEFORE, NOW), "was stopped", "중지", Tone.ALERT),
    "before any step": (Night(EARLY, BEFORE, NOW), "in the step “start”", "‘시작’", Tone.ALERT),
}  # fmt: skip


@pytest.mark.parametrize("truth", NIGHTS)
def test_the_answer_is_true_in_both_languages(truth: str) -> None:
    night, english, korean, tone = NIGHTS[truth]
    assert english in jobs_answer(night, EN)
    assert korean in jobs_answer(night, KO)
    assert jobs_tone(night) is tone


def test_the_steps_are_those_of_the_nightly_job() -> None:
    assert tuple(SHARES) == STEPS


@pytest.mark.parametrize(
    ("record", "states"),
    [
        (run(), ["done"] * 7),
        (run("failed", phase="plan"), ["done"] * 3 + ["failed"] + ["waiting"] * 3),
        (run("running", phase="city and grid"), ["running"] + ["waiting"] * 6),
        (run("cancelled", phase=""), ["failed"] + ["waiting"] * 6),
        (None, []),
    ],
)
def test_steps_stand_where_the_run_does(record: object, states: list[str]) -> None:
    steps = steps_of(record, summary())  # type: ignore[arg-type]
    assert [step.state for step in steps] == [StepState(state) for state in states]
    if steps:
        assert steps[0].seconds == 12.3


JOBS: dict[str, tuple[Job, str, str]] = {
    "queued": (job("queued"), "waits for the worker", "기다리는 중"),
    "running": (
        job("running", share=0.42, phase="plan 3/73 depots"),
        "42 % done, Plan 3/73 depots",
        "42% 진행, 계획 3/73",
    ),
    "stopping": (job("running", stop_asked=True, phase="replay"), "is being stopped (Replay)", "중지하는 중"),
    "done": (job("done"), "is done; it took 60 s", "완료, 60초"),
    "failed": (job("failed", message="broken\ntraceback"), "failed after 60 s: broken", "실패(60초): broken"),
    "cancelled": (job("cancelled"), "was stopped after 60 s", "중지됨(60초)"),
}


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_told(name: str) -> None:
    asked, english, korean = JOBS[name]
    assert english in job_sentence(asked, NOW, EN)
    assert korean in job_sentence(asked, NOW, KO)
    assert job_tone(asked) is (Tone.ALERT if name == "failed" else Tone.CALM)


def test_durations_and_phases_read_well() -> None:
    assert duration_words(job("queued"), NOW, EN) == "–"
    assert duration_words(job("running"), NOW, EN) == "2 h 0 min"
    assert phase_words("", EN) == "–"
    assert phase_words("something new", EN) == "something new"
    assert phase_words("power flow of the plan", KO) == "조류계산"


def test_only_what_is_over_can_run_again() -> None:
    assert can_run_again(job("done"))
    assert not can_run_again(job("running"))
    assert not can_run_again(None)
    assert not can_run_again(job("done", kind=JobKind.INPUT_CHECK))


def test_tables_hold_every_row() -> None:
    jobs = jobs_table([asked for asked, _, _ in JOBS.values()], NOW, KO)
    assert len(jobs.rows) == len(JOBS)
    assert all(len(row) == len(jobs.columns) for row in jobs.rows)
    runs = runs_table([run(), FAILED, run("running")], EN)
    assert [row[1] for row in runs.rows] == ["published", "▲ failed", "running"]
    assert runs.rows[2][4] is None


@pytest.mark.parametrize("kind", list(JobKind))
def test_every_kind_of_job_has_words(kind: JobKind) -> None:
    assert jobs_table([job("done", kind=kind)], NOW, EN).rows[0][1] != f"job_kind.{kind.value}"
