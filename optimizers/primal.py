"""A whole plan of a depot: built bus by bus under the bound's prices, improved by re-planning a few buses at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from optimizers.depot_cost import initial_segments_kwh, segment_sizes_kwh
from optimizers.master import shared_prices
from optimizers.master_site import SiteModel
from optimizers.pricing import BusPlans, plans_from_levels
from optimizers.pricing_lattice import Lattice
from optimizers.pricing_steps import workspace
from optimizers.primal_kernel import empty_prices, ruin_and_recreate, sweep
from optimizers.primal_room import Fleet, Room, empty_fleet, fleet_cost, over_target_kw, recount, take
from optimizers.problem import NOT_METERED, DepotProblem

Floats = NDArray[np.float64]

SOFTNESS = (1.0, 0.7, 0.4, 0.0)
"""Shares of the bound's prices at which a plan is built: all of them first, true prices alone last."""
FIT_KW = 1e-6
SEARCH_BLOCK = 10
"""Tries between two looks at the clock, at one temperature."""
WARMTH, COOLED = 0.005, 0.1
"""Temperature at the beginning, as a share of what a bus costs on average, and what is left of it at the end."""
OVER_TARGET = (0.0, 0.03, 0.1, 0.3, np.inf)
"""How far above the bound's peak a plan may be built, tried in turn until every bus finds room."""


@dataclass(frozen=True)
class SearchSettings:
    """How long to search.

    Attributes
    ----------
    target_krw
        Cost at which to stop: good enough.
    tries
        Most re-plannings of a group of buses.
    patience
        Stop after so many tries without any gain.
    largest_group
        Most buses taken out at once.
    seed
        Of all random choices.
    stop
        Asked between blocks of tries.
    """

    target_krw: float = -np.inf
    tries: int = 4000
    patience: int = 1500
    largest_group: int = 6
    seed: int = 0
    stop: Callable[[], bool] = field(default=lambda: False)


@dataclass(frozen=True, eq=False)
class SitePlan:
    """What the bound's prices and the master say about the rest of the site: battery, and the peak worth paying."""

    duals: Floats
    battery_kw: Floats
    peak_kw: float


def search_room(problem: DepotProblem, site: SiteModel, plan: SitePlan, unserved_krw: float) -> Room:
    """Return what the search needs to know of the depot."""
    soft = shared_prices(problem, site, plan.duals)
    demand = problem.demand
    needed = problem.site.base_kw + plan.battery_kw
    other = needed - problem.site.pv_kw
    interval, interval_h = _intervals(problem)
    wear = problem.degradation
    return Room(
        outlets=np.array([charger.count for charger in problem.chargers], dtype=np.int64),
        most_kw=problem.site.import_limit_kw - other,
        least_kw=-problem.site.export_limit_kw - needed,
        interval=interval,
        interval_h=interval_h,
        target_kw=plan.peak_kw,
        other_kw=other,
        in_cabinet=_in_cabinet(problem),
        cabinet_kw=np.array([cabinet.max_kw for cabinet in problem.cabinets], dtype=np.float64),
        efficiency=np.array([charger.efficiency for charger in problem.chargers]),
        export_kw=problem.site.export_limit_kw,
        buy_krw=problem.prices.buy_krw_per_kwh,
        sell_krw=problem.prices.sell_krw_per_kwh,
        reward_krw=problem.prices.v2g_reward_krw_per_kwh,
        step_h=problem.step_h,
        demand_krw=0.0 if demand is None else demand.price_krw_per_kw * demand.share,
        sunk_kw=0.0 if demand is None else demand.sunk_kw,
        unserved_krw=unserved_krw,
        soft_outlet_krw=soft.outlet_krw,
        soft_site_krw=soft.site_krw_per_kwh,
        soft_class_krw=soft.class_krw_per_kwh,
        cell_krw=soft.cell_krw_per_kwh,
        wear_size=segment_sizes_kwh(problem),
        wear_start=initial_segments_kwh(problem),
        wear_krw=np.zeros((problem.bus_count, 0)) if wear is None else wear.krw_per_kwh,
    )


def _intervals(problem: DepotProblem) -> tuple[NDArray[np.int64], Floats]:
    """Return (T,) metering intervals numbered from 0, -1 for none, and their lengths."""
    numbers = np.full(problem.step_count, -1, dtype=np.int64)
    if problem.demand is None:
        return numbers, np.zeros(0)
    counted = problem.demand.interval != NOT_METERED
    _, numbers[counted] = np.unique(problem.demand.interval[counted], return_inverse=True)
    return numbers, np.bincount(numbers[counted], weights=problem.step_h[counted]).astype(np.float64)


def _in_cabinet(problem: DepotProblem) -> NDArray[np.bool_]:
    member = np.zeros((len(problem.cabinets), len(problem.chargers)), dtype=bool)
    for row, cabinet in zip(member, problem.cabinets, strict=True):
        row[list(cabinet.classes)] = True
    return member


