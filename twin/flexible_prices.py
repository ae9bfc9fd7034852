"""What a kWh costs the customers of a contract class: the mean of their plans."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data.tariffs import energy_price_krw_per_kwh
from twin.day import CityDay

Floats = NDArray[np.float64]


def class_price_krw_per_kwh(day: CityDay, contract_class: str) -> Floats:
    """Return the (T,) price of energy of a class, its plans weighted by their share of its energy."""
    folder, planning = day.city.folder, day.planning
    table = folder.tables["class_tariffs"]
    rows = table[table["contract_class"] == contract_class]
    share = rows["energy_share"].to_numpy(float)
    month_kwh = [None if np.isnan(kwh) else float(kwh) for kwh in rows["kwh_per_customer_month"]]
    prices = np.stack(
        [
            energy_price_krw_per_kwh(
                day.city.tariffs[str(name)],
                planning.times_utc,
                folder.settings.zone,
                planning.calendar,
                customer_kwh_per_month=kwh,
            )
            for name, kwh in zip(rows["tariff"], month_kwh, strict=True)
        ]
    )
    return np.asarray(share @ prices / share.sum())


def class_tan_phi(day: CityDay, contract_class: str) -> float:
    """Return reactive over active power of a class at its bus."""
    points = day.city.load_points
    factor = float(points.power_factor[points.contract_class == contract_class][0])
    return float(np.sqrt(1.0 / factor**2 - 1.0))
