"""Electricity tariffs: the map over their types, their reading, their prices in time and their bills.

Rates are the untaxed numbers of a tariff table; prices and charges are what is paid, with value added tax and fund.
"""

from data.tariffs_bill import (
    Bill,
    bill,
    billing_demand_kw,
    demand_charge_krw,
    demand_price_krw_per_kw_month,
    monthly_peaks_kw,
)
from data.tariffs_tables import read_tariffs, tariffs_of
from data.tariffs_time import energy_price_krw_per_kwh, energy_rate_krw_per_kwh, period
from data.tariffs_types import (
    BaseBasis,
    BaseCharge,
    DayRule,
    Discount,
    Period,
    Season,
    Step,
    Surcharges,
    Tariff,
    Voltage,
)

__all__ = [
    "BaseBasis",
    "BaseCharge",
    "Bill",
    "DayRule",
    "Discount",
    "Period",
    "Season",
    "Step",
    "Surcharges",
    "Tariff",
    "Voltage",
    "bill",
    "billing_demand_kw",
    "demand_charge_krw",
    "demand_price_krw_per_kw_month",
    "energy_price_krw_per_kwh",
    "energy_rate_krw_per_kwh",
    "monthly_peaks_kw",
    "period",
    "read_tariffs",
    "tariffs_of",
]
