"""The first plan of a city: every asset's best response, spread over steps that cost the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid.powerflow import PowerFlow, solve
from grid.sensitivity import supply_sensitivity
from optimizers.arrays import Floats, Ints
from optimizers.coordination_assets import AssetPlan
from optimizers.coordination_bound import NodalPrices
from optimizers.coordination_loads import loads_of
from optimizers.coordination_problem import CityProblem
from optimizers.coordination_settings import CoordinationSettings


@dataclass(frozen=True, eq=False)
class FirstPlan:
    """Plans of all blocks, (A,) bounds of each at its own costs and the price of supply, and how supply was priced.

    `resting` is the power flow without any asset; `supply_constant_krw` what supply costs whatever assets do, by the
    tangent of losses that `supply` was taken from.
    """

    plans: tuple[AssetPlan, ...]
    own_bound: list[Floats]
    supply: NodalPrices
    supply_constant_krw: float
    resting: PowerFlow


def first_plan(problem: CityProblem, settings: CoordinationSettings) -> FirstPlan:
    """Return the plan that costs least as long as no limit is in the way.

    Where supply has a price, losses count; they are priced by their tangent at the plan before, which is below what
    they are and so proves a bound.
    """
    resting = solve(problem.network, problem.base_kw, problem.base_kvar, with_loading=True)
    if not problem.supply_price.any():
        plans, bounds = _responses(problem, settings, NodalPrices.zero(problem), resting)
        return FirstPlan(plans, bounds, NodalPrices.zero(problem), 0.0, resting)
    flow, kw, kvar = resting, problem.base_kw, problem.base_kvar
    for _ in range(2):
        supply, constant = supply_prices(problem, flow, kw, kvar)
        plans, bounds = _responses(problem, settings, supply, resting)
        kw, kvar = loads_of(problem, plans)
        flow = solve(problem.network, kw, kvar)
    return FirstPlan(plans, bounds, supply, constant, resting)


def supply_prices(problem: CityProblem, flow: PowerFlow, kw: Floats, kvar: Floats) -> tuple[NodalPrices, float]:
    """Return what supply adds to the price of power at each bus, and what it costs at the base load by the tangent."""
    by_kw, by_kvar = supply_sensitivity(problem.network, flow)
    price = problem.supply_price[:, np.newaxis]
    prices = NodalPrices(price * np.nan_to_num(by_kw), price * np.nan_to_num(by_kvar))
    supplied = np.nan_to_num(flow.solution.sums.slack_kw.sum(axis=0)) @ problem.supply_price
    moved = (prices.kw * (kw - problem.base_kw)).sum() + (prices.kvar * (kvar - problem.base_kvar)).sum()
    return prices, float((supplied - moved) * problem.step_h)


def _responses(
    problem: CityProblem, settings: CoordinationSettings, prices: NodalPrices, resting: PowerFlow
) -> tuple[tuple[AssetPlan, ...], list[Floats]]:
    """Return plans and bounds; kinds that can choose among equals come last and see what the others draw."""
    plans: list[AssetPlan | None] = [None] * len(problem.assets)
    bounds: list[Floats] = [np.zeros(0)] * len(problem.assets)
    patient = [hasattr(block, "spread_response") for block in problem.assets]
    for number in np.argsort(patient, kind="stable").tolist():
        block = problem.assets[number]
        seen = prices.seen_by(block.bus)
        if patient[number] and problem.limits.group_feed.size and len(block.bus):
            kw, _ = loads_of(problem, plans)
            load, cap = _groups(problem, settings, resting, kw - problem.base_kw)
            plan = block.spread_response(seen, problem.limits.bus_group[block.bus], load, cap)
            paid = plan.cost_krw + seen.paid_krw(plan.kw, plan.kvar, problem.step_h)
            plans[number] = plan
            bounds[number] = paid if _uncapped(cap) else np.asarray(block.best_response(seen).lower_bound_krw)
        else:
            answer = block.best_response(seen)
            plans[number], bounds[number] = answer.plan, answer.lower_bound_krw
    return tuple(plan for plan in plans if plan is not None), bounds


def _uncapped(cap: Floats) -> bool:
    return bool(np.isinf(cap).all())


def _groups(
    problem: CityProblem, settings: CoordinationSettings, resting: PowerFlow, added_kw: Floats
) -> tuple[Floats, Floats]:
    """Return (G, T) what each group carries already, and what it may carry in kW, its share of the feed above too."""
    limits, network = problem.limits, problem.network
    fed = limits.group_feed >= 0
    feed = np.where(fed, limits.group_feed, 0)
    flows = resting.solution.flows()
    load = np.where(fed[:, np.newaxis], flows.from_kw[feed], 0.0)
    reactive = np.where(fed[:, np.newaxis], flows.from_kvar[feed], 0.0)
    kv = network.buses.base_kv[network.lines.from_bus]
    rating = np.concatenate([np.sqrt(3) * kv * network.lines.rating_a, network.transformers.rating_kva])[feed]
    room = np.sqrt(np.maximum((settings.cap_share * rating[:, np.newaxis]) ** 2 - reactive**2, 0.0))
    limit = np.full(len(network.branch_ids), np.inf)
    limit[limits.flow_branch] = limits.flow_limit_kw
    cap = np.where(fed[:, np.newaxis], np.minimum(room, settings.cap_share * limit[feed][:, np.newaxis]), np.inf)
    load = load + _sums(added_kw, limits.bus_group, limits.group_parent, len(fed))
    return np.nan_to_num(load), _shared_caps(cap, np.nan_to_num(load), limits.group_parent)


def _sums(kw: Floats, bus_group: Ints, parent: Ints, groups: int) -> Floats:
    sums = np.zeros((groups, kw.shape[0]))
    inside = bus_group >= 0
    np.add.at(sums, bus_group[inside], kw.T[inside])
    for group in np.flatnonzero(parent >= 0) if parent.size else []:
        sums[parent[group]] += sums[group]
    return sums


def _shared_caps(cap: Floats, load: Floats, parent: Ints) -> Floats:
    """Leave each group no more than its even share of what the group above has left."""
    if not parent.size:
        return cap
    shared = cap.copy()
    for group in range(len(parent) - 1, -1, -1):
        if parent[group] >= 0:
            siblings = int((parent == parent[group]).sum())
            room = np.maximum(shared[parent[group]] - load[parent[group]], 0.0)
            shared[group] = np.minimum(shared[group], load[group] + room / siblings)
    return shared
