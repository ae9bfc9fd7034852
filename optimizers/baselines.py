"""How depots charge without an optimizer: five plain heuristics, for comparison and as the plan of last resort.

Each returns a `DepotPlan` with status `FALLBACK` when its replay finds every rule kept, else `RELAXED` with the broken
rules in words. None of them looks at prices, feeds back, or uses the stationary battery.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from optimizers.depot_cost import Schedule, plan_of
from optimizers.plan import DepotPlan, PlanStatus, Verdict
from optimizers.problem import NOT_METERED, DepotProblem, Flags, Floats
from optimizers.replay import replay
from optimizers.yard import Priority, YardRule, run_yard

CAP_SEARCH_STEPS = 12
"""Halvings in the search for the lowest cap: 1/4096 of the connection."""


def plug_on_arrival(problem: DepotProblem) -> DepotPlan:
    """Charge in order of arrival at full power until the day is covered: what a depot does without any plan."""
    return _plan(problem, "plug on arrival", lambda: run_yard(problem, _by_arrival(problem)))


def night_only(problem: DepotProblem, night: Flags | None = None) -> DepotPlan:
    """Charge in the (T,) night steps, in order of arrival; by day only what could not leave otherwise.

    Without `night`, the cheapest quarter of the span of energy prices is taken as night.
    """
    price = problem.prices.buy_krw_per_kwh
    steps = price <= price.min() + (price.max() - price.min()) / 4 if night is None else night
    return _plan(problem, "night only", lambda: run_yard(problem, replace(_by_arrival(problem), open_steps=steps)))


def least_laxity_first(problem: DepotProblem) -> DepotPlan:
    """Give outlets and power to the bus that can wait least."""
    return _plan(problem, "least laxity first", lambda: run_yard(problem, _by_laxity(problem)))


def valley_filling(problem: DepotProblem) -> DepotPlan:
    """Keep the site's import as flat as it goes: the lowest cap over the day under which the day still works."""
    return _plan(problem, "valley filling", lambda: _lowest_cap(problem, _by_laxity(problem), _all_steps(problem)))


def peak_shaving(problem: DepotProblem) -> DepotPlan:
    """Charge in order of arrival under the lowest cap in the steps that count for the demand charge."""
    counted = _all_steps(problem) if problem.demand is None else problem.demand.interval != NOT_METERED
    return _plan(problem, "peak shaving", lambda: _lowest_cap(problem, _by_arrival(problem), counted))


BASELINES: dict[str, Callable[[DepotProblem], DepotPlan]] = {
    "plug on arrival": plug_on_arrival,
    "night only": night_only,
    "least laxity first": least_laxity_first,
    "valley filling": valley_filling,
    "peak shaving": peak_shaving,
}


def cheapest_baseline(problem: DepotProblem) -> DepotPlan:
    """Return the cheapest baseline that keeps every rule, or else the one that breaks the fewest."""
    plans = [baseline(problem) for baseline in BASELINES.values()]
    return min(plans, key=lambda plan: (len(plan.relaxed), plan.objective_krw))


def _by_arrival(problem: DepotProblem) -> YardRule:
    return YardRule(Priority.ARRIVAL, _all_steps(problem), np.full(problem.step_count, np.inf), preempt=False)


def _by_laxity(problem: DepotProblem) -> YardRule:
    return YardRule(Priority.LAXITY, _all_steps(problem), np.full(problem.step_count, np.inf), preempt=True)


def _all_steps(problem: DepotProblem) -> Flags:
    return np.ones(problem.step_count, dtype=bool)


def _lowest_cap(problem: DepotProblem, rule: YardRule, capped: Flags) -> Schedule:
    """Return the run with the lowest cap in the `capped` steps that is kept and costs no bus any energy it needs."""
    best = run_yard(problem, rule)
    allowed_kwh = _shortfall_kwh(problem, best)
    low, high = 0.0, _peak_kw(problem, best, capped)
    for _ in range(CAP_SEARCH_STEPS):
        middle = (low + high) / 2
        tried = run_yard(problem, replace(rule, cap_kw=np.where(capped, middle, np.inf)))
        kept = _peak_kw(problem, tried, capped) <= middle + 1e-6
        if kept and _shortfall_kwh(problem, tried) <= allowed_kwh + 1e-6:
            best, high = tried, middle
        else:
            low = middle
    return best


def _site_kw(problem: DepotProblem, schedule: Schedule) -> Floats:
    return plan_of(problem, schedule, _UNJUDGED).grid_kw


def _peak_kw(problem: DepotProblem, schedule: Schedule, steps: Flags) -> float:
    return float(_site_kw(problem, schedule)[steps].max(initial=0.0))


def _shortfall_kwh(problem: DepotProblem, schedule: Schedule) -> float:
    """Return by how much the stored energies are below what departures, the window and the end need, summed."""
    energy_kwh = plan_of(problem, schedule, _UNJUDGED).energy_kwh
    needed = np.column_stack([problem.need_kwh, problem.buses.terminal_min_kwh])
    needed = np.maximum(needed, problem.buses.min_kwh[:, None])
    return float(np.maximum(needed - energy_kwh, 0.0).sum())


_UNJUDGED = Verdict(PlanStatus.FAILED, -np.inf, "", "", 0.0)


def _plan(problem: DepotProblem, name: str, run: Callable[[], Schedule]) -> DepotPlan:
    begin = time.perf_counter()
    schedule = run()
    verdict = Verdict(
        PlanStatus.FALLBACK, -np.inf, "no bound: a heuristic proves nothing", name, time.perf_counter() - begin
    )
    plan = plan_of(problem, schedule, verdict)
    report = replay(problem, plan)
    return plan if report.ok else replace(plan, status=PlanStatus.RELAXED, relaxed=report.violations)
