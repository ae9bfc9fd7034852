"""Draw docs/figures/solar.png: capacity factors of Seoul's solar fleet beside those of KPG193.

``python docs/figures/solar.py KPG193_CAPACITY_FACTORS WEATHER...`` with KPG193's hourly capacity factors of 2025 by
office (CSV with a column ``ts`` of local time) and any weather files. Says the figures that docs/solar.md quotes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import matplotlib as mpl
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.city_tables import table
from data.errors import ProblemList
from data.schema import read_table
from data.solar_position import Place
from data.weather import Weather
from data.weather_climate import climate_of_table
from data.weather_files import read_weather
from data.weather_synthetic import synthetic_year
from twin.solar import SolarFleet, solar_fleet, solar_generation_kw

mpl.use("Agg")
from matplotlib import pyplot as plt  # after the choice of a backend without a screen

ROOT = Path(__file__).resolve().parents[2]
SEOUL = Place(37.5665, 126.978, 38.0)
SEED = 20260601
HOURS = 8760
Floats = NDArray[np.float64]


def seoul_tables() -> dict[str, pd.DataFrame]:
    """Read the tables of solar power and climate of the embedded city."""
    problems = ProblemList()
    names = ("weather_statistics", "solar_capacity", "solar_roofs", "solar_technology")
    found = {name: read_table(ROOT / "data" / "seoul" / f"{name}.csv", table(name), problems) for name in names}
    problems.raise_if_any()
    return {name: frame for name, frame in found.items() if frame is not None}


def year_of(weather: Weather, fleet: SolarFleet) -> Floats:
    """Hourly capacity factor of the fleet over a common year of local time, shape (8760,)."""
    times = np.datetime64("2024-12-31T15:00", "ns") + np.arange(HOURS) * np.timedelta64(3_600_000_000_000, "ns")
    return solar_generation_kw(weather.mapped_to(2025), fleet, times, 1.0).sum(axis=1) / fleet.dc_kw.sum()


def by_month(series: Floats) -> Floats:
    """Means of calendar months, shape (12,)."""
    month = pd.date_range("2025-01-01", periods=HOURS, freq="h").month
    return np.asarray(pd.Series(series).groupby(month).mean(), dtype=float)


def by_hour(series: Floats) -> Floats:
    """Means of hours of the local day, shape (24,)."""
    return series.reshape(-1, 24).mean(axis=0)


def main() -> None:
    """Draw the two panels and print the figures that the text quotes."""
    kpg193 = pd.read_csv(sys.argv[1]).drop(columns="ts")
    tables = seoul_tables()
    fleet = solar_fleet(tables)
    synthetic = synthetic_year(2025, SEED, climate_of_table(tables["weather_statistics"]), SEOUL)
    series = {"synthetic year": year_of(synthetic, fleet)}
    labels = {"openmeteo": "ERA5 ", "KOR_SO": "TMYx 2011-2025"}
    for path in sys.argv[2:]:
        name = next(
            (
                text + Path(path).stem[-4:] if text.endswith(" ") else text
                for key, text in labels.items()
                if Path(path).name.startswith(key)
            ),
            Path(path).stem,
        )
        series[name] = year_of(read_weather(path, SEOUL), fleet)
    theirs = kpg193.to_numpy(dtype=float).mean(axis=1)
    yearly = kpg193.mean()
    span = f"{yearly.min():.4f} to {yearly.max():.4f}"
    click.echo(f"KPG193: {span}, mean {theirs.mean():.4f}, most {theirs.max():.3f}")
    for name, values in series.items():
        hours = values.mean() * HOURS
        click.echo(f"{name}: {values.mean():.4f}, {hours:.0f} kWh/kW, most {values.max():.3f}")

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
    for name, values in series.items():
        left.plot(np.arange(1, 13), by_month(values), marker="o", markersize=3, label=f"{name}: {values.mean():.3f}")
        right.plot(np.arange(24) + 0.5, by_hour(values))
    left.plot(np.arange(1, 13), by_month(theirs), "k--", label=f"KPG193 2025: {theirs.mean():.3f}")
    right.plot(np.arange(24) + 0.5, by_hour(theirs), "k--")
    left.set(xlabel="month", ylabel="capacity factor", xticks=range(1, 13), ylim=(0, None))
    right.set(xlabel="hour of the day, local time", xlim=(4, 21), ylim=(0, None))
    left.legend(fontsize=8)
    figure.savefig(ROOT / "docs" / "figures" / "solar.png", dpi=90)


if __name__ == "__main__":
    main()
