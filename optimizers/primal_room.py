"""What a depot shares and what its buses' plans take of it, for the search, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from optimizers.pricing_lattice import Lattice

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


EXCESS_SHARE = 0.2
"""Weight in the search of what each metering interval exceeds the target by, against the peak itself."""


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

    `plugged` (B, T), `level` (B, T+1), `own_krw` (B,), `served` (B,); `held` (C, T) outlets, `bus_kw` (T,) at the bus
    bar, `cabinet_kw` (G, T) at the inlets.
    """

    plugged: Ints
    level: Ints
    own_krw: Floats
    served: NDArray[np.bool_]
    held: Ints
    bus_kw: Floats
    cabinet_kw: Floats


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
def own_krw(grid, room, bus, plugged, level):  # type: ignore[no-untyped-def]
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
def imported_kwh(room, fleet):  # type: ignore[no-untyped-def]
    """Return (K,) energy imported in each metering interval."""
    total = np.zeros(room.interval_h.shape[0])
    for t in range(room.step_h.shape[0]):
        if room.interval[t] >= 0:
            total[room.interval[t]] += max(room.other_kw[t] + fleet.bus_kw[t], 0.0) * room.step_h[t]
    return total


@njit(cache=True, nogil=True)
def _peak_kw(room, fleet):  # type: ignore[no-untyped-def]
    """Return the highest interval average of the import, 0 where nothing is metered."""
    peak, imported = 0.0, imported_kwh(room, fleet)
    for k in range(imported.shape[0]):
        peak = max(peak, imported[k] / room.interval_h[k])
    return peak


@njit(cache=True, nogil=True)
def _demand_kw(room, fleet):  # type: ignore[no-untyped-def]
    """Return the peak above what is paid for, and a share of what all intervals exceed the target by."""
    peak, excess, imported = room.sunk_kw, 0.0, imported_kwh(room, fleet)
    for k in range(imported.shape[0]):
        average = imported[k] / room.interval_h[k]
        peak = max(peak, average)
        excess += max(average - room.target_kw, 0.0)
    return peak - room.sunk_kw + EXCESS_SHARE * excess


@njit(cache=True, nogil=True)
def fleet_cost(room, fleet):  # type: ignore[no-untyped-def]
    """Return the cost of all plans together, unserved buses at their price.

    The peak alone would not tell the search that it gets nearer to a lower one before the last interval has come down.
    So a share of what each interval exceeds the target by is added; with a peak at the target nothing is.
    """
    cost = 0.0
    for bus in range(fleet.served.shape[0]):
        cost += fleet.own_krw[bus] if fleet.served[bus] else room.unserved_krw
    for t in range(room.step_h.shape[0]):
        net = room.other_kw[t] + fleet.bus_kw[t]
        cost += room.step_h[t] * (
            room.buy_krw[t] * net if net > 0.0 else -room.sell_krw[t] * min(-net, room.export_kw[t])
        )
    return cost + room.demand_krw * _demand_kw(room, fleet)


@njit(cache=True, nogil=True)
def recount(grid, room, fleet):  # type: ignore[no-untyped-def]
    """Recompute from the plans what they take together."""
    fleet.held[:] = 0
    fleet.bus_kw[:] = 0.0
    fleet.cabinet_kw[:] = 0.0
    for bus in range(fleet.served.shape[0]):
        if fleet.served[bus]:
            fleet.own_krw[bus] = own_krw(grid, room, bus, fleet.plugged[bus], fleet.level[bus])
        take(grid, room, fleet, bus, 1)


@njit(cache=True, nogil=True)
def over_target_kw(room, fleet):  # type: ignore[no-untyped-def]
    """Return by how much the plans' peak exceeds the target."""
    return max(_peak_kw(room, fleet) - room.target_kw, 0.0)
