"""Prices to begin column generation with: those of the depot as if all its buses shared one battery."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optimizers.highs_arrays import ArrayModel, SolverError, solve_arrays
from optimizers.master_site import SiteModel
from optimizers.pricing_lattice import Lattice
from optimizers.problem import DepotProblem, charge_limit_kw, discharge_limit_kw

Floats = NDArray[np.float64]


POOLED_TIME_LIMIT_S = 30.0


@dataclass(frozen=True, eq=False)
class Pooled:
    """Duals (R,) of the shared rows, values (N,) of the site's variables; not `found`: plain tariff prices."""

    duals: Floats
    site_values: Floats
    found: bool


def pooled_depot(problem: DepotProblem, grid: Lattice, site: SiteModel) -> Pooled:
    """Solve the depot with the buses' windows and powers added up to those of one bus.

    A linear programme over T steps: cumulative charging lies between the sums of the buses' windows. Any prices give a
    valid bound; these begin close to the best ones. The plain tariff is returned when the pooled depot cannot be
    solved.
    """
    flows = _flows(problem)
    low, high = ((levels * grid.spacing_kwh[:, None]).sum(axis=0)[1:] for levels in (grid.low, grid.high))
    count, steps = len(flows.step), problem.step_count
    column = np.arange(count)
    books = np.arange(len(site.row_low)) >= site.wear_rows.min(initial=len(site.row_low))
    rows = np.concatenate((site.power_rows[flows.step], site.outlet_rows[flows.charger, flows.step]))
    values = np.concatenate((flows.bus_bar_kw, flows.outlets))
    shared = sparse.csc_array((values, (rows, np.tile(column, 2))), shape=(site.matrix.shape[0], count))
    cumulative = np.tril(np.ones((steps, steps)))[:, flows.step] * flows.cells_kwh
    body = sparse.block_array([[site.matrix, shared], [None, sparse.csc_array(cumulative)]], format="csc")
    model = ArrayModel(
        cost=np.concatenate((site.cost_krw, flows.cost_krw)),
        lower=np.concatenate((site.low, np.zeros(count))),
        upper=np.concatenate((site.high, flows.most_kw)),
        rows=sparse.csr_matrix(body),
        row_lower=np.concatenate((np.where(books, -np.inf, site.row_low), np.minimum(low, high))),
        row_upper=np.concatenate((np.where(books, np.inf, site.row_high), np.maximum(low, high))),
    )
    try:
        solved = solve_arrays(model, POOLED_TIME_LIMIT_S)
    except SolverError:
        return Pooled(tariff_duals(problem, site), np.zeros(len(site.cost_krw)), found=False)
    return Pooled(solved.row_prices[: site.matrix.shape[0]], solved.columns[: len(site.cost_krw)], found=True)


def tariff_duals(problem: DepotProblem, site: SiteModel) -> Floats:
    """Return duals that price energy at its tariff and all else at nothing."""
    duals = np.zeros(site.matrix.shape[0])
    duals[site.power_rows] = -problem.prices.buy_krw_per_kwh * problem.step_h
    return duals


@dataclass(frozen=True, eq=False)
class _Flows:
    """The (N,) flows of the pooled depot, to and from the inlets by class and step, and what 1 kW of each takes."""

    charger: NDArray[np.int64]
    step: NDArray[np.int64]
    most_kw: Floats
    bus_bar_kw: Floats
    outlets: Floats
    cells_kwh: Floats
    cost_krw: Floats


def _flows(problem: DepotProblem) -> _Flows:
    buses, hours, steps = problem.buses, problem.step_h, problem.step_count
    up, down = charge_limit_kw(problem), discharge_limit_kw(problem)
    parts = []
    for c, charger in enumerate(problem.chargers):
        for limit, sign in ((up[:, c], 1.0), (down[:, c], -1.0)):
            if not limit.max(initial=0.0) > 0:
                continue
            in_yard = limit @ problem.present
            most = np.minimum(in_yard, charger.count * limit.max())
            eta = charger.efficiency
            cells = float(buses.charge_efficiency.mean()) if sign > 0 else -1 / float(buses.discharge_efficiency.mean())
            wear = _least_wear_krw_per_kwh(problem) / float(buses.discharge_efficiency.mean()) * hours
            reward = problem.prices.v2g_reward_krw_per_kwh * eta * hours - wear if sign < 0 else np.zeros(steps)
            bar = 1 / eta if sign > 0 else -eta
            full = np.ones(steps)
            parts.append((c * full, np.arange(steps), most, bar * full, full / limit.max(), cells * hours, -reward))
    table = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return _Flows(table[0].astype(np.int64), table[1].astype(np.int64), *table[2:])


def _least_wear_krw_per_kwh(problem: DepotProblem) -> float:
    """Return what a kWh drawn from the cells costs at least."""
    wear = problem.degradation
    return 0.0 if wear is None or not wear.krw_per_kwh.size else float(wear.krw_per_kwh.min())
