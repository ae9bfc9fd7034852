"""Draw docs/figures/demand.png: the embedded city's demand beside the hourly series of KPG193.

``python docs/figures/demand.py WEATHER_2023 KPG193_SEOUL_HOURLY`` with an hourly weather file of 2023 and the hourly
load of the Seoul offices in the open grid model KPG193 v2.0 (ODbL 1.0), neither of which is part of this project.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from data.city_folder import read_city_folder
from data.weather_files import read_weather
from twin.demand import at_medium_voltage_kw, district_demand_kw
from twin.demand_calibration import year_hours_utc
from twin.demand_clock import LocalDays
from twin.demand_tables import demand_model

ROOT = Path(__file__).resolve().parents[2]
OURS, KPG = "#0b6e99", "#c4622d"
MONTHS = ((1, "January"), (4, "April"), (8, "August"), (10, "October"))


def ours_gw(weather_file: Path) -> tuple[pd.Series, pd.DataFrame]:
    """Load of the embedded city at the 22.9 kV buses in 2023, GW by local hour, and its parts by class."""
    city = read_city_folder(ROOT / "data" / "seoul")
    model = demand_model(city.tables, city.district_codes)
    hours_utc = year_hours_utc(2023, city.settings.timezone)
    days = LocalDays(city.calendar, city.settings.timezone)
    demand_kw = district_demand_kw(model, read_weather(weather_file), hours_utc, 1.0, days)
    by_class = at_medium_voltage_kw(model, demand_kw).sum("district") / 1e6
    local = pd.DatetimeIndex(hours_utc).tz_localize("UTC").tz_convert(city.settings.timezone).tz_localize(None)
    parts = pd.DataFrame(
        by_class.to_numpy(), index=local, columns=[str(name) for name in by_class.contract_class.to_numpy()]
    )
    return parts.sum(axis=1), parts


def main(weather_file: Path, kpg_file: Path) -> None:
    """Draw the four panels and say the figures that the text quotes."""
    ours, parts = ours_gw(weather_file)
    kpg = pd.read_csv(kpg_file, index_col=0, parse_dates=True)["Seoul_total_MW"] / 1e3
    figure, panels = plt.subplots(2, 3, figsize=(11, 6.6), layout="constrained")
    for panel, (month, name) in zip(panels.flat[:4], MONTHS, strict=True):
        for series, colour, label in ((ours, OURS, "this model, 2023 weather"), (kpg, KPG, "KPG193, 2025")):
            index = pd.DatetimeIndex(series.index)
            for rest, line in ((False, "-"), (True, ":")):
                chosen = series[(index.month == month) & ((index.dayofweek == 6) == rest) & (index.dayofweek != 5)]
                mean = chosen.groupby(pd.DatetimeIndex(chosen.index).hour).mean()
                panel.plot(mean.index, mean, line, color=colour, label=f"{label}{', Sundays' if rest else ''}")
        panel.set(title=name, xlabel="local hour", ylabel="GW", ylim=(3, 9), xlim=(0, 23), xticks=range(0, 24, 6))
    figure.legend(*panels.flat[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8)
    for series, colour, label in ((ours, OURS, "this model"), (kpg, KPG, "KPG193")):
        panels.flat[4].plot(
            np.linspace(0, 100, len(series)), np.sort(series.to_numpy())[::-1], color=colour, label=label
        )
    panels.flat[4].set(title="Load duration", xlabel="% of the year", ylabel="GW", ylim=(3, 9.5))
    panels.flat[4].legend(fontsize=7)
    for series, colour, shift in ((ours, OURS, -0.2), (kpg, KPG, 0.2)):
        monthly = series.groupby(pd.DatetimeIndex(series.index).month).sum() / 1e3
        panels.flat[5].bar(monthly.index + shift, monthly, 0.4, color=colour)
    panels.flat[5].set(title="Energy by month", xlabel="month", ylabel="TWh", xticks=range(1, 13))
    for panel in panels.flat:
        panel.spines[["top", "right"]].set_visible(False)
    figure.suptitle(
        "Load of Seoul: this model at the 22.9 kV buses, and KPG193 at the power stations (national shape)", fontsize=10
    )
    figure.savefig(ROOT / "docs" / "figures" / "demand.png", dpi=110)
    for name, series in (("ours", ours), ("KPG193", kpg)):
        sys.stdout.write(
            f"{name}: {series.sum() / 1e3:.2f} TWh, peak {series.max():.2f} GW at {series.idxmax()}, "
            f"least {series.min():.2f} GW at {series.idxmin()}, load factor {series.mean() / series.max():.3f}\n"
        )
    winter = ours[pd.DatetimeIndex(ours.index).month.isin([12, 1, 2])]
    evening = winter[pd.DatetimeIndex(winter.index).hour >= 17]
    sys.stdout.write(
        f"winter: {winter.max():.2f} GW at {winter.idxmax()}, evening {evening.max():.2f} at {evening.idxmax()}\n"
    )
    at_peak = parts.loc[ours.idxmax()]
    sys.stdout.write("at the peak, GW: " + ", ".join(f"{name} {value:.2f}" for name, value in at_peak.items()) + "\n")
    sys.stdout.write(
        "year, TWh: " + ", ".join(f"{name} {value / 1e3:.2f}" for name, value in parts.sum().items()) + "\n"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
