"""Best powers of a plan whose sessions are fixed: a linear programme, free of the lattice.

Who is plugged when, and in which direction power flows, stays as it is; powers, PV, the site's battery and the peak
are chosen anew. Wear is priced by its slope at the plan; the caller keeps the result only if its true cost is lower.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optimizers.depot_cost import Schedule, stored_energy_kwh
from optimizers.highs_arrays import ArrayModel, SolverError, solve_arrays
from optimizers.master_site import SiteModel
from optimizers.problem import DepotProblem, charge_limit_kw, discharge_limit_kw

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

POLISH_TIME_LIMIT_S = 60.0
MARGIN_KWH = 1e-6
"""Windows are narrowed by this much, so that the solver's feasibility tolerance cannot push a bus out of its own."""


@dataclass(frozen=True, eq=False)
class _Actions:
    """The (A,) bus-steps in which power may flow, by bus, then by time."""

    bus: Ints
    step: Ints
    into_cells_kwh_per_kw: Floats
    bus_bar_kw_per_kw: Floats
    least_kw: Floats
    most_kw: Floats
    cost_krw_per_kw: Floats
    charging: NDArray[np.bool_]


def polish(problem: DepotProblem, site: SiteModel, schedule: Schedule) -> Schedule:
    """Return the schedule with the best powers for its sessions, or the schedule itself if none can be found."""
    actions = _actions(problem, schedule)
    if not len(actions.bus):
        return schedule
    try:
        solved = solve_arrays(_model(problem, site, schedule, actions), POLISH_TIME_LIMIT_S)
    except SolverError:
        return schedule
    width = len(site.cost_krw)
    power = np.clip(solved.columns[width : width + len(actions.bus)], actions.least_kw, actions.most_kw)
    charge, discharge = np.zeros_like(schedule.charge_kw), np.zeros_like(schedule.discharge_kw)
    up, down = actions.charging, ~actions.charging
    charge[actions.bus[up], actions.step[up]] = power[up]
    discharge[actions.bus[down], actions.step[down]] = power[down]
    battery = np.zeros(problem.step_count)
    if len(site.battery_up_kw):
        battery = solved.columns[site.battery_up_kw] - solved.columns[site.battery_down_kw]
    return Schedule(charge, discharge, schedule.plugged_class, solved.columns[site.pv_kw], battery)


def _actions(problem: DepotProblem, schedule: Schedule) -> _Actions:
    plugged = schedule.plugged_class
    pauses = np.array([charger.can_pause and charger.min_kw > 0 for charger in problem.chargers])
    stands = (schedule.charge_kw <= 0) & (schedule.discharge_kw <= 0)
    active = (plugged >= 0) & ~(stands & pauses[np.maximum(plugged, 0)])
    bus, step = np.nonzero(active)
    kind = plugged[bus, step]
    charging = schedule.discharge_kw[bus, step] <= 0
    hours = problem.step_h[step]
    efficiency = np.array([charger.efficiency for charger in problem.chargers])[kind]
    least = np.array([charger.min_kw for charger in problem.chargers])[kind]
    buses = problem.buses
    into = np.where(charging, buses.charge_efficiency[bus], -1 / buses.discharge_efficiency[bus]) * hours
    reward = problem.prices.v2g_reward_krw_per_kwh[step] * efficiency * hours
    return _Actions(
        bus=bus,
        step=step,
        into_cells_kwh_per_kw=into,
        bus_bar_kw_per_kw=np.where(charging, 1 / efficiency, -efficiency),
        least_kw=np.where(charging, least, 0.0),
        most_kw=np.where(charging, charge_limit_kw(problem)[bus, kind], discharge_limit_kw(problem)[bus, kind]),
        cost_krw_per_kw=np.where(charging, 0.0, -reward),
        charging=charging,
    )


def _model(problem: DepotProblem, site: SiteModel, schedule: Schedule, actions: _Actions) -> ArrayModel:
    """Variables: the site's, the powers, and what was charged in sum after each action, per bus.

    Outlet rows stay empty: the plan keeps them already.
    """
    count, width = len(actions.bus), len(site.cost_krw)
    ones, index = np.ones(count), np.arange(count)
    shared = sparse.csc_array(
        (actions.bus_bar_kw_per_kw, (site.power_rows[actions.step], index)), shape=(len(site.row_low), count)
    )
    shared = shared + _cabinet_part(problem, site, schedule, actions)
    if site.wear_rows.size:
        entries = (-actions.into_cells_kwh_per_kw, (site.wear_rows[actions.bus, actions.step], index))
        shared = shared + sparse.csc_array(entries, shape=shared.shape)
    first = np.concatenate(([True], actions.bus[1:] != actions.bus[:-1]))
    follow = index[~first]
    recursion = sparse.csc_array((ones, (index, index)), shape=(count, count)) - sparse.csc_array(
        (np.ones(len(follow)), (follow, follow - 1)), shape=(count, count)
    )
    gain = sparse.csc_array((-actions.into_cells_kwh_per_kw, (index, index)), shape=(count, count))
    taper, taper_before, taper_limit = _taper_part(problem, actions, first)
    low, high = _windows_after(problem, actions)
    wear = _wear_slope(problem, schedule, actions)
    body = sparse.block_array(
        [[site.matrix, shared, None], [None, gain, recursion], [None, taper, taper_before]], format="csr"
    )
    zeros = np.zeros(count)
    return ArrayModel(
        cost=np.concatenate((site.cost_krw, actions.cost_krw_per_kw, wear)),
        lower=np.concatenate((site.low, actions.least_kw, low)),
        upper=np.concatenate((site.high, actions.most_kw, high)),
        rows=sparse.csr_matrix(body, shape=(body.shape[0], width + 2 * count)),
        row_lower=np.concatenate((site.row_low, zeros, np.full(len(taper_limit), -np.inf))),
        row_upper=np.concatenate((site.row_high, zeros, taper_limit)),
    )


