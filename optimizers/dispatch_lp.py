r"""The linear programme of a dispatch whose limits bind, and the bound its prices prove.

Envelope columns are the cumulative energies after each step in which the asset may draw (elsewhere nothing can change),
so the whole envelope is column bounds and one two-entry row a step:

.. math:: 0 \le e_{a,k} - e_{a,k-1} \le h P_{a,k}, \qquad
          \sum_{a \in g} (e_{a,k} - e_{a,k-1}) / h + \sum_{b \in g} (c_b - d_b) - s_{g,t} \le \bar P_{g,t} - B_{g,t}
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optimizers.batteries import BatteryPlan, battery_columns, battery_plan
from optimizers.dispatch_problem import DispatchProblem
from optimizers.dispatch_rows import ancestors
from optimizers.highs_arrays import ArrayModel, ArraySolution, solve_arrays

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LimitedPlan:
    """Primal plan and (G, T) prices of the limits in KRW per kWh."""

    charge_kw: Floats
    battery: BatteryPlan
    group_price_krw_per_kwh: Floats


@dataclass(frozen=True, eq=False)
class _Active:
    """The (asset, step) pairs in which something can be drawn, in asset-major order."""

    asset: Ints
    step: Ints
    first: NDArray[np.bool_]
    next_step: Ints


def _active_steps(power_limit_kw: Floats) -> _Active:
    asset, step = np.nonzero(power_limit_kw > 0)
    first = np.r_[True, asset[1:] != asset[:-1]] if asset.size else np.zeros(0, dtype=bool)
    last = np.r_[first[1:], True] if asset.size else first
    following = np.r_[step[1:], 0] if asset.size else step
    return _Active(asset, step, first, np.where(last, power_limit_kw.shape[1], following))


def _envelope_part(problem: DispatchProblem, active: _Active) -> ArrayModel:
    envelopes, size = problem.envelopes, active.asset.size
    position = np.arange(size)
    rows = sparse.coo_matrix((np.ones(size), (position, position)), (size, size))
    later = ~active.first
    rows += sparse.coo_matrix((-np.ones(int(later.sum())), (position[later], position[later] - 1)), (size, size))
    price = problem.price_krw_per_kwh[problem.envelope_price[active.asset], active.step]
    following = np.r_[price[1:], 0.0] if size else price
    last = active.next_step == envelopes.power_limit_kw.shape[1]
    limit_kwh = problem.step_h * envelopes.power_limit_kw[active.asset, active.step]
    return ArrayModel(
        cost=price - np.where(last, 0.0, following),
        lower=envelopes.latest_kwh[active.asset, active.next_step],
        upper=envelopes.earliest_kwh[active.asset, active.step + 1],
        rows=rows.tocsr(),
        row_lower=np.zeros(size),
        row_upper=limit_kwh,
    )


def _binding_candidates(problem: DispatchProblem) -> tuple[Ints, Ints]:
    """Return (group, step) pairs whose limit some plan could reach; all others are left out, exactly."""
    steps = problem.group_base_kw.shape[1]
    most = problem.group_base_kw.copy()
    for asset_group, power in (
        (problem.envelope_group, problem.envelopes.power_limit_kw),
        (problem.battery_group, np.repeat(problem.batteries.power_kw[:, np.newaxis], steps, axis=1)),
    ):
        for below, chain in enumerate(ancestors(problem.group_parent)):
            own = power[asset_group == below].sum(axis=0)
            for above in chain:
                most[above] += own
    group, step = np.nonzero(most > problem.group_limit_kw)
    return group, step


def _limit_rows(problem: DispatchProblem, active: _Active, group: Ints, step: Ints) -> sparse.csr_matrix:
    """Return one row a candidate over columns (energies, charge, discharge, stored, slack)."""
    groups, steps = problem.group_base_kw.shape
    number, size, batteries = group.size, active.asset.size, problem.batteries.count * steps
    row_of = np.full((groups, steps), -1, dtype=np.int64)
    row_of[group, step] = np.arange(number)
    shape = (number, size + 3 * batteries + number)
    rows = sparse.coo_matrix((-np.ones(number), (np.arange(number), size + 3 * batteries + np.arange(number))), shape)
    chains = ancestors(problem.group_parent)
    depth = max((len(chain) for chain in chains), default=0)
    chain_of = np.array([chain + [-1] * (depth - len(chain)) for chain in chains], dtype=np.int64).reshape(
        groups, depth
    )
    battery_step = np.tile(np.arange(steps), problem.batteries.count)
    battery_group = np.repeat(problem.battery_group, steps)
    for level in range(depth):
        above = chain_of[problem.envelope_group[active.asset], level]
        row = np.where(above >= 0, row_of[above, active.step], -1)
        kept = np.flatnonzero(row >= 0)
        rows += sparse.coo_matrix((np.full(kept.size, 1 / problem.step_h), (row[kept], kept)), shape)
        earlier = kept[~active.first[kept]]
        rows += sparse.coo_matrix((np.full(earlier.size, -1 / problem.step_h), (row[earlier], earlier - 1)), shape)
        above = chain_of[battery_group, level]
        row = np.where(above >= 0, row_of[above, battery_step], -1)
        kept = np.flatnonzero(row >= 0)
        rows += sparse.coo_matrix((np.ones(kept.size), (row[kept], size + kept)), shape)
        rows += sparse.coo_matrix((-np.ones(kept.size), (row[kept], size + batteries + kept)), shape)
    return rows.tocsr()


def solve_limited(problem: DispatchProblem, time_limit_s: float) -> LimitedPlan:
    """Solve the programme with all limits that could bind."""
    active = _active_steps(problem.envelopes.power_limit_kw)
    group, step = _binding_candidates(problem)
    vehicles = _envelope_part(problem, active)
    stores = battery_columns(problem.batteries, problem.price_krw_per_kwh[problem.battery_price], problem.step_h)
    number = group.size
    room = (problem.group_limit_kw - problem.group_base_kw)[group, step]
    infinite = np.full(number, highspy.kHighsInf)
    overload = np.full(number, problem.overload_krw_per_kwh * problem.step_h)
    assets = sparse.block_diag([vehicles.rows, stores.rows])
    model = ArrayModel(
        cost=np.concatenate([vehicles.cost, stores.cost, overload]),
        lower=np.concatenate([vehicles.lower, stores.lower, np.zeros(number)]),
        upper=np.concatenate([vehicles.upper, stores.upper, infinite]),
        rows=sparse.vstack(
            [
                sparse.hstack([assets, sparse.coo_matrix((assets.shape[0], number))]),
                _limit_rows(problem, active, group, step),
            ]
        ).tocsr(),
        row_lower=np.concatenate([vehicles.row_lower, stores.row_lower, -infinite]),
        row_upper=np.concatenate([vehicles.row_upper, stores.row_upper, room]),
    )
    solution = solve_arrays(model, time_limit_s, interior_point=True)
    return _read(problem, active, solution, group, step)


def _read(problem: DispatchProblem, active: _Active, solution: ArraySolution, group: Ints, step: Ints) -> LimitedPlan:
    size, steps = active.asset.size, problem.group_base_kw.shape[1]
    energy = solution.columns[:size]
    before = np.where(active.first, 0.0, np.r_[0.0, energy[:-1]] if size else energy)
    charge = np.zeros_like(problem.envelopes.power_limit_kw)
    drawn = np.maximum(energy - before, 0.0) / problem.step_h
    charge[active.asset, active.step] = np.minimum(drawn, problem.envelopes.power_limit_kw[active.asset, active.step])
    stores = solution.columns[size : size + 3 * problem.batteries.count * steps]
    price = np.zeros_like(problem.group_base_kw)
    # a limit's price is at most what an overload costs, whatever the solver's tolerance left in its dual
    row_prices = solution.row_prices[-group.size :] if group.size else np.zeros(0)
    price[group, step] = np.clip(-row_prices / problem.step_h, 0.0, problem.overload_krw_per_kwh)
    return LimitedPlan(charge, battery_plan(problem.batteries, stores, steps, problem.step_h), price)
