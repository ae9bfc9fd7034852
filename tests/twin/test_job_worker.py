"""Workers and their supervisor: whatever happens to a worker, every job ends with a verdict."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from data.errors import InvalidInput, Problem
from data.jobs import Job, JobKind, JobLedger, JobState, Lane
from data.store import AlreadyRunningError
from tests.twin.town import SERVICE_DATE, write_town
from twin import job_handlers
from twin.job_handlers import HANDLERS, LONGEST_S, handler_of
from twin.job_supervisor import alone, worker_command
from twin.job_worker import LaneWorker

PATIENCE_S = 60.0

SLOW_WORKER = """
import sys, time
from pathlib import Path
from data.jobs import JobKind, Lane
from twin import job_handlers, job_worker
import types
handlers = types.ModuleType("slow_handlers")
def run_job(parameters, work):
    work.note(0.5, "half")
    for _ in range(600):
        time.sleep(0.1)
        if work.stop() and not parameters.get("deaf"):
            raise KeyboardInterrupt
    return {}
handlers.run_job = run_job
sys.modules["slow_handlers"] = handlers
job_handlers.HANDLERS = {kind: "slow_handlers:run_job" for kind in JobKind}
job_worker.HANDLERS = {}
runs, lane = Path(sys.argv[1]), Lane(sys.argv[2])
job_worker.LaneWorker(runs, runs / "web", runs, lane).run()
"""

SUPERVISOR = """
import sys
from pathlib import Path
from data.jobs import JobLedger
from twin import job_supervisor
from twin.stopping import StopRequest
runs, worker = Path(sys.argv[1]), sys.argv[2]
job_supervisor.GRACE_S = 1.0
with StopRequest() as stop:
    try:
        command = lambda lane: [sys.executable, worker, str(runs), lane.value]
        job_supervisor.Supervisor(JobLedger(runs / "web"), command).run(stop)
    except KeyboardInterrupt:
        pass
