"""One plan for a city inside the limits of its network, accepted by the AC power flow, with a proved bound.

Cheap first: every asset's best response to what it pays by itself, spread over steps that cost the same, and one power
flow. Where that keeps every limit, nothing else is done, and the responses prove the bound. Where it does not, the
assets that bear on a violated limit are planned together under tangents of the limit, area by area, until the power
flow finds nothing any more; what cannot be kept is priced, listed, and the plan says that it is relaxed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from data.errors import InvalidInput, Problem
from grid.powerflow import PowerFlow
from optimizers.coordination_columns import answer_prices
from optimizers.coordination_limits import Places
from optimizers.coordination_plan import CoordinatedPlan, Round
from optimizers.coordination_prices import limit_prices, marginal_prices, violations_in_words
from optimizers.coordination_problem import CityProblem
from optimizers.coordination_search import Search
from optimizers.coordination_settings import CoordinationSettings, CoordinationState
from optimizers.plan import PlanStatus, relative_gap

__all__ = ["CoordinationSettings", "CoordinationState", "coordinate", "never"]

MOST_ROUNDS = 40
MOST_ANSWERS = 2
MOST_LOSS_TANGENTS = 4
BOUND_FOR = (
    "what every asset pays by itself and for supply, as stated, with the network's limits by tangents that lie outside "
    "them; upper voltage limits and ratings under reverse flow are left out of the bound, so it holds with them too"
)


def never() -> bool:
    """Never stop early."""
    return False


def coordinate(
    problem: CityProblem,
    settings: CoordinationSettings,
    warm: CoordinationState | None = None,
    cancel: Callable[[], bool] = never,
) -> CoordinatedPlan:
    """Plan all assets of a city.

    Parameters
    ----------
    problem
        What to plan.
    settings
        Limits of the search.
    warm
        `CoordinatedPlan.state` of an earlier plan of the same network and horizon: its tangents are carried over.
    cancel
        Asked now and then; True ends the search with the best so far.

    Raises
    ------
    InvalidInput
        With everything that is wrong with the problem; also for limits of the whole city, which
        `optimizers.shared_limits.coordinate_shared` keeps.
    """
    problem.check()
    _refuse_shared(problem)
    search = Search(problem, settings, warm, cancel)
    search.start()
    search.carry_over()
    flow = _until_accepted(search)
    for _ in range(MOST_ANSWERS):
        if search.stop() or not search.area_gain or not answer_prices(search):
            break
        search.plan_areas(np.array(sorted(search.area_gain), dtype=np.int64))
        flow = _until_accepted(search)
    return _finished(search, _with_losses(search, flow))


def _with_losses(search: Search, flow: PowerFlow) -> PowerFlow:
    """Where supply has a price, price losses again where the plan stands now, as long as that helps."""
    if not search.problem.supply_price.any():
        return flow
    for _ in range(MOST_LOSS_TANGENTS):
        objective = search.objective_krw(flow)
        if search.stop() or relative_gap(objective, search.bound_krw()) <= search.settings.gap:
            break
        before = search.planned.snapshot()
        search.price_losses(flow)
        again = _until_accepted(search)
        if search.objective_krw(again) >= objective:
            search.planned.restore(before)
            break
        flow = again
    return flow


def _refuse_shared(problem: CityProblem) -> None:
    shared = problem.shared
    if np.isfinite(shared.supply_limit_kw).any() or np.isfinite(shared.carbon_limit_kg):
        fix = "plan it with coordinate_shared, which keeps them"
        raise InvalidInput([Problem(problem.id, 0, "shared", "limits of the whole city (shared)", fix)])


def _until_accepted(search: Search) -> PowerFlow:
    """Plan and check in turn until the power flow finds nothing that is not known and paid for."""
    for _ in range(MOST_ROUNDS):
        begin = time.perf_counter()
        flow = search.planned.flow()
        violated = search.violated(flow)
        search.rounds.append(_round(search, flow, violated, begin))
        news = search.surprising(violated)
        if not len(news) or search.stop():
            break
        search.plan_areas(search.tighten(flow, news))
    return flow


def _round(search: Search, flow: PowerFlow, violated: Places, begin: float) -> Round:
    on_voltage = search.book.kind[violated.limit] < 2
    share = violated.excess / search.book.size[violated.limit]
    return Round(
        violations=len(violated),
        worst_voltage_pu=float(share[on_voltage].max(initial=0.0)),
        worst_loading=float(share[~on_voltage].max(initial=0.0)),
        rows=len(search.rows),
        objective_krw=search.objective_krw(flow),
        lower_bound_krw=search.bound_krw(),
        wall_s=time.perf_counter() - begin,
    )


def _finished(search: Search, flow: PowerFlow) -> CoordinatedPlan:
    problem, book = search.problem, search.book
    beyond = book.beyond(flow, np.zeros(len(book.kind)))
    net = search.net(beyond)
    words = violations_in_words(book, beyond, beyond.excess - net.excess)
    cost, bound = search.planned.cost_krw(flow), search.bound_krw()
    violated = net.take(~(net.excess <= book.tolerance[net.limit]))
    objective = cost + search.violation_krw(violated)
    solved = bool(search.converged(flow).all())
    within = relative_gap(objective, bound) <= search.settings.gap
    status = PlanStatus.OPTIMAL if within else PlanStatus.FEASIBLE
    if words or not solved:
        status = PlanStatus.RELAXED if solved else PlanStatus.FAILED
    return CoordinatedPlan(
        problem_id=problem.id,
        assets=tuple(search.planned.plans),
        load_kw=search.planned.kw,
        load_kvar=search.planned.kvar,
        flow=flow,
        cost_krw=cost,
        violation_krw=objective - cost,
        lower_bound_krw=bound,
        unlimited_bound_krw=search.unlimited_bound_krw(),
        bound_for=BOUND_FOR,
        status=status,
        prices=limit_prices(book, search.rows, search.row_price),
        violations=words,
        marginal=marginal_prices(problem, book, flow, search.rows, search.row_price),
        rounds=tuple(search.rounds),
        state=CoordinationState(search.rows),
        wall_s=time.perf_counter() - search.begin,
    )
