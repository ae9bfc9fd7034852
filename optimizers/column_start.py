"""Prices to begin column generation with: those of the depot as if all its buses shared one battery."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optimizers.highs_arrays import ArrayModel, SolverError, solve_arrays
from optimizers.master import SiteModel
from optimizers.pricing_lattice import Lattice
from optimizers.problem import DepotProblem, charge_limit_kw

Floats = NDArray[np.float64]


POOLED_TIME_LIMIT_S = 30.0


@dataclass(frozen=True, eq=False)
class Pooled:
    """Duals (R,) of the shared rows and values (N,) of the site's variables; `found` is False for plain tariff prices."""

    duals: Floats
    site_values: Floats
    found: bool


def pooled_depot(problem: DepotProblem, grid: Lattice, site: SiteModel) -> Pooled:
    """Solve the depot with the buses' windows and powers added up to those of one bus.

    A linear programme over T steps: cumulative charging lies between the sums of the buses' windows. Any prices give a valid
    bound; these begin close to the best ones. The plain tariff is returned when the pooled depot cannot be solved.
    """
    steps = problem.step_count
    power_kw, cells_per_kwh = _pooled_power(problem)
    drawn = np.column_stack([grid.low, grid.high]) * np.tile(grid.spacing_kwh[:, None], (1, 2 * (steps + 1)))
    low, high = drawn[:, : steps + 1].sum(axis=0)[1:], drawn[:, steps + 1 :].sum(axis=0)[1:]
    cumulative = sparse.csc_array(np.tril(np.ones((steps, steps)))) * (problem.step_h * cells_per_kwh)
    in_rows = sparse.csc_array((np.ones(steps), (site.power_rows, np.arange(steps))), shape=(site.matrix.shape[0], steps))
    body = sparse.block_array([[site.matrix, in_rows], [None, sparse.csc_array(cumulative)]], format="csc")
    model = ArrayModel(
        cost=np.concatenate((site.cost_krw, np.zeros(steps))),
        lower=np.concatenate((site.low, np.zeros(steps))),
        upper=np.concatenate((site.high, power_kw)),
        rows=sparse.csr_matrix(body),
        row_lower=np.concatenate((site.row_low, np.minimum(low, high))),
        row_upper=np.concatenate((site.row_high, np.maximum(low, high))),
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


def _pooled_power(problem: DepotProblem) -> tuple[Floats, float]:
    """Return (T,) most power at the bus bar and the mean energy into the cells for a kWh of it."""
    efficiency = np.array([charger.efficiency for charger in problem.chargers])
    by_bus = (charge_limit_kw(problem) / efficiency).max(axis=1) @ problem.present
    by_outlet = sum(charger.count * charger.max_kw / charger.efficiency for charger in problem.chargers)
    return np.minimum(by_bus, by_outlet), float(efficiency.mean() * problem.buses.charge_efficiency.mean())
