"""Booking of battery wear in the master problem: charging fills depth segments, draws empty them at a price.

The day of a bus is cut into blocks in which it is away, or stands at one price; what goes in and out within a block is
netted. Netting can only make wear cheaper, so that the bound stays a bound; the plan's wear is counted exactly, step
by step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from optimizers.depot_cost import initial_segments_kwh, segment_sizes_kwh
from optimizers.highs_arrays import ArrayModel, SolverError, solve_arrays
from optimizers.master_arrays import ModelArrays
from optimizers.problem import DepotProblem

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WEAR_TIME_LIMIT_S = 30.0


def add_wear(model: ModelArrays, problem: DepotProblem) -> Ints:
    """Add energy per depth segment and block, and what is drawn from it; return (B, T) the balance row of each step."""
    if problem.degradation is None or not (problem.degradation.krw_per_kwh > 0).any():
        return np.zeros((problem.bus_count, 0), dtype=np.int64)
    rows = np.empty(problem.present.shape, dtype=np.int64)
    block, drawn = wear_blocks(problem), _drawn_kwh(problem)
    sizes, start = segment_sizes_kwh(problem), initial_segments_kwh(problem)
    for bus in range(problem.bus_count):
        blocks = int(block[bus, -1]) + 1
        drawn_kwh = np.bincount(block[bus], weights=drawn[bus]).astype(np.float64)
        balance = np.concatenate(([start[bus].sum()], np.zeros(blocks - 1))) - drawn_kwh
        numbers = model.add_rows(balance, balance)
        rows[bus] = numbers[block[bus]]
        for j, size in enumerate(sizes[bus]):
            _add_segment(
                model, numbers, float(size), float(start[bus, j]), float(problem.degradation.krw_per_kwh[bus, j])
            )
    return rows


def _add_segment(model: ModelArrays, balance: Ints, size_kwh: float, start_kwh: float, krw: float) -> None:
    blocks = len(balance)
    zeros, full = np.zeros(blocks), np.full(blocks, size_kwh)
    stored = model.add_variables(zeros, zeros, full)
    drawn = model.add_variables(np.full(blocks, krw), zeros, full)
    fall = model.add_rows(np.concatenate(([start_kwh], zeros[1:])), np.full(blocks, np.inf))
    model.put(balance, stored, 1.0)
    model.put(balance[1:], stored[:-1], -1.0)
    model.put(fall, drawn, 1.0)
    model.put(fall, stored, 1.0)
    model.put(fall[1:], stored[:-1], -1.0)


def wear_blocks(problem: DepotProblem) -> Ints:
    """Return (B, T) block numbers, ascending: each absence is a block, each stay one for every run of equal prices."""
    prices = problem.prices
    turns = np.zeros(problem.step_count, dtype=bool)
    for price in (prices.buy_krw_per_kwh, prices.sell_krw_per_kwh):
        turns[1:] |= price[1:] != price[:-1]
    two_way = (problem.buses.max_discharge_kw > 0)[:, None]
    moves = np.zeros(problem.present.shape, dtype=bool)
    moves[:, 1:] = problem.present[:, 1:] != problem.present[:, :-1]
    return np.cumsum(moves | (turns & problem.present & two_way), axis=1)


def wear_duals(problem: DepotProblem, wear_rows: Ints, into_cells_kwh: Floats, shape: int) -> Floats:
    """Return (R,) prices of energy in the cells at a plan, in the wear rows of the master; zeros elsewhere.

    `into_cells_kwh` (B, T) is what the plan charges, net. The duals of its booking price any other plan from below.
    """
    duals = np.zeros(shape)
    if not wear_rows.size:
        return duals
    model = ModelArrays()
    rows = add_wear(model, problem)
    gained = np.bincount(rows.reshape(-1), weights=into_cells_kwh.reshape(-1), minlength=model.rows)
    low, high = np.concatenate(model.row_low) + gained, np.concatenate(model.row_high) + gained
    arrays = ArrayModel(
        cost=np.concatenate(model.cost),
        lower=np.concatenate(model.low),
        upper=np.concatenate(model.high),
        rows=sparse.csr_matrix(model.matrix()),
        row_lower=low,
        row_upper=high,
    )
    try:
        prices = solve_arrays(arrays, WEAR_TIME_LIMIT_S).row_prices
    except SolverError:
        return duals
    first, ours = int(wear_rows.min()), np.arange(len(prices))
    duals[first + ours] = prices
    return duals


def _drawn_kwh(problem: DepotProblem) -> Floats:
    return problem.trip_kwh + problem.buses.standing_loss_kw[:, None] * problem.step_h * problem.present
