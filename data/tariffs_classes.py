"""What a kilowatt-hour costs the customers of a contract class on average, all plans and the base charge included."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from data.calendar import Calendar
from data.tariffs import Tariff, demand_price_krw_per_kw_month, energy_price_krw_per_kwh
from data.tariffs_bill import stepped_krw
from data.tariffs_time import Floats, Times, local_times, reached_step

HOURS_PER_MONTH = 8760 / 12


def class_prices_krw_per_kwh(
    tariffs: dict[str, Tariff], class_tariffs: pd.DataFrame, times_utc: Times, zone: ZoneInfo, calendar: Calendar
) -> dict[str, Floats]:
    """Average price as paid of every contract class at each step.

    The plans of a class are weighed by their share of its energy. To the price of energy comes the base charge, spread
    over the energy of a customer whose mean power is `load_factor` times the power that is billed; a plan with
    steps costs what the typical customer's bill of the month comes to per kilowatt-hour.

    Parameters
    ----------
    tariffs
        Plans by name.
    class_tariffs
        Table of that name: contract_class, tariff, energy_share, load_factor, kwh_per_customer_month.
    times_utc
        Starts of the steps, UTC, (T,).
    zone, calendar
        Time zone and holidays of the tariffs.

    Returns
    -------
    dict
        KRW/kWh by contract class, (T,) each.
    """
    prices: dict[str, Floats] = {}
    for row in class_tariffs.to_dict("records"):
        tariff = tariffs[str(row["tariff"])]
        if tariff.steps:
            price = stepped_price_krw_per_kwh(tariff, times_utc, zone, float(row["kwh_per_customer_month"]))
        else:
            price = energy_price_krw_per_kwh(tariff, times_utc, zone, calendar)
            price = price + demand_price_krw_per_kw_month(tariff) / (HOURS_PER_MONTH * float(row["load_factor"]))
        name = str(row["contract_class"])
        prices[name] = prices.get(name, np.zeros(len(times_utc))) + float(row["energy_share"]) * price
    return prices


def stepped_price_krw_per_kwh(
    tariff: Tariff, times_utc: Times, zone: ZoneInfo, customer_kwh_per_month: float
) -> Floats:
    """Average price as paid of a plan with steps: the bill of a customer's month over its energy, (T,) in KRW/kWh.

    Raises
    ------
    ValueError
        A customer without energy, for whom there is no average.
    """
    if not customer_kwh_per_month > 0:
        raise ValueError(f"tariff {tariff.id} has steps: say how much a customer uses in a month")
    by_month = np.empty(12)
    for month, season in enumerate(tariff.season_of_month):
        steps = tariff.steps[season]
        untaxed_krw = stepped_krw(steps, customer_kwh_per_month)
        untaxed_krw += reached_step(steps, customer_kwh_per_month).base_krw_per_month
        by_month[month] = untaxed_krw / customer_kwh_per_month
    untaxed = by_month[local_times(times_utc, zone).month.to_numpy() - 1]
    return np.asarray((untaxed + tariff.surcharges.krw_per_kwh) * tariff.surcharges.factor)
