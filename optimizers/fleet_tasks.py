"""One depot of a fleet as a task, and who runs tasks: this process, workers of its own, or a Dask scheduler."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from optimizers.depot_compact import solve_compact
from optimizers.depot_decomposition import can_decompose, never, plan_depot
from optimizers.depot_decomposition_settings import DecompositionSettings
from optimizers.depot_progress import Progress
from optimizers.fleet_workers import Crew, Lost
from optimizers.plan import DepotPlan, NoPlan
from optimizers.problem import DepotProblem

LEAST_SHARE_S = 1.0
DASK_TRIES = 4
"""How many workers Dask lets a task take down before it gives it up (its setting `allowed-failures` plus one)."""


@dataclass(frozen=True, eq=False)
class Task:
    """A depot to plan, or to go on planning; `time_share` is its share of what all tasks from this one on may take."""

    problem: DepotProblem
    settings: DecompositionSettings
    deadline_unix_s: float
    time_share: float
    progress: Progress | None = None


Planned = tuple[DepotPlan | NoPlan, Progress | None]
Run = Callable[[Sequence[Task]], Iterator[tuple[int, Any]]]


@contextmanager
def runner(workers: int, scheduler: Any, cancel: Callable[[], bool]) -> Iterator[Run]:
    """Give the function that runs tasks and yields ``(number, (plan, progress))``, or `Lost`, as they end.

    Parameters
    ----------
    workers
        Local processes; 1 is this process.
    scheduler
        A Dask `Client`, or the address of a scheduler; None for local processes.
    cancel
        Asked now and then; True ends all tasks with their best so far.
    """
    if scheduler is not None:
        yield lambda todo: _on_dask(todo, scheduler, cancel)
    elif workers == 1:
        yield lambda todo: _here(todo, cancel)
    else:
        with Crew(_plan, workers) as crew:
            yield lambda todo: crew.run(todo, cancel)


def _here(tasks: Sequence[Task], cancel: Callable[[], bool]) -> Iterator[tuple[int, Any]]:
    for number, task in enumerate(tasks):
        if cancel():
            return
        yield number, _plan(task, cancel)


def _on_dask(tasks: Sequence[Task], scheduler: Any, cancel: Callable[[], bool]) -> Iterator[tuple[int, Any]]:
    """Plan on a Dask scheduler, which gives the task of a worker that died to another one."""
    from distributed import Client, KilledWorker, as_completed  # noqa: PLC0415 — only who has a scheduler pays the import

    ours = isinstance(scheduler, str)
    client = Client(scheduler) if ours else scheduler
    try:
        futures = {
            client.submit(_plan_alone, task, pure=False, key=f"depot-{i}-{id(tasks)}"): i
            for i, task in enumerate(tasks)
        }
        for future in as_completed(list(futures)):
            if cancel():
                client.cancel(list(futures))
                return
            try:
                yield futures[future], future.result()
            except KilledWorker:
                yield futures[future], Lost(DASK_TRIES)
    finally:
        if ours:
            client.close()


def _plan_alone(task: Task) -> Planned:
    return _plan(task, never)


def _plan(task: Task, cancelled: Callable[[], bool]) -> Planned:
    """Plan one depot in the time that is left; with rules the decomposition does not know, by the compact model."""
    left_s = max(task.deadline_unix_s - time.time(), 0.0)
    limits = replace(task.settings.limits, time_limit_s=min(left_s, max(task.time_share * left_s, LEAST_SHARE_S)))
    if not can_decompose(task.problem):
        return solve_compact(task.problem, limits), None
    progress = task.progress or Progress()
    return plan_depot(task.problem, replace(task.settings, limits=limits), cancelled, progress), progress
