"""What a plan is protected against, as days of their own: fewer outlets, a cold day, stays that begin late.

Each is again a depot problem, so that every solver and the independent replay can be asked about it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimizers.arrays import Floats
from optimizers.depot_model.protection import ColdDay, LateBuses
from optimizers.plan import DepotPlan
from optimizers.problem import DepotProblem, Stay, stays


def with_lost_outlets(problem: DepotProblem, lost: int) -> DepotProblem:
    """Return the depot with so many outlets fewer in every class."""
    fewer = tuple(replace(outlet, count=max(outlet.count - lost, 0)) for outlet in problem.chargers)
    return replace(problem, chargers=fewer)


def with_cold_day(problem: DepotProblem, cold: ColdDay) -> DepotProblem:
    r"""Return the depot whose buses carry, at every step, what a cold day would have drawn more by then.

    Under the same charging the battery of a cold day is :math:`e^{cold}_{b,t} = e_{b,t} - X_{b,t}`, X being what cold
    duties and cold standing have drawn more since the start. So :math:`e^{cold}_{b,t} \ge e^{min}_b` is the need
    :math:`e_{b,t} \ge e^{min}_b + X_{b,t}`, exactly.
    """
    buses = problem.buses
    standing_kwh = problem.step_h * buses.standing_loss_kw[:, None] * problem.present
    drawn_kwh = (cold.trip_factor - 1) * problem.trip_kwh + (cold.standing_factor - 1) * standing_kwh
    extra_kwh = np.cumsum(drawn_kwh, axis=1)
    floor_kwh = buses.min_kwh[:, None] + extra_kwh
    need_kwh = problem.need_kwh.copy()
    need_kwh[:, 1:] = np.maximum(need_kwh[:, 1:], np.where(extra_kwh[:, :-1] > 0, floor_kwh[:, :-1], 0.0))
    last_kwh = np.maximum(buses.terminal_min_kwh, floor_kwh[:, -1])
    return replace(problem, need_kwh=need_kwh, buses=replace(buses, terminal_min_kwh=last_kwh))


def arrivals(problem: DepotProblem) -> tuple[Stay, ...]:
    """Return the stays that begin with a return to the depot."""
    return tuple(stay for stay in stays(problem.present) if stay.start > 0)


def with_late_stays(problem: DepotProblem, late: tuple[Stay, ...], steps: int) -> DepotProblem:
    """Return the depot in which some stays begin so many steps later; what standing draws then is drawn on the road."""
    present, trip_kwh = problem.present.copy(), problem.trip_kwh.copy()
    for stay in late:
        first = slice(stay.start, min(stay.start + steps, stay.stop))
        present[stay.bus, first] = False
        trip_kwh[stay.bus, first] += problem.step_h[first] * problem.buses.standing_loss_kw[stay.bus]
    return replace(problem, present=present, trip_kwh=trip_kwh)


def late_shortfalls_kwh(problem: DepotProblem, plan: DepotPlan, steps: int) -> Floats:
    """Return how far below its needs a bus falls at the worst, for each of `arrivals`, when it begins late."""
    buses = problem.buses
    floor_kwh = np.maximum(np.column_stack([problem.need_kwh, buses.terminal_min_kwh]), buses.min_kwh[:, None])
    found = []
    for stay in arrivals(problem):
        first = slice(stay.start, min(stay.start + steps, stay.stop))
        lost_kwh = buses.charge_efficiency[stay.bus] * float(plan.charge_kw[stay.bus, first] @ problem.step_h[first])
        below_kwh = floor_kwh[stay.bus, first.stop :] - plan.energy_kwh[stay.bus, first.stop :] + lost_kwh
        found.append(max(float(below_kwh.max()), 0.0) if lost_kwh > 0 else 0.0)
    return np.array(found)


def worst_of_buses_kwh(problem: DepotProblem, shortfalls_kwh: Floats) -> Floats:
    """Return the (B,) worst shortfall of each bus, from those of its `arrivals`."""
    worst_kwh = np.zeros(problem.bus_count)
    np.maximum.at(worst_kwh, [stay.bus for stay in arrivals(problem)], shortfalls_kwh)
    return worst_kwh


def made_up_kwh(worst_kwh: Floats, late: LateBuses) -> float:
    """Return what the worst late buses lack together."""
    return float(np.sort(worst_kwh)[::-1][: late.count].sum())
