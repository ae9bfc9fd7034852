"""The restricted master problem: one plan a bus, and what they share, as a linear programme of arrays on HiGHS.

Rows: outlets per class and step, power balance of the site per step, cabinets per step, demand charge per metering interval,
the site's battery, and one convexity row a bus. Columns: the site's own variables, one artificial column a bus, then
one column a plan. Plan columns carry no upper bound: it would hide in their reduced cost and void the bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optimizers.pricing import BusPlans, SharedPrices, bus_bar_kw, outlets_held
from optimizers.pricing_lattice import Lattice
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
    import_kw, export_kw, pv_kw, battery_up_kw, battery_down_kw
        (T,) numbers of variables; the battery's are empty when there is none.
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
    import_kw: Ints
    export_kw: Ints
    pv_kw: Ints
    battery_up_kw: Ints
    battery_down_kw: Ints


class _Builder:
    """Collects variables, rows and entries of a small linear model."""

    def __init__(self) -> None:
        self.cost: list[Floats] = []
        self.low: list[Floats] = []
        self.high: list[Floats] = []
        self.row_low: list[Floats] = []
        self.row_high: list[Floats] = []
        self.entries: list[tuple[Ints, Ints, Floats]] = []
        self.variables = 0
        self.rows = 0

    def add_variables(self, cost: Floats, low: Floats, high: Floats) -> Ints:
        self.cost.append(cost)
        self.low.append(low)
        self.high.append(high)
        first, self.variables = self.variables, self.variables + len(cost)
        return np.arange(first, self.variables)

    def add_rows(self, low: Floats, high: Floats) -> Ints:
        self.row_low.append(low)
        self.row_high.append(high)
        first, self.rows = self.rows, self.rows + len(low)
        return np.arange(first, self.rows)

    def put(self, rows: Ints, variables: Ints, values: Floats | float) -> None:
        self.entries.append((rows, variables, np.broadcast_to(np.asarray(values, dtype=np.float64), rows.shape)))

    def matrix(self) -> sparse.csc_array:
        rows, variables, values = (np.concatenate(part) for part in zip(*self.entries, strict=True))
        return sparse.csc_array((values, (rows, variables)), shape=(self.rows, self.variables))


def site_model(problem: DepotProblem) -> SiteModel:
    """Build the part of the master that no bus decides."""
    model, steps, hours = _Builder(), problem.step_count, problem.step_h
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
    _add_demand(model, problem, import_kw, float(most_in.max()))
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
        import_kw=import_kw,
        export_kw=export_kw,
        pv_kw=pv_kw,
        battery_up_kw=battery_up,
        battery_down_kw=battery_down,
    )


def _power_extremes_kw(problem: DepotProblem) -> tuple[Floats, Floats]:
    """Return (T,) the most the site can draw and give whatever is decided: bounds that cut nothing off."""
    efficiency = np.array([charger.efficiency for charger in problem.chargers])
    drawn = (charge_limit_kw(problem) / efficiency).max(axis=1) @ problem.present
    fed = (discharge_limit_kw(problem) * efficiency).max(axis=1) @ problem.present
    site, battery = problem.site, problem.site.battery
    up, down = (battery.max_charge_kw, battery.max_discharge_kw) if battery is not None else (0.0, 0.0)
    return np.maximum(site.base_kw, 0) + drawn + up + 1.0, site.pv_kw - np.minimum(site.base_kw, 0) + fed + down + 1.0


def _add_battery(model: _Builder, problem: DepotProblem, power: Ints) -> tuple[Ints, Ints]:
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


def _add_demand(model: _Builder, problem: DepotProblem, import_kw: Ints, most_kw: float) -> None:
    demand, hours = problem.demand, problem.step_h
    if demand is None or not (demand.interval != NOT_METERED).any():
        return
    counted = np.flatnonzero(demand.interval != NOT_METERED)
    _, position = np.unique(demand.interval[counted], return_inverse=True)
    length = np.bincount(position, weights=hours[counted])
    over = model.add_variables(np.array([demand.price_krw_per_kw * demand.share]), np.zeros(1), np.array([most_kw]))
    rows = model.add_rows(np.full(len(length), -np.inf), np.full(len(length), demand.sunk_kw))
    model.put(rows[position], import_kw[counted], hours[counted] / length[position])
    model.put(rows, np.repeat(over, len(length)), -1.0)


def plan_columns(problem: DepotProblem, grid: Lattice, site: SiteModel, plans: BusPlans) -> sparse.csc_array:
    """Return the (R, N) entries of plans in the shared rows."""
    steps, count = problem.step_count, len(plans.bus)
    blocks = [
        (site.outlet_rows.reshape(-1), outlets_held(problem, grid, plans).reshape(count, -1)),
        (site.power_rows, bus_bar_kw(problem, plans)),
    ]
    for rows, cabinet in zip(site.cabinet_rows, problem.cabinets, strict=True):
        in_cabinet = np.isin(plans.plugged_class, cabinet.classes)
        blocks.append((rows, plans.charge_kw * in_cabinet))
    rows = np.concatenate([rows for rows, _ in blocks])
    values = np.concatenate([values for _, values in blocks], axis=1)
    plan, place = np.nonzero(values)
    entries = (values[plan, place], (rows[place], plan))
    del steps
    return sparse.csc_array(entries, shape=(site.matrix.shape[0], count))


def shared_prices(problem: DepotProblem, site: SiteModel, duals: Floats) -> SharedPrices:
    """Return row duals as prices. `duals` (R,) follow ``reduced cost = cost − dual · column``."""
    by_class = np.zeros((len(problem.chargers), problem.step_count))
    for rows, cabinet in zip(site.cabinet_rows, problem.cabinets, strict=True):
        by_class[list(cabinet.classes)] += np.maximum(-duals[rows], 0.0) / problem.step_h
    return SharedPrices(
        site_krw_per_kwh=-duals[site.power_rows] / problem.step_h,
        outlet_krw=np.maximum(-duals[site.outlet_rows], 0.0),
        class_krw_per_kwh=by_class,
        cell_krw_per_kwh=np.zeros((problem.bus_count, problem.step_count)),
    )


def legal_duals(site: SiteModel, duals: Floats) -> Floats:
    """Return the duals with the sign that each row's kind asks for: what a bound may be computed from."""
    legal = np.where(np.isinf(site.row_low), np.minimum(duals, 0.0), duals)
    return np.where(np.isinf(site.row_high), np.maximum(legal, 0.0), legal)


