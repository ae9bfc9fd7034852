"""All depots of a city side by side: in local processes, or on Dask when a scheduler is given; the same plans."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from optimizers.depot_compact import solve_compact
from optimizers.depot_decomposition import can_decompose, never, plan_depot
from optimizers.depot_decomposition_settings import DecompositionSettings
from optimizers.depot_warm_up import compile_kernels
from optimizers.fleet_workers import Lost, run_tasks
from optimizers.plan import DepotPlan, NoPlan, PlanStatus, relative_gap
from optimizers.problem import DepotProblem
from optimizers.problem_checks import require_sound
from optimizers.solver import SolveLimits

METHOD = "fleet"
GENEROSITY = 4.0
"""A depot may take so many times its fair share of the time: most need less than theirs."""
LEAST_SHARE_S = 5.0
DASK_TRIES = 4
"""How many workers Dask lets a task take down before it gives it up (its setting `allowed-failures` plus one)."""


@dataclass(frozen=True)
class FleetSettings:
    """How to plan a fleet.

    Attributes
    ----------
    time_limit_s
        Wall time for all depots together.
    gap
        Relative gap at which a depot is done.
    workers
        Local processes; all cores when None. 1 plans in this process.
    memory_limit_gb
        Of each worker.
    seed
        The same seed gives the same plans, however many workers there are, unless time runs out.
    scheduler
        A Dask `Client`, or the address of a scheduler; None for local processes.
    cancel
        Asked now and then; True ends all depots with their best so far.
    """

    time_limit_s: float
    gap: float = 1e-3
    workers: int | None = None
    memory_limit_gb: float = float("inf")
    seed: int = 0
    scheduler: Any = None
    cancel: Callable[[], bool] = never


@dataclass(frozen=True)
class FleetProgress:
    """One depot is done."""

    depot_id: str
    done: int
    total: int
    gap: float
    wall_s: float


@dataclass(frozen=True, eq=False)
class FleetPlan:
    """The plans of all depots, in the order of the problems.

    `objective_krw` and `lower_bound_krw` are sums over the depots that have a plan; those that have none are in
    `missing`.
    """

    plans: tuple[DepotPlan | NoPlan, ...]
    wall_s: float

    @property
    def planned(self) -> tuple[DepotPlan, ...]:
        """Depots with a plan."""
        return tuple(plan for plan in self.plans if isinstance(plan, DepotPlan))

    @property
    def missing(self) -> tuple[NoPlan, ...]:
        """Depots without."""
        return tuple(plan for plan in self.plans if isinstance(plan, NoPlan))

    @property
    def objective_krw(self) -> float:
        """Cost of all plans."""
        return sum(plan.objective_krw for plan in self.planned)

    @property
    def lower_bound_krw(self) -> float:
        """Sum of the proved bounds."""
        return sum(plan.lower_bound_krw for plan in self.planned)

    @property
    def gap(self) -> float:
        """Relative distance of cost and bound over the whole fleet; inf when a depot has no plan."""
        return float("inf") if self.missing else relative_gap(self.objective_krw, self.lower_bound_krw)


@dataclass(frozen=True, eq=False)
class _Task:
    problem: DepotProblem
    settings: DecompositionSettings
    deadline_unix_s: float


def plan_fleet(
    problems: Sequence[DepotProblem], settings: FleetSettings, progress: Callable[[FleetProgress], None] | None = None
) -> FleetPlan:
    """Plan every depot; the largest ones first, each in one process.

    Parameters
    ----------
    problems
        One a depot, ids unique.
    settings
        Limits, workers, seed.
    progress
        Called in this process after each depot.

    Raises
    ------
    InvalidInput
        With every problem of the input, before anything is planned.
    """
    begin = time.perf_counter()
    for problem in problems:
        require_sound(problem)
    compile_kernels(problems)
    order = sorted(range(len(problems)), key=lambda i: (-problems[i].bus_count * problems[i].step_count, i))
    shares = _time_shares_s(problems, settings)
    tasks = [_task(problems[i], settings, shares[i], time.time() + settings.time_limit_s) for i in order]
    plans: list[DepotPlan | NoPlan] = [_not_started(problem) for problem in problems]
    for done, (number, result) in enumerate(_results(tasks, settings), start=1):
        place = order[number]
        plan = _lost(problems[place], result) if isinstance(result, Lost) else result
        plans[place] = plan
        if progress is not None:
            gap = plan.gap if isinstance(plan, DepotPlan) else float("inf")
            progress(FleetProgress(problems[place].id, done, len(problems), gap, time.perf_counter() - begin))
    return FleetPlan(tuple(plans), time.perf_counter() - begin)


def _time_shares_s(problems: Sequence[DepotProblem], settings: FleetSettings) -> list[float]:
    """Return the most time each depot may take, so that a stubborn one does not use up the time of all others."""
    workers = _local_workers(problems, settings)
    if settings.scheduler is not None and not isinstance(settings.scheduler, str):
        workers = max(1, len(settings.scheduler.nthreads()))
    sizes = [problem.bus_count * problem.step_count for problem in problems]
    fair = settings.time_limit_s * workers / max(sum(sizes), 1)
    return [min(settings.time_limit_s, max(GENEROSITY * fair * size, LEAST_SHARE_S)) for size in sizes]


def _local_workers(tasks: Sequence[object], settings: FleetSettings) -> int:
    return max(1, min(settings.workers or os.cpu_count() or 1, len(tasks)))


def _task(problem: DepotProblem, settings: FleetSettings, limit_s: float, deadline_unix_s: float) -> _Task:
    limits = SolveLimits(limit_s, settings.gap, 1, settings.memory_limit_gb)
    return _Task(problem, DecompositionSettings(limits, seed=settings.seed), deadline_unix_s)


def _results(tasks: list[_Task], settings: FleetSettings) -> Iterator[tuple[int, Any]]:
    if settings.scheduler is not None:
        yield from _on_dask(tasks, settings)
        return
    workers = _local_workers(tasks, settings)
    if workers > 1:
        yield from run_tasks(_plan, tasks, workers, settings.cancel)
        return
    for number, task in enumerate(tasks):
        if settings.cancel():
            return
        yield number, _plan(task, settings.cancel)


def _on_dask(tasks: list[_Task], settings: FleetSettings) -> Iterator[tuple[int, Any]]:
    """Plan on a Dask scheduler, which gives the task of a worker that died to another one."""
    from distributed import Client, KilledWorker, as_completed  # noqa: PLC0415 — only who has a scheduler pays the import

    ours = isinstance(settings.scheduler, str)
    client = Client(settings.scheduler) if ours else settings.scheduler
    try:
        futures = {
            client.submit(_plan_alone, task, pure=False, key=f"depot-{i}-{id(tasks)}"): i
            for i, task in enumerate(tasks)
        }
        for future in as_completed(list(futures)):
            if settings.cancel():
                client.cancel(list(futures))
                return
            try:
                yield futures[future], future.result()
            except KilledWorker:
                yield futures[future], Lost(DASK_TRIES)
    finally:
        if ours:
            client.close()


def _plan_alone(task: _Task) -> DepotPlan | NoPlan:
    return _plan(task, never)


def _plan(task: _Task, cancelled: Callable[[], bool]) -> DepotPlan | NoPlan:
    """Plan one depot in the time that is left; with rules the decomposition does not know, by the compact model."""
    limits = task.settings.limits
    left_s = min(limits.time_limit_s, max(task.deadline_unix_s - time.time(), 0.0))
    limits = replace(limits, time_limit_s=left_s)
    if not can_decompose(task.problem):
        return solve_compact(task.problem, limits)
    return plan_depot(task.problem, replace(task.settings, limits=limits), cancelled)


def _not_started(problem: DepotProblem) -> NoPlan:
    return NoPlan(problem.id, PlanStatus.FAILED, ("the run was cancelled before this depot was planned",), METHOD, 0.0)


def _lost(problem: DepotProblem, lost: Lost) -> NoPlan:
    text = f"the worker process died {lost.tries} times while planning this depot"
    return NoPlan(problem.id, PlanStatus.FAILED, (text,), METHOD, 0.0)
