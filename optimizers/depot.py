"""Plan one depot: the one public entry, whatever method solves it."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum

from optimizers.bottlenecks import bottlenecks
from optimizers.depot_compact import solve_compact
from optimizers.depot_decomposition import can_decompose, solve_decomposed
from optimizers.plan import DepotPlan, NoPlan, PlanStatus
from optimizers.problem import DepotProblem
from optimizers.problem_checks import require_sound
from optimizers.replay import replay
from optimizers.solver import SolveLimits, never

Solver = Callable[[DepotProblem, SolveLimits], DepotPlan | NoPlan]


class Method(Enum):
    """How a depot is solved."""

    COMPACT = "compact"
    """The whole mixed-integer model at once: the reference, for small depots."""
    COLUMN_GENERATION = "column generation"
    """Dantzig-Wolfe decomposition by bus: for every size, without lanes."""
    AUTO = "auto"
    """Compact for a few buses and for depots with lanes, column generation otherwise."""


COMPACT_UP_TO_BUSES = 8
SOLVERS: dict[Method, Solver] = {Method.COMPACT: solve_compact, Method.COLUMN_GENERATION: solve_decomposed}


def solve_depot(
    problem: DepotProblem,
    *,
    time_limit_s: float,
    gap: float = 1e-3,
    threads: int = 1,
    memory_limit_gb: float = float("inf"),
    method: Method = Method.AUTO,
    cancel: Callable[[], bool] = never,
) -> DepotPlan | NoPlan:
    """Return the cheapest plan of a depot that was found in time, with its proved bound.

    Parameters
    ----------
    problem
        The depot.
    time_limit_s
        Wall time; the best plan by then is returned with its true gap.
    gap
        Relative distance between cost and bound at which the plan counts as optimal.
    threads
        Threads the solver may use.
    memory_limit_gb
        Memory of the whole process at which the solver stops with what it has.
    method
        How to solve it.
    cancel
        Asked now and then; True ends the solve with the best so far.

    Returns
    -------
    DepotPlan or NoPlan
        Every plan that is said to keep the rules was replayed by other code; one that breaks a rule is never returned.

    Raises
    ------
    InvalidInput
        With every problem of the input.
    """
    limits = SolveLimits(time_limit_s, gap, threads, memory_limit_gb, cancel)
    return solve_within(problem, limits, method=method)


def solve_within(problem: DepotProblem, limits: SolveLimits, *, method: Method = Method.AUTO) -> DepotPlan | NoPlan:
    """Return what `solve_depot` does, its limits given as one."""
    begin = time.perf_counter()
    require_sound(problem)
    reasons = tuple(bottleneck.sentence for bottleneck in bottlenecks(problem))
    if reasons:
        return NoPlan(problem.id, PlanStatus.INFEASIBLE, reasons, "counting", time.perf_counter() - begin)
    if method is Method.AUTO:
        compact = problem.bus_count <= COMPACT_UP_TO_BUSES or not can_decompose(problem)
        method = Method.COMPACT if compact else Method.COLUMN_GENERATION
    return _judged(problem, SOLVERS[method](problem, limits))


def _judged(problem: DepotProblem, answer: DepotPlan | NoPlan) -> DepotPlan | NoPlan:
    """Replay a plan that is said to keep every rule; one that does not is a failure of ours, in words."""
    if isinstance(answer, NoPlan) or answer.status is PlanStatus.RELAXED:
        return answer
    report = replay(problem, answer)
    if report.ok:
        return answer
    return NoPlan(problem.id, PlanStatus.FAILED, report.violations, answer.method, answer.wall_s)
