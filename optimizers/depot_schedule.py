"""The lattice that a depot's plans are searched on, and the schedule that the plans found there stand for."""

from __future__ import annotations

import numpy as np

from optimizers.depot_cost import Schedule, charging_at_bus_bar_kw, feeding_at_bus_bar_kw, pv_worth_using_kw
from optimizers.pricing_lattice import Lattice, Rounding, lattice
from optimizers.primal import SitePlan, fleet_plans
from optimizers.primal_room import Fleet
from optimizers.problem import DepotProblem

FINER_TRIES = 8
"""How often the spacing is halved for the sake of a bus with little to spare."""


def drivable_lattice(problem: DepotProblem, spacing_kwh: float) -> Lattice:
    """Return an inward lattice, finer than asked for at the buses with too little to spare to drive on it."""
    spacing = np.full(problem.bus_count, spacing_kwh)
    for _ in range(FINER_TRIES):
        grid = lattice(problem, spacing, Rounding.INWARD)
        stuck = (grid.low > grid.high).any(axis=1)
        if not stuck.any():
            break
        spacing[stuck] /= 2
    return grid


def schedule_of(problem: DepotProblem, grid: Lattice, fleet: Fleet, plan: SitePlan) -> Schedule:
    """Return the schedule of a fleet's plans, with as much of the PV power as is worth using."""
    plans = fleet_plans(problem, grid, fleet)
    load = (
        problem.site.base_kw
        + charging_at_bus_bar_kw(problem, plans.charge_kw, plans.plugged_class)
        - feeding_at_bus_bar_kw(problem, plans.discharge_kw, plans.plugged_class)
        + plan.battery_kw
    )
    pv = pv_worth_using_kw(problem, load)
    return Schedule(plans.charge_kw, plans.discharge_kw, plans.plugged_class, pv, plan.battery_kw)
