"""What less peak or less carbon costs a city: the frontier between two aims."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimizers.coordination import CoordinationSettings
from optimizers.coordination_plan import CoordinatedPlan, LimitKind
from optimizers.coordination_problem import CityProblem
from optimizers.frontier import Frontier, trade_off
from optimizers.shared_limits import coordinate_shared
from optimizers.shared_limits_master import supplied_kw
from twin.aims import Aims, Objective
from twin.aims_plan import plan_aims
from twin.aims_problem import SystemPrices, aimed

ROOM = 1e-3
"""Share by which the tightest cap lies above the least that was found."""


def aims_frontier(
    problem: CityProblem,
    against: Objective,
    system: SystemPrices,
    settings: CoordinationSettings,
    points: int,
    aims: Aims | None = None,
) -> Frontier:
    """Return the trade-off between the cost and the peak (kW) or the emissions (kg).

    Parameters
    ----------
    problem, system, settings
        As for `plan_aims`.
    against
        `Objective.PEAK` or `Objective.CARBON`.
    points
        Plans made at most.
    aims
        What else holds for all of them; their objective must be the cost by tariffs or that of the system.

    Raises
    ------
    InvalidInput
        For aims that are refused, and fewer than two points.
    """
    wanted = aims or Aims()
    base = aimed(problem, wanted, system)
    labels = tuple("00:00" for _ in range(problem.steps))
    lowest = plan_aims(problem, replace(wanted, objective=against), system, labels, settings)
    least = lowest.least * (1.0 + ROOM)

    def quantity(plan: CoordinatedPlan) -> float:
        supplied = supplied_kw(plan.flow)
        if against is Objective.PEAK:
            return float(supplied.max())
        return float(supplied @ system.carbon_kg_per_kwh) * problem.step_h

    def solve(cap: float, warm: object) -> tuple[CoordinatedPlan, float]:
        shared = base.problem.shared
        if against is Objective.PEAK:
            shared = replace(shared, supply_limit_kw=np.minimum(shared.supply_limit_kw, cap))
        else:
            shared = replace(shared, carbon_limit_kg=min(shared.carbon_limit_kg, cap))
        plan = coordinate_shared(replace(base.problem, shared=shared), settings, warm, base.peak_krw_per_kw)
        kind = LimitKind.SUPPLY if against is Objective.PEAK else LimitKind.CARBON
        return plan, sum(price.price_krw for price in plan.prices if price.kind is kind)

    return trade_off(solve, quantity, least, points)
