"""What the limits of a coordinated city cost: prices of limits, marginal prices at every bus, violations in words."""

from __future__ import annotations

import numpy as np

from grid.powerflow import PowerFlow
from grid.sensitivity import supply_sensitivity
from optimizers.ac_cuts import Tangents
from optimizers.arrays import Floats
from optimizers.coordination_bound import nodal_prices
from optimizers.coordination_limits import LimitBook, Places
from optimizers.coordination_plan import LimitPrice, MarginalPrices, Violation
from optimizers.coordination_problem import CityProblem

LEAST_PRICE_KRW = 1e-3


def limit_prices(book: LimitBook, rows: Tangents, price_krw: Floats) -> tuple[LimitPrice, ...]:
    """Return what one more unit of each limit would save, tangents of one limit and step added up, dearest first."""
    steps = book.problem.steps
    kinds, place = np.unique(rows.limit * steps + rows.step, return_inverse=True)
    total = np.bincount(place, price_krw, minlength=len(kinds))
    found = []
    for number in np.argsort(-total, kind="stable"):
        if total[number] <= LEAST_PRICE_KRW:
            break
        limit, step = divmod(int(kinds[number]), steps)
        kind, element, group = book.name(limit)
        found.append(LimitPrice(kind, element, group, step, float(total[number])))
    return tuple(found)


def violations_in_words(book: LimitBook, beyond: Places, least: Floats) -> tuple[Violation, ...]:
    """Return what the power flow found beyond limits and tolerances, worst first.

    `least` (P,) is what no plan avoids of each excess.
    """
    share = beyond.excess / book.size[beyond.limit]
    found = []
    for row in np.argsort(-np.nan_to_num(share, nan=np.inf), kind="stable"):
        limit = int(beyond.limit[row])
        if beyond.excess[row] <= book.tolerance[limit]:
            continue
        kind, element, group = book.name(limit)
        unavoidable = bool(beyond.excess[row] - least[row] <= book.tolerance[limit])
        found.append(Violation(kind, element, group, int(beyond.step[row]), float(share[row]), unavoidable))
    return tuple(found)


def marginal_prices(
    problem: CityProblem, book: LimitBook, flow: PowerFlow, rows: Tangents, price_krw: Floats
) -> MarginalPrices:
    """Return what one more kWh at every bus costs, by its parts."""
    energy = problem.energy_price
    loss = np.zeros_like(problem.base_kw)
    if energy.any():
        by_kw, _ = supply_sensitivity(problem.network, flow)
        loss = energy[:, np.newaxis] * np.nan_to_num(by_kw - 1.0)
    of_voltage = book.kind[rows.limit] < 2
    voltage = nodal_prices(rows.take(of_voltage), price_krw[of_voltage], problem)
    congestion = nodal_prices(rows.take(~of_voltage), price_krw[~of_voltage], problem)
    return MarginalPrices(energy, loss, congestion.kw, voltage.kw)
