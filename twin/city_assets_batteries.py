"""Stationary batteries of the city, each at a load point of its district."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optimizers.batteries import Batteries
from twin.ev_hosts import Transformers

Ints = NDArray[np.int64]
Ids = NDArray[np.str_]


@dataclass(frozen=True)
class CityBatteries:
    """Batteries with their places: `bus` (K,) position in the network's buses; `batteries` what the optimizers plan."""

    id: Ids
    district: Ids
    bus: Ints
    batteries: Batteries


def city_batteries(tables: Mapping[str, pd.DataFrame], points: Transformers) -> CityBatteries:
    """Return the batteries of the districts that have load points, each at the largest transformer not yet taken.

    They start half full and must end so.
    """
    rows = tables.get("batteries")
    places: list[int] = []
    kept: list[int] = []
    districts = [] if rows is None else [str(name) for name in rows["district"]]
    for number, district in enumerate(districts):
        here = np.flatnonzero(points.district == district)
        here = here[~np.isin(here, places)]
        if len(here):
            places.append(int(here[np.argmax(points.rating_kva[here])]))
            kept.append(number)
    if rows is None or not kept:
        return CityBatteries(np.zeros(0, "<U1"), np.zeros(0, "<U1"), np.zeros(0, np.int64), Batteries.none())
    table = rows.iloc[kept]
    energy = table["energy_kwh"].to_numpy(float)
    low, high = energy * table["min_soc"].to_numpy(float), energy * table["max_soc"].to_numpy(float)
    return CityBatteries(
        id=table["id"].to_numpy(str),
        district=points.district[places],
        bus=points.bus[places],
        batteries=Batteries(
            power_kw=table["power_kw"].to_numpy(float),
            min_kwh=low,
            max_kwh=high,
            initial_kwh=(low + high) / 2,
            terminal_min_kwh=(low + high) / 2,
            efficiency=table["efficiency"].to_numpy(float),
            wear_krw_per_kwh=table["wear_krw_per_kwh"].to_numpy(float),
        ),
    )
