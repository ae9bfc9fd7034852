"""All depots of a city side by side: in local processes, or on Dask when a scheduler is given; the same plans."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from optimizers.depot_decomposition import never
from optimizers.depot_decomposition_settings import DecompositionSettings
from optimizers.depot_progress import Progress
from optimizers.depot_warm_up import compile_kernels
from optimizers.fleet_tasks import Planned, Run, Task, runner
from optimizers.fleet_workers import Lost
from optimizers.plan import DepotPlan, NoPlan, PlanStatus, relative_gap
from optimizers.problem import DepotProblem
from optimizers.problem_checks import require_sound
from optimizers.solver import SolveLimits

METHOD = "fleet"
GENEROSITY = 1.5
"""A depot may take so many times its fair share of the time: most need less than theirs."""
RESERVE = 0.05
"""Share of the time kept back for what begins before the last look at the clock, and for handing over results."""
COMPILING = 0.1
"""Share of the time that loading machine code may count for; compiling it anew on a new machine takes longer."""
FIRST_SEARCHES, FURTHER_SEARCHES = 4, 6
"""Rounds of search in a depot at first, and each time that it is searched further."""
AIM = 0.2
"""A depot that is searched further is searched down to this share of the gap asked for."""
LEAST_GAIN = 0.02
"""Gains below this share of what is left count as none."""
MOST_FRUITLESS = 4
"""After so many visits without gain a depot is left as it is."""
LEAST_BATCH = 4
"""Fewest depots that are searched further at a time."""


@dataclass(frozen=True)
class FleetSettings:
    """How to plan a fleet.

    Attributes
    ----------
    time_limit_s
        Wall time for all depots together.
    gap
        Relative gap of the whole fleet at which it is done.
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


def plan_fleet(
    problems: Sequence[DepotProblem], settings: FleetSettings, progress: Callable[[FleetProgress], None] | None = None
) -> FleetPlan:
    """Plan every depot; the largest ones first, each in one process.

    What a depot has not reached after some effort is left at first. While the gap of the whole fleet is wider than
    asked for and time is left, the depots with the most won between cost and bound are searched further, in rounds.

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
    compiled_s = time.perf_counter() - begin
    deadline = time.time() + settings.time_limit_s * (1 - RESERVE) - min(compiled_s, COMPILING * settings.time_limit_s)
    plans: list[DepotPlan | NoPlan] = [_not_started(problem) for problem in problems]
    further: list[Progress | None] = [None] * len(problems)
    with runner(_workers(len(problems), settings), settings.scheduler, settings.cancel) as run:
        order, tasks = _first_tasks(problems, settings, deadline)
        for done, (number, result) in enumerate(run(tasks), start=1):
            place = order[number]
            plans[place], further[place] = _planned(problems[place], result)
            if progress is not None:
                plan = plans[place]
                gap = plan.gap if isinstance(plan, DepotPlan) else float("inf")
                wall_s = time.perf_counter() - begin
                progress(FleetProgress(problems[place].id, done, len(problems), gap, wall_s))
        _search_further(problems, plans, further, settings, deadline, run)
    return FleetPlan(tuple(plans), time.perf_counter() - begin)


def _first_tasks(
    problems: Sequence[DepotProblem], settings: FleetSettings, deadline_unix_s: float
) -> tuple[list[int], list[Task]]:
    """Return the order of the depots, the largest first, and their tasks.

    Each may take a generous share of the time left when its turn comes, so that a stubborn one does not use up the time
    of all that follow.
    """
    order = sorted(range(len(problems)), key=lambda i: (-problems[i].bus_count * problems[i].step_count, i))
    workers, rest = _workers(len(problems), settings), 0
    tasks = []
    for i in reversed(order):
        size = problems[i].bus_count * problems[i].step_count
        rest += size
        share = min(1.0, GENEROSITY * workers * size / rest)
        tasks.append(Task(problems[i], _effort(settings, FIRST_SEARCHES, settings.gap), deadline_unix_s, share))
    return order, tasks[::-1]


def _search_further(
    problems: Sequence[DepotProblem],
    plans: list[DepotPlan | NoPlan],
    further: list[Progress | None],
    settings: FleetSettings,
    deadline_unix_s: float,
    run: Run,
) -> None:
    """Go on with the depots that promise most until the fleet's gap is closed, time is up, or nothing is gained."""
    fruitless = [0] * len(problems)
    while FleetPlan(tuple(plans), 0.0).gap > settings.gap and time.time() < deadline_unix_s and not settings.cancel():
        chosen = most_promising(plans, further, fruitless, settings.gap * AIM)
        if not chosen:
            return
        effort = _effort(settings, FURTHER_SEARCHES, settings.gap * AIM)
        tasks = [Task(problems[i], effort, deadline_unix_s, 1.0, further[i]) for i in chosen]
        for number, result in run(tasks):
            place = chosen[number]
            plan, progress = _planned(problems[place], result)
            if not isinstance(plan, DepotPlan) or progress is None:
                fruitless[place] = MOST_FRUITLESS
                continue
            gained = _open_krw(plans[place]) - _open_krw(plan)
            fruitless[place] = 0 if gained > LEAST_GAIN * _open_krw(plan) else fruitless[place] + 1
            plans[place], further[place] = plan, progress


def most_promising(
    plans: Sequence[DepotPlan | NoPlan], further: Sequence[Progress | None], fruitless: Sequence[int], aim: float
) -> list[int]:
    """Return the depots that hold half of the won between cost and bound, each visit without gain counting half."""
    hope = {
        i: _open_krw(plan) * 0.5 ** fruitless[i]
        for i, plan in enumerate(plans)
        if isinstance(plan, DepotPlan) and plan.gap > aim and further[i] is not None and fruitless[i] < MOST_FRUITLESS
    }
    chosen: list[int] = []
    for i in sorted(hope, key=lambda i: (-hope[i], i)):
        if sum(hope[j] for j in chosen) >= 0.5 * sum(hope.values()) and len(chosen) >= LEAST_BATCH:
            break
        chosen.append(i)
    return chosen


def _open_krw(plan: DepotPlan | NoPlan) -> float:
    return plan.objective_krw - plan.lower_bound_krw if isinstance(plan, DepotPlan) else float("inf")


def _workers(tasks: int, settings: FleetSettings) -> int:
    if settings.scheduler is not None and not isinstance(settings.scheduler, str):
        return max(1, len(settings.scheduler.nthreads()))
    return max(1, min(settings.workers or os.cpu_count() or 1, tasks))


def _effort(settings: FleetSettings, searches: int, aim: float) -> DecompositionSettings:
    limits = SolveLimits(settings.time_limit_s, settings.gap, 1, settings.memory_limit_gb)
    return DecompositionSettings(limits, seed=settings.seed, searches=searches, aim=aim)


def _planned(problem: DepotProblem, result: Planned | Lost) -> Planned:
    return (_lost(problem, result), None) if isinstance(result, Lost) else result


def _not_started(problem: DepotProblem) -> NoPlan:
    return NoPlan(problem.id, PlanStatus.FAILED, ("the run was cancelled before this depot was planned",), METHOD, 0.0)


def _lost(problem: DepotProblem, lost: Lost) -> NoPlan:
    text = f"the worker process died {lost.tries} times while planning this depot"
    return NoPlan(problem.id, PlanStatus.FAILED, (text,), METHOD, 0.0)
