r"""Rooms of a city whose cooling or heating can run ahead: the temperature part of the demand model, at each bus.

What holds one kelvin more is the slope of the demand model, :math:`H_{d,c}` or :math:`K_{d,c}` in kW per kelvin, the
same number that made the load; only the comfort band and the time constant are the table's.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.contract_class import CONTRACT_CLASSES
from optimizers.assets.building import Buildings
from twin.day import CityDay
from twin.demand import unit_demand
from twin.flexible_prices import class_price_krw_per_kwh, class_tan_phi

Floats = NDArray[np.float64]

IDLE_KW_PER_K = 1e-6
"""Power per kelvin below which a bus has nothing to plan."""


def flexible_buildings(day: CityDay) -> tuple[Buildings, ...]:
    """Return the rooms of each row of the table `flexible_loads` that cool or heat on the day."""
    table = day.city.folder.tables.get("flexible_loads")
    if table is None:
        return ()
    found = (_rooms(day, row) for _, row in table.iterrows())
    return tuple(rooms for rooms in found if rooms is not None)


def _rooms(day: CityDay, row: pd.Series) -> Buildings | None:
    name, use, model = str(row["contract_class"]), str(row["use"]), day.city.demand
    c = CONTRACT_CLASSES.index(name)
    unit = unit_demand(model.response, day.weather, day.planning.times_utc, day.step_h, day.city.local_days)
    shape = (unit.cooling_k if use == "cooling" else unit.heating_k)[:, c]
    level = (model.cooling_kw_per_k if use == "cooling" else model.heating_kw_per_k)[:, c]
    at, slope = _slopes(day, name, level * (1.0 + model.response.lv_loss_share[c]))
    slope *= float(row["controlled_share"])
    baseline = slope[:, None] * shape[None, :]
    kept = (baseline.max(axis=1, initial=0.0) >= float(row["min_site_kw"])) & (slope > IDLE_KW_PER_K)
    if not kept.any():
        return None
    baseline, slope = baseline[kept], slope[kept]
    count, steps = baseline.shape
    most = float(row["headroom"]) * baseline.max(axis=1, keepdims=True)
    return Buildings(
        bus=day.city.load_points.bus[at[kept]],
        step_h=day.step_h,
        price_krw_per_kwh=np.tile(class_price_krw_per_kwh(day, name), (count, 1)),
        name=f"{use}, {name}",
        baseline_kw=baseline,
        most_kw=np.repeat(most, steps, axis=1),
        kw_per_k=slope,
        time_constant_h=np.full(count, float(row["time_constant_h"])),
        less_k=np.full((count, steps + 1), float(row["less_k"])),
        more_k=np.full((count, steps + 1), float(row["more_k"])),
        tan_phi=np.full(count, class_tan_phi(day, name)),
    )


def _slopes(day: CityDay, name: str, level_kw_per_k: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Return the load points of a class in the planned districts, and the power per kelvin of each."""
    points, codes = day.city.load_points, day.city.demand.districts
    position = {code: index for index, code in enumerate(codes)}
    at = np.flatnonzero((points.contract_class == name) & np.isin(points.district, day.city.districts))
    district = np.array([position[str(code)] for code in points.district[at]], dtype=np.int64)
    return at, np.asarray(level_kw_per_k[district] * points.energy_share[at])
