"""Aims as changes of the city's problem: prices of supply, caps, budgets, what vehicles and inverters must give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from data.errors import ProblemList
from optimizers.arrays import Floats
from optimizers.assets.battery_fleet import BatteryFleet
from optimizers.assets.bus_depots import BusDepots
from optimizers.assets.charging import Charging
from optimizers.assets.solar import SolarInverters
from optimizers.assets.storage_block import StorageBlock
from optimizers.assets.vehicles import Vehicles
from optimizers.coordination_assets import AssetBlock
from optimizers.coordination_problem import CityProblem, SharedLimits
from optimizers.plan import DepotPlan
from optimizers.problem import DepotProblem
from optimizers.shared_limits import least_supply_kw
from twin.aims import DEMAND_RESPONSE, FILE, Aims, Objective


@dataclass(frozen=True, eq=False)
class SystemPrices:
    """The power system around a city.

    Attributes
    ----------
    wholesale_krw_per_kwh, carbon_kg_per_kwh
        (T,) price and emissions of what is drawn.
    unserved_krw_per_kwh
        Paid for each kWh a vehicle is not charged.
    network_peak_krw_per_kw
        What the day's peak costs the network.
    """

    wholesale_krw_per_kwh: Floats
    carbon_kg_per_kwh: Floats
    unserved_krw_per_kwh: float
    network_peak_krw_per_kw: float


@dataclass(frozen=True, eq=False)
class AimedProblem:
    """A problem with aims built in.

    Attributes
    ----------
    problem
        The problem.
    peak_krw_per_kw
        Price of the peak.
    constant_krw
        Cost that no decision changes and `problem` leaves out.
    """

    problem: CityProblem
    peak_krw_per_kw: float
    constant_krw: float


def aimed(problem: CityProblem, aims: Aims, system: SystemPrices) -> AimedProblem:
    """Return a problem with everything but calls built in; calls need to know what is drawn without them.

    For `Objective.PEAK` and `Objective.CARBON` this is their first stage, without any cost of the actors.
    """
    level = aims.service_level
    served = problem if level >= 1 else _with_service_level(problem, level, system.unserved_krw_per_kwh)
    constant = system.unserved_krw_per_kwh * _needed_kwh(problem) if level < 1 else 0.0
    if aims.fair_share is not None:
        served, earned = _with_fair_solar(served, aims.fair_share)
        constant -= earned
    shared = SharedLimits(
        supply_limit_kw=np.minimum(problem.shared.supply_limit_kw, aims.peak_cap_kw),
        carbon_kg_per_kwh=system.carbon_kg_per_kwh,
        carbon_limit_kg=min(problem.shared.carbon_limit_kg, aims.carbon_limit_kg),
    )
    carbon = aims.carbon_krw_per_kg * system.carbon_kg_per_kwh
    whole = replace(served, shared=shared)
    if aims.objective is Objective.COST:
        supply = problem.supply_price + carbon
        return AimedProblem(replace(whole, supply_krw_per_kwh=supply if supply.any() else np.zeros(0)), 0.0, constant)
    bare = replace(whole, assets=tuple(without_tariff(block) for block in whole.assets))
    if aims.objective is Objective.SYSTEM:
        supply = system.wholesale_krw_per_kwh + carbon
        return AimedProblem(replace(bare, supply_krw_per_kwh=supply), system.network_peak_krw_per_kw, constant)
    if aims.objective is Objective.CARBON:
        return AimedProblem(replace(bare, supply_krw_per_kwh=KRW_PER_KG * system.carbon_kg_per_kwh), 0.0, constant)
    return AimedProblem(replace(bare, supply_krw_per_kwh=np.zeros(0)), KRW_PER_KW_OF_PEAK, constant)


KRW_PER_KG = 1000.0
KRW_PER_KW_OF_PEAK = 1000.0
"""What a kg and a kW count for in the first stage of the aims that are no costs: only their ratio to wear matters."""


def with_calls(problem: CityProblem, aims: Aims, labels: Sequence[str], supplied_kw: Floats) -> CityProblem:
    """Return a problem in which calls are caps below what is drawn without them, (T,) `supplied_kw`.

    Raises
    ------
    InvalidInput
        With every call that asks for more than there is to shed.
    """
    problems, least = ProblemList(), least_supply_kw(problem)
    limit = problem.shared.supply_limit_kw.copy()
    for row, call in enumerate(aims.calls, start=1):
        steps = call.steps(labels)
        cap = np.where(steps, supplied_kw - call.less_kw, np.inf)
        most = float((supplied_kw - least)[steps].min(initial=np.inf))
        if not steps.any():
            problems.add(
                FILE, f"no step of the day lies in {call.words}", "name other hours", row=row, field=DEMAND_RESPONSE
            )
        elif (cap < least).any():
            what = f"the call {call.words} asks for more than the {max(most, 0.0) / 1e3:,.2f} MW that can be shed"
            problems.add(FILE, what, "ask for less, or for other hours", row=row, field=DEMAND_RESPONSE)
        limit = np.minimum(limit, cap)
    problems.raise_if_any()
    return replace(problem, shared=replace(problem.shared, supply_limit_kw=limit))


def note_impossible(problem: CityProblem, problems: ProblemList, aims: Aims) -> None:
    """Note each aim that no plan can keep, by itself, whatever the network allows."""
    least = least_supply_kw(problem)
    if (least > aims.peak_cap_kw).any():
        what = f"a cap of {aims.peak_cap_kw / 1e3:g} MW is below the {least.max() / 1e3:,.1f} MW that nobody can move"
        problems.add(FILE, what, f"give at least {least.max() / 1e3:,.1f} MW and room for losses", field="peak-cap")
    least_kg = float(np.maximum(least, 0.0) @ problem.shared.carbon_kg_per_kwh) * problem.step_h
    if least_kg > aims.carbon_limit_kg:
        what = f"a budget of {aims.carbon_limit_kg / 1e3:g} t is below the {least_kg / 1e3:,.1f} t of what cannot move"
        problems.add(FILE, what, f"give more than {least_kg / 1e3:,.1f} t", field="carbon-budget")


def without_tariff(block: AssetBlock) -> AssetBlock:
    """Return a block whose assets pay nothing for energy, only for wear, comfort and their rules."""
    if isinstance(block, StorageBlock | SolarInverters | Charging | BatteryFleet):
        return replace(block, price_krw_per_kwh=np.zeros_like(block.price_krw_per_kwh))
    if isinstance(block, BusDepots):
        return replace(
            block,
            problems=[_untaxed(problem) for problem in block.problems],
            plans=[_untaxed_plan(plan) for plan in block.plans],
        )
    raise TypeError(f"{block.kind}: no rule how they look without a tariff")


def _untaxed(problem: DepotProblem) -> DepotProblem:
    free = np.zeros_like(problem.prices.buy_krw_per_kwh)
    prices = replace(problem.prices, buy_krw_per_kwh=free, sell_krw_per_kwh=free)
    return replace(problem, prices=prices, demand=None)


def _untaxed_plan(plan: DepotPlan) -> DepotPlan:
    """Return the plan at no tariff; what is left of its cost is at least 0, which is all that is known of the best."""
    cost = replace(plan.cost, energy_krw=0.0, export_krw=0.0, demand_krw=0.0)
    return replace(plan, cost=cost, lower_bound_krw=0.0)


def _with_service_level(problem: CityProblem, level: float, unserved_krw_per_kwh: float) -> CityProblem:
    """Return a problem in which vehicles must get a share of their energy only, and are paid for the rest."""
    return replace(problem, assets=tuple(_lenient(block, level, unserved_krw_per_kwh) for block in problem.assets))


def _lenient(block: AssetBlock, level: float, unserved_krw_per_kwh: float) -> AssetBlock:
    if isinstance(block, Vehicles):
        latest = np.where(block.latest_kwh > 0, level * block.latest_kwh, block.latest_kwh)
        return replace(block, latest_kwh=latest, price_krw_per_kwh=block.price_krw_per_kwh - unserved_krw_per_kwh)
    if isinstance(block, Charging):
        envelopes = replace(block.envelopes, latest_kwh=level * block.envelopes.latest_kwh)
        return replace(block, envelopes=envelopes, price_krw_per_kwh=block.price_krw_per_kwh - unserved_krw_per_kwh)
    return block


def _needed_kwh(problem: CityProblem) -> float:
    vehicles = [_latest_kwh(block) for block in problem.assets if isinstance(block, Vehicles | Charging)]
    return float(sum(latest[:, -1].sum() for latest in vehicles))


def _latest_kwh(block: Any) -> Floats:
    return np.asarray(block.latest_kwh if isinstance(block, Vehicles) else block.envelopes.latest_kwh)


def unserved_kwh(problem: CityProblem, plans: Sequence[Any]) -> float:
    """Return the energy vehicles lack under plans of a problem, against what the problem `problem` wants for them."""
    served = sum(
        float(plan.kw.sum()) * problem.step_h
        for block, plan in zip(problem.assets, plans, strict=True)
        if isinstance(block, Vehicles | Charging)
    )
    return max(_needed_kwh(problem) - served, 0.0)


def _with_fair_solar(problem: CityProblem, share: float) -> tuple[CityProblem, float]:
    """Return a problem in which each inverter passes on all but a share of its sun, and what that part earns."""
    base, earned, blocks = problem.base_kw.copy(), 0.0, list[AssetBlock]()
    for block in problem.assets:
        if isinstance(block, SolarInverters):
            kept = (1.0 - share) * block.most_kw
            np.add.at(base.T, block.bus, -kept)
            earned += float((block.price_krw_per_kwh * kept).sum()) * problem.step_h
            room = np.maximum(block.rating_kva - kept.max(axis=1, initial=0.0), 0.0)
            block = replace(block, available_kw=np.minimum(block.most_kw - kept, room[:, None]), rating_kva=room)  # noqa: PLW2901
        blocks.append(block)
    return replace(problem, base_kw=base, assets=tuple(blocks)), earned
