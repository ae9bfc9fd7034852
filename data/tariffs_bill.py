"""Billing demand, base charge and the bill of a month."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from data.calendar import Calendar
from data.tariffs_time import Floats, Times, energy_rate_krw_per_kwh, local_times, period, reached_step
from data.tariffs_types import BaseBasis, Period, Step, Tariff

Months = NDArray[np.datetime64]

RATCHET_MONTHS = 12
"""Length of the window whose peaks set the billing demand, the month of the bill included."""


@dataclass(frozen=True)
class Bill:
    """What a customer pays for a month, in KRW; nothing is rounded, so that parts of a bill add up."""

    energy_kwh: float
    energy_krw: float
    base_krw: float
    climate_krw: float
    fuel_krw: float
    vat_krw: float
    fund_krw: float

    @property
    def untaxed_krw(self) -> float:
        """Energy, base, climate and fuel charge."""
        return self.energy_krw + self.base_krw + self.climate_krw + self.fuel_krw

    @property
    def total_krw(self) -> float:
        """What is paid."""
        return self.untaxed_krw + self.vat_krw + self.fund_krw


def monthly_peaks_kw(
    tariff: Tariff, times_utc: Times, power_kw: Floats, zone: ZoneInfo, calendar: Calendar
) -> tuple[Months, Floats]:
    """Highest mean power of a step in each month, off-peak hours left out.

    Parameters
    ----------
    tariff, zone, calendar
        As in `period`.
    times_utc
        Starts of the steps, (T,); the meter's interval is 15 minutes.
    power_kw
        Mean power of each step, (T,), finite; export is negative and makes no peak.

    Returns
    -------
    months, peaks_kw
        datetime64[M] of the local months that occur, ascending, and their peaks (0 where all steps are off-peak).
    """
    power = _checked(np.maximum(power_kw, 0.0), times_utc)
    counted = np.where(period(tariff, times_utc, zone, calendar) == Period.OFF_PEAK, 0.0, power)
    months, at = np.unique(local_times(times_utc, zone).to_numpy().astype("datetime64[M]"), return_inverse=True)
    peaks = np.zeros(len(months))
    np.maximum.at(peaks, at, counted)
    return months, peaks


def billing_demand_kw(
    tariff: Tariff, contract_kw: float, month: np.datetime64, months: Months, peaks_kw: Floats
) -> float:
    """Power the base charge of a month is paid for.

    The highest peak of the month itself and of the plan's demand months among the last twelve (the month itself
    included), and at least the floor share of contract power (KEPCO's terms of supply, article 68). Plans that bill
    contract power return it.

    Parameters
    ----------
    tariff
        The plan.
    contract_kw
        Contract power.
    month
        Month of the bill.
    months, peaks_kw
        History: months (datetime64[M], (M,)) and their peaks as `monthly_peaks_kw` gives them; older and later months
        than the window are ignored.
    """
    if not (np.isfinite(contract_kw) and contract_kw >= 0):
        raise ValueError(f"contract power must be finite and not negative, not {contract_kw}")
    if tariff.base.basis is BaseBasis.NONE:
        return 0.0
    if tariff.base.basis is BaseBasis.CONTRACT:
        return float(contract_kw)
    month, months = month.astype("datetime64[M]"), months.astype("datetime64[M]")
    peaks = _checked(peaks_kw, months)
    month_of_year = months.astype(np.int64) % 12 + 1
    in_window = (months > month - RATCHET_MONTHS) & (months <= month)
    counts = in_window & (np.isin(month_of_year, sorted(tariff.base.demand_months)) | (months == month))
    return float(max(np.max(peaks[counts], initial=0.0), tariff.base.floor_share * contract_kw))


def demand_price_krw_per_kw_month(tariff: Tariff) -> float:
    """Price of a kilowatt of billing demand for a month as paid, with tax and fund; 0 without a base charge."""
    if tariff.base.basis is BaseBasis.NONE:
        return 0.0
    return tariff.base.krw_per_kw_month * tariff.surcharges.factor


def demand_charge_krw(tariff: Tariff, billed_kw: float) -> float:
    """Compute the base charge of a month as paid for `billed_kw`, with value added tax and fund."""
    return demand_price_krw_per_kw_month(tariff) * billed_kw


def bill(
    tariff: Tariff,
    times_utc: Times,
    energy_kwh: Floats,
    billed_kw: float,
    zone: ZoneInfo,
    calendar: Calendar,
) -> Bill:
    """Bill of one customer for one month.

    Parameters
    ----------
    tariff, zone, calendar
        As in `period`.
    times_utc
        Starts of the steps, (T,), all in one local month.
    energy_kwh
        Energy of each step, (T,), not negative.
    billed_kw
        Power the base charge is paid for, see `billing_demand_kw`.

    Raises
    ------
    ValueError
        Times of more than one month, other shapes, negative or non-finite energy or power.
    """
    energy = _checked(energy_kwh, times_utc)
    local = local_times(times_utc, zone).to_numpy().astype("datetime64[M]")
    if len(np.unique(local)) != 1:
        raise ValueError("a bill is for one month: split the times by local month")
    if not (np.isfinite(billed_kw) and billed_kw >= 0):
        raise ValueError(f"billed power must be finite and not negative, not {billed_kw}")
    total_kwh = float(energy.sum())
    if tariff.steps:
        steps = tariff.steps[tariff.season_of_month[int(local[0].astype(np.int64)) % 12]]
        energy_krw = stepped_krw(steps, total_kwh)
        base_krw = reached_step(steps, total_kwh).base_krw_per_month
    else:
        energy_krw = float(energy @ energy_rate_krw_per_kwh(tariff, times_utc, zone, calendar))
        base_krw = 0.0 if tariff.base.basis is BaseBasis.NONE else tariff.base.krw_per_kw_month * billed_kw
    added = tariff.surcharges
    climate_krw, fuel_krw = added.climate_krw_per_kwh * total_kwh, added.fuel_krw_per_kwh * total_kwh
    untaxed_krw = energy_krw + base_krw + climate_krw + fuel_krw
    return Bill(
        energy_kwh=total_kwh,
        energy_krw=energy_krw,
        base_krw=base_krw,
        climate_krw=climate_krw,
        fuel_krw=fuel_krw,
        vat_krw=untaxed_krw * added.vat_share,
        fund_krw=untaxed_krw * added.fund_share,
    )


def stepped_krw(steps: tuple[Step, ...], kwh: float) -> float:
    """Price the energy of a customer's month by steps, untaxed."""
    ends_kwh = [*(step.above_kwh for step in steps[1:]), np.inf]
    parts = zip(steps, ends_kwh, strict=True)
    return float(sum(step.krw_per_kwh * max(0.0, min(kwh, end) - step.above_kwh) for step, end in parts))


def _checked(values: Floats, labels: NDArray[np.datetime64]) -> Floats:
    if values.shape != labels.shape:
        raise ValueError(f"{values.shape} values for {labels.shape} labels")
    if not np.isfinite(values).all() or (values < 0).any():
        raise ValueError("values must be finite and not negative")
    return values
