"""The ledger of jobs: fair, bounded, and every job ends with one verdict."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from data.jobs import LONGEST_JSON, MOST_QUEUED, MOST_RUNNING, JobKind, JobLedger, JobState, Lane, TooManyJobsError


def ask(ledger: JobLedger, user: str = "kim", kind: JobKind = JobKind.WHAT_IF) -> str:
    return ledger.ask(kind, user, "a title", {"x": 1, "구": "강남"}).job_id


def test_a_job_goes_from_queue_to_verdict(tmp_path: Path) -> None:
    ledger = JobLedger(tmp_path)
    job_id = ask(ledger)
    assert ledger.get(job_id).state is JobState.QUEUED
    claimed = ledger.claim(Lane.QUICK, 42)
    assert claimed is not None
    assert (claimed.job_id, claimed.state, claimed.worker_pid) == (job_id, JobState.RUNNING, 42)
    assert claimed.parameters == {"x": 1, "구": "강남"}
    ledger.note(job_id, share=0.5, phase="plan", line="half way")
    half = JobLedger(tmp_path).get(job_id)
    assert (half.share, half.phase) == (0.5, "plan")
    assert [line for _, line in ledger.log_lines(job_id)] == ["half way"]
    assert ledger.in_hand(42) is not None
    assert ledger.finish(job_id, JobState.DONE, "", {"answer": 42})
    done = ledger.get(job_id)
    assert (done.state, done.share, done.result) == (JobState.DONE, 1.0, {"answer": 42})
    assert done.ended_utc is not None
    assert not ledger.finish(job_id, JobState.FAILED, "again")
    ledger.note(job_id, share=0.1, phase="late")
    assert ledger.get(job_id).share == 1.0
    assert ledger.in_hand(42) is None


def test_lanes_do_not_wait_for_each_other(tmp_path: Path) -> None:
    ledger = JobLedger(tmp_path)
    night, quick = ask(ledger, kind=JobKind.NIGHTLY), ask(ledger)
    assert ledger.claim(Lane.QUICK, 1).job_id == quick  # type: ignore[union-attr]
    assert ledger.claim(Lane.QUICK, 1) is None
    assert ledger.claim(Lane.LONG, 2).job_id == night  # type: ignore[union-attr]


def test_one_user_cannot_queue_more_than_a_few(tmp_path: Path) -> None:
    ledger = JobLedger(tmp_path)
    for _ in range(MOST_QUEUED):
        ask(ledger)
    with pytest.raises(TooManyJobsError, match="waiting already"):
        ask(ledger)
    ask(ledger, user="lee")
    with pytest.raises(TooManyJobsError, match="limited"):
        ledger.ask(JobKind.WHAT_IF, "park", "t", {"x": "y" * LONGEST_JSON})


def test_one_user_runs_two_at_most_and_others_come_first(tmp_path: Path) -> None:
    ledger = JobLedger(tmp_path)
    for _ in range(5):
        ask(ledger)
    first = ledger.claim(Lane.QUICK, 1)
    late = ask(ledger, user="lee")
    second = ledger.claim(Lane.QUICK, 2)
    assert first is not None
    assert first.user == "kim"
    assert second is not None
    assert second.job_id == late
    third = [ledger.claim(Lane.QUICK, 3) for _ in range(5)]
    assert [job.user for job in third if job] == ["kim"]
    assert sum(job.state is JobState.RUNNING for job in ledger.jobs(user="kim")) == MOST_RUNNING


def test_cancelling(tmp_path: Path) -> None:
    ledger = JobLedger(tmp_path)
    running, waiting = ask(ledger), ask(ledger)
    ledger.claim(Lane.QUICK, 1)
    assert ledger.cancel(waiting).state is JobState.CANCELLED
    assert ledger.cancel(running).stop_asked
    assert ledger.stop_asked(running)
    assert ledger.fail_running("gone", worker_pid=1) == (running,)
    assert ledger.get(running).state is JobState.CANCELLED
    assert ledger.cancel(running).state is JobState.CANCELLED


def test_what_a_dead_worker_had_in_hand_fails_with_the_reason(tmp_path: Path) -> None:
    ledger = JobLedger(tmp_path)
    mine, other = ask(ledger), ask(ledger, kind=JobKind.NIGHTLY)
    ledger.claim(Lane.QUICK, 1)
    ledger.claim(Lane.LONG, 2)
    assert ledger.fail_running("its worker process was killed", worker_pid=1) == (mine,)
    assert ledger.get(mine).message == "its worker process was killed"
    assert ledger.get(other).state is JobState.RUNNING
    assert ledger.fail_running("all are gone") == (other,)
    assert {job.state for job in ledger.jobs()} == {JobState.FAILED}


def test_a_job_is_claimed_once(tmp_path: Path) -> None:
    ledger = JobLedger(tmp_path)
    for number in range(20):
        ask(ledger, user=f"u{number}")
    with ThreadPoolExecutor(8) as pool:
        claimed = [job.job_id for job in pool.map(lambda n: JobLedger(tmp_path).claim(Lane.QUICK, n), range(30)) if job]
    assert len(claimed) == len(set(claimed)) == 20


def test_what_cannot_be(tmp_path: Path) -> None:
    ledger = JobLedger(tmp_path)
    job_id = ask(ledger)
    with pytest.raises(ValueError, match="cannot end as"):
        ledger.finish(job_id, JobState.RUNNING)
    ledger.claim(Lane.QUICK, 1)
    with pytest.raises(ValueError, match="too large"):
        ledger.finish(job_id, JobState.DONE, "", {"x": "y" * LONGEST_JSON})
    with pytest.raises(KeyError):
        ledger.get("nosuch")
    assert ledger.jobs(states=(JobState.DONE,)) == ()