def site_bound_krw(site: SiteModel, duals: Floats) -> float:
    r"""Return the part of the Lagrangian bound that no bus decides.

    .. math:: \sum_r y_r b_r + \sum_j \min_{l_j \le x_j \le u_j} (c_j - y^T a_j) x_j

    `duals` must be legal. The bound of the whole problem is this plus the values of all buses' best responses.
    """
    limit = np.where(np.isinf(site.row_high), site.row_low, site.row_high)
    reduced = site.cost_krw - site.matrix.T @ duals
    return float(duals @ limit + np.minimum(reduced * site.low, reduced * site.high).sum())


@dataclass(frozen=True, eq=False)
class MasterSolution:
    """Solved master: its value, the duals of its shared rows, weights of its plans, values of the site's variables."""

    objective_krw: float
    duals: Floats
    convexity_duals: Floats
    weights: Floats
    site_values: Floats
    unserved: Floats


class RestrictedMaster:
    """The master over the plans found so far, kept warm in HiGHS."""

    def __init__(self, problem: DepotProblem, grid: Lattice, site: SiteModel, unserved_krw: float) -> None:
        self.problem, self.grid, self.site = problem, grid, site
        self._highs = highspy.Highs()
        for option, value in {"output_flag": False, "threads": 1, "presolve": "off"}.items():
            self._highs.setOptionValue(option, value)
        count, shared = problem.bus_count, site.matrix.shape[0]
        ones = np.ones(count)
        artificial = sparse.csc_array((ones, (shared + np.arange(count), np.arange(count))), shape=(shared + count, count))
        rows_low, rows_high = np.concatenate((site.row_low, ones)), np.concatenate((site.row_high, ones))
        nothing = np.zeros(0)
        none = np.zeros(0, dtype=np.int32)
        self._highs.addRows(len(rows_low), rows_low, rows_high, 0, none, none, nothing)
        body = sparse.vstack([site.matrix, sparse.csc_array((count, site.matrix.shape[1]))], format="csc")
        self._add(site.cost_krw, site.low, site.high, body)
        self._add(np.full(count, unserved_krw), np.zeros(count), np.full(count, np.inf), artificial)
        self._first_plan = site.matrix.shape[1] + count
        self.plans: list[BusPlans] = []

    def _add(self, cost: Floats, low: Floats, high: Floats, matrix: sparse.csc_array) -> None:
        self._highs.addCols(
            len(cost), cost, low, high, matrix.nnz, matrix.indptr[:-1].astype(np.int32), matrix.indices.astype(np.int32), matrix.data
        )  # fmt: skip

    def add_plans(self, plans: BusPlans) -> None:
        """Append plans as columns."""
        shared = plan_columns(self.problem, self.grid, self.site, plans)
        count = len(plans.bus)
        own = sparse.csc_array((np.ones(count), (plans.bus, np.arange(count))), shape=(self.problem.bus_count, count))
        self._add(plans.own_krw, np.zeros(count), np.full(count, np.inf), sparse.vstack([shared, own], format="csc"))
        self.plans.append(plans)

    def solve(self) -> MasterSolution:
        """Solve to optimality from the last basis."""
        self._highs.run()
        status = self._highs.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError(f"the master problem of {self.problem.id} ended with {status}")
        solution = self._highs.getSolution()
        values, duals = np.asarray(solution.col_value), np.asarray(solution.row_dual)
        shared, own = self.site.matrix.shape
        return MasterSolution(
            objective_krw=self._highs.getInfo().objective_function_value,
            duals=duals[:shared],
            convexity_duals=duals[shared:],
            weights=values[self._first_plan :],
            site_values=values[:own],
            unserved=values[own : self._first_plan],
        )
