"""Monthly statistics of a climate: measured from weather files, kept in a table, the base of the synthetic year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.errors import ProblemList
from data.solar_position import Floats, clear_sky, mean_horizontal_extraterrestrial_w_per_m2, sun_at
from data.weather import Weather

MONTHS = 12
DAY_H = 24
CLEAREST_LINKE_TURBIDITY = 2.0  # a sky of this turbidity is as clear as a city's ever gets
MIN_DAYS_A_MONTH = 20


@dataclass(frozen=True)
class MonthlyClimate:
    """Statistics of each calendar month, arrays of shape (12,).

    Attributes
    ----------
    clearness_mean, clearness_std, clearness_lag1
        Daily GHI over that above the atmosphere: mean, standard deviation, correlation with the day before.
    clearness_low, clearness_high
        Lowest and highest daily value.
    clearness_hour_std
        Relative standard deviation, within a day, of hourly GHI against the day's own share of a cloudless sky.
    diffuse_share
        DHI over GHI of the month.
    temp_mean_c, temp_day_std_c, temp_day_lag1
        Air temperature: mean; standard deviation and lag-one correlation of daily means about their trend in the month.
    temp_swing_c, temp_peak_h, temp_second_swing_c, temp_second_peak_h
        Amplitudes of the daily and the half-daily wave of the mean day, and the local mean solar time of their maximum.
    temp_swing_per_clearness
        Relative rise of a day's swing with its relative clearness: 1 when twice as clear means twice the swing.
    wind_mean_m_per_s, wind_std_m_per_s, wind_hour_lag1
        Wind speed: mean and standard deviation of hours, correlation with the hour before.
    """

    clearness_mean: Floats
    clearness_std: Floats
    clearness_lag1: Floats
    clearness_low: Floats
    clearness_high: Floats
    clearness_hour_std: Floats
    diffuse_share: Floats
    temp_mean_c: Floats
    temp_day_std_c: Floats
    temp_day_lag1: Floats
    temp_swing_c: Floats
    temp_peak_h: Floats
    temp_second_swing_c: Floats
    temp_second_peak_h: Floats
    temp_swing_per_clearness: Floats
    wind_mean_m_per_s: Floats
    wind_std_m_per_s: Floats
    wind_hour_lag1: Floats

    def __post_init__(self) -> None:
        problems = ProblemList()
        for field in fields(self):
            values = np.asarray(getattr(self, field.name), dtype=float)
            object.__setattr__(self, field.name, values)
            if values.shape != (MONTHS,) or not np.isfinite(values).all():
                problems.add("weather_statistics", "not twelve finite numbers", "Give each month", field=field.name)
        problems.raise_if_any()


def climate_of_table(table: pd.DataFrame) -> MonthlyClimate:
    """Return the statistics of the table `weather_statistics`, one row a month."""
    ordered = table.sort_values("month")
    return MonthlyClimate(*(ordered[field.name].to_numpy(dtype=float) for field in fields(MonthlyClimate)))


def monthly_climate(years: Sequence[Weather]) -> MonthlyClimate:
    """Measure the statistics over several years of hourly weather, each counting alike.

    Raises
    ------
    InvalidInput
        When a month has fewer than 20 days in one of them, or the steps are not hours.
    """
    problems = ProblemList()
    for weather in years:
        if weather.step_h != 1.0:
            problems.add(weather.source, f"its steps are {weather.step_h} h", "Give hourly weather", field="times_utc")
    problems.raise_if_any()
    days = [_days_of(weather) for weather in years]
    rows = []
    for month in range(1, MONTHS + 1):
        parts = [day.of_month(month) for day in days]
        for weather, part in zip(years, parts, strict=True):
            if len(part.month) < MIN_DAYS_A_MONTH:
                what = f"month {month} has {len(part.month)} days in it"
                problems.add(weather.source, what, f"Give at least {MIN_DAYS_A_MONTH}", field="times_utc")
        if not len(problems):
            rows.append(np.mean([_statistics(part) for part in parts], axis=0))
    problems.raise_if_any()
    climate = np.array(rows)
    return MonthlyClimate(*climate.T)


@dataclass(frozen=True)
class _Days:
    """Whole days of local mean solar time: month (D,), and each quantity (D, 24)."""

    month: NDArray[np.int64]
    ghi: Floats
    dhi: Floats
    above: Floats
    clear: Floats
    temp_c: Floats
    wind: Floats

    def of_month(self, month: int) -> _Days:
        return _Days(*(values[self.month == month] for values in vars(self).values()))


def solar_day_offset_h(longitude: float) -> int:
    """Whole hours from UTC to local mean solar time, to the nearest hour."""
    return round(longitude / 15.0)


def _days_of(weather: Weather) -> _Days:
    local = weather.times_utc + np.timedelta64(solar_day_offset_h(weather.longitude), "h")
    hour = ((local - local.astype("datetime64[D]")) // np.timedelta64(1, "h")).astype(int)
    first = int(np.argmax(hour == 0))
    count = (len(local) - first) // DAY_H
    inside = slice(first, first + count * DAY_H)
    middles = weather.times_utc + np.timedelta64(30, "m")
    sun = sun_at(middles, weather.place)
    clear = clear_sky(sun, altitude_m=weather.altitude_m, linke_turbidity=CLEAREST_LINKE_TURBIDITY).ghi_w_per_m2
    above = mean_horizontal_extraterrestrial_w_per_m2(weather.times_utc, 1.0, weather.place)
    month = (local[inside].astype("datetime64[M]").astype(int) % MONTHS + 1).reshape(-1, DAY_H)[:, 0]
    series = (weather.ghi_w_per_m2, weather.dhi_w_per_m2, above, clear, weather.temp_c, weather.wind_m_per_s)
    return _Days(month, *(values[inside].reshape(-1, DAY_H) for values in series))


def _statistics(days: _Days) -> list[float]:
    """Return the statistics of one month of one year, in the order of `MonthlyClimate`."""
    clearness = days.ghi.sum(axis=1) / days.above.sum(axis=1)
    level = days.ghi.sum(axis=1, keepdims=True) / days.clear.sum(axis=1, keepdims=True)
    light = days.clear > 0.2 * days.clear.max(axis=1, keepdims=True)
    relative = days.ghi[light] / (days.clear * level)[light]
    mean_day = days.temp_c.mean(axis=0)
    daily = days.temp_c.mean(axis=1)
    date = np.arange(len(daily))
    anomaly = daily - np.polyval(np.polyfit(date, daily, 1), date)
    swing = days.temp_c.max(axis=1) - days.temp_c.min(axis=1)
    slope = np.polyfit(clearness / clearness.mean(), swing / swing.mean(), 1)[0]
    wind = days.wind.ravel()
    # fmt: off
    return [
        clearness.mean(), clearness.std(), _lag1(clearness), clearness.min(), clearness.max(), relative.std(),
        days.dhi.sum() / days.ghi.sum(),
        daily.mean(), anomaly.std(), _lag1(anomaly), *_wave(mean_day, 1), *_wave(mean_day, 2), float(slope),
        wind.mean(), wind.std(), _lag1(wind),
    ]
    # fmt: on


def _lag1(series: Floats) -> float:
    return float(np.corrcoef(series[:-1], series[1:])[0, 1])


def _wave(mean_day: Floats, order: int) -> tuple[float, float]:
    """Amplitude and hour of maximum of a harmonic of the mean day, whose values are at half past each hour.

    The hour is in [0, 24) for the daily wave and in [-6, 6) for the half-daily one, so that years can be averaged.
    """
    turn = np.exp(-2j * np.pi * order * (np.arange(DAY_H) + 0.5) / DAY_H)
    coefficient = 2.0 * np.mean(mean_day * turn)
    period_h = DAY_H / order
    earliest_h = 0.0 if order == 1 else -period_h / 2
    peak_h = -np.angle(coefficient) / (2 * np.pi) * period_h
    return float(np.abs(coefficient)), float((peak_h - earliest_h) % period_h + earliest_h)
