"""Small weather, days and models for the tests of demand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from data.calendar import Calendar
from data.city_tables import table
from data.errors import ProblemList
from data.schema import read_table
from data.weather import Weather, WeatherKind
from twin.demand import DemandModel
from twin.demand_clock import LocalDays
from twin.demand_tables import demand_model

SEOUL = Path(__file__).resolve().parents[2] / "data" / "seoul"
SEOUL_DAYS = LocalDays(Calendar("KR"), "Asia/Seoul")
HOUR = np.timedelta64(1, "h")


def seoul_tables(*more: str) -> dict[str, pd.DataFrame]:
    """Tables of demand of the embedded city, and others by name."""
    problems = ProblemList()
    names = ("demand_shapes", "demand_response", "demand_activity", "demand_levels", "districts", *more)
    tables = {name: read_table(SEOUL / table(name).filename, table(name), problems) for name in names}
    problems.raise_if_any()
    return {name: frame for name, frame in tables.items() if frame is not None}


def seoul_model() -> DemandModel:
    tables = seoul_tables()
    return demand_model(tables, tuple(tables["districts"]["code"]))


def weather_of(temp_c: np.ndarray, start: str) -> Weather:
    """Hourly weather with the given temperatures and nothing else."""
    times = (np.datetime64(start, "ns") + np.arange(len(temp_c)) * HOUR).astype("datetime64[ns]")
    zero = np.zeros(len(temp_c))
    place = (37.5, 127.0, 50.0)
    return Weather(times, zero, zero, zero, temp_c, zero, *place, "test", WeatherKind.SYNTHETIC)


def year_weather(year: int = 2023) -> Weather:
    """A smooth year of a Seoul-like climate: -5 °C in January, 27 °C in August, 8 K from night to afternoon."""
    start = np.datetime64(f"{year - 1}-12-31T15:00", "h")
    hours = np.arange(8784 + 24)
    day = (hours / 24.0) % 365.25
    temp_c = 12.5 - 15.0 * np.cos(2 * np.pi * (day - 22) / 365.25) - 4.0 * np.cos(2 * np.pi * (hours - 3) / 24)
    return weather_of(temp_c, str(start))


def steps(start: str, count: int, step_h: float = 0.25) -> np.ndarray:
    step = np.timedelta64(round(step_h * 3600), "s")
    return (np.datetime64(start, "ns") + np.arange(count) * step).astype("datetime64[ns]")
