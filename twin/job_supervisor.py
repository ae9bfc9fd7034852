"""The supervisor of the workers: one process a lane, restarted when it dies, ended when its job must end.

Whatever happens to a worker, the job it had in hand gets its verdict here.
"""

from __future__ import annotations

import fcntl
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from data.jobs import Job, JobLedger, Lane
from data.store import AlreadyRunningError
from twin.job_handlers import LONGEST_S

LOG = logging.getLogger("twin.worker")
LOOK_S = 0.25
GRACE_S = 15.0
"""Seconds between asking a worker to stop and ending it."""

BACK_OFF_S = 2.0
LOCK_FILE = "worker.lock"


@dataclass
class _Member:
    """The process of one lane and what is known of it."""

    lane: Lane
    process: subprocess.Popen[bytes] | None = None
    start_at_s: float = 0.0
    asked: dict[str, float] = field(default_factory=dict)
    overdue: str = ""


class Supervisor:
    """Keeps one worker a lane.

    Parameters
    ----------
    ledger
        Of the jobs.
    command
        Returns the command line of a lane's worker.
    """

    def __init__(self, ledger: JobLedger, command: Callable[[Lane], list[str]]) -> None:
        self._ledger = ledger
        self._command = command
        self._members = [_Member(lane) for lane in Lane]

    def run(self, stop: Callable[[], bool]) -> None:
        """Supervise until `stop` says so.

        Raises
        ------
        AlreadyRunningError
            When another supervisor looks after the same jobs.
        """
        with alone(self._ledger.folder):
            self._ledger.fail_running("the worker ended without a verdict")
            try:
                while not stop():
                    for member in self._members:
                        self._look_after(member)
                    time.sleep(LOOK_S)
            finally:
                self._end()

    def _look_after(self, member: _Member) -> None:
        now = time.monotonic()
        if member.process is None:
            if now >= member.start_at_s:
                member.process = subprocess.Popen(self._command(member.lane), stdin=subprocess.DEVNULL)
                member.start_at_s = now
            return
        code = member.process.poll()
        if code is not None:
            self._bury(member, code)
            quick = now - member.start_at_s < BACK_OFF_S
            member.process, member.start_at_s = None, now + (BACK_OFF_S if quick else 0.0)
            return
        job = self._ledger.in_hand(member.process.pid)
        if job is not None:
            self._end_when_due(member, job, member.process, now)

    def _bury(self, member: _Member, code: int) -> None:
        """Give the job of a dead worker its verdict."""
        assert member.process is not None
        died = f"was killed (signal {signal.Signals(-code).name})" if code < 0 else f"ended (exit code {code})"
        reason = member.overdue or f"its worker process {died}"
        for job_id in self._ledger.fail_running(reason, worker_pid=member.process.pid):
            LOG.warning("job %s: %s", job_id, reason)
        member.asked.clear()
        member.overdue = ""

    def _end_when_due(self, member: _Member, job: Job, process: subprocess.Popen[bytes], now: float) -> None:
        """Ask the worker to stop when its user asked or its time is over, and end it when it does not."""
        started = job.started_utc or datetime.now(UTC)
        if (datetime.now(UTC) - started).total_seconds() > LONGEST_S[job.kind]:
            member.overdue = f"it took longer than {LONGEST_S[job.kind]:.0f} s"
        if not (job.stop_asked or member.overdue):
            return
        asked_at_s = member.asked.get(job.job_id)
        if asked_at_s is None:
            member.asked[job.job_id] = now
            process.terminate()
        elif now - asked_at_s > GRACE_S:
            process.kill()

    def _end(self) -> None:
        running = [member for member in self._members if member.process is not None and member.process.poll() is None]
        for member in running:
            assert member.process is not None
            member.process.terminate()
        deadline = time.monotonic() + GRACE_S
        for member in running:
            assert member.process is not None
            try:
                member.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                member.process.kill()
                member.process.wait()
            self._ledger.fail_running("the worker was stopped", worker_pid=member.process.pid)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the only right to look after the jobs of a folder; freed by the operating system however we end."""
    with (folder / LOCK_FILE).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunningError(f"another worker looks after the jobs in {folder}") from None
        yield


def worker_command(runs: Path, city: Path, lane: Lane | None = None) -> list[str]:
    """Return the command line of the supervisor, or of one lane's worker."""
    command = [sys.executable, "-m", "twin", "worker", "--runs", str(runs), "--city", str(city)]
    return command if lane is None else [*command, "--lane", lane.value]
