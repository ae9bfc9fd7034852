r"""The bound that prices of limits prove, whoever found them.

.. math:: \sum_a \min_{x_a} (c_a + \sum_r \lambda_r g_r) \cdot x_a + \sum_r \lambda_r (c_r + g_r \cdot b - \hat x_r)

over prices of rows that cut off no plan which keeps its limit, with base load b and allowed excess :math:`\hat x`. With
the prices of one violation's rows summing to at most its own price, the violation's own minimum is 0. Areas share
nothing, so the best bounds found for each of them add up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from optimizers.ac_cuts import Tangents
from optimizers.arrays import Flags, Floats, Ints
from optimizers.coordination_assets import AssetBlock, BusPrices, is_compact
from optimizers.coordination_limits import LimitBook
from optimizers.coordination_problem import CityProblem

PRICE_FLOOR_KRW = 1e-9
"""Prices per kWh below this move nobody."""


@dataclass(frozen=True, eq=False)
class NodalPrices:
    """(T, N) added prices of active and reactive energy at every bus, KRW per kWh and kvarh."""

    kw: Floats
    kvar: Floats

    def seen_by(self, bus: Ints) -> BusPrices:
        """Return the prices that assets at (A,) buses see."""
        at, row = np.unique(bus, return_inverse=True)
        return BusPrices(np.ascontiguousarray(self.kw[:, at].T), np.ascontiguousarray(self.kvar[:, at].T), row)

    def __add__(self, other: NodalPrices) -> NodalPrices:
        return NodalPrices(self.kw + other.kw, self.kvar + other.kvar)

    @staticmethod
    def zero(problem: CityProblem) -> NodalPrices:
        """Return no prices anywhere."""
        return NodalPrices(np.zeros_like(problem.base_kw), np.zeros_like(problem.base_kw))


@dataclass(frozen=True, eq=False)
class PricedRows:
    """R tangents with their (R,) prices in KRW per unit of excess, the excess allowed and the area of each."""

    rows: Tangents
    price_krw: Floats
    allowed: Floats
    area: Ints


def legal_prices(book: LimitBook, rows: Tangents, price_krw: Floats) -> Floats:
    """Return prices that prove a bound: of outer rows only, and for no violation more than its own price."""
    price = np.where(rows.outer, np.maximum(price_krw, 0.0), 0.0)
    steps = book.problem.steps
    _, violation = np.unique(book.slack[rows.limit] * steps + rows.step, return_inverse=True)
    total = np.bincount(violation, price)
    own = np.zeros_like(total)
    own[violation] = book.price_krw[rows.limit] * book.problem.step_h
    return np.asarray(price / np.maximum(total / own, 1.0)[violation]) if len(rows) else price


def nodal_prices(rows: Tangents, price_krw: Floats, problem: CityProblem) -> NodalPrices:
    """Return what prices of tangents (KRW per unit of excess) make of the price of power at every bus."""
    steps, number = problem.steps, len(rows)
    weight = price_krw / problem.step_h
    gather = sparse.csr_array((weight, (rows.step, np.arange(number))), shape=(steps, number))
    return NodalPrices((gather @ rows.by_kw).toarray(), (gather @ rows.by_kvar).toarray())


def constants_krw(rows: Tangents, price_krw: Floats, allowed: Floats, problem: CityProblem) -> Floats:
    """Return (R,) what each tangent adds to the bound whatever the assets do."""
    return np.asarray(price_krw * (rows.at(problem.base_kw, problem.base_kvar) - allowed))


def area_gains(
    problem: CityProblem,
    bus_area: Ints,
    rows: PricedRows,
    supply: NodalPrices,
    own_bound: list[Floats],
    known: Mapping[int, tuple[Ints, Floats]],
) -> Floats:
    """Return what prices of tangents add to the bound, by the area of each bus.

    Parameters
    ----------
    problem, bus_area
        The city, and the (N,) area of each bus.
    rows
        Tangents with legal prices.
    supply
        What supply adds to the price of power.
    own_bound
        (A,) bounds of the assets of each block without prices of limits.
    known
        For blocks planned by columns: assets, and the (A,) bounds of their answers to these prices. Those not known
        count with what costs no solve.
    """
    prices = nodal_prices(rows.rows, rows.price_krw, problem)
    gain = np.zeros(int(bus_area.max()) + 1)
    np.add.at(gain, rows.area, constants_krw(rows.rows, rows.price_krw, rows.allowed, problem))
    strength = np.maximum(np.abs(prices.kw).max(axis=0), np.abs(prices.kvar).max(axis=0))
    moved: Flags = strength > PRICE_FLOOR_KRW
    for number, block in enumerate(problem.assets):
        at = np.flatnonzero(moved[block.bus])
        if not at.size:
            continue
        part, own = block.select(at), own_bound[number][at]
        if is_compact(block):
            bound = part.best_response((prices + supply).seen_by(part.bus)).lower_bound_krw
        else:
            bound = own + _least_paid_krw(part, prices, problem.step_h)
            if number in known:
                asked, answered = known[number]
                better = np.full(len(block.bus), -np.inf)
                better[asked] = answered
                bound = np.maximum(bound, better[at])
        np.add.at(gain, bus_area[part.bus], bound - own)
    return gain


def _least_paid_krw(part: AssetBlock, prices: NodalPrices, step_h: float) -> Floats:
    """Return an (A,) lower bound of what any plan pays at prices of limits alone."""
    low, high = part.power_range_kw()
    seen = prices.seen_by(part.bus)
    price = seen.kw_krw_per_kwh[seen.row]
    return np.asarray(np.minimum(price * low, price * high).sum(axis=1) * step_h)
