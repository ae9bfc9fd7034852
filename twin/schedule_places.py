r"""Where a battery, a charger or a thicker cable would be worth most, by the marginal prices of one day's plan.

A battery buys and sells at the marginal price of its bus: what its best plan earns is what the city saves at most. A
charger drawing evenly costs the sum of the prices above zero. A branch with the share s more cross-section carries s
more, and drops :math:`r P s / (1 + s)` less voltage, each at the price of the limit it relieves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from optimizers.arrays import Floats, Ints
from optimizers.assets.battery import Batteries
from optimizers.assets.power_circle import PowerCircle
from optimizers.coordination_assets import BusPrices
from optimizers.coordination_plan import CoordinatedPlan, LimitKind
from optimizers.coordination_problem import CityProblem
from twin.schedule_why import Investment, Place

BLOCK_BUSES = 4096
"""Buses whose batteries are planned in one go, to bound the memory."""

LEAST_WORTH_KRW = 1.0


@dataclass(frozen=True)
class Builds:
    """What could be built.

    Attributes
    ----------
    battery_kw, battery_kwh, battery_efficiency, battery_wear_krw_per_kwh
        A battery; the efficiency holds in each direction.
    charger_kw
        Mean power of the added chargers, in every step.
    cable_share
        Cross-section added to a cable, as a share of its own.
    most
        Places told of each kind.
    """

    battery_kw: float
    battery_kwh: float
    battery_efficiency: float
    battery_wear_krw_per_kwh: float
    charger_kw: float
    cable_share: float
    most: int = 5


def places(problem: CityProblem, plan: CoordinatedPlan, builds: Builds, limits_krw: float) -> tuple[Place, ...]:
    """Return the best places for each kind of investment.

    Parameters
    ----------
    problem, plan
        The plan and what it was made for.
    builds
        What could be built.
    limits_krw
        What limits add to the cost of the day: no cable can save more.
    """
    return (
        *_battery_places(problem, plan, builds),
        *_charger_places(problem, plan, builds),
        *_cable_places(problem, plan, builds, limits_krw),
    )


def _group_of(problem: CityProblem, group: int) -> str:
    return str(problem.limits.group[group]) if group >= 0 else ""


def battery_worth_krw(problem: CityProblem, price_krw_per_kwh: Floats, builds: Builds) -> Floats:
    """Return (N,) what a battery at each of the (T, N) prices earns in the day."""
    worth = np.zeros(price_krw_per_kwh.shape[1])
    for first in range(0, len(worth), BLOCK_BUSES):
        part = slice(first, min(first + BLOCK_BUSES, len(worth)))
        own = np.ascontiguousarray(price_krw_per_kwh[:, part].T)
        block = _battery(own, builds, problem.step_h)
        answer = block.best_response(BusPrices.zero(len(own), own.shape[1]))
        worth[part] = -answer.plan.cost_krw
    return np.maximum(worth, 0.0)


def _battery(price: Floats, builds: Builds, step_h: float) -> Batteries:
    count = len(price)
    same = {
        "power_kw": builds.battery_kw,
        "rating_kva": builds.battery_kw,
        "min_kwh": 0.0,
        "max_kwh": builds.battery_kwh,
        "initial_kwh": builds.battery_kwh / 2,
        "terminal_min_kwh": builds.battery_kwh / 2,
        "charge_efficiency": builds.battery_efficiency,
        "discharge_efficiency": builds.battery_efficiency,
        "standing_loss_per_h": 0.0,
        "wear_krw_per_kwh": builds.battery_wear_krw_per_kwh,
        "end_value_krw_per_kwh": 0.0,
    }
    columns = {name: np.full(count, value) for name, value in same.items()}
    unity = PowerCircle(edges=8, reactive_share=0.0)
    return Batteries(np.zeros(count, np.int64), step_h, price, **columns, circle=unity)


def _battery_places(problem: CityProblem, plan: CoordinatedPlan, builds: Builds) -> list[Place]:
    """Return the best bus of each of the best groups."""
    if builds.battery_kw <= 0:
        return []
    worth = battery_worth_krw(problem, plan.marginal.total_krw_per_kwh, builds)
    found = []
    for bus in _best_of_groups(worth, problem.limits.bus_group)[: builds.most]:
        if worth[bus] >= LEAST_WORTH_KRW:
            name, group = str(problem.network.buses.id[bus]), _group_of(problem, int(problem.limits.bus_group[bus]))
            found.append(Place(Investment.BATTERY, name, group, builds.battery_kw, float(worth[bus])))
    return found


def _best_of_groups(worth: Floats, group: Ints) -> Ints:
    """Return the best bus of every group, best groups first; ties go to the first bus."""
    order = np.lexsort((np.arange(len(worth)), -worth))
    _, first = np.unique(group[order], return_index=True)
    best = order[np.sort(first)]
    return best[group[best] >= 0] if (group >= 0).any() else best


def _charger_places(problem: CityProblem, plan: CoordinatedPlan, builds: Builds) -> list[Place]:
    """Return where chargers cost the grid least; of equals, on the feeders with the most room."""
    marginal = plan.marginal
    local = marginal.loss_krw_per_kwh + marginal.congestion_krw_per_kwh + marginal.voltage_krw_per_kwh
    loss_krw = local.sum(axis=0) * problem.step_h * builds.charger_kw
    room = _room_kw(problem, plan)[problem.limits.bus_group]
    fits = np.flatnonzero((problem.limits.bus_group >= 0) & (room >= builds.charger_kw))
    order = fits[np.lexsort((-room[fits], np.round(loss_krw[fits], -1)))]
    _, first = np.unique(problem.limits.bus_group[order], return_index=True)
    chosen = order[np.sort(first)][: builds.most]
    return [
        Place(
            Investment.CHARGER,
            str(problem.network.buses.id[bus]),
            _group_of(problem, int(problem.limits.bus_group[bus])),
            builds.charger_kw,
            -float(loss_krw[bus]),
            float(room[bus]),
        )
        for bus in chosen
    ]


def _room_kw(problem: CityProblem, plan: CoordinatedPlan) -> Floats:
    """Return (G,) kVA every group's feeding branch, and those above it, have left in their worst step."""
    limits, groups = problem.limits, len(problem.limits.group)
    if not limits.group_feed.size:
        return np.zeros(groups)
    loading = np.nanmax(plan.flow.memory("loading"), axis=1)
    rating = _ratings_kva(problem)
    room = np.full(groups, np.inf)
    for group in range(groups):
        feed = int(limits.group_feed[group])
        if feed >= 0 and np.isfinite(rating[feed]):
            room[group] = rating[feed] * max(1.0 - loading[feed], 0.0)
        parent = int(limits.group_parent[group]) if limits.group_parent.size else -1
        if 0 <= parent < group:
            room[group] = min(room[group], room[parent])
    return np.where(np.isfinite(room), room, 0.0)


