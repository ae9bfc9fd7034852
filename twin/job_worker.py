"""One worker process: takes jobs of one lane, does them one after the other, and gives each its verdict."""

from __future__ import annotations

import logging
import os
import threading
import time
import traceback
from dataclasses import asdict
from pathlib import Path

from data.errors import InvalidInput
from data.jobs import Job, JobKind, JobLedger, JobState, Lane
from data.store import RunStore
from twin.job_handlers import HANDLERS, JobWork, handler_of
from twin.stopping import StopRequest

LOG = logging.getLogger("twin.worker")
POLL_S = 0.15
NICENESS = 10
MOST_PROBLEMS = 200


class LaneWorker:
    """A worker of one lane.

    Parameters
    ----------
    runs
        Folder of runs.
    state_folder
        Folder of the ledger of jobs.
    city
        City folder that plans are made for.
    lane
        Which jobs it takes.
    """

    def __init__(self, runs: Path, state_folder: Path, city: Path, lane: Lane) -> None:
        self._store = RunStore(runs)
        self._ledger = JobLedger(state_folder)
        self._city = city
        self._lane = lane

    def run(self) -> None:
        """Work until told to stop, or until a job was stopped: its process is not used again."""
        os.nice(NICENESS if self._lane is Lane.LONG else 0)
        _end_with_parent()
        if self._lane is Lane.QUICK:
            self._get_ready()
        while self.step():
            pass

    def step(self) -> bool:
        """Do one job, or wait a moment when there is none; return whether to go on."""
        job = self._ledger.claim(self._lane, os.getpid())
        if job is None:
            time.sleep(POLL_S)
            return True
        with StopRequest() as stop:
            try:
                self._do(job, stop)
            except KeyboardInterrupt:
                self._interrupted(job)
                return False
        return not stop()

    def _do(self, job: Job, stop: StopRequest) -> None:
        folder = self._ledger.folder / "jobs" / job.job_id
        folder.mkdir(parents=True, exist_ok=True)
        work = JobWork(job.job_id, self._store, self._city, folder, self._ledger, stop)
        try:
            result = handler_of(job.kind)(job.parameters, work)
            self._ledger.finish(job.job_id, JobState.DONE, "", result)
        except InvalidInput as refused:
            problems = [asdict(problem) for problem in refused.problems[:MOST_PROBLEMS]]
            self._ledger.finish(job.job_id, JobState.FAILED, str(refused), {"problems": problems})
        except Exception as error:  # noqa: BLE001 — whatever a handler does, its job gets a verdict
            self._ledger.note(job.job_id, line=traceback.format_exc()[-1900:])
            self._ledger.finish(job.job_id, JobState.FAILED, f"{type(error).__name__}: {error}")
            LOG.warning("job %s failed: %s", job.job_id, error)

    def _interrupted(self, job: Job) -> None:
        if self._ledger.stop_asked(job.job_id):
            self._ledger.finish(job.job_id, JobState.CANCELLED, "stopped by its user")
        else:
            self._ledger.finish(job.job_id, JobState.FAILED, "the worker was stopped")

    @staticmethod
    def _get_ready() -> None:
        """Import what quick jobs need before anybody waits for it."""
        for kind in HANDLERS:
            if JobKind(kind).lane is Lane.QUICK:
                handler_of(kind)


def _end_with_parent() -> None:
    """End this process when its supervisor is gone: nobody could stop it then."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
