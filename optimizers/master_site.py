"""What no bus decides in the master problem: grid, PV, the site's battery, demand charge, limits, booking of wear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optimizers.master_arrays import ModelArrays
from optimizers.master_wear import add_wear
from optimizers.problem import NOT_METERED, DepotProblem, charge_limit_kw, discharge_limit_kw

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SiteModel:
    """Everything of the master that no bus decides.

    Attributes
    ----------
    matrix
        (R, N) coefficients of the site's variables in the shared rows.
    cost_krw, low, high
        (N,) cost and finite bounds of the site's variables.
    row_low, row_high
        (R,) limits of the shared rows.
    outlet_rows, power_rows, cabinet_rows
        (C, T), (T,) and (G, T) numbers of the rows that plans take part in.
    wear_rows
        (B, T) number of the row that books each bus's charging in each step on its depth segments; no columns when no
        wear is priced.
    import_kw, export_kw, pv_kw, battery_up_kw, battery_down_kw
        (T,) numbers of variables; the battery's are empty when there is none.
    peak_over_kw
        (1,) number of the peak above what is paid for, empty without a demand charge.
    """

    matrix: sparse.csc_array
    cost_krw: Floats
    low: Floats
    high: Floats
    row_low: Floats
    row_high: Floats
    outlet_rows: Ints
    power_rows: Ints
    cabinet_rows: Ints
    wear_rows: Ints
    import_kw: Ints
    export_kw: Ints
    pv_kw: Ints
    battery_up_kw: Ints
    battery_down_kw: Ints
    peak_over_kw: Ints


def site_model(problem: DepotProblem) -> SiteModel:
    """Build the part of the master that no bus decides."""
    model, steps, hours = ModelArrays(), problem.step_count, problem.step_h
    most_in, most_out = _power_extremes_kw(problem)
    zeros = np.zeros(steps)
    counts = np.array([charger.count for charger in problem.chargers], dtype=np.float64)
    outlets = model.add_rows(np.full(len(counts) * steps, -np.inf), np.repeat(counts, steps)).reshape(-1, steps)
    power = model.add_rows(-problem.site.base_kw, -problem.site.base_kw)
    limits = np.repeat(np.array([cabinet.max_kw for cabinet in problem.cabinets], dtype=np.float64), steps)
    cabinets = model.add_rows(np.full(len(limits), -np.inf), limits).reshape(-1, steps)
    buy, sell = problem.prices.buy_krw_per_kwh * hours, problem.prices.sell_krw_per_kwh * hours
    import_kw = model.add_variables(buy, zeros, np.minimum(problem.site.import_limit_kw, most_in))
    export_kw = model.add_variables(-sell, zeros, np.minimum(problem.site.export_limit_kw, most_out))
    pv_kw = model.add_variables(zeros, zeros, problem.site.pv_kw)
    model.put(power, import_kw, -1.0)
    model.put(power, export_kw, 1.0)
    model.put(power, pv_kw, -1.0)
    battery_up, battery_down = _add_battery(model, problem, power)
    peak_over = _add_demand(model, problem, import_kw, float(most_in.max()))
    wear = add_wear(model, problem)
    return SiteModel(
        matrix=model.matrix(),
        cost_krw=np.concatenate(model.cost),
        low=np.concatenate(model.low),
        high=np.concatenate(model.high),
        row_low=np.concatenate(model.row_low),
        row_high=np.concatenate(model.row_high),
        outlet_rows=outlets,
        power_rows=power,
        cabinet_rows=cabinets,
        wear_rows=wear,
        import_kw=import_kw,
        export_kw=export_kw,
        pv_kw=pv_kw,
        battery_up_kw=battery_up,
        battery_down_kw=battery_down,
        peak_over_kw=peak_over,
    )


def _power_extremes_kw(problem: DepotProblem) -> tuple[Floats, Floats]:
    """Return (T,) the most the site can draw and give whatever is decided: bounds that cut nothing off."""
    efficiency = np.array([charger.efficiency for charger in problem.chargers])
    drawn = (charge_limit_kw(problem) / efficiency).max(axis=1) @ problem.present
    fed = (discharge_limit_kw(problem) * efficiency).max(axis=1) @ problem.present
    site, battery = problem.site, problem.site.battery
    up, down = (battery.max_charge_kw, battery.max_discharge_kw) if battery is not None else (0.0, 0.0)
    return np.maximum(site.base_kw, 0) + drawn + up + 1.0, site.pv_kw - np.minimum(site.base_kw, 0) + fed + down + 1.0


def _add_battery(model: ModelArrays, problem: DepotProblem, power: Ints) -> tuple[Ints, Ints]:
    battery, steps, hours = problem.site.battery, problem.step_count, problem.step_h
    if battery is None:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    zeros, ones = np.zeros(steps), np.ones(steps)
    up = model.add_variables(zeros, zeros, battery.max_charge_kw * ones)
    down = model.add_variables(battery.wear_krw_per_kwh * hours, zeros, battery.max_discharge_kw * ones)
    least = np.full(steps, battery.min_kwh)
    least[-1] = max(battery.min_kwh, battery.terminal_min_kwh)
    stored = model.add_variables(zeros, least, battery.max_kwh * ones)
    start = np.concatenate(([battery.initial_kwh], zeros[1:]))
    balance = model.add_rows(start, start)
    model.put(power, up, 1.0)
    model.put(power, down, -1.0)
    model.put(balance, stored, 1.0)
    model.put(balance[1:], stored[:-1], -1.0)
    model.put(balance, up, -battery.charge_efficiency * hours)
    model.put(balance, down, hours / battery.discharge_efficiency)
    return up, down


def _add_demand(model: ModelArrays, problem: DepotProblem, import_kw: Ints, most_kw: float) -> Ints:
    demand, hours = problem.demand, problem.step_h
    if demand is None or not (demand.interval != NOT_METERED).any():
        return np.zeros(0, dtype=np.int64)
    counted = np.flatnonzero(demand.interval != NOT_METERED)
    _, position = np.unique(demand.interval[counted], return_inverse=True)
    length = np.bincount(position, weights=hours[counted])
    over = model.add_variables(np.array([demand.price_krw_per_kw * demand.share]), np.zeros(1), np.array([most_kw]))
    rows = model.add_rows(np.full(len(length), -np.inf), np.full(len(length), demand.sunk_kw))
    model.put(rows[position], import_kw[counted], hours[counted] / length[position])
    model.put(rows, np.repeat(over, len(length)), -1.0)
    return over
