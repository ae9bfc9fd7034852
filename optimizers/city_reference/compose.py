"""The whole model: assets, loads, priced excesses, cost; and the table of kinds."""

# mypy: allow-untyped-defs, allow-untyped-calls
# (Pyomo's rules take the model and the index; neither carries a type.)

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyomo.environ as pyo

from data.errors import InvalidInput, Problem
from optimizers.assets.battery import Batteries
from optimizers.assets.battery_fleet import BatteryFleet
from optimizers.assets.building import Buildings
from optimizers.assets.bus_depots import BusDepots
from optimizers.assets.charging import Charging
from optimizers.assets.hot_water import HotWaterTanks
from optimizers.assets.solar import SolarInverters
from optimizers.assets.vehicles import Vehicles
from optimizers.city_reference.battery import add_batteries, add_battery_fleet
from optimizers.city_reference.building import add_buildings
from optimizers.city_reference.charging import add_charging
from optimizers.city_reference.depots import add_depots
from optimizers.city_reference.hot_water import add_hot_water
from optimizers.city_reference.network import add_loads, add_slacks
from optimizers.city_reference.solar import add_solar
from optimizers.city_reference.vehicles import add_vehicles
from optimizers.coordination_problem import CityProblem

KINDS: Mapping[type, Callable[[pyo.Block, Any], None]] = {
    Batteries: add_batteries,
    BatteryFleet: add_battery_fleet,
    Buildings: add_buildings,
    BusDepots: add_depots,
    Charging: add_charging,
    HotWaterTanks: add_hot_water,
    SolarInverters: add_solar,
    Vehicles: add_vehicles,
}
"""How each kind of asset is stated; a new kind is one more entry."""


def build_city_model(problem: CityProblem) -> pyo.ConcreteModel:
    """Return the model of a city without rows of the network; its objective is the cost and the price of excesses.

    Raises
    ------
    InvalidInput
        When the problem has assets of a kind that is not stated here, or a price or limit of the whole city's supply.
    """
    _require_known(problem)
    m = pyo.ConcreteModel(name=problem.id)
    m.T = pyo.RangeSet(0, problem.steps - 1)
    m.N = pyo.RangeSet(0, len(problem.network.buses) - 1)
    m.block = pyo.Block(range(len(problem.assets)))
    for number, assets in enumerate(problem.assets):
        add_assets(m.block[number], assets, problem.steps)
    add_loads(m, problem)
    add_slacks(m, problem)
    m.assets_krw = pyo.Expression(expr=sum(m.block[k].cost_krw for k in m.block))
    m.cost = pyo.Objective(expr=m.assets_krw + m.violation_krw)
    return m


def add_assets(b: pyo.Block, assets: Any, steps: int) -> None:
    """Add one block of assets: its sets, its own constraints, its power `kw`, `kvar` and its cost `cost_krw`."""
    b.A = pyo.Set(initialize=range(len(assets.bus)))
    b.T = pyo.Set(initialize=range(steps))
    b.EDGE = pyo.Set(initialize=range(steps + 1))
    KINDS[type(assets)](b, assets)


def _require_known(problem: CityProblem) -> None:
    unknown = sorted({block.kind for block in problem.assets if type(block) not in KINDS})
    problems = [
        Problem(problem.id, 0, "assets", f"the reference model states no {kind}", "leave them out") for kind in unknown
    ]
    if problem.supply_price.any() or (problem.shared.supply_limit_kw < float("inf")).any():
        what = "the reference model prices and limits no supply of the whole city"
        problems.append(Problem(problem.id, 0, "shared", what, "leave it out"))
    if problems:
        raise InvalidInput(problems)
