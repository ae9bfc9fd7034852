"""What a depot answers the city: its best plan at a price per step, and what a power limit per step costs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidInput, Problem
from optimizers.depot_compact import solve_compact
from optimizers.depot_decomposition import can_decompose, never, plan_depot
from optimizers.depot_decomposition_settings import DecompositionSettings
from optimizers.plan import DepotPlan, NoPlan
from optimizers.problem import DepotProblem

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DepotResponse:
    """A depot's best plan at a price on its net import, on top of its own tariff.

    Attributes
    ----------
    plan
        The plan; its cost and bound include the price.
    grid_kw
        (T,) net power through the depot's connection, export negative.
    own_krw
        Cost of the plan without the price.
    priced_krw, lower_bound_krw
        Cost with the price, and a proved bound of the least such cost: what a coordinator may add to its own bound.
    """

    plan: DepotPlan
    grid_kw: Floats
    own_krw: float
    priced_krw: float
    lower_bound_krw: float


def best_response(
    problem: DepotProblem,
    price_krw_per_kwh: Floats,
    settings: DecompositionSettings,
    cancel: Callable[[], bool] = never,
) -> DepotResponse | NoPlan:
    """Return the depot's cheapest plan when every kWh it draws from the grid costs `price_krw_per_kwh` more.

    Parameters
    ----------
    problem
        The depot.
    price_krw_per_kwh
        (T,) price on top of the tariff; an exported kWh earns it. May be negative.
    settings
        Limits, lattice, seed.
    cancel
        Asked now and then; True ends the solve with the best so far.

    Raises
    ------
    InvalidInput
        When the price does not have one finite entry per step.
    """
    _require_series(problem, price_krw_per_kwh, "price_krw_per_kwh", finite=True)
    prices = problem.prices
    priced = replace(
        problem,
        prices=replace(
            prices,
            buy_krw_per_kwh=prices.buy_krw_per_kwh + price_krw_per_kwh,
            sell_krw_per_kwh=prices.sell_krw_per_kwh + price_krw_per_kwh,
        ),
    )
    plan = _planned(priced, settings, cancel)
    if isinstance(plan, NoPlan):
        return plan
    paid = float((price_krw_per_kwh * plan.grid_kw) @ problem.step_h)
    return DepotResponse(plan, plan.grid_kw, plan.objective_krw - paid, plan.objective_krw, plan.lower_bound_krw)


def plan_under_limit(
    problem: DepotProblem, import_limit_kw: Floats, settings: DecompositionSettings, cancel: Callable[[], bool] = never
) -> DepotPlan | NoPlan:
    """Return the depot's cheapest plan, with its bound, that draws at most `import_limit_kw` in each step.

    Parameters
    ----------
    problem
        The depot; the limit of its own connection holds as well.
    import_limit_kw
        (T,) at least 0, inf where there is none.
    settings
        Limits, lattice, seed.
    cancel
        Asked now and then; True ends the solve with the best so far.

    Raises
    ------
    InvalidInput
        When the limit does not have one entry of at least 0 per step.
    """
    _require_series(problem, import_limit_kw, "import_limit_kw", finite=False)
    limit = np.minimum(problem.site.import_limit_kw, import_limit_kw)
    return _planned(replace(problem, site=replace(problem.site, import_limit_kw=limit)), settings, cancel)


def _planned(problem: DepotProblem, settings: DecompositionSettings, cancel: Callable[[], bool]) -> DepotPlan | NoPlan:
    if can_decompose(problem):
        return plan_depot(problem, settings, cancel)
    return solve_compact(problem, settings.limits)


def _require_series(problem: DepotProblem, values: Floats, name: str, *, finite: bool) -> None:
    what = ""
    if values.shape != (problem.step_count,):
        what = f"has shape {values.shape}, the depot has {problem.step_count} steps"
    elif np.isnan(values).any() or (finite and not np.isfinite(values).all()):
        what = "holds values that are no finite numbers"
    elif not finite and (values < 0).any():
        what = "holds negative limits"
    if what:
        raise InvalidInput([Problem(problem.id, 0, name, what, "give one number for each step of the depot")])
