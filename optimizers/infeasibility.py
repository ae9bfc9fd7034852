"""When a day cannot work: who is short, when, by how much, and what is the cheapest way out.

Counting comes first (`optimizers.bottlenecks`). In a small depot the elastic model then lets one thing give way at a
time, at the least it takes. In a larger one, for which that model is too slow, `optimizers.remedy_search` looks for
days that work by planning them. Either way each remedy is a day for which a plan was found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyomo.environ as pyo

from optimizers.baselines import cheapest_baseline
from optimizers.bottlenecks import Bottleneck, bottlenecks
from optimizers.depot import COMPACT_UP_TO_BUSES
from optimizers.depot_model.compose import build_depot_model
from optimizers.depot_model.elastic import add_gifts, add_larger_connection, add_outlet_hours
from optimizers.depot_model.schedule import start_from
from optimizers.plan import DepotPlan
from optimizers.problem import DepotProblem
from optimizers.remedies import (
    TINY_KWH,
    Remedy,
    RemedyPrices,
    Shortfall,
    connection_remedy,
    first_later_departure,
    first_swap,
    outlet_remedy,
    shortfalls_of,
)
from optimizers.remedy_search import search_remedies
from optimizers.solver import Solved, SolveLimits, SolveStatus, solve_model

ELASTIC_UP_TO_BUSES = 30
"""In larger depots the shortfalls are those of the plain rule that comes nearest."""
SOLVED = (SolveStatus.OPTIMAL, SolveStatus.STOPPED)


@dataclass(frozen=True)
class Explanation:
    """Why a day cannot work and what would help, cheapest first.

    `complete` is False when a solve was cut off, or only searched for: shortfalls and remedies are then valid, but
    perhaps not the least.
    """

    bottlenecks: tuple[Bottleneck, ...]
    shortfalls: tuple[Shortfall, ...]
    remedies: tuple[Remedy, ...]
    complete: bool


def explain_infeasibility(problem: DepotProblem, prices: RemedyPrices, limits: SolveLimits) -> Explanation:
    """Explain a day that cannot work.

    Parameters
    ----------
    problem
        A problem without input errors.
    prices
        What the remedies cost.
    limits
        For the shortfalls, and for each kind of remedy.

    Returns
    -------
    Explanation
        Without shortfalls and remedies when the day works after all.
    """
    shortfalls, complete = _shortfalls(problem, limits)
    if not shortfalls:
        return Explanation(bottlenecks(problem), (), (), complete)
    small = problem.bus_count <= COMPACT_UP_TO_BUSES
    find = _exact_remedies if small else search_remedies
    remedies = sorted(find(problem, prices, limits, shortfalls), key=lambda remedy: remedy.cost_krw)
    return Explanation(bottlenecks(problem), shortfalls, tuple(remedies), complete and small)


def _shortfalls(problem: DepotProblem, limits: SolveLimits) -> tuple[tuple[Shortfall, ...], bool]:
    """Return the least energy that buses would have to be given for the day to work, and whether it is the least."""
    rule = cheapest_baseline(problem)
    known = shortfalls_of(problem, rule)
    if problem.bus_count > ELASTIC_UP_TO_BUSES:
        return known, False
    model, solved = _least(problem, add_gifts, limits, rule)
    if solved.status not in SOLVED:
        return known, False
    gifts = ((b, t, float(model.gift_kwh[b, t].value)) for b, t in model.GIFT)
    found = tuple(Shortfall(b, t, kwh) for b, t, kwh in gifts if kwh > TINY_KWH)
    return found, solved.status is SolveStatus.OPTIMAL


def _exact_remedies(
    problem: DepotProblem, prices: RemedyPrices, limits: SolveLimits, shortfalls: tuple[Shortfall, ...]
) -> list[Remedy]:
    def works(day: DepotProblem) -> bool:
        return _works(day, limits)

    remedies = [
        _charger_time(problem, prices, limits),
        _connection(problem, prices, limits),
        first_later_departure(problem, prices, shortfalls, works),
        first_swap(problem, prices, shortfalls, works),
    ]
    return [remedy for remedy in remedies if remedy is not None]


def _charger_time(problem: DepotProblem, prices: RemedyPrices, limits: SolveLimits) -> Remedy | None:
    model, solved = _least(problem, add_outlet_hours, limits)
    if solved.status not in SOLVED:
        return None
    extra = {(c, t): round(model.extra_outlets[c, t].value) for c, t in model.extra_outlets}
    return outlet_remedy(problem, prices, extra)


def _connection(problem: DepotProblem, prices: RemedyPrices, limits: SolveLimits) -> Remedy | None:
    model, solved = _least(problem, add_larger_connection, limits)
    return connection_remedy(prices, float(model.larger_kw.value)) if solved.status in SOLVED else None


def _works(problem: DepotProblem, limits: SolveLimits) -> bool:
    """Return whether a plan was found that keeps every rule."""
    if (problem.need_kwh > problem.buses.max_kwh[:, None]).any() or bottlenecks(problem):
        return False
    model = build_depot_model(problem)
    model.cost.deactivate()
    model.any_plan = pyo.Objective(expr=0.0)
    return solve_model(model, limits).status in SOLVED


def _least(
    problem: DepotProblem,
    let_give: Callable[[pyo.ConcreteModel, DepotProblem], None],
    limits: SolveLimits,
    start: DepotPlan | None = None,
) -> tuple[pyo.ConcreteModel, Solved]:
    """Solve the elastic model for the least that has to give way, from the sessions of a plan when one is given."""
    model = build_depot_model(problem)
    model.cost.deactivate()
    let_give(model, problem)
    if start is not None:
        start_from(model, problem, start)
    return model, solve_model(model, limits, warm_start=start is not None)
