"""From a schedule of charging to a whole plan: stored energy, site power, cost by term.

One pure function per formula. The independent replay (`optimizers.replay`) shares none of this code.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizers.plan import DepotCost, DepotPlan, Verdict
from optimizers.problem import NOT_METERED, NOT_PLUGGED, DepotProblem, Floats, Ints


@dataclass(frozen=True, eq=False)
class Schedule:
    """What may be decided: (B, T) powers at the inlets, plugged classes, and (T,) use of PV and the site's battery."""

    charge_kw: Floats
    discharge_kw: Floats
    plugged_class: Ints
    pv_kw: Floats
    site_battery_kw: Floats


def stored_energy_kwh(problem: DepotProblem, charge_kw: Floats, discharge_kw: Floats) -> Floats:
    """Return the (B, T+1) energy in the cells at the start of each step and at the end."""
    buses = problem.buses
    inflow_kwh = problem.step_h * (
        buses.charge_efficiency[:, None] * charge_kw
        - discharge_kw / buses.discharge_efficiency[:, None]
        - buses.standing_loss_kw[:, None] * problem.present
    )
    change_kwh = np.cumsum(inflow_kwh - problem.trip_kwh, axis=1)
    return np.concatenate([buses.initial_kwh[:, None], buses.initial_kwh[:, None] + change_kwh], axis=1)


def charging_at_bus_bar_kw(problem: DepotProblem, charge_kw: Floats, plugged_class: Ints) -> Floats:
    """Return the (T,) power all charging draws from the site, charger losses included."""
    drawn_kw: Floats = (charge_kw / _efficiency(problem, plugged_class)).sum(axis=0)
    return drawn_kw


def feeding_at_bus_bar_kw(problem: DepotProblem, discharge_kw: Floats, plugged_class: Ints) -> Floats:
    """Return the (T,) power all buses feed back to the site, charger losses taken off."""
    fed_kw: Floats = (discharge_kw * _efficiency(problem, plugged_class)).sum(axis=0)
    return fed_kw


def _efficiency(problem: DepotProblem, plugged_class: Ints) -> Floats:
    of_class: Floats = np.array([*(charger.efficiency for charger in problem.chargers), 1.0])
    return np.take(of_class, plugged_class)  # NOT_PLUGGED = -1 takes the 1.0 at the end


def pv_worth_using_kw(problem: DepotProblem, load_kw: Floats) -> Floats:
    """Return the (T,) PV power to use against a load: all of it, but never exported at a loss or over the limit."""
    exportable_kw = np.where(problem.prices.sell_krw_per_kwh >= 0, problem.site.export_limit_kw, 0.0)
    wanted_kw = np.minimum(problem.site.pv_kw, np.maximum(load_kw + exportable_kw, 0.0))
    return np.where(problem.prices.buy_krw_per_kwh >= 0, wanted_kw, 0.0)


def interval_peak_kw(step_h: Floats, interval: Ints, import_kw: Floats) -> float:
    """Return the highest average of (T,) import over the metering intervals that count; 0 when none does."""
    counted = interval != NOT_METERED
    if not counted.any():
        return 0.0
    _, position = np.unique(interval[counted], return_inverse=True)
    energy_kwh = np.bincount(position, weights=(import_kw * step_h)[counted])
    hours = np.bincount(position, weights=step_h[counted])
    return float((energy_kwh / hours).max())


def cycling_cost_krw(problem: DepotProblem, energy_kwh: Floats) -> Floats:
    """Return the (B,) cost of cycling: a net gain fills the shallowest room first, a net loss empties it first.

    Of all ways to book the flows on the segments this last-in-first-out one is the cheapest (Xu et al., 2018).
    """
    wear = problem.degradation
    if wear is None:
        return np.zeros(problem.bus_count)
    sizes_kwh, filled = segment_sizes_kwh(problem), initial_segments_kwh(problem)
    cost_krw = np.zeros(problem.bus_count)
    for change_kwh in np.diff(energy_kwh, axis=1).T:
        filled = filled + _poured(np.maximum(change_kwh, 0.0), sizes_kwh - filled)
        taken = _poured(np.maximum(-change_kwh, 0.0), filled)
        filled = filled - taken
        cost_krw += (taken * wear.krw_per_kwh).sum(axis=1)
    return cost_krw


def segment_sizes_kwh(problem: DepotProblem) -> Floats:
    """Return the (B, J) sizes of the depth segments, cut where they reach below the window of the battery."""
    if problem.degradation is None:
        return np.zeros((problem.bus_count, 0))
    return _poured(problem.buses.max_kwh - problem.buses.min_kwh, problem.degradation.depth_kwh)


def initial_segments_kwh(problem: DepotProblem) -> Floats:
    """Return the (B, J) energy in each depth segment at the start: what is missing to `max_kwh` is missing on top."""
    sizes_kwh = segment_sizes_kwh(problem)
    return sizes_kwh - _poured(problem.buses.max_kwh - problem.buses.initial_kwh, sizes_kwh)