def _ratings_kva(problem: CityProblem) -> Floats:
    lines, transformers = problem.network.lines, problem.network.transformers
    kv = problem.network.buses.base_kv[lines.from_bus]
    return np.concatenate([np.sqrt(3) * kv * lines.rating_a, transformers.rating_kva])


def _cable_places(problem: CityProblem, plan: CoordinatedPlan, builds: Builds, limits_krw: float) -> list[Place]:
    """Return the lines whose cross-section is worth most: by their own rating, by the voltages behind them."""
    network = problem.network
    by_rating = _rating_worth_krw(problem, plan) * builds.cable_share
    worth = by_rating + _voltage_worth_krw(problem, plan, builds.cable_share)
    lines = worth[: len(network.lines)]
    order = np.lexsort((np.arange(len(lines)), -lines))[: builds.most]
    return [
        Place(
            Investment.CABLE,
            str(network.lines.id[line]),
            _group_of(problem, int(problem.limits.branch_group[line])),
            builds.cable_share,
            float(min(lines[line], limits_krw)),
        )
        for line in order
        if min(lines[line], limits_krw) >= LEAST_WORTH_KRW
    ]


def _rating_worth_krw(problem: CityProblem, plan: CoordinatedPlan) -> Floats:
    """(B,) what a doubled rating would save at most."""
    rating, worth = _ratings_kva(problem), np.zeros(len(problem.network.branch_ids))
    position = {str(name): k for k, name in enumerate(problem.network.branch_ids.tolist())}
    for price in plan.prices:
        if price.kind is LimitKind.CURRENT:
            branch = position[price.element]
            worth[branch] += price.price_krw * rating[branch]
    return worth


def _voltage_worth_krw(problem: CityProblem, plan: CoordinatedPlan, share: float) -> Floats:
    """(B,) what less resistance would save through the voltages behind each line."""
    network, worth = problem.network, np.zeros(len(problem.network.branch_ids))
    priced = [price for price in plan.prices if price.kind in {LimitKind.LOW_VOLTAGE, LimitKind.HIGH_VOLTAGE}]
    if not priced:
        return worth
    fed_by = feeding_branches(problem)
    position = {str(name): k for k, name in enumerate(network.buses.id.tolist())}
    from_kw = np.abs(plan.flow.branch_kw.to_numpy())
    lines = len(network.lines)
    kv = network.buses.base_kv[network.lines.from_bus]
    for price in priced:
        bus = position[price.element]
        while fed_by[bus][0] >= 0:
            branch, bus = fed_by[bus]
            if branch < lines:
                drop_pu = network.lines.r_ohm[branch] * from_kw[price.step, branch] / (1000.0 * kv[branch] ** 2)
                worth[branch] += price.price_krw * drop_pu * share / (1.0 + share)
    return worth


def feeding_branches(problem: CityProblem) -> list[tuple[int, int]]:
    """Return for every bus the branch it is fed through and the bus at its other end; -1, -1 at sources and islands."""
    network = problem.network
    from_bus = np.concatenate([network.lines.from_bus, network.transformers.from_bus])
    to_bus = np.concatenate([network.lines.to_bus, network.transformers.to_bus])
    live = np.flatnonzero(np.concatenate([network.lines.in_service, network.transformers.in_service]))
    root = len(network.buses)
    # a node above all slacks makes one tree of all feeders
    ends = np.concatenate([from_bus[live], np.full(len(network.slacks), root)])
    starts = np.concatenate([to_bus[live], network.slacks.bus])
    graph = sparse.coo_array((np.ones(len(ends)), (ends, starts)), shape=(root + 1, root + 1)).tocsr()
    _, parent = csgraph.breadth_first_order(graph, root, directed=False)
    joined = {frozenset((int(from_bus[k]), int(to_bus[k]))): int(k) for k in live}
    fed = [(-1, -1)] * root
    for bus in np.flatnonzero((parent[:root] >= 0) & (parent[:root] < root)).tolist():
        fed[bus] = (joined[frozenset((bus, int(parent[bus])))], int(parent[bus]))
    return fed
