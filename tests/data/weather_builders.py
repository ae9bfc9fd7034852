"""Weather for tests: a year over Seoul as Weather, and written as the files that readers meet."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from data.city_tables import table
from data.errors import ProblemList
from data.schema import read_table
from data.solar_position import Place
from data.weather import Weather
from data.weather_climate import MonthlyClimate, climate_of_table
from data.weather_synthetic import synthetic_year

SEOUL_FOLDER = Path(__file__).resolve().parents[2] / "data" / "seoul"
SEOUL = Place(37.5665, 126.978, 38.0)
KST = np.timedelta64(9, "h")
HOUR = np.timedelta64(3_600_000_000_000, "ns")
CSV_HEADER = "time_kst,ghi_wm2,dni_wm2,dhi_wm2,temp_c,wind_ms"


@cache
def seoul_climate() -> MonthlyClimate:
    problems = ProblemList()
    statistics = read_table(SEOUL_FOLDER / "weather_statistics.csv", table("weather_statistics"), problems)
    problems.raise_if_any()
    assert statistics is not None
    return climate_of_table(statistics)


@cache
def seoul_year(year: int = 2023, seed: int = 7, place: Place = SEOUL) -> Weather:
    """A synthetic year that begins at midnight in Seoul."""
    drawn = synthetic_year(year, seed, seoul_climate(), place)
    times = np.datetime64(f"{year}-01-01", "ns") - KST + np.arange(len(drawn.times_utc)) * HOUR
    return replace(drawn.at(times, 1.0), repeats_yearly=True)


def hours_utc(start: str, count: int) -> np.ndarray:
    return np.datetime64(start, "ns") + np.arange(count) * HOUR


def csv_lines(weather: Weather, *, label_shift_h: int = 0) -> list[str]:
    """Rows as Open-Meteo writes them: radiation of the preceding hour; `label_shift_h` falsifies the labels."""
    local = (weather.times_utc + KST + label_shift_h * HOUR).astype("datetime64[s]")
    stamps = [str(stamp).replace("T", " ") + "+09:00" for stamp in local]
    light = np.roll(np.stack([weather.ghi_w_per_m2, weather.dni_w_per_m2, weather.dhi_w_per_m2], axis=1), 1, axis=0)
    rows = [
        f"{stamp},{g:.4f},{b:.4f},{d:.4f},{t:.3f},{w:.3f}"
        for stamp, (g, b, d), t, w in zip(stamps, light, weather.temp_c, weather.wind_m_per_s, strict=True)
    ]
    return [CSV_HEADER, *rows]


def write_csv(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def epw_lines(
    weather: Weather, *, latitude: float = 37.5665, longitude: float = 126.978, minute: int = 60, roll: int = 0
) -> list[str]:
    """Lines of an EPW file; `roll` moves the radiation later by whole hours against its labels."""
    head = [f"LOCATION,Seoul,SO,KOR,Test,471080,{latitude},{longitude},9.0,38.0", *(["HEADER"] * 7)]
    local = weather.times_utc + KST
    rows = []
    for index, stamp in enumerate(local):
        day = stamp.astype("datetime64[D]").astype(object)
        hour = int((stamp - stamp.astype("datetime64[D]")) / HOUR) + 1
        fields = ["0"] * 35
        fields[:6] = [str(day.year), str(day.month), str(day.day), str(hour), str(minute), "?9"]
        light = (index - roll) % len(local)
        fields[6] = f"{weather.temp_c[index]:.3f}"
        fields[13] = f"{weather.ghi_w_per_m2[light]:.4f}"
        fields[14] = f"{weather.dni_w_per_m2[light]:.4f}"
        fields[15] = f"{weather.dhi_w_per_m2[light]:.4f}"
        fields[21] = f"{weather.wind_m_per_s[index]:.3f}"
        rows.append(",".join(fields))
    return [*head, *rows]
