"""The restricted master problem: one plan a bus, and what they share, as a linear programme of arrays on HiGHS.

Rows: outlets per class and step, power balance of the site per step, cabinets per step, demand charge per metering
interval, the site's battery, and one convexity row a bus. Columns: the site's own variables, one artificial column a
bus, then one column a plan. Plan columns carry no upper bound: it would hide in their reduced cost and void the bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optimizers.master_site import SiteModel
from optimizers.pricing import BusPlans, SharedPrices, bus_bar_kw, outlets_held
from optimizers.pricing_lattice import Lattice
from optimizers.problem import DepotProblem

Floats = NDArray[np.float64]


def plan_columns(problem: DepotProblem, grid: Lattice, site: SiteModel, plans: BusPlans) -> sparse.csc_array:
    """Return the (R, N) entries of plans in the shared rows."""
    count = len(plans.bus)
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
    numbers, entries = rows[place], values[plan, place]
    if site.wear_rows.size:
        into_cells = np.diff(plans.levels, axis=1) * grid.spacing_kwh[plans.bus][:, None]
        of_plan, step = np.nonzero(into_cells)
        plan = np.concatenate((plan, of_plan))
        numbers = np.concatenate((numbers, site.wear_rows[plans.bus[of_plan], step]))
        entries = np.concatenate((entries, -into_cells[of_plan, step]))
    return sparse.csc_array((entries, (numbers, plan)), shape=(site.matrix.shape[0], count))


def shared_prices(problem: DepotProblem, site: SiteModel, duals: Floats) -> SharedPrices:
    """Return row duals as prices. `duals` (R,) follow ``reduced cost = cost − dual · column``."""
    by_class = np.zeros((len(problem.chargers), problem.step_count))
    for rows, cabinet in zip(site.cabinet_rows, problem.cabinets, strict=True):
        by_class[list(cabinet.classes)] += np.maximum(-duals[rows], 0.0) / problem.step_h
    return SharedPrices(
        site_krw_per_kwh=-duals[site.power_rows] / problem.step_h,
        outlet_krw=np.maximum(-duals[site.outlet_rows], 0.0),
        class_krw_per_kwh=by_class,
        cell_krw_per_kwh=duals[site.wear_rows] if site.wear_rows.size else np.zeros(problem.present.shape),
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
        artificial = sparse.csc_array(
            (ones, (shared + np.arange(count), np.arange(count))), shape=(shared + count, count)
        )
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
            len(cost), cost, low, high, matrix.nnz, matrix.indptr[:-1].astype(np.int32),
            matrix.indices.astype(np.int32), matrix.data,
        )  # fmt: skip

    def add_plans(self, plans: BusPlans) -> None:
        """Append plans as columns."""
        if not len(plans.bus):
            return
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
