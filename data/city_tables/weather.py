"""Tables of the climate: what the synthetic year of weather is drawn from."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from data.city_tables.rules import Check
from data.errors import ProblemList
from data.schema import Column, Kind, Parameter, TableSchema


def _number(name: str, meaning: str, lower: float, upper: float, unit: str = "") -> Column:
    return Column(name, Kind.NUMBER, meaning, unit=unit, lower=lower, upper=upper)


WEATHER_STATISTICS = TableSchema(
    name="weather_statistics",
    columns=(
        Column("month", Kind.INTEGER, "Month of the year.", lower=1, upper=12),
        _number("clearness_mean", "Daily irradiation on the ground over that above the atmosphere, mean.", 0.05, 0.9),
        _number("clearness_std", "Standard deviation of daily clearness.", 0.001, 0.45),
        _number("clearness_lag1", "Correlation of daily clearness with the day before.", -0.9, 0.99),
        _number("clearness_low", "Lowest daily clearness.", 0.0, 0.8),
        _number("clearness_high", "Highest daily clearness.", 0.1, 0.9),
        _number("clearness_hour_std", "Relative deviation of hours from the day's share of a clear sky.", 0.0, 1.5),
        _number("diffuse_share", "Diffuse over global horizontal irradiation.", 0.05, 1.0),
        _number("temp_mean_c", "Mean air temperature at 2 m.", -60, 50, "°C"),
        _number("temp_day_std_c", "Standard deviation of daily means about their trend in the month.", 0.05, 20, "°C"),
        _number("temp_day_lag1", "Correlation of daily means with the day before.", -0.9, 0.99),
        _number("temp_swing_c", "Amplitude of the daily wave of the mean day.", 0.0, 20, "°C"),
        _number("temp_peak_h", "Local mean solar time of its maximum.", 0, 24, "h"),
        _number("temp_second_swing_c", "Amplitude of the half-daily wave of the mean day.", 0.0, 10, "°C"),
        _number("temp_second_peak_h", "Local mean solar time of its maximum.", -6, 6, "h"),
        _number("temp_swing_per_clearness", "Relative rise of a day's swing with its relative clearness.", -1, 3),
        _number("wind_mean_m_per_s", "Mean wind speed at 10 m.", 0.1, 20, "m/s"),
        _number("wind_std_m_per_s", "Standard deviation of hourly wind speed.", 0.05, 15, "m/s"),
        _number("wind_hour_lag1", "Correlation of wind speed with the hour before.", -0.9, 0.999),
    ),
    key=("month",),
    meaning="Statistics of one month; `data.weather_climate` measures them from weather files.",
)

TABLES: tuple[TableSchema, ...] = (WEATHER_STATISTICS,)

PARAMETERS: tuple[Parameter, ...] = (
    Parameter("weather_altitude_m", "m", "Height of the city above the sea, for the air above it.", -500, 6000),
)


def check_months(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    """All twelve months are there, and a mean lies between its lowest and highest value."""
    table = tables.get(WEATHER_STATISTICS.name)
    if table is None:
        return
    file = WEATHER_STATISTICS.filename
    missing = sorted(set(range(1, 13)) - set(table["month"]))
    if missing:
        what = f"months {', '.join(map(str, missing))} are missing"
        problems.add(file, what, "give one row for every month 1 to 12", field="month")
    outside = ~(
        (table["clearness_low"] < table["clearness_mean"]) & (table["clearness_mean"] < table["clearness_high"])
    )
    for row in table.index[outside]:
        what, fix = "the mean clearness is not between the lowest and the highest", "correct one of the three"
        problems.add(file, what, fix, row=int(row), field="clearness_mean")


CHECKS: tuple[Check, ...] = (check_months,)
