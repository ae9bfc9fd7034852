"""Compiled search for a whole plan of a depot: take some buses out, plan them anew one by one around the others.

Each bus is re-planned exactly, by the dynamic programme, against hard room (outlets, site power, cabinets) and true
prices mixed with a share of the bound's prices, which keeps it from taking what others need more.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from optimizers.pricing_kernel import fill_values
from optimizers.pricing_lattice import Lattice
from optimizers.pricing_steps import IMPOSSIBLE, NEVER, StepPrices
from optimizers.pricing_trace import best_value, trace
from optimizers.primal_room import fleet_cost, imported_kwh, over_target_kw, own_krw, take


@njit(cache=True, nogil=True)
def _fill_prices(grid, room, fleet, softness, over_kw, prices):  # type: ignore[no-untyped-def]
    """Write the prices and the room that the plans in place leave to one more bus."""
    steps = room.step_h.shape[0]
    imported = imported_kwh(room, fleet)
    for t in range(steps):
        net_kwh = (room.other_kw[t] + fleet.bus_kw[t]) * room.step_h[t]
        soft = softness * room.soft_site_krw[t]
        buy, sell = (1.0 - softness) * room.buy_krw[t] + soft, (1.0 - softness) * room.sell_krw[t] + soft
        spare_up = max(room.most_kw[t] - fleet.bus_kw[t], 0.0) * room.step_h[t]
        if room.interval[t] >= 0:
            billed = (room.target_kw + over_kw) * room.interval_h[room.interval[t]] - imported[room.interval[t]]
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
        fleet.own_krw[bus] = own_krw(grid, room, bus, fleet.plugged[bus], fleet.level[bus])
        take(grid, room, fleet, bus, 1)
    else:
        fleet.plugged[bus] = -1
        fleet.level[bus] = 0


@njit(cache=True, nogil=True)
def sweep(grid, room, fleet, softness, over_kw, order, prices, table):  # type: ignore[no-untyped-def]
    """Re-plan the buses of `order` one after the other, each against all others, up to `over_kw` above the target."""
    for bus in order:
        take(grid, room, fleet, bus, -1)
        _replan(grid, room, fleet, bus, softness, over_kw, prices, table)


@njit(cache=True, nogil=True)
def _choose(rng, fleet, size, chosen):  # type: ignore[no-untyped-def]
    """Choose buses to take out: unserved ones, and ones plugged at about the same time as a random one."""
    count, steps = fleet.plugged.shape
    found = 0
    for bus in range(count):
        if not fleet.served[bus] and found < size // 2:
            chosen[found] = bus
            found += 1
    centre = rng.integers(0, steps)
    reach = rng.integers(1, 13)
    tries = 0
    while found < size and tries < 40 * size:
        tries += 1
        bus = rng.integers(0, count)
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
        j = rng.integers(0, i + 1)
        chosen[i], chosen[j] = chosen[j], chosen[i]
    return found


@njit(cache=True, nogil=True)
def ruin_and_recreate(grid, room, fleet, best, tries, largest, warmth_krw, rng, prices, table):  # type: ignore[no-untyped-def]
    """Search from the plans in `fleet`; keep the best in `best`, return its cost.

    Each try takes 2 to `largest` buses out and plans them anew in random order at a random softness. The result
    is kept with probability ``exp(-more / warmth_krw)`` when it costs that much more than what it replaces.
    """
    steps = fleet.plugged.shape[1]
    chosen = np.empty(largest, np.int64)
    plugged = np.empty((largest, steps), np.int64)
    level = np.empty((largest, steps + 1), np.int64)
    own, served = np.empty(largest), np.empty(largest, np.bool_)
    current, over_kw = fleet_cost(room, fleet), over_target_kw(room, fleet)
    best_krw = fleet_cost(room, best)
    for _ in range(tries):
        size = _choose(rng, fleet, rng.integers(2, largest + 1), chosen)
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
        softness = max(0.0, rng.random() * 1.4 - 0.4)
        allowed_kw = over_kw * max(0.0, min(1.0, rng.random() * 2.0 - 1.0))
        for i in range(size):
            _replan(grid, room, fleet, chosen[i], softness, allowed_kw, prices, table)
        cost = fleet_cost(room, fleet)
        if cost <= current + warmth_krw * rng.exponential():
            current, over_kw = cost, over_target_kw(room, fleet)
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


def empty_prices(grid: Lattice) -> StepPrices:
    """Return price tables for the search to write to."""
    shape = (grid.can_pause.shape[0], grid.may_start.shape[0])
    up, down, plug, room_up, room_down, kink_up, kink_down, up_after, down_after = (np.zeros(shape) for _ in range(9))
    stop = np.zeros((shape[0], shape[1] + 1))
    return StepPrices(
        up, down, plug, stop, np.zeros(shape[1]), room_up, room_down, kink_up, kink_down, up_after, down_after
    )
