"""Compiled search for a whole plan of a depot: take some buses out, plan them anew one by one around the others.

Each bus is re-planned exactly, by the dynamic programme, against hard room (outlets, site power, cabinets) and true prices, plus
a share of the bound's prices for outlets and peak power, which keeps it from taking what others need more.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from optimizers.pricing_kernel import IMPOSSIBLE, NEVER, StepPrices, Workspace, best_value, fill_values, trace
from optimizers.pricing_lattice import Lattice

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Room(NamedTuple):
    """What the depot shares, for the search. C classes, T steps, G cabinets, J wear segments.

    Attributes
    ----------
    outlets
        (C,) outlets of each class.
    most_kw, least_kw
        (T,) range of the net power of all buses at the bus bar.
    interval, interval_h
        (T,) metering interval of each step, -1 for none, and (K,) their lengths.
    target_kw
        Peak of the site's import to keep to if possible: what the bound pays for.
    other_kw
        (T,) net power of everything else behind the meter.
    in_cabinet, cabinet_kw
        (G, C) membership and (G,) limits.
    efficiency
        (C,) from bus bar to inlet.
    export_kw
        (T,) most that can be sold; what is left over is PV that is not used.
    buy_krw, sell_krw, reward_krw, step_h
        (T,) prices per kWh and step lengths.
    demand_krw, sunk_kw
        Price of a kW of peak above what is paid for.
    unserved_krw
        Price of a bus without a plan.
    soft_outlet_krw, soft_site_krw, soft_class_krw
        (C, T), (T,), (C, T) prices of the bound: of an outlet for a step, of a kWh at the bus bar, of a kWh at the
        inlet on top.
    cell_krw
        (B, T) linear stand-in for the wear of a net kWh into the cells.
    wear_size, wear_start, wear_krw
        (B, J) depth segments: size, filling at the start, price of a kWh drawn.
    """

    outlets: Ints
    most_kw: Floats
    least_kw: Floats
    interval: Ints
    interval_h: Floats
    target_kw: float
    other_kw: Floats
    in_cabinet: NDArray[np.bool_]
    cabinet_kw: Floats
    efficiency: Floats
    export_kw: Floats
    buy_krw: Floats
    sell_krw: Floats
    reward_krw: Floats
    step_h: Floats
    demand_krw: float
    sunk_kw: float
    unserved_krw: float
    soft_outlet_krw: Floats
    soft_site_krw: Floats
    soft_class_krw: Floats
    cell_krw: Floats
    wear_size: Floats
    wear_start: Floats
    wear_krw: Floats


class Fleet(NamedTuple):
    """The plans of all buses, changed in place, and what they take together.

    `plugged` (B, T), `level` (B, T+1), `own_krw` (B,), `served` (B,); `held` (C, T) outlets, `bus_kw` (T,) at the bus bar,
    `cabinet_kw` (G, T) at the inlets.
    """

    plugged: Ints
    level: Ints
    own_krw: Floats
    served: NDArray[np.bool_]
    held: Ints
    bus_kw: Floats
    cabinet_kw: Floats


@njit(cache=True, nogil=True)
def take(grid, room, fleet, bus, sign):  # type: ignore[no-untyped-def]
    """Add (sign 1) or take off (sign -1) what a bus's plan takes of the shared things."""
    if not fleet.served[bus]:
        return
    steps = room.step_h.shape[0]
    before = grid.plugged_class[bus]
    for t in range(steps):
        c = fleet.plugged[bus, t]
        if before >= 0 and c != before:
            for s in range(t, min(t + grid.handover_steps, steps)):
                fleet.held[before, s] += sign
        before = c
        if c < 0:
            continue
        fleet.held[c, t] += sign
        change = fleet.level[bus, t + 1] - fleet.level[bus, t]
        if change > 0:
            kw = change * grid.inlet_up_kwh[bus] / room.step_h[t]
            fleet.bus_kw[t] += sign * kw / room.efficiency[c]
            for g in range(room.cabinet_kw.shape[0]):
                if room.in_cabinet[g, c]:
                    fleet.cabinet_kw[g, t] += sign * kw
        elif change < 0:
            fleet.bus_kw[t] += sign * change * grid.inlet_down_kwh[bus] / room.step_h[t] * room.efficiency[c]


