"""Hot-water tanks of a city: the share of a class's load that heats them, and the level that load implies."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.tariffs_time import local_times
from optimizers.assets.hot_water import HotWaterTanks
from twin.day import CityDay
from twin.flexible_prices import class_price_krw_per_kwh, class_tan_phi

Floats = NDArray[np.float64]

ROOM = 1.05
"""Size of a tank over the swing that its unmanaged heating already needs, where the table's size is less."""


def flexible_water(day: CityDay) -> tuple[HotWaterTanks, ...]:
    """Return the tanks of each row of the table `hot_water_tanks`."""
    table = day.city.folder.tables.get("hot_water_tanks")
    if table is None:
        return ()
    found = (_tanks(day, row) for _, row in table.iterrows())
    return tuple(tanks for tanks in found if tanks is not None)


def _tanks(day: CityDay, row: pd.Series) -> HotWaterTanks | None:
    name, points = str(row["contract_class"]), day.city.load_points
    at = np.flatnonzero((points.contract_class == name) & np.isin(points.district, day.city.districts))
    demand = day.demand_kw.sel(contract_class=name).transpose("time", "district")
    codes = {str(code): index for index, code in enumerate(demand.district.values)}
    district = np.array([codes[str(code)] for code in points.district[at]], dtype=np.int64)
    class_kw = demand.to_numpy().T[district] * points.energy_share[at][:, None]
    heating = float(row["energy_share"]) * class_kw
    kept = heating.mean(axis=1) >= float(row["min_site_kw"])
    if not kept.any():
        return None
    heating, bus = heating[kept], points.bus[at[kept]]
    draw = _draws_kwh(day, heating, str(row["draw_profile"]))
    loss = float(row["standing_loss_per_h"])
    level = unmanaged_level_kwh(heating * day.step_h, draw, (1.0 - loss) ** day.step_h)
    size = np.maximum(float(row["size_of_day"]) * draw.sum(axis=1), ROOM * level.max(axis=1))
    count = len(bus)
    mean = heating.mean(axis=1)
    return HotWaterTanks(
        bus=bus,
        step_h=day.step_h,
        price_krw_per_kwh=np.tile(class_price_krw_per_kwh(day, name), (count, 1)),
        name=f"hot water, {name}",
        baseline_kw=heating,
        power_kw=np.maximum(float(row["power_of_mean"]) * mean, heating.max(axis=1)),
        draw_kwh=draw,
        capacity_kwh=size,
        initial_kwh=level[:, 0],
        terminal_min_kwh=level[:, -1],
        standing_loss_per_h=np.full(count, loss),
        tan_phi=np.full(count, class_tan_phi(day, name)),
    )


def _draws_kwh(day: CityDay, heating_kw: Floats, profile: str) -> Floats:
    """Return the (A, T) energy drawn: as much in the day as is heated, at the hours of a profile."""
    table = day.city.folder.tables["city_asset_profiles"]
    of_mean = table[table["profile"] == profile].sort_values("hour")["of_mean"].to_numpy(float)
    hour = local_times(day.planning.times_utc, day.planning.zone).hour.to_numpy()
    share = of_mean[hour] / of_mean[hour].sum()
    return np.asarray(heating_kw.sum(axis=1, keepdims=True) * day.step_h * share)


def unmanaged_level_kwh(heated_kwh: Floats, draw_kwh: Floats, keep: float) -> Floats:
    """Return the (A, T + 1) level of tanks under their unmanaged heating: the lowest that never runs dry."""
    count, steps = heated_kwh.shape
    level, kept = np.zeros((count, steps + 1)), np.ones(steps + 1)
    for t in range(steps):
        level[:, t + 1] = keep * level[:, t] + heated_kwh[:, t] - draw_kwh[:, t]
        kept[t + 1] = keep * kept[t]
    start = np.maximum(-level / kept, 0.0).max(axis=1)
    return np.asarray(np.maximum(level + start[:, None] * kept, 0.0))
