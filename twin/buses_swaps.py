"""Swapping buses: how a dispatcher makes a hard day drivable.

On very cold or hot days some buses cannot be charged in their layovers when every bus is simply plugged on arrival. A
dispatcher then lets another bus of the garage, one that is in and full, take over the round trip. Distance and energy
of the service stay as they are; only who drives changes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from optimizers.problem import DepotProblem, charge_limit_kw

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

SITE_MARGIN = 0.95
"""Share of the connection that the check may use, so that what passes it passes with a margin."""

MOST_ROUNDS = 40
SHORT_KWH = 1e-6


@dataclass(frozen=True)
class Swaps:
    """A depot problem after swaps.

    Attributes
    ----------
    problem
        The problem after swaps.
    swapped
        Absences another bus of the garage took over.
    handed_on, handed_on_kwh
        Absences, and their energy, that no electric bus could take over; a bus of another kind has to run them.
    short_kwh
        What still misses at departures and at the end when charging on arrival, summed over the worst of each bus.
    """

    problem: DepotProblem
    swapped: int
    handed_on: int
    handed_on_kwh: float
    short_kwh: float


def with_swaps(problem: DepotProblem) -> Swaps:
    """Hand round trips to other buses until charging on arrival serves the day.

    A trip that no electric bus of the garage can take over is taken out of the problem and counted.
    """
    swapped = handed_on = 0
    handed_on_kwh, given_up = 0.0, np.zeros(problem.bus_count, dtype=bool)
    energy = energy_on_arrival_kwh(problem)
    for _ in range(MOST_ROUNDS):
        short = _shortfall_kwh(problem, energy)
        open_buses = np.flatnonzero((short.max(axis=1) > SHORT_KWH) & ~given_up)
        if not len(open_buses):
            break
        for bus in open_buses.tolist():
            absence = _absence(problem, bus, int(np.argmax(short[bus] > SHORT_KWH)))
            if absence is None:
                given_up[bus] = True
                continue
            taker = _taker(problem, energy, bus, absence)
            if taker is None:
                handed_on += 1
                handed_on_kwh += float(problem.trip_kwh[bus, absence].sum())
            else:
                swapped += 1
            problem = _move(problem, bus, taker, absence)
        energy = energy_on_arrival_kwh(problem)
    left = float(_shortfall_kwh(problem, energy).max(axis=1).sum())
    return Swaps(problem, swapped, handed_on, handed_on_kwh, left)


def energy_on_arrival_kwh(problem: DepotProblem) -> Floats:
    """Return the (B, T + 1) stored energy when buses are plugged in order of arrival and charged until full.

    An outlet is free again when its bus leaves or is full. Power goes to those plugged, first come first served, within
    95 % of the connection. Taper is respected, V2G and other classes than the first a bus can use are not.
    """
    buses, site = problem.buses, problem.site
    limit = charge_limit_kw(problem)
    own_class = np.argmax(limit, axis=1)
    power = limit[np.arange(problem.bus_count), own_class]
    outlets = np.array([charger.count for charger in problem.chargers])
    efficiency = np.array([charger.efficiency for charger in problem.chargers])[own_class]
    energy = np.zeros((problem.bus_count, problem.step_count + 1))
    energy[:, 0] = buses.initial_kwh
    arrived = np.where(problem.present[:, 0], 0, problem.step_count)
    plugged = np.zeros(problem.bus_count, dtype=bool)
    for step in range(problem.step_count):
        here, h = problem.present[:, step], problem.step_h[step]
        if step:
            arrived[here & ~problem.present[:, step - 1]] = step
        now = energy[:, step]
        room_kw = np.clip((buses.max_kwh - now) / (buses.charge_efficiency * h), 0, power)
        if buses.taper_kw.shape[1]:
            room_kw = np.minimum(room_kw, (buses.taper_kw + buses.taper_kw_per_kwh * now[:, None]).min(axis=1))
        room_kw = np.where(here, np.maximum(room_kw, 0), 0)
        plugged &= here & (room_kw > 0)
        plugged = _plug(plugged, room_kw > 0, arrived, own_class, outlets)
        left_kw = SITE_MARGIN * site.import_limit_kw[step] - site.base_kw[step]
        order = np.argsort(arrived, kind="stable")
        drawn = np.where(plugged, room_kw / efficiency, 0)[order]
        before = np.cumsum(drawn) - drawn
        given = np.zeros(problem.bus_count)
        given[order] = np.clip(left_kw - before, 0, drawn)
        gain = given * efficiency * buses.charge_efficiency * h
        energy[:, step + 1] = now + gain - h * buses.standing_loss_kw * here - problem.trip_kwh[:, step]
    return energy


def _plug(plugged: Flags, wants: Flags, arrived: Ints, own_class: Ints, outlets: Ints) -> Flags:
    """Fill free outlets of each class with those waiting, in order of arrival."""
    result = plugged.copy()
    for number, count in enumerate(outlets.tolist()):
        free = count - int((plugged & (own_class == number)).sum())
        waiting = np.flatnonzero(wants & ~plugged & (own_class == number))
        result[waiting[np.argsort(arrived[waiting], kind="stable")][: max(free, 0)]] = True
    return result


def _shortfall_kwh(problem: DepotProblem, energy: Floats) -> Floats:
    """(B, T + 1) energy missing at departures and, in the last column, at the end."""
    at_departure = np.where(problem.need_kwh > 0, problem.need_kwh - energy[:, :-1], 0)
    at_end = problem.buses.terminal_min_kwh - energy[:, -1]
    return np.asarray(np.maximum(np.column_stack([at_departure, at_end]), 0))


def _absence(problem: DepotProblem, bus: int, step: int) -> slice | None:
    """Return the steps of the absence that starts at `step` or, when none does, of the one before it."""
    away = np.concatenate(([0], (~problem.present[bus]).astype(np.int8), [0]))
    starts, stops = np.flatnonzero(np.diff(away) == 1), np.flatnonzero(np.diff(away) == -1)
    number = int(np.searchsorted(starts, min(step, problem.step_count - 1), side="right")) - 1
    return slice(int(starts[number]), int(stops[number])) if number >= 0 else None


def _taker(problem: DepotProblem, energy: Floats, bus: int, absence: slice) -> int | None:
    """Bus alike that is in around the absence and can spare its energy, now and for what it has to drive later."""
    around = slice(max(absence.start - 1, 0), absence.stop + 1)
    buses, need = problem.buses, problem.need_kwh[bus, absence.start]
    alike = (buses.battery_kwh == buses.battery_kwh[bus]) & problem.present[:, around].all(axis=1)
    alike[bus] = False
    spare = energy[:, absence.start] - need
    needs_later = problem.need_kwh[:, absence.stop :]
    later = np.where(needs_later > 0, energy[:, absence.stop : -1] - needs_later, np.inf).min(axis=1, initial=np.inf)
    spare = np.where(alike, np.minimum(spare, later), -np.inf)
    best = int(np.argmax(spare))
    return best if spare[best] >= 0 else None


def _move(problem: DepotProblem, giver: int, taker: int | None, absence: slice) -> DepotProblem:
    """Give an absence to another bus, or take it out when there is none."""
    present, trip, need = problem.present.copy(), problem.trip_kwh.copy(), problem.need_kwh.copy()
    present[giver, absence] = True
    if taker is not None:
        present[taker, absence] = False
    for values in (trip, need):
        if taker is not None:
            values[taker, absence] = values[giver, absence]
        values[giver, absence] = 0
    return replace(problem, present=present, trip_kwh=trip, need_kwh=need)
