"""Solar systems whose inverters take orders: curtailment, and reactive power by price."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from optimizers.assets.power_circle import PowerCircle
from optimizers.assets.solar import SolarInverters
from twin.city_prices import BATTERY_HOST_CLASS
from twin.day import CityDay
from twin.flexible_prices import class_price_krw_per_kwh
from twin.solar_buses import bus_share

Floats = NDArray[np.float64]


def flexible_solar(day: CityDay) -> tuple[SolarInverters | None, Floats]:
    """Return the inverters that take orders, and the (T, N) load their buses have without their generation.

    They earn what their hosts would have paid for the energy.
    """
    table = day.city.folder.tables.get("solar_inverters")
    nothing = np.zeros_like(day.fixed_kw)
    if table is None:
        return None, nothing
    row = table.iloc[0]
    share = float(row["controlled_share"])
    available = share * day.solar_at_buses_kw.T
    bus = np.flatnonzero(available.max(axis=1) >= max(float(row["min_site_kw"]), 1e-9))
    if not bus.size:
        return None, nothing
    grid, fleet = day.city.grid, day.city.solar
    inside = np.isin(fleet.district, day.city.districts)
    at_buses = bus_share(fleet, grid.buses.district, grid.buses.rating_kva, systems=inside)
    rating = share * float(row["oversize"]) * np.asarray(at_buses.T @ fleet.ac_kw)[bus]
    added = nothing
    added[:, bus] = available[bus].T
    price = class_price_krw_per_kwh(day, BATTERY_HOST_CLASS)
    inverters = SolarInverters(
        bus=bus,
        step_h=day.step_h,
        price_krw_per_kwh=np.tile(price, (bus.size, 1)),
        available_kw=available[bus],
        curtailment_krw_per_kwh=np.full(bus.size, float(row["curtailment_krw_per_kwh"])),
        rating_kva=np.maximum(rating, available[bus].max(axis=1)),
        circle=PowerCircle(int(row["circle_edges"]), float(row["reactive_share"])),
    )
    return inverters, added