@njit(cache=True, nogil=True)
def _wear(grid, room, bus, level):  # type: ignore[no-untyped-def]
    """Return the cost of cycling: gains fill the shallowest room first, losses empty it first."""
    segments = room.wear_size.shape[1]
    filled = room.wear_start[bus].copy()
    cost = 0.0
    for t in range(room.step_h.shape[0]):
        change = (level[t + 1] - level[t]) * grid.spacing_kwh[bus] - (
            grid.drawn_kwh[bus, t + 1] - grid.drawn_kwh[bus, t]
        )
        for j in range(segments):
            if change > 0.0:
                moved = min(change, room.wear_size[bus, j] - filled[j])
                filled[j] += moved
                change -= moved
            elif change < 0.0:
                moved = min(-change, filled[j])
                filled[j] -= moved
                change += moved
                cost += moved * room.wear_krw[bus, j]
    return cost


@njit(cache=True, nogil=True)
def _own_krw(grid, room, bus, plugged, level):  # type: ignore[no-untyped-def]
    """Return what a plan costs apart from site power: session starts, wear, V2G reward."""
    cost = _wear(grid, room, bus, level) if room.wear_size.shape[1] else 0.0
    before = grid.plugged_class[bus]
    for t in range(room.step_h.shape[0]):
        c = plugged[t]
        if c >= 0 and c != before:
            cost += grid.start_krw
        before = c
        if level[t + 1] < level[t]:
            fed = (level[t] - level[t + 1]) * grid.inlet_down_kwh[bus] * room.efficiency[c]
            cost -= fed * room.reward_krw[t]
        cost += grid.hold_krw[bus, t + 1] * max(level[t + 1] - grid.hold_free[bus, t + 1], 0.0)
    return cost


@njit(cache=True, nogil=True)
def _imported_kwh(room, fleet):  # type: ignore[no-untyped-def]
    """Return (K,) energy imported in each metering interval."""
    total = np.zeros(room.interval_h.shape[0])
    for t in range(room.step_h.shape[0]):
        if room.interval[t] >= 0:
            total[room.interval[t]] += max(room.other_kw[t] + fleet.bus_kw[t], 0.0) * room.step_h[t]
    return total


@njit(cache=True, nogil=True)
def _peak_kw(room, fleet):  # type: ignore[no-untyped-def]
    """Return the highest interval average of the import, 0 where nothing is metered."""
    peak, imported_kwh = 0.0, _imported_kwh(room, fleet)
    for k in range(imported_kwh.shape[0]):
        peak = max(peak, imported_kwh[k] / room.interval_h[k])
    return peak


@njit(cache=True, nogil=True)
def fleet_cost(room, fleet):  # type: ignore[no-untyped-def]
    """Return the cost of all plans together, unserved buses at their price."""
    cost = 0.0
    for bus in range(fleet.served.shape[0]):
        cost += fleet.own_krw[bus] if fleet.served[bus] else room.unserved_krw
    for t in range(room.step_h.shape[0]):
        net = room.other_kw[t] + fleet.bus_kw[t]
        cost += room.step_h[t] * (
            room.buy_krw[t] * net if net > 0.0 else -room.sell_krw[t] * min(-net, room.export_kw[t])
        )
    return cost + room.demand_krw * max(_peak_kw(room, fleet) - room.sunk_kw, 0.0)


