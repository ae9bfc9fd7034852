"""From the values of a solved model to a schedule."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from optimizers.depot_cost import Schedule
from optimizers.plan import DepotPlan
from optimizers.problem import NOT_PLUGGED, DepotProblem, Floats

TINY_KW = 1e-5
"""Powers below it are the solver's tolerance, not a decision."""


def schedule_of(m: pyo.ConcreteModel, problem: DepotProblem) -> Schedule:
    """Return the schedule in the model's variables; opposite flows that cancel are netted (it never costs more)."""
    shape = (problem.bus_count, problem.step_count)
    charge_kw, discharge_kw = np.zeros(shape), np.zeros(shape)
    plugged = np.full(shape, NOT_PLUGGED)
    for b, c, t in m.PLUG:
        if m.plugged[b, c, t].value > 0.5:
            plugged[b, t] = c
            charge_kw[b, t] = min(max(m.charge_kw[b, c, t].value, 0.0), m.charge_kw[b, c, t].ub)
            if (b, c, t) in m.FEED:
                discharge_kw[b, t] = max(m.discharge_kw[b, c, t].value, 0.0)
    buses = problem.buses
    round_trip = (buses.charge_efficiency * buses.discharge_efficiency)[:, None]
    charge_kw, discharge_kw = _netted(charge_kw, discharge_kw, round_trip)
    pv_kw = np.array([min(max(m.pv_kw[t].value, 0.0), problem.site.pv_kw[t]) for t in m.T])
    return Schedule(charge_kw, discharge_kw, plugged, pv_kw, _site_battery_kw(m, problem))


def start_from(m: pyo.ConcreteModel, problem: DepotProblem, plan: DepotPlan) -> None:
    """Write the yes-or-no decisions of a plan into the model's variables; the solver finds the powers to them."""
    for b, c, t in m.PLUG:
        m.plugged[b, c, t].set_value(int(plan.plugged_class[b, t] == c))
        if (b, c, t) in m.PAUSE:
            on = plan.plugged_class[b, t] == c and plan.charge_kw[b, t] > TINY_KW
            m.charging[b, c, t].set_value(int(on))
        if (b, c, t) in m.DIRECTED:
            feeds = plan.plugged_class[b, t] == c and plan.discharge_kw[b, t] > TINY_KW
            m.feeding[b, c, t].set_value(int(feeds))
    for t in m.ARBITRAGE:
        m.importing[t].set_value(int(plan.grid_kw[t] > 0))
    if problem.site.battery is not None:
        for t in m.WASTING:
            m.site_storing[t].set_value(int(plan.site_battery_kw[t] > 0))


def _site_battery_kw(m: pyo.ConcreteModel, problem: DepotProblem) -> Floats:
    battery = problem.site.battery
    if battery is None:
        return np.zeros(problem.step_count)
    charge_kw = np.array([m.site_charge_kw[t].value for t in m.T])
    discharge_kw = np.array([m.site_discharge_kw[t].value for t in m.T])
    charge_kw, discharge_kw = _netted(
        charge_kw, discharge_kw, np.asarray(battery.charge_efficiency * battery.discharge_efficiency)
    )
    return charge_kw - discharge_kw


def _netted(charge_kw: Floats, discharge_kw: Floats, round_trip: Floats) -> tuple[Floats, Floats]:
    """Replace charging and discharging at once by the one flow that moves the same energy in the cells."""
    cells_kw = charge_kw * round_trip - discharge_kw
    charge = np.where(discharge_kw > TINY_KW, np.maximum(cells_kw, 0.0) / round_trip, charge_kw)
    discharge = np.where(charge_kw > TINY_KW, np.maximum(-cells_kw, 0.0), discharge_kw)
    return np.where(charge > TINY_KW, charge, 0.0), np.where(discharge > TINY_KW, discharge, 0.0)
