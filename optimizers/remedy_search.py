"""Ways out of a day that cannot work, found by planning changed days: plain rules first, then the fleet solver.

Each remedy is a day for which a plan was found. It need not be the least of its kind: where a smaller change was not
found to work in time, nothing is proved.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from optimizers.baselines import cheapest_baseline
from optimizers.bottlenecks import bottlenecks
from optimizers.depot import solve_within
from optimizers.plan import DepotPlan, PlanStatus
from optimizers.problem import NOT_PLUGGED, DepotProblem
from optimizers.problem_checks import check_problem
from optimizers.remedies import (
    Remedy,
    RemedyPrices,
    Shortfall,
    Works,
    connection_remedy,
    first_later_departure,
    first_swap,
    outlet_remedy,
)
from optimizers.solver import SolveLimits

CONNECTION_STEP_KW = 5.0
SHARE = 0.2
"""Part of a remedy's time that the search for one plan may take."""

Oracle = Callable[[DepotProblem], DepotPlan | None]


def working_plan(problem: DepotProblem, limits: SolveLimits) -> DepotPlan | None:
    """Return any plan that keeps every rule: of a plain rule, or else of the fleet solver; None when none was found."""
    if check_problem(problem) or bottlenecks(problem):
        return None
    rule = cheapest_baseline(problem)
    if rule.status is PlanStatus.FALLBACK:
        return rule
    plan = solve_within(problem, replace(limits, gap=1.0))
    kept = isinstance(plan, DepotPlan) and plan.status is not PlanStatus.RELAXED
    return plan if kept and isinstance(plan, DepotPlan) else None


def search_remedies(
    problem: DepotProblem, prices: RemedyPrices, limits: SolveLimits, shortfalls: tuple[Shortfall, ...]
) -> list[Remedy]:
    """Return a remedy of each kind for which a day that works was found within the limits, which hold for each kind."""
    found = [
        _charger_time(problem, prices, _oracle(limits)),
        _connection(problem, prices, _oracle(limits)),
        first_later_departure(problem, prices, shortfalls, _works(_oracle(limits))),
        first_swap(problem, prices, shortfalls, _works(_oracle(limits))),
    ]
    return [remedy for remedy in found if remedy is not None]


def _oracle(limits: SolveLimits) -> Oracle:
    """Return a search for any plan of a day that answers None once the time is over."""
    deadline = time.perf_counter() + limits.time_limit_s

    def plan_of_day(problem: DepotProblem) -> DepotPlan | None:
        left_s = deadline - time.perf_counter()
        if left_s <= 0 or limits.cancel():
            return None
        return working_plan(problem, replace(limits, time_limit_s=min(left_s, SHARE * limits.time_limit_s)))

    return plan_of_day


def _works(oracle: Oracle) -> Works:
    return lambda problem: oracle(problem) is not None


def _charger_time(problem: DepotProblem, prices: RemedyPrices, oracle: Oracle) -> Remedy | None:
    """Add outlets to one class after the other, twice as many each time; count the hours the plan needs them."""
    best: Remedy | None = None
    for c, charger in enumerate(problem.chargers):
        more = 1
        while more < 2 * problem.bus_count:
            larger = list(problem.chargers)
            larger[c] = replace(charger, count=charger.count + more)
            plan = oracle(replace(problem, chargers=tuple(larger)))
            if plan is not None:
                extra = _beyond(problem, plan, c)
                remedy = outlet_remedy(problem, prices, extra) if any(extra.values()) else None
                if remedy is not None and (best is None or remedy.cost_krw < best.cost_krw):
                    best = remedy
                break
            more *= 2
    return best


def _beyond(problem: DepotProblem, plan: DepotPlan, c: int) -> dict[tuple[int, int], int]:
    """Return how many outlets of a class a plan takes beyond those there are, handover included, step by step."""
    here = plan.plugged_class == c
    taken = here.sum(axis=0)
    stopped = np.zeros_like(here)
    stopped[:, 1:] = here[:, :-1] & (plan.plugged_class[:, 1:] == NOT_PLUGGED)
    for delay in range(problem.rules.handover_steps):
        taken[delay:] += stopped.sum(axis=0)[: problem.step_count - delay]
    beyond = np.maximum(taken - problem.chargers[c].count, 0)
    return {(c, t): int(count) for t, count in enumerate(beyond)}


def _connection(problem: DepotProblem, prices: RemedyPrices, oracle: Oracle) -> Remedy | None:
    """Halve between no more power and what all outlets can draw together."""
    limit_kw = problem.site.import_limit_kw
    most_kw = sum(outlet.count * outlet.max_kw / outlet.efficiency for outlet in problem.chargers)
    low, high = 0, int(np.ceil(most_kw / CONNECTION_STEP_KW))

    def works(steps: int) -> bool:
        larger = replace(problem.site, import_limit_kw=limit_kw + steps * CONNECTION_STEP_KW)
        return oracle(replace(problem, site=larger)) is not None

    if not np.isfinite(limit_kw).any() or not works(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if works(middle) else (middle, high)
    return connection_remedy(prices, high * CONNECTION_STEP_KW)