@njit(cache=True, nogil=True)
def _fill_prices(grid, room, fleet, softness, over_kw, prices):  # type: ignore[no-untyped-def]
    """Write the prices and the room that the plans in place leave to one more bus."""
    steps = room.step_h.shape[0]
    imported_kwh = _imported_kwh(room, fleet)
    for t in range(steps):
        net_kwh = (room.other_kw[t] + fleet.bus_kw[t]) * room.step_h[t]
        soft = softness * room.soft_site_krw[t]
        buy, sell = (1.0 - softness) * room.buy_krw[t] + soft, (1.0 - softness) * room.sell_krw[t] + soft
        spare_up = max(room.most_kw[t] - fleet.bus_kw[t], 0.0) * room.step_h[t]
        if room.interval[t] >= 0:
            billed = (room.target_kw + over_kw) * room.interval_h[room.interval[t]] - imported_kwh[room.interval[t]]
            spare_up = min(spare_up, max(billed, 0.0) + max(-net_kwh, 0.0))
        spare_down = max(fleet.bus_kw[t] - room.least_kw[t], 0.0) * room.step_h[t]
        for c in range(room.outlets.shape[0]):
            free, eta = fleet.held[c, t] < room.outlets[c], room.efficiency[c]
            class_krw = softness * room.soft_class_krw[c, t]
            prices.plug_krw[c, t] = softness * room.soft_outlet_krw[c, t] if free else NEVER
            prices.up_krw[c, t] = (sell if net_kwh < 0.0 else buy) / eta + class_krw
            prices.up_after_krw[c, t] = buy / eta + class_krw
            prices.kink_up_kwh[c, t] = -net_kwh * eta if net_kwh < 0.0 else np.inf
            prices.down_krw[c, t] = -((buy if net_kwh > 0.0 else sell) + room.reward_krw[t]) * eta
            prices.down_after_krw[c, t] = -(sell + room.reward_krw[t]) * eta
            prices.kink_down_kwh[c, t] = net_kwh / eta if net_kwh > 0.0 else np.inf
            up = spare_up * eta
            for g in range(room.cabinet_kw.shape[0]):
                if room.in_cabinet[g, c]:
                    up = min(up, max(room.cabinet_kw[g] - fleet.cabinet_kw[g, t], 0.0) * room.step_h[t])
            prices.room_up_kwh[c, t] = up
            prices.room_down_kwh[c, t] = spare_down / eta
    for c in range(room.outlets.shape[0]):
        for t in range(steps + 1):
            total = 0.0
            for s in range(t, min(t + grid.handover_steps, steps)):
                total = min(total + prices.plug_krw[c, s], NEVER)
            prices.stop_krw[c, t] = total


@njit(cache=True, nogil=True)
def _replan(grid, room, fleet, bus, softness, over_kw, prices, table):  # type: ignore[no-untyped-def]
    """Plan a bus that takes nothing at present, around the others, and add what it takes."""
    _fill_prices(grid, room, fleet, softness, over_kw, prices)
    own = StepPrices(
        prices.up_krw, prices.down_krw, prices.plug_krw, prices.stop_krw, room.cell_krw[bus], prices.room_up_kwh,
        prices.room_down_kwh, prices.kink_up_kwh, prices.kink_down_kwh, prices.up_after_krw, prices.down_after_krw,
    )  # fmt: skip
    fleet.served[bus] = False
    if fill_values(grid, own, bus, table) and best_value(grid, own, bus, table) < IMPOSSIBLE:
        trace(grid, own, bus, table, fleet.plugged[bus], fleet.level[bus])
        fleet.served[bus] = True
        fleet.own_krw[bus] = _own_krw(grid, room, bus, fleet.plugged[bus], fleet.level[bus])
        take(grid, room, fleet, bus, 1)
    else:
        fleet.plugged[bus] = -1
        fleet.level[bus] = 0


@njit(cache=True, nogil=True)
def recount(grid, room, fleet):  # type: ignore[no-untyped-def]
    """Recompute from the plans what they take together."""
    fleet.held[:] = 0
    fleet.bus_kw[:] = 0.0
    fleet.cabinet_kw[:] = 0.0
    for bus in range(fleet.served.shape[0]):
        if fleet.served[bus]:
            fleet.own_krw[bus] = _own_krw(grid, room, bus, fleet.plugged[bus], fleet.level[bus])
        take(grid, room, fleet, bus, 1)


@njit(cache=True, nogil=True)
def sweep(grid, room, fleet, softness, over_kw, order, prices, table):  # type: ignore[no-untyped-def]
    """Re-plan the buses of `order` one after the other, each against all others, up to `over_kw` above the target."""
    for bus in order:
        take(grid, room, fleet, bus, -1)
        _replan(grid, room, fleet, bus, softness, over_kw, prices, table)


@njit(cache=True, nogil=True)
def _choose(room, fleet, size, chosen):  # type: ignore[no-untyped-def]
    """Choose buses to take out: unserved ones, and ones plugged at about the same time as a random one."""
    count, steps = fleet.plugged.shape
    found = 0
    for bus in range(count):
        if not fleet.served[bus] and found < size // 2:
            chosen[found] = bus
            found += 1
    centre = np.random.randint(0, steps)
    reach = np.random.randint(1, 13)
    tries = 0
    while found < size and tries < 40 * size:
        tries += 1
        bus = np.random.randint(0, count)
        near = tries > 20 * size
        for t in range(max(0, centre - reach), min(steps, centre + reach)):
            if fleet.plugged[bus, t] >= 0:
                near = True
                break
        for i in range(found):
            if chosen[i] == bus:
                near = False
        if near:
            chosen[found] = bus
            found += 1
    for i in range(found - 1, 0, -1):
        j = np.random.randint(0, i + 1)
        chosen[i], chosen[j] = chosen[j], chosen[i]
    return found


