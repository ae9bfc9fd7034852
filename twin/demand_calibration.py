"""Levels of the demand model from sales statistics and the weather of the same months.

Three things are found for every class and district: base load, heating per kelvin and cooling per kelvin.

1. Base and heating of a class in the whole city fit its monthly sales by least squares of the relative errors. Meters
   are read on days spread over the month, so a month's sale counts partly the month before; the share of customers
   read that way (`billing_lag`) is fitted with them.
2. A district fits its own base and heating in the same way, drawn towards the city's ratio of the two.
3. Both are scaled so that the energy of the calendar months is exactly the energy sold in them.
4. Cooling, in which winter months say nothing, is scaled by one factor so that the city's hottest hours reach the
   given peak at the 22.9 kV buses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq, nnls

from data.contract_class import CONTRACT_CLASSES
from data.errors import ProblemList
from data.weather import Weather
from twin.demand import ClassResponse, DemandModel, UnitDemand, unit_demand
from twin.demand_clock import LocalDays

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LAGS = tuple(np.linspace(0.0, 1.0, 11).tolist())
"""Billing lags that are tried."""

PRIOR_WEIGHT = 0.5
"""Weight of the city's ratio of heating to base in a district's fit, in months of sales."""

ROUNDS = 6
"""Repetitions of levels and cooling factor; each shrinks the change by more than ten."""

LARGEST_COOLING_FACTOR = 20.0


@dataclass(frozen=True, eq=False)
class Sales:
    """Energy sold by district (D), contract class (C, in the order of `CONTRACT_CLASSES`) and month (M).

    Attributes
    ----------
    year
        Year of the sales.
    months
        Months of the year, 1 … 12, increasing.
    districts
        Codes.
    energy_kwh
        kWh, shape (D, C, M); zeros where a class has no customers.
    """

    year: int
    months: tuple[int, ...]
    districts: tuple[str, ...]
    energy_kwh: Floats


@dataclass(frozen=True, eq=False)
class Calibration:
    """A calibrated model and how well it explains the sales.

    Attributes
    ----------
    model
        The model.
    cooling_factor
        What the cooling of the class table was multiplied by.
    billing_lag
        Share of each class's customers that are read on days spread over the month, shape (C,).
    billed_kwh
        Sales by the model as the meters would have been read, shape (D, C, M).
    calendar_kwh
        Energy of the model in the calendar months, shape (D, C, M).
    """

    model: DemandModel
    cooling_factor: float
    billing_lag: Floats
    billed_kwh: Floats
    calendar_kwh: Floats


@dataclass(frozen=True, eq=False)
class _Months:
    """Unit demand of a year and what each hour counts in each month of sales.

    `base`, `heating` and `cooling` are monthly sums by lag, shape (L, M, C); lag 0 are calendar months.
    """

    base: Floats
    heating: Floats
    cooling: Floats


def sales_of_table(table: pd.DataFrame, districts: tuple[str, ...]) -> Sales:
    """Sales of the table `district_energy`; a city's newest year is used.

    Raises
    ------
    InvalidInput
        When a district and class that has sales in one month has none in another.
    """
    month = table["month"].dt
    year = int(month.year.max())
    newest = table[month.year == year]
    months = tuple(sorted(int(value) for value in newest["month"].dt.month.unique()))
    energy_kwh = np.full((len(districts), len(CONTRACT_CLASSES), len(months)), np.nan)
    place = (
        pd.Index(districts).get_indexer(pd.Index(newest["district"])),
        pd.Index(CONTRACT_CLASSES).get_indexer(pd.Index(newest["contract_class"])),
        pd.Index(months).get_indexer(pd.Index(newest["month"].dt.month)),
    )
    wanted = place[0] >= 0
    energy_kwh[tuple(part[wanted] for part in place)] = newest["energy_kwh"].to_numpy(float)[wanted]
    known = np.isfinite(energy_kwh)
    problems = ProblemList()
    for d, c in np.argwhere(known.any(axis=2) & ~known.all(axis=2)):
        what = f"{CONTRACT_CLASSES[c]} in {districts[d]} has sales in some months of {year} only"
        problems.add("district_energy", what, "Add the missing months or leave the class out", field="month")
    problems.raise_if_any()
    return Sales(year, months, districts, np.where(known, energy_kwh, 0.0))


def calibrate(sales: Sales, response: ClassResponse, weather: Weather, days: LocalDays, peak_kw: float) -> Calibration:
    """Find the levels of every district and class.

    Parameters
    ----------
    sales
        What was sold.
    response
        Shapes and responses of the classes.
    weather
        Weather of the whole local year of the sales. It has no December before, so the first month's share of readings
        of the month before takes the same year's December as a stand-in.
    days
        Holidays and time zone.
    peak_kw
        Highest load of the hours in which anything is cooled, at the 22.9 kV buses, kW.

    Raises
    ------
    InvalidInput
        When the weather does not cover the year, or no cooling brings the city to the peak.
    """
    hours_utc = year_hours_utc(sales.year, days.zone)
    unit = unit_demand(response, weather, hours_utc, 1.0, days)
    months = _monthly_sums(unit, _billing_weights(hours_utc, sales.months, days.zone))
    factor = 1.0
    for _ in range(ROUNDS):
        cooling_per_k = factor * response.cooling_per_k
        lag = _billing_lags(sales, months, cooling_per_k)
        base_kw, heating_kw_per_k = _levels(sales, months, lag, cooling_per_k)
        factor = _cooling_factor(unit, response, base_kw.sum(axis=0), heating_kw_per_k.sum(axis=0), peak_kw)
    model = DemandModel(sales.districts, base_kw, heating_kw_per_k, base_kw * cooling_per_k, response)
    classes = np.arange(len(CONTRACT_CLASSES))
    return Calibration(
        model=model,
        cooling_factor=float(cooling_per_k[0] / response.cooling_per_k[0]),
        billing_lag=np.array(LAGS)[lag],
        billed_kwh=_energy_kwh(model, months, lag, classes),
        calendar_kwh=_energy_kwh(model, months, np.zeros_like(lag), classes),
    )


def year_hours_utc(year: int, zone: str) -> NDArray[np.datetime64]:
    """Return the starts of the hours of a local year, in UTC."""
    local = pd.date_range(f"{year}-01-01", f"{year + 1}-01-01", freq="h", tz=zone, inclusive="left")
    return local.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[ns]")


def _billing_weights(hours_utc: NDArray[np.datetime64], months: tuple[int, ...], zone: str) -> Floats:
    """Part of each hour's energy that is billed in each month, for each of `LAGS`, shape (L, M, T).

    With meters read at a time uniform over the month, energy used at the part x of a month is billed in the month with
    probability 1 - x and in the next with x; without lag all of it in the month itself.
    """
    local = pd.DatetimeIndex(hours_utc).tz_localize("UTC").tz_convert(zone)
    month = local.month.to_numpy()
    part = (local.day.to_numpy() - 1 + (local.hour.to_numpy() + 0.5) / 24) / local.days_in_month.to_numpy()
    weights = np.zeros((len(LAGS), len(months), len(hours_utc)))
    for m, billed in enumerate(months):
        own, before = month == billed, month == (billed - 2) % 12 + 1
        for at, lag in enumerate(LAGS):
            weights[at, m] = own * (1.0 - lag * part) + before * (lag * part)
    return weights


def _monthly_sums(unit: UnitDemand, weights: Floats) -> _Months:
    return _Months(weights @ unit.base, weights @ unit.heating_k, weights @ unit.cooling_k)


def _billing_lags(sales: Sales, months: _Months, cooling_per_k: Floats) -> Ints:
    """Position in `LAGS` that explains each class's sales in the city best."""
    city_kwh = sales.energy_kwh.sum(axis=0)
    lag = np.zeros(len(CONTRACT_CLASSES), dtype=np.int64)
    for c in range(len(CONTRACT_CLASSES)):
        if city_kwh[c].min() > 0:
            errors = [_fit(city_kwh[c], *_columns(months, at, c, cooling_per_k))[2] for at in range(len(LAGS))]
            lag[c] = int(np.argmin(errors))
    return lag


