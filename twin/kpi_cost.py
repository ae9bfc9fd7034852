"""Cost of energy by tariff and district."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from data.errors import ProblemList
from twin.kpi_energy import sum_by_label

Floats = NDArray[np.float64]
Ids = NDArray[np.str_]


def energy_cost_krw(
    power_kw: Floats,
    price_krw_per_kwh: Mapping[str, Floats],
    step_h: float,
    tariff: Ids,
    district: Ids,
    districts: tuple[str, ...],
) -> dict[str, Floats]:
    """Energy charge by tariff and district.

    Parameters
    ----------
    power_kw
        Metered step means, shape (T, n). Energy fed back (negative) is not paid for here.
    price_krw_per_kwh
        Price of each tariff at each step, shape (T,).
    step_h
        Length of a step, h.
    tariff, district
        Of each column of `power_kw`, shape (n,).
    districts
        Districts of the result.

    Returns
    -------
    dict
        KRW by tariff in the order of the prices, shape (D,) each.

    Raises
    ------
    InvalidInput
        When a tariff has no price, or a price has other steps than the power.
    """
    problems = ProblemList()
    for name in sorted(set(tariff.tolist()) - set(price_krw_per_kwh)):
        problems.add("indicators", f"the tariff {name} has no price", "Give its price at every step", field="tariff")
    for name, price in price_krw_per_kwh.items():
        if price.shape != power_kw.shape[:1]:
            what = f"the price of {name} has shape {price.shape} for {power_kw.shape[0]} steps"
            problems.add("indicators", what, "Give one price a step", field="price_krw_per_kwh")
    problems.raise_if_any()
    drawn_kw = np.maximum(power_kw, 0.0)
    cost: dict[str, Floats] = {}
    for name, price in price_krw_per_kwh.items():
        own = tariff == name
        cost[name] = sum_by_label(price @ drawn_kw[:, own] * step_h, district[own], districts)
    return cost