def build_plan(grid: Lattice, room: Room, seed: int) -> Fleet:
    """Plan the buses one after the other, softly at first; above the target peak only if some would not find room."""
    rng = np.random.default_rng(seed)
    prices, table = empty_prices(grid), workspace(grid)
    count = len(grid.spacing_kwh)
    fleet = empty_fleet(grid, room)
    for over in OVER_TARGET:
        over_kw = over * room.target_kw if np.isfinite(room.target_kw) and np.isfinite(over) else np.inf
        for softness in SOFTNESS:
            waiting = np.flatnonzero(~fleet.served)
            served = np.flatnonzero(fleet.served)
            order = np.concatenate((rng.permutation(waiting), rng.permutation(served)))
            sweep(grid, room, fleet, softness, over_kw, order, prices, table)
        if fleet.served.sum() == count:
            break
    return fleet


def improve_plan(grid: Lattice, room: Room, fleet: Fleet, settings: SearchSettings) -> Fleet:
    """Return the best plan found by ruin and recreate from `fleet`, which is changed.

    Simulated annealing: worse plans are accepted at a temperature that falls geometrically over the tries.
    """
    prices, table = empty_prices(grid), workspace(grid)
    best, rng = copied(fleet), np.random.default_rng(settings.seed)
    cost = fleet_cost(room, best)
    warmth_krw = WARMTH * abs(cost) / max(1, len(fleet.served))
    block, done, idle = max(1, min(SEARCH_BLOCK, settings.tries)), 0, 0
    while done < settings.tries and idle < settings.patience and not settings.stop():
        warm = warmth_krw * COOLED ** (done / settings.tries)
        found = ruin_and_recreate(grid, room, fleet, best, block, settings.largest_group, warm, rng, prices, table)
        idle = 0 if found < cost * (1 - 1e-6) else idle + block
        cost, done = found, done + block
        if cost <= settings.target_krw:
            break
        recount(grid, room, fleet)
    return best


def copied(fleet: Fleet) -> Fleet:
    """Return a copy that shares nothing."""
    return Fleet(
        fleet.plugged.copy(), fleet.level.copy(), fleet.own_krw.copy(), fleet.served.copy(), fleet.held.copy(),
        fleet.bus_kw.copy(), fleet.cabinet_kw.copy(),
    )  # fmt: skip


def fleet_plans(problem: DepotProblem, grid: Lattice, fleet: Fleet) -> BusPlans:
    """Return the plans of the served buses as columns."""
    served = np.flatnonzero(fleet.served)
    return plans_from_levels(problem, grid, served, fleet.plugged[served], fleet.level[served])


def rounded_plan(grid: Lattice, room: Room, plans: BusPlans, weights: Floats, seed: int, *, capped: bool) -> Fleet:
    """Give every bus one of its plans, drawn by the master's weights, if it still fits; plan the others around them.

    Parameters
    ----------
    grid, room
        The lattice that the plans lie on, and what the depot shares.
    plans, weights
        (N,) columns of the master and their shares in its solution; a bus may have none.
    seed
        0 takes the largest share of every bus; others draw by chance.
    capped
        Whether plans that together exceed the peak worth paying do not fit; if not, setting the powers anew at the end
        has to bring the peak down.
    """
    rng = np.random.default_rng(seed)
    chance = np.maximum(weights, 0.0) * (1.0 / rng.exponential(size=len(weights)) if seed else 1.0)
    fleet, prices, table = empty_fleet(grid, room), empty_prices(grid), workspace(grid)
    count = len(grid.spacing_kwh)
    own = (np.flatnonzero(plans.bus == bus) for bus in range(count))
    drawn = [int(rows[chance[rows].argmax()]) for rows in own if len(rows)]
    for row in sorted(drawn, key=lambda row: (-weights[row], row)):
        bus = int(plans.bus[row])
        fleet.plugged[bus], fleet.level[bus], fleet.served[bus] = plans.plugged_class[row], plans.levels[row], True
        take(grid, room, fleet, bus, 1)
        if not _fits(room, fleet) or (capped and over_target_kw(room, fleet) > FIT_KW):
            take(grid, room, fleet, bus, -1)
            fleet.served[bus] = False
    recount(grid, room, fleet)
    for over in OVER_TARGET:
        waiting = rng.permutation(np.flatnonzero(~fleet.served))
        if not len(waiting):
            break
        over_kw = over * room.target_kw if np.isfinite(room.target_kw) and np.isfinite(over) else np.inf
        sweep(grid, room, fleet, 1.0, over_kw, waiting, prices, table)
    return fleet


def _fits(room: Room, fleet: Fleet) -> bool:
    outlets = (fleet.held <= room.outlets[:, None]).all()
    power = (fleet.bus_kw <= room.most_kw + FIT_KW).all() and (fleet.bus_kw >= room.least_kw - FIT_KW).all()
    return bool(outlets and power and (fleet.cabinet_kw <= room.cabinet_kw[:, None] + FIT_KW).all())
