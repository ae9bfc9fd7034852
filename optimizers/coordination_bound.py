r"""The bound that prices of limits prove, whoever found them.

.. math:: \sum_a \min_{x_a} (c_a + \sum_r \lambda_r g_r) \cdot x_a + \sum_r \lambda_r (c_r + g_r \cdot b - \hat x_r)

over prices of rows that cut off no plan which keeps its limit, with base load b and allowed excess :math:`\hat x`. With
the prices of one violation's rows summing to at most its own price, the violation's own minimum is 0. Areas share
nothing, so the best bounds found for each of them add up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from optimizers.ac_cuts import Tangents
from optimizers.arrays import Floats, Ints
from optimizers.coordination_assets import BestResponse, BusPrices
from optimizers.coordination_limits import LimitBook
from optimizers.coordination_problem import CityProblem


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


def responses(problem: CityProblem, prices: NodalPrices, at: list[Ints]) -> list[BestResponse]:
    """Return the best responses of some assets of every block at nodal prices."""
    found = []
    for block, rows in zip(problem.assets, at, strict=True):
        part = block.select(rows)
        found.append(part.best_response(prices.seen_by(part.bus)))
    return found
