"""Best response of every bus of a depot to prices: the pricing step of the decomposition, and its plans as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from optimizers.pricing_lattice import Lattice
from optimizers.pricing_steps import IMPOSSIBLE, StepPrices, Workspace, workspace
from optimizers.pricing_trace import price_buses
from optimizers.problem import NOT_PLUGGED, DepotProblem

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SharedPrices:
    """Prices of what the buses of a depot share. C charger classes, T steps.

    Attributes
    ----------
    site_krw_per_kwh
        (T,) of a kWh drawn from the site's bus bar.
    outlet_krw
        (C, T) of holding an outlet for a step, handover time included; at least 0.
    class_krw_per_kwh
        (C, T) of a kWh at the inlet on top, for the cabinets the class shares.
    cell_krw_per_kwh
        (B, T) of a net kWh into the cells on top.
    """

    site_krw_per_kwh: Floats
    outlet_krw: Floats
    class_krw_per_kwh: Floats
    cell_krw_per_kwh: Floats


@dataclass(frozen=True, eq=False)
class BusPlans:
    """N plans of single buses, one row a plan: the columns of the master problem.

    Attributes
    ----------
    bus
        (N,) whose plan it is.
    plugged_class, levels
        (N, T) and (N, T+1) as the dynamic programme found them.
    charge_kw, discharge_kw
        (N, T) at the inlet.
    own_krw
        (N,) what the plan costs apart from the shared things: session starts, V2G reward, wear.
    """

    bus: Ints
    plugged_class: Ints
    levels: Ints
    charge_kw: Floats
    discharge_kw: Floats
    own_krw: Floats

    def taken(self, rows: Ints) -> BusPlans:
        """Return the plans of some rows."""
        return BusPlans(*(getattr(self, column.name)[rows] for column in fields(self)))


def joined(batches: Sequence[BusPlans]) -> BusPlans:
    """Return all plans of several batches, in order."""
    return BusPlans(*(np.concatenate([getattr(b, column.name) for b in batches]) for column in fields(BusPlans)))


@dataclass(frozen=True, eq=False)
class BestResponses:
    """Cheapest plan of each bus at given prices. `value_krw` (B,) is exact on the lattice; NaN where no plan exists."""

    value_krw: Floats
    plans: BusPlans


def step_prices(problem: DepotProblem, prices: SharedPrices) -> StepPrices:
    """Return the prices of shared things as what a bus pays at its inlet."""
    efficiency = np.array([charger.efficiency for charger in problem.chargers])[:, None]
    reward = problem.prices.v2g_reward_krw_per_kwh[None, :]
    free = np.full(prices.outlet_krw.shape, np.inf)
    up = np.ascontiguousarray(prices.site_krw_per_kwh[None, :] / efficiency + prices.class_krw_per_kwh)
    down = np.ascontiguousarray(-(prices.site_krw_per_kwh[None, :] + reward) * efficiency)
    return StepPrices(
        up_krw=up,
        down_krw=down,
        plug_krw=np.ascontiguousarray(prices.outlet_krw),
        stop_krw=_handover_krw(prices.outlet_krw, problem.rules.handover_steps),
        cell_krw=np.zeros(problem.step_count),
        room_up_kwh=free,
        room_down_kwh=free,
        kink_up_kwh=free,
        kink_down_kwh=free,
        up_after_krw=up,
        down_after_krw=down,
    )


def _handover_krw(outlet_krw: Floats, steps: int) -> Floats:
    """Return (C, T+1) price of the handover time of a session that ends at the start of step t."""
    classes, count = outlet_krw.shape
    total = np.concatenate((np.zeros((classes, 1)), np.cumsum(outlet_krw, axis=1)), axis=1)
    until = np.minimum(np.arange(count + 1) + steps, count)
    return np.ascontiguousarray(total[:, until] - total)


def best_responses(
    problem: DepotProblem, grid: Lattice, prices: SharedPrices, space: Workspace | None = None
) -> BestResponses:
    """Return the cheapest plan of every bus at the prices, by dynamic programming.

    Parameters
    ----------
    problem, grid
        The depot and its lattice.
    prices
        What the shared things cost.
    space
        Tables to reuse, from `workspace(grid)`.
    """
    count, steps = problem.bus_count, problem.step_count
    value = np.empty(count)
    plugged = np.empty((count, steps), dtype=np.int64)
    levels = np.empty((count, steps + 1), dtype=np.int64)
    cell = np.ascontiguousarray(prices.cell_krw_per_kwh)
    price_buses(grid, step_prices(problem, prices), cell, 0, count, space or workspace(grid), value, plugged, levels)
    plans = plans_from_levels(problem, grid, np.arange(count), plugged, levels)
    return BestResponses(np.where(value < IMPOSSIBLE, value, np.nan), plans)


def plans_from_levels(problem: DepotProblem, grid: Lattice, bus: Ints, plugged: Ints, levels: Ints) -> BusPlans:
    """Return lattice paths as plans: powers at the inlet, and the costs that are each bus's own."""
    change = np.diff(levels, axis=1)
    charge_kw = np.maximum(change, 0) * grid.inlet_up_kwh[bus][:, None] / problem.step_h
    discharge_kw = np.maximum(-change, 0) * grid.inlet_down_kwh[bus][:, None] / problem.step_h
    efficiency = np.take(np.array([*(charger.efficiency for charger in problem.chargers), 1.0]), plugged)
    fed_kwh = discharge_kw * efficiency * problem.step_h
    starts = session_starts(plugged, grid.plugged_class[bus].astype(np.int64)).sum(axis=1)
    wear = (grid.hold_krw[bus] * np.maximum(levels - grid.hold_free[bus], 0.0)).sum(axis=1)
    own = starts * problem.rules.start_krw + wear - fed_kwh @ problem.prices.v2g_reward_krw_per_kwh
    return BusPlans(bus, plugged, levels, charge_kw, discharge_kw, own)


def session_starts(plugged: Ints, before: Ints) -> NDArray[np.bool_]:
    """Return (N, T) whether a session starts at the step, given the classes plugged before step 0."""
    previous = np.concatenate((before[:, None], plugged[:, :-1]), axis=1)
    starts: NDArray[np.bool_] = (plugged != previous) & (plugged != NOT_PLUGGED)
    return starts


def outlets_held(problem: DepotProblem, grid: Lattice, plans: BusPlans) -> NDArray[np.float64]:
    """Return (N, C, T) outlets that each plan holds: plugged, or empty for the handover after a session."""
    steps = problem.step_count
    held = np.zeros((len(plans.bus), len(problem.chargers), steps))
    before = grid.plugged_class[plans.bus].astype(np.int64)[:, None]
    previous = np.concatenate((before, plans.plugged_class[:, :-1]), axis=1)
    stops = (previous != plans.plugged_class) & (previous != NOT_PLUGGED)
    for c in range(len(problem.chargers)):
        held[:, c] = plans.plugged_class == c
        stopped = stops & (previous == c)
        for lag in range(problem.rules.handover_steps):
            held[:, c, lag:] += stopped[:, : steps - lag]
    return held


def bus_bar_kw(problem: DepotProblem, plans: BusPlans) -> Floats:
    """Return (N, T) power that each plan draws from the site's bus bar, losses of the charger included."""
    efficiency = np.take(np.array([*(charger.efficiency for charger in problem.chargers), 1.0]), plans.plugged_class)
    power: Floats = plans.charge_kw / efficiency - plans.discharge_kw * efficiency
    return power
