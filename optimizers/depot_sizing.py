"""How small a depot can be: the fewest outlets, the smallest connection, the smallest battery with which its day works.

Whether a day works is monotone in each of them, so that halving finds the smallest; the step below is tried as well and
gives the reason why less fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import pyomo.environ as pyo

from optimizers.bottlenecks import bottlenecks
from optimizers.depot_model.compose import build_depot_model
from optimizers.problem import DepotProblem
from optimizers.problem_checks import check_problem
from optimizers.solver import SolveLimits, SolveStatus, solve_model


class Works(Enum):
    """Whether a day works: proved either way, or not known within the limits of the solve."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Smallest:
    """The smallest size that is known to work.

    Attributes
    ----------
    size
        Outlets, kW or kWh; nan when even the largest tried does not work.
    proved
        Whether `fails_at` is proved not to work; False when a solve ran into its limits.
    fails_at, reason
        The next smaller size, and why it fails.
    surely_fails_at, sure_reason
        Where that is not proved: the largest size that counting proves to fail, and why; nan for none.
    """

    size: float
    proved: bool
    fails_at: float
    reason: str
    surely_fails_at: float = float("nan")
    sure_reason: str = ""


def day_works(problem: DepotProblem, limits: SolveLimits) -> tuple[Works, str]:
    """Return whether any plan keeps every rule, and why not."""
    wrong = check_problem(problem)
    if wrong:
        return Works.NO, wrong[0].what
    counted = bottlenecks(problem)
    if counted:
        return Works.NO, counted[0].sentence
    model = build_depot_model(problem)
    model.cost.deactivate()
    model.any_plan = pyo.Objective(expr=0.0)
    status = solve_model(model, limits).status
    if status in (SolveStatus.OPTIMAL, SolveStatus.STOPPED):
        return Works.YES, ""
    if status is SolveStatus.INFEASIBLE:
        return Works.NO, "no plan keeps every rule: counting alone finds no single reason"
    return Works.UNKNOWN, "not decided within the limits of the solve"


def fewest_outlets(problem: DepotProblem, charger_class: int, limits: SolveLimits) -> Smallest:
    """Return the fewest outlets of one class, the others as they are; at most one per bus is tried."""

    def with_count(count: float) -> DepotProblem:
        chargers = list(problem.chargers)
        chargers[charger_class] = replace(chargers[charger_class], count=int(count))
        return replace(problem, chargers=tuple(chargers))

    return _smallest(with_count, 0, max(problem.bus_count, problem.chargers[charger_class].count), 1.0, limits)


def smallest_connection(problem: DepotProblem, limits: SolveLimits, step_kw: float = 1.0) -> Smallest:
    """Return the smallest import limit, equal in all steps, in whole `step_kw`."""
    outlets_kw = sum(outlet.count * outlet.max_kw / outlet.efficiency for outlet in problem.chargers)
    stored_kw = problem.site.battery.max_charge_kw if problem.site.battery is not None else 0.0
    most_kw = float(np.maximum(problem.site.base_kw, 0.0).max()) + outlets_kw + stored_kw

    def with_limit(kw: float) -> DepotProblem:
        limit_kw = np.full(problem.step_count, kw)
        demand = replace(problem.demand, peak_so_far_kw=0.0) if problem.demand is not None else None
        return replace(problem, site=replace(problem.site, import_limit_kw=limit_kw), demand=demand)

    return _smallest(with_limit, 0, int(np.ceil(most_kw / step_kw)), step_kw, limits)


def smallest_battery(problem: DepotProblem, limits: SolveLimits, step_kwh: float = 5.0) -> Smallest:
    """Return the smallest battery, the same for every bus, in whole `step_kwh`.

    Window, energies at the start and at the end, and taper keep their shares of the battery; departure needs stay.
    """
    largest_kwh = 2 * float(problem.buses.battery_kwh.max())

    def with_size(kwh: float) -> DepotProblem:
        buses = problem.buses
        ratio = kwh / buses.battery_kwh
        scaled = {
            name: getattr(buses, name) * ratio
            for name in ("battery_kwh", "min_kwh", "max_kwh", "initial_kwh", "terminal_min_kwh")
        }
        slope = buses.taper_kw_per_kwh / ratio[:, None]
        return replace(problem, buses=replace(buses, **scaled, taper_kw_per_kwh=slope), degradation=None)

    return _smallest(with_size, 1, int(np.ceil(largest_kwh / step_kwh)), step_kwh, limits)


def _smallest(
    sized: Callable[[float], DepotProblem], lowest: int, highest: int, step: float, limits: SolveLimits
) -> Smallest:
    """Halve between ``lowest * step`` and ``highest * step`` to the smallest size that works."""
    works, reason = day_works(sized(highest * step), limits)
    if works is not Works.YES:
        return Smallest(float("nan"), works is Works.NO, highest * step, reason)
    low, high, proved, reason = lowest - 1, highest, True, "nothing smaller was tried"
    while high - low > 1:
        middle = (low + high) // 2
        works, why = day_works(sized(middle * step), limits)
        if works is Works.YES:
            high = middle
        else:
            low, proved, reason = middle, works is Works.NO, why
    return Smallest(high * step, proved, low * step if low >= lowest else float("nan"), reason)
