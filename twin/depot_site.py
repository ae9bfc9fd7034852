"""What stands behind the meter of a depot, and what its energy and demand cost, step by step."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.depot_clock import Times, local_time, overlap_h
from data.depot_folder import DepotFolder
from data.tariffs import BaseBasis, Period, demand_price_krw_per_kw_month, energy_price_krw_per_kwh, period
from optimizers.billing_demand import horizon_share, ratchet_kw
from optimizers.problem import NOT_METERED, DemandCharge, EnergyPrices, SiteBattery, SitePower

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

METERING = np.timedelta64(15, "m")
"""The meter averages over quarter hours of the clock."""

SAMPLES = 3
"""A step is priced at so many instants of each of its quarter hours."""


def site_power(folder: DepotFolder, edges_utc: Times, battery_kwh: float | None = None) -> SitePower:
    """Return base load, PV, limits and battery over the steps between T+1 edges.

    Powers of a step are means over the stretches of the table `site` it touches; its limits are the lowest.
    `battery_kwh` replaces the energy stored in the stationary battery at the start.
    """
    settings = folder.settings
    constant = {"pv_kw": 0.0}
    for name in ("base_kw", "import_limit_kw", "export_limit_kw"):
        constant[name] = settings.number(f"site.{name}")
    series = {name: _over_steps(folder, edges_utc, name, value) for name, value in constant.items()}
    return SitePower(**series, battery=_battery(folder, battery_kwh))


def _over_steps(folder: DepotFolder, edges_utc: Times, name: str, constant: float) -> Floats:
    steps = len(edges_utc) - 1
    if "site" not in folder.tables:
        return np.full(steps, constant)
    values = folder.tables["site"][name].to_numpy(dtype=float)
    begin, end = folder.times_utc["site.from"], folder.times_utc["site.to"]
    given = ~np.isnan(values)
    hours = overlap_h(edges_utc, begin[given], end[given])
    step_h = np.diff(edges_utc) / np.timedelta64(1, "h")
    outside_h = np.maximum(step_h - hours.sum(axis=0), 0.0)
    if name.endswith("limit_kw"):
        touched = np.where(hours > 0, values[given][:, None], np.inf).min(axis=0, initial=np.inf)
        lowest: Floats = np.minimum(touched, np.where(outside_h > 1e-9, constant, np.inf))
        return lowest
    mean: Floats = (values[given] @ hours + outside_h * constant) / step_h
    return mean


def _battery(folder: DepotFolder, battery_kwh: float | None) -> SiteBattery | None:
    settings = folder.settings
    if not settings.has("battery"):
        return None
    names = (
        "min_kwh",
        "max_kwh",
        "initial_kwh",
        "terminal_min_kwh",
        "max_charge_kw",
        "max_discharge_kw",
        "charge_efficiency",
        "discharge_efficiency",
        "wear_krw_per_kwh",
    )
    values = {name: settings.number(f"battery.{name}") for name in names}
    if battery_kwh is not None:
        values["initial_kwh"] = battery_kwh
    return SiteBattery(**values)


def energy_prices(folder: DepotFolder, edges_utc: Times) -> EnergyPrices:
    """Return the prices of the steps between T+1 edges; means where a price changes inside a step."""
    steps = len(edges_utc) - 1
    reward = np.full(steps, folder.settings.number("tariff.v2g_reward_krw_per_kwh"))
    if folder.tariff is None:
        prices, hours = folder.tables["prices"], _price_h(folder, edges_utc)
        buy, sell = (
            prices[name].to_numpy(dtype=float) @ hours / hours.sum(axis=0)
            for name in ("buy_krw_per_kwh", "sell_krw_per_kwh")
        )
        return EnergyPrices(buy, sell, reward)
    samples = _samples(edges_utc)
    price = energy_price_krw_per_kwh(folder.tariff.plan, samples.ravel(), folder.settings.zone, folder.calendar)
    sell = np.full(steps, folder.settings.number("tariff.sell_krw_per_kwh"))
    return EnergyPrices(price.reshape(samples.shape).mean(axis=1), sell, reward)


def _price_h(folder: DepotFolder, edges_utc: Times) -> Floats:
    return overlap_h(edges_utc, folder.times_utc["prices.from"], folder.times_utc["prices.to"])


def _samples(edges_utc: Times) -> Times:
    """Return (T, n) instants spread evenly over each step."""
    step = np.diff(edges_utc)
    count = SAMPLES * max(1, int(step.max() / METERING))
    places = (np.arange(count) + 0.5) / count
    offsets = (step.astype("timedelta64[ns]").astype(np.int64)[:, None] * places).astype("timedelta64[ns]")
    spread: Times = edges_utc[:-1, None] + offsets
    return spread


def demand_charge(folder: DepotFolder, edges_utc: Times, peak_kw: float | None = None) -> DemandCharge | None:
    """Return the demand charge of a horizon, or None where no billing demand is charged.

    The horizon answers for its days of those left in the month. `peak_kw` replaces the month's peak so far.
    """
    settings, tariff = folder.settings, folder.tariff
    if tariff is not None:
        if tariff.plan.base.basis is not BaseBasis.BILLING_DEMAND:
            return None
        price = demand_price_krw_per_kw_month(tariff.plan)
        floor_share, months = tariff.plan.base.floor_share, tuple(tariff.plan.base.demand_months)
    elif settings.has("demand"):
        price = settings.number("demand.krw_per_kw_month")
        floor_share, months = settings.number("demand.floor_share"), settings.demand_months
    else:
        return None
    start = local_time(edges_utc[0], settings.zone)
    month = pd.Period(start.date(), freq="M")
    days_left = month.days_in_month - start.day + 1 - (start.hour + start.minute / 60) / 24
    so_far = settings.number("site.month_to_date_peak_kw") if peak_kw is None else peak_kw
    return DemandCharge(
        price_krw_per_kw=price,
        share=horizon_share(float((edges_utc[-1] - edges_utc[0]) / np.timedelta64(1, "D")), days_left),
        peak_so_far_kw=so_far,
        ratchet_kw=ratchet_kw(_earlier_peaks(folder), (start.year, start.month), months),
        floor_kw=floor_share * settings.number("site.contract_kw"),
        interval=_intervals(edges_utc, _counted(folder, edges_utc)),
    )


def _earlier_peaks(folder: DepotFolder) -> dict[tuple[int, int], float]:
    if "monthly_peaks" not in folder.tables:
        return {}
    table = folder.tables["monthly_peaks"]
    return {
        (month.year, month.month): float(peak) for month, peak in zip(table["month"], table["peak_kw"], strict=True)
    }


def _counted(folder: DepotFolder, edges_utc: Times) -> Flags:
    """Return (T,) whether the demand charge looks at most of the step."""
    if folder.tariff is None:
        hours = _price_h(folder, edges_utc)
        flags = folder.tables["prices"]["counts_for_demand"].to_numpy(dtype=float)
        own: Flags = flags @ hours >= hours.sum(axis=0) / 2
        return own
    samples = _samples(edges_utc)
    found = period(folder.tariff.plan, samples.ravel(), folder.settings.zone, folder.calendar)
    planned: Flags = (found.reshape(samples.shape) != Period.OFF_PEAK).mean(axis=1) >= 0.5
    return planned


def _intervals(edges_utc: Times, counted: Flags) -> NDArray[np.int64]:
    """Return the (T,) quarter hour of the clock in which each step begins, counted from the first."""
    quarter = edges_utc[:-1].astype("datetime64[m]").astype(np.int64) // 15
    return np.where(counted, quarter - quarter[0], NOT_METERED)