def _columns(months: _Months, lag: int, c: int, cooling_per_k: Floats) -> tuple[Floats, Floats]:
    """Monthly energy per kW of base load (with its cooling) and per kW/K of heating."""
    return months.base[lag, :, c] + cooling_per_k[c] * months.cooling[lag, :, c], months.heating[lag, :, c]


def _fit(
    energy_kwh: Floats, base_h: Floats, heating_kh: Floats, ratio: float | None = None
) -> tuple[float, float, float]:
    """Fit base and heating (towards a ratio of them when one is given); third the root of the squared errors."""
    rows = np.column_stack([base_h, heating_kh]) / energy_kwh[:, None]
    wanted = np.ones(len(energy_kwh))
    if ratio is not None:
        pull = PRIOR_WEIGHT * heating_kh.sum() / energy_kwh.sum()
        rows = np.vstack([rows, [-ratio * pull, pull]])
        wanted = np.append(wanted, 0.0)
    (base_kw, heating_kw_per_k), error = nnls(rows, wanted)
    return float(base_kw), float(heating_kw_per_k), float(error)


def _levels(sales: Sales, months: _Months, lag: Ints, cooling_per_k: Floats) -> tuple[Floats, Floats]:
    base_kw = np.zeros(sales.energy_kwh.shape[:2])
    heating_kw_per_k = np.zeros_like(base_kw)
    city_kwh = sales.energy_kwh.sum(axis=0)
    for c in np.flatnonzero(city_kwh.min(axis=1) > 0).tolist():
        columns = _columns(months, int(lag[c]), c, cooling_per_k)
        base, heating, _ = _fit(city_kwh[c], *columns)
        calendar = _columns(months, 0, c, cooling_per_k)
        for d in np.flatnonzero(sales.energy_kwh[:, c].min(axis=1) > 0):
            own = np.array(_fit(sales.energy_kwh[d, c], *columns, ratio=heating / base)[:2])
            scale = sales.energy_kwh[d, c].sum() / (own[0] * calendar[0].sum() + own[1] * calendar[1].sum())
            base_kw[d, c], heating_kw_per_k[d, c] = own * scale
    return base_kw, heating_kw_per_k