@njit(cache=True, nogil=True)
def _over_target_kw(room, fleet):  # type: ignore[no-untyped-def]
    """Return by how much the plans' peak exceeds the target."""
    return max(_peak_kw(room, fleet) - room.target_kw, 0.0)


@njit(cache=True, nogil=True)
def ruin_and_recreate(grid, room, fleet, best, tries, largest, slack_krw, seed, prices, table):  # type: ignore[no-untyped-def]
    """Search from the plans in `fleet`; keep the best in `best`, return its cost.

    Each try takes 2 to `largest` buses out and plans them anew in random order at a random softness. The result is kept when it
    costs at most what it replaces plus a slack that falls to zero over the tries.
    """
    np.random.seed(seed)
    count, steps = fleet.plugged.shape
    chosen = np.empty(largest, np.int64)
    plugged = np.empty((largest, steps), np.int64)
    level = np.empty((largest, steps + 1), np.int64)
    own, served = np.empty(largest), np.empty(largest, np.bool_)
    current, over_kw = fleet_cost(room, fleet), _over_target_kw(room, fleet)
    best_krw = fleet_cost(room, best)
    for attempt in range(tries):
        size = _choose(room, fleet, np.random.randint(2, largest + 1), chosen)
        for i in range(size):
            bus = chosen[i]
            plugged[i], level[i], own[i], served[i] = (
                fleet.plugged[bus],
                fleet.level[bus],
                fleet.own_krw[bus],
                fleet.served[bus],
            )
            take(grid, room, fleet, bus, -1)
            fleet.served[bus] = False
        softness = max(0.0, np.random.random() * 1.4 - 0.4)
        allowed_kw = over_kw * min(1.0, np.random.random() * 1.5)
        for i in range(size):
            _replan(grid, room, fleet, chosen[i], softness, allowed_kw, prices, table)
        cost = fleet_cost(room, fleet)
        if cost <= current + slack_krw * (1.0 - attempt / tries) * np.random.random():
            current, over_kw = cost, _over_target_kw(room, fleet)
            if cost < best_krw - 1e-6:
                best_krw = cost
                best.plugged[:], best.level[:], best.own_krw[:], best.served[:] = (
                    fleet.plugged, fleet.level, fleet.own_krw, fleet.served,
                )  # fmt: skip
                best.held[:], best.bus_kw[:], best.cabinet_kw[:] = fleet.held, fleet.bus_kw, fleet.cabinet_kw
            continue
        for i in range(size):
            take(grid, room, fleet, chosen[i], -1)
        for i in range(size):
            bus = chosen[i]
            fleet.plugged[bus], fleet.level[bus], fleet.own_krw[bus], fleet.served[bus] = (
                plugged[i],
                level[i],
                own[i],
                served[i],
            )
            take(grid, room, fleet, bus, 1)
    return best_krw


def empty_fleet(grid: Lattice, room: Room) -> Fleet:
    """Return a fleet in which no bus has a plan yet."""
    count, steps = grid.stay_begins.shape
    return Fleet(
        plugged=np.full((count, steps), -1, dtype=np.int64),
        level=np.zeros((count, steps + 1), dtype=np.int64),
        own_krw=np.zeros(count),
        served=np.zeros(count, dtype=np.bool_),
        held=np.zeros((len(room.outlets), steps), dtype=np.int64),
        bus_kw=np.zeros(steps),
        cabinet_kw=np.zeros((len(room.cabinet_kw), steps)),
    )


def empty_prices(grid: Lattice) -> StepPrices:
    """Return price tables for the search to write to."""
    shape = (grid.can_pause.shape[0], grid.may_start.shape[0])
    up, down, plug, room_up, room_down, kink_up, kink_down, up_after, down_after = (np.zeros(shape) for _ in range(9))
    stop = np.zeros((shape[0], shape[1] + 1))
    return StepPrices(
        up, down, plug, stop, np.zeros(shape[1]), room_up, room_down, kink_up, kink_down, up_after, down_after
    )


__all__ = [
    "Fleet",
    "Room",
    "Workspace",
    "empty_fleet",
    "empty_prices",
    "fleet_cost",
    "recount",
    "ruin_and_recreate",
    "sweep",
]
