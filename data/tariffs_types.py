"""What a tariff is made of: seasons, periods, day rules, rates, steps, discounts, base charge, surcharges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

from data.calendar import DayType

QUARTERS = 96
"""Quarter hours of a day: the resolution of time-of-use hours."""


class Season(StrEnum):
    """Season of the prices."""

    SUMMER = "summer"
    SPRING_AUTUMN = "spring_autumn"
    WINTER = "winter"


class Period(IntEnum):
    """Time-of-use period of an hour."""

    OFF_PEAK = 0
    MID_PEAK = 1
    PEAK = 2


class DayRule(StrEnum):
    """What a Saturday or a holiday makes of the periods of a working day."""

    AS_WORKDAY = "as_workday"
    PEAK_TO_MID = "peak_to_mid"
    ALL_OFF_PEAK = "all_off_peak"


class BaseBasis(StrEnum):
    """Power for which the base charge is paid."""

    NONE = "none"
    CONTRACT = "contract"
    BILLING_DEMAND = "billing_demand"


class Voltage(StrEnum):
    """Supply voltage: in Korea 220/380 V, 22.9 kV (high A), 154 kV (high B) and 345 kV (high C)."""

    LOW = "low"
    HIGH_A = "high_a"
    HIGH_B = "high_b"
    HIGH_C = "high_c"


@dataclass(frozen=True)
class BaseCharge:
    """Base charge and the rule of the power it is paid for.

    Attributes
    ----------
    krw_per_kw_month
        Price, untaxed.
    basis
        Contract power or billing demand.
    demand_months
        Months of the year whose peaks count for twelve months; the month of the bill counts always.
    floor_share
        Billing demand is at least this share of contract power.
    """

    krw_per_kw_month: float
    basis: BaseBasis
    demand_months: frozenset[int]
    floor_share: float


@dataclass(frozen=True)
class Discount:
    """Hours `from_h <= hour < to_h` of `day_type` days of `season` on which `share` of the rate is not paid."""

    season: Season
    day_type: DayType
    from_h: float
    to_h: float
    share: float
    until: date | None


@dataclass(frozen=True)
class Step:
    """Energy of a customer's month above `above_kwh` costs `krw_per_kwh`; whoever ends here pays the base charge."""

    above_kwh: float
    krw_per_kwh: float
    base_krw_per_month: float


@dataclass(frozen=True)
class Surcharges:
    """What is added to every bill: per kWh, then as shares of the sum."""

    climate_krw_per_kwh: float
    fuel_krw_per_kwh: float
    vat_share: float
    fund_share: float

    @property
    def factor(self) -> float:
        """Total over untaxed sum."""
        return 1 + self.vat_share + self.fund_share

    @property
    def krw_per_kwh(self) -> float:
        """Climate and fuel charge together, untaxed."""
        return self.climate_krw_per_kwh + self.fuel_krw_per_kwh


@dataclass(frozen=True)
class Tariff:
    """One tariff plan, complete and consistent.

    Invariants, checked here: twelve months have a season; each season that occurs has periods for all 96 quarter hours
    and a rate for each of the three periods; steps, where there are any, begin at 0 kWh and rise.

    Attributes
    ----------
    id, name_local, name_en, customer, voltage
        Which plan it is and who may have it.
    season_of_month
        Season of each month, January first, 12 entries.
    periods
        `Period` values of a working day by season, int8 (96,).
    rates_krw_per_kwh
        Untaxed price of energy by season, indexed by `Period`.
    saturday, holiday
        Rules for other days.
    discounts
        Those that apply.
    steps
        By season; empty for a plan without steps. The rates are not used where there are steps.
    base, surcharges
        Base charge and what is added to a bill.
    effective_from
        First day of these prices.
    """

    id: str
    name_local: str
    name_en: str
    customer: str
    voltage: Voltage
    season_of_month: tuple[Season, ...]
    periods: Mapping[Season, NDArray[np.int8]]
    rates_krw_per_kwh: Mapping[Season, tuple[float, float, float]]
    saturday: DayRule
    holiday: DayRule
    discounts: tuple[Discount, ...]
    steps: Mapping[Season, tuple[Step, ...]]
    base: BaseCharge
    surcharges: Surcharges
    effective_from: date

    def __post_init__(self) -> None:
        seasons = set(self.season_of_month)
        if len(self.season_of_month) != 12:
            raise ValueError(f"tariff {self.id}: {len(self.season_of_month)} months have a season, not 12")
        if any(self.periods[season].shape != (QUARTERS,) for season in seasons):
            raise ValueError(f"tariff {self.id}: periods must have {QUARTERS} quarter hours in every season")
        if self.steps:
            if seasons - self.steps.keys() or any(steps[0].above_kwh != 0 for steps in self.steps.values()):
                raise ValueError(f"tariff {self.id}: steps must begin at 0 kWh in every season")
        elif seasons - self.rates_krw_per_kwh.keys():
            raise ValueError(f"tariff {self.id}: a season has no rates")
