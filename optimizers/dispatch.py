"""Schedule energy envelopes and batteries at least cost under the limits of the feeders and banks above them.

Cheap first: without a limit in the way the best response of every asset is exact and its cost is the bound. Only where
that plan lifts a feeder or bank above its limit a linear programme is solved, and its bound is not taken from the
solver: it is the Lagrangian value at the limits' prices, evaluated by exact best responses.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimizers.batteries import BatteryPlan, cheapest_battery_plan
from optimizers.dispatch_lp import solve_limited
from optimizers.dispatch_problem import DispatchProblem
from optimizers.dispatch_rows import group_sums, summed_prices
from optimizers.envelopes import best_response_kw, fill_valleys_kw
from optimizers.highs_arrays import SolverError
from optimizers.plan import PlanStatus

Floats = NDArray[np.float64]

GAP_TOLERANCE = 1e-6
OVERLOAD_TOLERANCE_KW = 1e-5


@dataclass(frozen=True, eq=False)
class DispatchPlan:
    """A plan for one area.

    Attributes
    ----------
    charge_kw
        (A, T) power of the envelopes.
    battery
        Power and energy of the batteries.
    energy_cost_krw, overload_kwh, objective_krw
        What the energy and the batteries' wear cost, the energy carried above limits, and the sum with its price.
    lower_bound_krw
        Proved lower bound of the objective.
    unlimited_bound_krw
        The bound without any limit's price: it holds whatever else flows through the groups.
    group_price_krw_per_kwh
        (G, T) what one more kWh through each group would be worth; 0 where its limit does not bind.
    overload_kw
        (G, T) power above the limits.
    """

    problem_id: str
    charge_kw: Floats
    battery: BatteryPlan
    energy_cost_krw: float
    overload_kwh: float
    objective_krw: float
    lower_bound_krw: float
    unlimited_bound_krw: float
    group_price_krw_per_kwh: Floats
    overload_kw: Floats
    status: PlanStatus
    method: str
    wall_s: float

    @property
    def gap(self) -> float:
        """Relative distance of the objective from its bound."""
        return max(self.objective_krw - self.lower_bound_krw, 0.0) / max(abs(self.objective_krw), 1.0)


def solve_dispatch(problem: DispatchProblem, time_limit_s: float = 60.0) -> DispatchPlan:
    """Plan one area.

    Raises
    ------
    InvalidInput
        When the problem is not one (crossed curves, prices shorter than the horizon, …), with every reason.
    """
    problem.check()
    start = time.perf_counter()
    battery = cheapest_battery_plan(
        problem.batteries, problem.price_krw_per_kwh[problem.battery_price], problem.step_h, time_limit_s
    )
    no_price = np.zeros_like(problem.group_base_kw)
    bound = lagrangian_bound_krw(problem, no_price, time_limit_s)
    filled = _finish(problem, _fill_under_limits(problem, battery), battery, bound, no_price, "best responses", start)
    if filled.gap <= GAP_TOLERANCE:
        return filled
    try:
        limited = solve_limited(problem, time_limit_s)
    except SolverError as error:
        return replace(filled, method=f"best responses ({error})", wall_s=time.perf_counter() - start)
    price = limited.group_price_krw_per_kwh
    unlimited, bound = bound, max(bound, lagrangian_bound_krw(problem, price, time_limit_s))
    solved = _finish(problem, limited.charge_kw, limited.battery, bound, price, "linear programme", start)
    solved = replace(solved, unlimited_bound_krw=unlimited)
    filled = _judged(replace(filled, lower_bound_krw=bound, group_price_krw_per_kwh=price, wall_s=solved.wall_s))
    return filled if filled.gap <= GAP_TOLERANCE else min(filled, solved, key=lambda plan: plan.objective_krw)


def lagrangian_bound_krw(problem: DispatchProblem, group_price_krw_per_kwh: Floats, time_limit_s: float) -> float:
    r"""Return the lower bound that given prices of the limits prove, whoever found them.

    .. math:: \sum_a \min_{p_a} (c + \lambda_{g(a)}) \cdot p_a h + \sum_{g,t} \lambda_{g,t} h (B_{g,t} - \bar P_{g,t})

    With prices between 0 and the price of an overload the slack's own minimum is 0. Overload that no asset can avoid
    (the fixed load alone is above the limit) is priced in full where the group has no battery.
    """
    seen = summed_prices(group_price_krw_per_kwh, problem.group_parent)
    own_price = problem.price_krw_per_kwh[problem.envelope_price] + seen[problem.envelope_group]
    rows = np.arange(problem.envelopes.count)
    charge = best_response_kw(problem.envelopes, own_price, rows, problem.step_h)
    store_price = problem.price_krw_per_kwh[problem.battery_price] + seen[problem.battery_group]
    battery = cheapest_battery_plan(problem.batteries, store_price, problem.step_h, time_limit_s)
    over = np.where(np.isfinite(problem.group_limit_kw), problem.group_base_kw - problem.group_limit_kw, 0.0)
    price = np.where(_unavoidable(problem), problem.overload_krw_per_kwh, group_price_krw_per_kwh)
    response = (charge * own_price).sum() + (battery.net_kw * store_price).sum() + (price * over).sum()
    return float(response * problem.step_h + battery.wear_krw)


def _unavoidable(problem: DispatchProblem) -> NDArray[np.bool_]:
    """Return (G, T) where the fixed load alone is above the limit and nothing below the group can discharge."""
    groups = problem.group_parent.size
    power = np.broadcast_to(problem.batteries.power_kw[:, np.newaxis], (problem.batteries.count, 1))
    relief = group_sums(power, problem.battery_group, problem.group_parent, groups)
    over: NDArray[np.bool_] = (problem.group_base_kw > problem.group_limit_kw) & (relief == 0)
    return over


def _fill_under_limits(problem: DispatchProblem, battery: BatteryPlan) -> Floats:
    """Fill valleys feeder by feeder; the caps leave each feeder its share of what the groups above it can carry."""
    groups = problem.group_parent.size
    base = problem.group_base_kw + group_sums(battery.net_kw, problem.battery_group, problem.group_parent, groups)
    cap = problem.group_limit_kw.copy()
    for group in range(groups - 1, -1, -1):
        parent = problem.group_parent[group]
        if parent >= 0:
            siblings = np.flatnonzero(problem.group_parent == parent)
            room = np.maximum(cap[parent] - base[parent], 0.0)
            cap[group] = np.minimum(cap[group], base[group] + room / siblings.size)
    return fill_valleys_kw(
        problem.envelopes,
        problem.price_krw_per_kwh,
        problem.envelope_price,
        problem.envelope_group,
        base,
        cap,
        problem.step_h,
    )


def _energy_cost(problem: DispatchProblem, charge_kw: Floats, battery: BatteryPlan) -> float:
    prices = problem.price_krw_per_kwh
    charged = (charge_kw * prices[problem.envelope_price]).sum() * problem.step_h
    stored = (battery.net_kw * prices[problem.battery_price]).sum() * problem.step_h
    return float(charged + stored + battery.wear_krw)


def _finish(
    problem: DispatchProblem,
    charge_kw: Floats,
    battery: BatteryPlan,
    bound_krw: float,
    group_price: Floats,
    method: str,
    start: float,
) -> DispatchPlan:
    groups = problem.group_parent.size
    flow = problem.group_base_kw + group_sums(charge_kw, problem.envelope_group, problem.group_parent, groups)
    flow += group_sums(battery.net_kw, problem.battery_group, problem.group_parent, groups)
    overload = np.maximum(flow - problem.group_limit_kw, 0.0)
    overload[overload < OVERLOAD_TOLERANCE_KW] = 0.0
    cost, over = _energy_cost(problem, charge_kw, battery), float(overload.sum()) * problem.step_h
    return _judged(
        DispatchPlan(
            problem_id=problem.id,
            charge_kw=charge_kw,
            battery=battery,
            energy_cost_krw=cost,
            overload_kwh=over,
            objective_krw=cost + over * problem.overload_krw_per_kwh,
            lower_bound_krw=bound_krw,
            unlimited_bound_krw=bound_krw,
            group_price_krw_per_kwh=group_price,
            overload_kw=overload,
            status=PlanStatus.FEASIBLE,
            method=method,
            wall_s=time.perf_counter() - start,
        )
    )


def _judged(plan: DispatchPlan) -> DispatchPlan:
    """Set the status that objective, bound and overload deserve."""
    if plan.overload_kwh > 0:
        status = PlanStatus.RELAXED
    else:
        status = PlanStatus.OPTIMAL if plan.gap <= GAP_TOLERANCE else PlanStatus.FEASIBLE
    return replace(plan, status=status)
