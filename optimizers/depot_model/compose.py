"""The whole compact model: its parts in the order in which they build on each other."""

from __future__ import annotations

from collections.abc import Callable

import pyomo.environ as pyo

from optimizers.depot_model.covers import add_session_covers
from optimizers.depot_model.lanes import add_lanes
from optimizers.depot_model.objective import add_cost
from optimizers.depot_model.power import add_cabinets, add_charging, add_feeding_back, add_stored_energy, add_taper
from optimizers.depot_model.sessions import add_minimum_session, add_outlets, add_session_count, add_sessions
from optimizers.depot_model.sets import add_sets
from optimizers.depot_model.site import add_demand_charge, add_site, add_site_battery
from optimizers.depot_model.wear import add_calendar_wear, add_cycling_wear
from optimizers.problem import DepotProblem

Part = Callable[[pyo.ConcreteModel, DepotProblem], None]

PARTS: tuple[Part, ...] = (
    add_sessions,
    add_minimum_session,
    add_session_count,
    add_session_covers,
    add_outlets,
    add_lanes,
    add_charging,
    add_feeding_back,
    add_stored_energy,
    add_taper,
    add_cabinets,
    add_site_battery,
    add_site,
    add_demand_charge,
    add_cycling_wear,
    add_calendar_wear,
    add_cost,
)


def build_depot_model(problem: DepotProblem) -> pyo.ConcreteModel:
    """Return the compact mixed-integer model of a depot; a problem without input errors is assumed."""
    m = pyo.ConcreteModel(name=problem.id)
    add_sets(m, problem)
    for add_part in PARTS:
        add_part(m, problem)
    return m
