"""Which period an instant falls into, and what a kilowatt-hour costs then."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.calendar import Calendar, DayType
from data.tariffs_types import DayRule, Period, Season, Step, Tariff

Times = NDArray[np.datetime64]
Floats = NDArray[np.float64]

_RULED = {
    DayRule.AS_WORKDAY: np.array([Period.OFF_PEAK, Period.MID_PEAK, Period.PEAK], dtype=np.int8),
    DayRule.PEAK_TO_MID: np.array([Period.OFF_PEAK, Period.MID_PEAK, Period.MID_PEAK], dtype=np.int8),
    DayRule.ALL_OFF_PEAK: np.array([Period.OFF_PEAK] * 3, dtype=np.int8),
}


def local_times(times_utc: Times, zone: ZoneInfo) -> pd.DatetimeIndex:
    """Local clock time of each instant, without a zone; raises ValueError for NaT."""
    index = pd.DatetimeIndex(times_utc)
    if index.tz is not None or index.hasnans:
        raise ValueError("times must be naive UTC instants without gaps (NaT)")
    return index.tz_localize("UTC").tz_convert(zone).tz_localize(None)


def period(tariff: Tariff, times_utc: Times, zone: ZoneInfo, calendar: Calendar) -> NDArray[np.int8]:
    """Time-of-use period at the start of each step.

    Parameters
    ----------
    tariff
        The plan.
    times_utc
        Starts of the steps, UTC, (T,).
    zone
        Time zone the hours of the tariff mean.
    calendar
        Which days are holidays.

    Returns
    -------
    numpy.ndarray
        `Period` values, int8 (T,).
    """
    local = local_times(times_utc, zone)
    quarter = (local.hour * 4 + local.minute // 15).to_numpy()
    season = _season_numbers(tariff, local)
    of_workday = np.stack([tariff.periods[name] for name in _season_names(tariff)])[season, quarter]
    day_type = calendar.day_types(local.to_numpy())
    on_saturday, on_holiday = _RULED[tariff.saturday][of_workday], _RULED[tariff.holiday][of_workday]
    periods = np.where(day_type == DayType.SATURDAY, on_saturday, of_workday)
    periods = np.where(day_type == DayType.HOLIDAY, on_holiday, periods)
    return np.asarray(periods, dtype=np.int8)


def energy_rate_krw_per_kwh(
    tariff: Tariff,
    times_utc: Times,
    zone: ZoneInfo,
    calendar: Calendar,
    *,
    customer_kwh_per_month: float | None = None,
) -> Floats:
    """Untaxed price of energy of the tariff table, discounts taken off, (T,) in KRW/kWh.

    Parameters
    ----------
    tariff, times_utc, zone, calendar
        As in `period`.
    customer_kwh_per_month
        Energy of one customer in the month; a plan with steps needs it and gives the price of the step it reaches,
        which is what one kilowatt-hour more costs.

    Raises
    ------
    ValueError
        A plan with steps and no `customer_kwh_per_month`.
    """
    local = local_times(times_utc, zone)
    names = _season_names(tariff)
    season = _season_numbers(tariff, local)
    if tariff.steps:
        if customer_kwh_per_month is None:
            raise ValueError(f"tariff {tariff.id} has steps: say how much a customer uses in a month")
        return np.array([reached_step(tariff.steps[name], customer_kwh_per_month).krw_per_kwh for name in names])[
            season
        ]
    table = np.array([tariff.rates_krw_per_kwh[name] for name in names])
    rate = table[season, period(tariff, times_utc, zone, calendar)]
    return rate * (1 - _discount_share(tariff, local, calendar))


def energy_price_krw_per_kwh(
    tariff: Tariff,
    times_utc: Times,
    zone: ZoneInfo,
    calendar: Calendar,
    *,
    customer_kwh_per_month: float | None = None,
) -> Floats:
    """Price of a kilowatt-hour as paid, (T,) in KRW/kWh: rate, climate and fuel charge, value added tax and fund.

    Parameters are those of `energy_rate_krw_per_kwh`. The base charge is not in it: see `demand_charge_krw`.
    """
    rate = energy_rate_krw_per_kwh(tariff, times_utc, zone, calendar, customer_kwh_per_month=customer_kwh_per_month)
    return (rate + tariff.surcharges.krw_per_kwh) * tariff.surcharges.factor


def reached_step(steps: tuple[Step, ...], kwh_per_month: float) -> Step:
    """Step that a month's energy ends in: the last one that begins below it."""
    return [step for step in steps if step.above_kwh < kwh_per_month or step.above_kwh == 0][-1]


def _season_names(tariff: Tariff) -> list[Season]:
    return sorted(set(tariff.season_of_month))


def _season_numbers(tariff: Tariff, local: pd.DatetimeIndex) -> NDArray[np.int64]:
    names = _season_names(tariff)
    by_month = np.array([names.index(season) for season in tariff.season_of_month], dtype=np.int64)
    return np.asarray(by_month[local.month.to_numpy() - 1])


def _discount_share(tariff: Tariff, local: pd.DatetimeIndex, calendar: Calendar) -> Floats:
    share = np.zeros(len(local))
    if not tariff.discounts:
        return share
    hour = (local.hour + local.minute / 60).to_numpy()
    day_type = calendar.day_types(local.to_numpy())
    seasons = np.array(tariff.season_of_month)[local.month.to_numpy() - 1]
    for discount in tariff.discounts:
        holds = (day_type == discount.day_type) & (hour >= discount.from_h) & (hour < discount.to_h)
        holds &= seasons == discount.season
        if discount.until is not None:
            holds &= local.to_numpy().astype("datetime64[D]") <= np.datetime64(discount.until, "D")
        share[holds] = discount.share
    return share