def _poured(amount_kwh: Floats, room_kwh: Floats) -> Floats:
    """Pour (B,) amounts into (B, J) vessels in order; what overflows the last one is dropped."""
    before = np.concatenate([np.zeros((len(amount_kwh), 1)), np.cumsum(room_kwh, axis=1)[:, :-1]], axis=1)
    poured: Floats = np.clip(amount_kwh[:, None] - before, 0.0, room_kwh)
    return poured


def calendar_cost_krw(problem: DepotProblem, energy_kwh: Floats) -> Floats:
    """Return the (B,) cost of standing at high charge, counted at the end of each step."""
    wear = problem.degradation
    if wear is None:
        return np.zeros(problem.bus_count)
    above_kwh = np.maximum(energy_kwh[:, 1:] - wear.calendar_free_kwh[:, None], 0.0)
    kwh_h: Floats = above_kwh @ problem.step_h
    return wear.calendar_krw_per_kwh_h * kwh_h


def session_starts(plugged_class: Ints, before: Ints) -> Ints:
    """Return the (B,) number of sessions that start, given the (B,) classes plugged before step 0."""
    previous = np.concatenate([before[:, None], plugged_class[:, :-1]], axis=1)
    starts: Ints = ((plugged_class != previous) & (plugged_class != NOT_PLUGGED)).sum(axis=1)
    return starts


def plugged_before(problem: DepotProblem) -> Ints:
    """Return the (B,) charger class each bus is plugged to just before step 0."""
    if problem.under_way is None:
        return np.full(problem.bus_count, NOT_PLUGGED)
    return problem.under_way.plugged_class


def depot_cost(problem: DepotProblem, schedule: Schedule, energy_kwh: Floats, grid_kw: Floats) -> DepotCost:
    """Return the cost of a schedule by term."""
    import_kw, export_kw = np.maximum(grid_kw, 0.0), np.maximum(-grid_kw, 0.0)
    prices, demand, battery = problem.prices, problem.demand, problem.site.battery
    fed_kw = feeding_at_bus_bar_kw(problem, schedule.discharge_kw, schedule.plugged_class)
    over_kw = 0.0
    if demand is not None:
        over_kw = max(interval_peak_kw(problem.step_h, demand.interval, import_kw) - demand.sunk_kw, 0.0)
    site_fed_kwh = float(np.maximum(-schedule.site_battery_kw, 0.0) @ problem.step_h)
    return DepotCost(
        energy_krw=float((prices.buy_krw_per_kwh * import_kw) @ problem.step_h),
        export_krw=-float((prices.sell_krw_per_kwh * export_kw) @ problem.step_h),
        v2g_reward_krw=-float((prices.v2g_reward_krw_per_kwh * fed_kw) @ problem.step_h),
        demand_krw=demand.price_krw_per_kw * demand.share * over_kw if demand is not None else 0.0,
        starts_krw=problem.rules.start_krw
        * float(session_starts(schedule.plugged_class, plugged_before(problem)).sum()),
        cycling_krw=float(cycling_cost_krw(problem, energy_kwh).sum()),
        calendar_krw=float(calendar_cost_krw(problem, energy_kwh).sum()),
        site_battery_krw=battery.wear_krw_per_kwh * site_fed_kwh if battery is not None else 0.0,
    )


def plan_of(problem: DepotProblem, schedule: Schedule, verdict: Verdict) -> DepotPlan:
    """Complete a schedule to a plan: stored energies, site power and cost follow from the decisions."""
    energy_kwh = stored_energy_kwh(problem, schedule.charge_kw, schedule.discharge_kw)
    grid_kw = (
        problem.site.base_kw
        + charging_at_bus_bar_kw(problem, schedule.charge_kw, schedule.plugged_class)
        - feeding_at_bus_bar_kw(problem, schedule.discharge_kw, schedule.plugged_class)
        - schedule.pv_kw
        + schedule.site_battery_kw
    )
    return DepotPlan(
        problem_id=problem.id,
        charge_kw=schedule.charge_kw,
        discharge_kw=schedule.discharge_kw,
        plugged_class=schedule.plugged_class,
        energy_kwh=energy_kwh,
        grid_kw=grid_kw,
        pv_kw=schedule.pv_kw,
        site_battery_kw=schedule.site_battery_kw,
        site_battery_kwh=site_battery_energy_kwh(problem, schedule.site_battery_kw),
        cost=depot_cost(problem, schedule, energy_kwh, grid_kw),
        status=verdict.status,
        lower_bound_krw=verdict.lower_bound_krw,
        bound_for=verdict.bound_for,
        method=verdict.method,
        wall_s=verdict.wall_s,
        relaxed=verdict.relaxed,
    )


def site_battery_energy_kwh(problem: DepotProblem, site_battery_kw: Floats) -> Floats:
    """Return the (T+1,) energy of the stationary battery; zeros when there is none."""
    battery = problem.site.battery
    if battery is None:
        return np.zeros(problem.step_count + 1)
    stored_kw = np.where(
        site_battery_kw >= 0,
        site_battery_kw * battery.charge_efficiency,
        site_battery_kw / battery.discharge_efficiency,
    )
    return battery.initial_kwh + np.concatenate([[0.0], np.cumsum(stored_kw * problem.step_h)])
