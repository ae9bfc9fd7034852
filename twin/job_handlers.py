"""What the worker does for each kind of job: the handler's place, and what a handler is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from data.jobs import JobKind, JobLedger
from data.store import RunStore

HANDLERS: Mapping[JobKind, str] = {
    JobKind.NIGHTLY: "twin.job_nightly:run_job",
    JobKind.DISTRICT: "twin.job_nightly:run_job",
    JobKind.WHAT_IF: "twin.whatif_run:run_job",
    JobKind.DEPOT_REPLAN: "twin.depot_replan:run_job",
    JobKind.DEPOT_EXPLAIN: "twin.depot_relax:run_job",
    JobKind.INPUT_CHECK: "twin.input_check:run_job",
}
"""Kind → module:function, imported in the worker when a job of the kind comes (or to be ready for one)."""

LONGEST_S: Mapping[JobKind, float] = {
    JobKind.NIGHTLY: 4 * 3600.0,
    JobKind.DISTRICT: 3600.0,
    JobKind.WHAT_IF: 120.0,
    JobKind.DEPOT_REPLAN: 600.0,
    JobKind.DEPOT_EXPLAIN: 600.0,
    JobKind.INPUT_CHECK: 300.0,
}
"""Seconds after which a job is ended as failed, whatever it does."""

Handler = Callable[[Mapping[str, Any], "JobWork"], Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class JobWork:
    """What a handler is given.

    Attributes
    ----------
    job_id
        The job.
    store
        Runs, to read from and to publish into.
    city
        City folder that plans are made for.
    folder
        A folder of the job's own, for files.
    ledger
        Told how far the job is.
    stop
        True when somebody asked for the job's end; the process then also gets a `KeyboardInterrupt`.
    """

    job_id: str
    store: RunStore
    city: Path
    folder: Path
    ledger: JobLedger
    stop: Callable[[], bool]

    def note(self, share: float, phase: str) -> None:
        """Tell how far the job is (0 to 1) and what it does now."""
        self.ledger.note(self.job_id, share=min(1.0, max(0.0, share)), phase=phase)

    def log(self, line: str) -> None:
        """Add a line to the job's log."""
        self.ledger.note(self.job_id, line=line)


def handler_of(kind: JobKind) -> Handler:
    """Import and return the handler of a kind."""
    module, name = HANDLERS[kind].split(":")
    return cast(Handler, getattr(import_module(module), name))