"""


def wait_for(seen: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not seen():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.05)


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[JobLedger]:
    """A ledger that a supervisor with slow workers looks after."""
    for name, text in (("worker.py", SLOW_WORKER), ("supervisor.py", SUPERVISOR)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    runs = tmp_path / "runs"
    ledger = JobLedger(runs / "web")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    command = [sys.executable, str(tmp_path / "supervisor.py"), str(runs), str(tmp_path / "worker.py")]
    process = subprocess.Popen(command, env=environment)
    yield ledger
    process.terminate()
    process.wait(PATIENCE_S)


def started(ledger: JobLedger, **parameters: object) -> Job:
    job_id = ledger.ask(JobKind.WHAT_IF, "kim", "slow", parameters).job_id
    wait_for(lambda: ledger.get(job_id).phase == "half")
    return ledger.get(job_id)


def ended(ledger: JobLedger, job_id: str) -> Job:
    wait_for(lambda: ledger.get(job_id).state.over)
    return ledger.get(job_id)


def test_workers_die_are_cancelled_and_are_replaced(supervised: JobLedger) -> None:
    """Killed → failed with the reason; cancelled → cancelled, even when deaf; the next job finds a new worker."""
    killed = started(supervised)
    assert killed.worker_pid is not None
    os.kill(killed.worker_pid, signal.SIGKILL)
    verdict = ended(supervised, killed.job_id)
    assert (verdict.state, verdict.message) == (JobState.FAILED, "its worker process was killed (signal SIGKILL)")

    cancelled = started(supervised)
    assert cancelled.worker_pid != killed.worker_pid
    supervised.cancel(cancelled.job_id)
    assert ended(supervised, cancelled.job_id).state is JobState.CANCELLED

    again = started(supervised)
    with pytest.raises(AlreadyRunningError), alone(supervised.folder):
        pass
    supervised.cancel(again.job_id)
    ended(supervised, again.job_id)


def test_a_supervisor_that_ends_leaves_no_job_open(supervised: JobLedger) -> None:
    job = started(supervised)
    assert job.worker_pid is not None
    parent = int(Path(f"/proc/{job.worker_pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    os.kill(parent, signal.SIGTERM)
    verdict = ended(supervised, job.job_id)
    assert verdict.state is JobState.FAILED
    assert "stopped" in verdict.message


@pytest.fixture
def worker(tmp_path: Path) -> tuple[LaneWorker, JobLedger]:
    folder = tmp_path / "runs" / "web"
    return LaneWorker(tmp_path / "runs", folder, write_town(tmp_path), Lane.LONG), JobLedger(folder)


def done(worker: tuple[LaneWorker, JobLedger], parameters: dict[str, object]) -> Job:
    doer, ledger = worker
    job_id = ledger.ask(JobKind.DISTRICT, "kim", "a district", parameters).job_id
    assert doer.step()
    return ledger.get(job_id)


def test_a_night_is_planned_and_found_again(worker: tuple[LaneWorker, JobLedger]) -> None:
    parameters: dict[str, object] = {"date": SERVICE_DATE.isoformat(), "time_limit_s": 2}
    first = done(worker, parameters)
    assert (first.state, first.message) == (JobState.DONE, "")
    assert first.result is not None
    assert first.result["state"] in {"published", "degraded"}
    assert not first.result["reused"]
    assert any("plan" in line for _, line in worker[1].log_lines(first.job_id))
    second = done(worker, parameters)
    assert second.result == {**first.result, "reused": True}


@pytest.mark.parametrize(
    ("parameters", "field"),
    [({"date": "tomorrow"}, "date"), ({"time_limit_s": 0}, "time_limit_s"), ({"time_limit_s": "long"}, "time_limit_s")],
)
def test_parameters_that_make_no_night_are_told(
    worker: tuple[LaneWorker, JobLedger], parameters: dict[str, object], field: str
) -> None:
    job = done(worker, parameters)
    assert job.state is JobState.FAILED
    assert job.result is not None
    assert [problem["field"] for problem in job.result["problems"]] == [field]


def test_unknown_scenarios_and_districts_are_told(worker: tuple[LaneWorker, JobLedger]) -> None:
    for parameters in ({"scenario": "2099"}, {"district": "nowhere"}):
        job = done(worker, parameters)
        assert job.state is JobState.FAILED
        assert job.result is not None
        assert job.result["problems"]


def test_whatever_a_handler_does_its_job_gets_a_verdict(
    worker: tuple[LaneWorker, JobLedger], monkeypatch: pytest.MonkeyPatch
) -> None:
    doer, ledger = worker

    def run(handler: Callable[..., object]) -> Job:
        monkeypatch.setattr("twin.job_worker.handler_of", lambda kind: handler)
        job_id = ledger.ask(JobKind.NIGHTLY, "kim", "t", {}).job_id
        doer.step()
        return ledger.get(job_id)

    def broken(parameters: object, work: object) -> object:
        raise ZeroDivisionError("oops")

    def refused(parameters: object, work: object) -> object:
        raise InvalidInput([Problem("a.csv", 3, "x", "it is wrong", "fix it")])

    def interrupted(parameters: object, work: object) -> object:
        raise KeyboardInterrupt

    failed = run(broken)
    assert (failed.state, failed.message) == (JobState.FAILED, "ZeroDivisionError: oops")
    assert any("Traceback" in line for _, line in ledger.log_lines(failed.job_id))
    told = run(refused)
    assert told.state is JobState.FAILED
    assert "a.csv, row 3" in told.message
    stopped = run(interrupted)
    assert (stopped.state, stopped.message) == (JobState.FAILED, "the worker was stopped")


def test_every_kind_has_a_handler_and_a_limit() -> None:
    assert HANDLERS.keys() == LONGEST_S.keys() == set(JobKind)
    for kind in JobKind:
        assert callable(handler_of(kind))
    assert job_handlers.HANDLERS is HANDLERS


def test_commands_name_the_folder_and_the_lane() -> None:
    command = worker_command(Path("r"), Path("c"), Lane.QUICK)
    assert command[1:4] == ["-m", "twin", "worker"]
    assert command[-2:] == ["--lane", "quick"]
    assert "--lane" not in worker_command(Path("r"), Path("c"))