def _cooling_factor(
    unit: UnitDemand, response: ClassResponse, base_kw: Floats, heating_kw_per_k: Floats, peak_kw: float
) -> float:
    """Factor on the cooling of all classes that brings the hours with cooling to the peak."""
    loss = 1.0 + response.lv_loss_share
    cooling_kw = unit.cooling_k @ (loss * response.cooling_per_k * base_kw)
    other_kw = unit.base @ (loss * base_kw) + unit.heating_k @ (loss * heating_kw_per_k)
    cooled = cooling_kw > 0

    def warm_peak_kw(factor: float) -> float:
        return float((other_kw + factor * cooling_kw)[cooled].max()) if cooled.any() else 0.0

    low_kw, high_kw = warm_peak_kw(0.0), warm_peak_kw(LARGEST_COOLING_FACTOR)
    if not low_kw < peak_kw < high_kw:
        problems = ProblemList()
        what = f"a peak of {peak_kw:,.0f} kW in the cooling season cannot be reached"
        fix = (
            f"Give one between {low_kw:,.0f} kW (no cooling) and {high_kw:,.0f} kW, or check sales and class responses"
        )
        problems.add("demand calibration", what, fix, field="peak_kw")
        problems.raise_if_any()
    return float(brentq(lambda factor: warm_peak_kw(factor) - peak_kw, 0.0, LARGEST_COOLING_FACTOR, xtol=1e-10))


def _energy_kwh(model: DemandModel, months: _Months, lag: Ints, classes: Ints) -> Floats:
    parts = (
        (model.base_kw, months.base),
        (model.heating_kw_per_k, months.heating),
        (model.cooling_kw_per_k, months.cooling),
    )
    return np.asarray(sum(level[:, :, None] * sums[lag, :, classes] for level, sums in parts))


def levels_table(model: DemandModel, sources: Mapping[str, str]) -> pd.DataFrame:
    """Levels of a model as the table `demand_levels`; `sources` gives the cells of `source` and `assumed`."""
    rows = [
        {
            "district": district,
            "contract_class": str(name),
            "base_kw": round(float(model.base_kw[d, c]), 4),
            "heating_kw_per_k": round(float(model.heating_kw_per_k[d, c]), 5),
            "cooling_kw_per_k": round(float(model.cooling_kw_per_k[d, c]), 5),
            **sources,
        }
        for d, district in enumerate(model.districts)
        for c, name in enumerate(CONTRACT_CLASSES)
        if model.base_kw[d, c] + model.heating_kw_per_k[d, c] > 0
    ]
    return pd.DataFrame(rows)