def _cabinet_part(problem: DepotProblem, site: SiteModel, schedule: Schedule, actions: _Actions) -> sparse.csc_array:
    total = sparse.csc_array((len(site.row_low), len(actions.bus)))
    kind = schedule.plugged_class[actions.bus, actions.step]
    for rows, cabinet in zip(site.cabinet_rows, problem.cabinets, strict=True):
        taking = np.flatnonzero(np.isin(kind, cabinet.classes) & actions.charging)
        entries = (np.ones(len(taking)), (rows[actions.step[taking]], taking))
        total = total + sparse.csc_array(entries, shape=total.shape)
    return total


def _drawn_kwh(problem: DepotProblem) -> Floats:
    loss = problem.trip_kwh + problem.buses.standing_loss_kw[:, None] * problem.step_h * problem.present
    return np.concatenate((np.zeros((problem.bus_count, 1)), np.cumsum(loss, axis=1)), axis=1)


def _windows_after(problem: DepotProblem, actions: _Actions) -> tuple[Floats, Floats]:
    """Return (A,) range of the energy charged in sum after each action: its windows until the bus's next action."""
    buses, drawn = problem.buses, _drawn_kwh(problem)
    floor = np.maximum(problem.need_kwh, buses.min_kwh[:, None])
    floor = np.concatenate((floor, np.maximum(buses.terminal_min_kwh, buses.min_kwh)[:, None]), axis=1)
    offset = drawn - buses.initial_kwh[:, None]
    low_all, high_all = floor + offset, buses.max_kwh[:, None] + offset
    low, high = np.empty(len(actions.bus)), np.empty(len(actions.bus))
    for i, (bus, step) in enumerate(zip(actions.bus, actions.step, strict=True)):
        follows = i + 1 < len(actions.bus) and actions.bus[i + 1] == bus
        until = actions.step[i + 1] + 1 if follows else problem.step_count + 1
        low[i], high[i] = low_all[bus, step + 1 : until].max(), high_all[bus, step + 1 : until].min()
    room = np.minimum(MARGIN_KWH, np.maximum(high - low, 0.0) / 4)
    return low + room, high - room


def _taper_part(
    problem: DepotProblem, actions: _Actions, first: NDArray[np.bool_]
) -> tuple[sparse.csc_array, sparse.csc_array, Floats]:
    """Return rows ``power − slope · charged before <= limit`` for every charging action and taper segment."""
    count, buses, drawn = len(actions.bus), problem.buses, _drawn_kwh(problem)
    segments = buses.taper_kw.shape[1]
    rows = [
        (i, k)
        for i in np.flatnonzero(actions.charging)
        for k in range(segments)
        if np.isfinite(buses.taper_kw[actions.bus[i], k])
    ]
    shape = (len(rows), count)
    if not rows:
        return sparse.csc_array(shape), sparse.csc_array(shape), np.zeros(0)
    action, segment = np.array(rows).T
    bus, step = actions.bus[action], actions.step[action]
    slope = buses.taper_kw_per_kwh[bus, segment]
    limit = buses.taper_kw[bus, segment] + slope * (buses.initial_kwh[bus] - drawn[bus, step])
    later = np.flatnonzero(~first[action])
    power = sparse.csc_array((np.ones(len(rows)), (np.arange(len(rows)), action)), shape=shape)
    before = sparse.csc_array((-slope[later], (later, action[later] - 1)), shape=shape)
    return power, before, limit - MARGIN_KWH


def _wear_slope(problem: DepotProblem, schedule: Schedule, actions: _Actions) -> Floats:
    """Return (A,) calendar cost of a kWh more, held from each action to the bus's next one, at the plan."""
    slope = np.zeros(len(actions.bus))
    if problem.degradation is None:
        return slope
    energy = stored_energy_kwh(problem, schedule.charge_kw, schedule.discharge_kw)[:, 1:]
    above = energy > problem.degradation.calendar_free_kwh[:, None]
    rate = above * problem.step_h * problem.degradation.calendar_krw_per_kwh_h[:, None]
    total = np.concatenate((np.zeros((problem.bus_count, 1)), np.cumsum(rate, axis=1)), axis=1)
    for i, (bus, step) in enumerate(zip(actions.bus, actions.step, strict=True)):
        follows = i + 1 < len(actions.bus) and actions.bus[i + 1] == bus
        until = actions.step[i + 1] if follows else problem.step_count
        slope[i] = total[bus, until] - total[bus, step]
    return slope
