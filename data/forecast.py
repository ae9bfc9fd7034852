"""The weather of the coming days from Open-Meteo's public API, kept on disk so that a run can be repeated."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import ProblemList
from data.forecast_cache import cached, keep
from data.forecast_request import FailedRequest, get_json
from data.solar_position import Floats, Place
from data.weather import Weather, WeatherKind
from data.weather_csv import PRECEDING_HOUR_H
from data.weather_resampling import StepMeans
from data.weather_rows import WeatherRows, weather_of
from data.weather_stamps import regular_stamps

PUBLIC_API = "https://api.open-meteo.com"
MAX_DAYS = 16  # the service's limit
MAX_GRID_DISTANCE_DEG = 0.5
DAY_H = 24

# Names of the service for our quantities, with the unit its answer must state.
VARIABLES: dict[str, tuple[str, str]] = {
    "ghi_w_per_m2": ("shortwave_radiation", "W/m²"),
    "dni_w_per_m2": ("direct_normal_irradiance", "W/m²"),
    "dhi_w_per_m2": ("diffuse_radiation", "W/m²"),
    "temp_c": ("temperature_2m", "°C"),
    "wind_m_per_s": ("wind_speed_10m", "m/s"),
}


@dataclass(frozen=True)
class ForecastService:
    """Where forecasts come from and how patiently.

    Attributes
    ----------
    cache_folder
        Where answers are kept.
    base_url
        Of the service, without the path.
    fresh_h
        An answer kept for less than this is used without asking again.
    stale_h
        When the service cannot be reached, an answer younger than this is used, and a note says so.
    timeout_s
        For one attempt, from connecting to the last byte.
    attempts
        How often a request that may succeed later is made.
    first_wait_s
        Before the second attempt; doubled before each further one.
    """

    cache_folder: Path
    base_url: str = PUBLIC_API
    fresh_h: float = 1.0
    stale_h: float = 12.0
    timeout_s: float = 20.0
    attempts: int = 3
    first_wait_s: float = 1.0
    headers: dict[str, str] = field(default_factory=lambda: {"User-Agent": "seoul-energy-twin"})


def fetch_forecast(place: Place, service: ForecastService, *, days: int = 4, now: datetime | None = None) -> Weather:
    """Return yesterday's and the coming days' hourly weather.

    Parameters
    ----------
    place
        Where.
    service
        Whom to ask.
    days
        Days from today (UTC), 1 to 16; yesterday is added, because a local day can begin there.
    now
        The time by which kept answers age; the present when left out.

    Returns
    -------
    Weather
        Of kind `FORECAST`; its source says when it was fetched. It covers whole hours up to the horizon of the service.

    Raises
    ------
    FailedRequest
        When the service cannot be reached, is overloaded or refuses, and no answer young enough is kept. The message
        says what happened and what to do instead.
    InvalidInput
        When `days` is out of range, or the answer is not what the service documents: units, variables, times, values.

    Notes
    -----
    Form of request and answer: Open-Meteo's documentation of the Weather Forecast API. Weather data by Open-Meteo.com,
    CC BY 4.0.
    """
    _check_request(place, days)
    present = now or datetime.now(tz=UTC)
    query = _query(place, days)
    kept = cached(service.cache_folder, service.base_url, query)
    age_h = (present - kept.fetched).total_seconds() / 3600 if kept else np.inf
    if kept and 0.0 <= age_h < service.fresh_h:
        return weather_of_answer(kept.answer, place, kept.fetched)
    try:
        answer = get_json(f"{service.base_url}/v1/forecast", query, service)
    except FailedRequest as error:
        if kept is None or not 0.0 <= age_h < service.stale_h:
            raise
        note = f"The forecast is {age_h:.1f} h old, because a newer one could not be fetched: {error.reason}."
        return weather_of_answer(kept.answer, place, kept.fetched, notes=(note,))
    weather = weather_of_answer(answer, place, present)
    keep(service.cache_folder, service.base_url, query, answer, present)
    return weather


def _check_request(place: Place, days: int) -> None:
    problems = ProblemList()
    if not 1 <= days <= MAX_DAYS:
        problems.add("forecast", f"{days} days", f"Ask for 1 to {MAX_DAYS}", field="days")
    if not (abs(place.latitude) <= 90.0 and abs(place.longitude) <= 180.0):
        problems.add("forecast", f"{place} is not on Earth", "Give degrees north and east", field="place")
    problems.raise_if_any()


def _query(place: Place, days: int) -> dict[str, str]:
    return {
        "latitude": f"{place.latitude:.4f}",
        "longitude": f"{place.longitude:.4f}",
        "elevation": f"{place.altitude_m:.0f}",
        "hourly": ",".join(name for name, _ in VARIABLES.values()),
        "wind_speed_unit": "ms",
        "timezone": "UTC",
        "past_days": "1",
        "forecast_days": str(days),
    }


def weather_of_answer(
    answer: dict[str, Any], place: Place, fetched: datetime, *, notes: tuple[str, ...] = ()
) -> Weather:
    """Return the weather in an answer of the service.

    Raises
    ------
    InvalidInput
        With everything in which the answer differs from the documented form.
    """
    problems = ProblemList()
    file = "forecast"
    columns = {name: _column(file, answer, name, problems) for name in VARIABLES}
    hourly = answer.get("hourly")
    stamps = hourly.get("time") if isinstance(hourly, dict) else None
    if not isinstance(stamps, list) or not stamps:
        problems.add(file, "the answer has no times", "Try again later", field="hourly.time")
        stamps = []
    if answer.get("utc_offset_seconds") != 0:
        what = f"the times are {answer.get('utc_offset_seconds')!r} s off UTC, although UTC was asked for"
        problems.add(file, what, "Try again later", field="utc_offset_seconds")
    _check_grid_cell(file, answer, place, problems)
    for name, column in columns.items():
        if column is not None and len(column) != len(stamps):
            what = f"{len(column)} values for {len(stamps)} times"
            problems.add(file, what, "Try again later", field=VARIABLES[name][0])
    problems.raise_if_any()
    return _weather(file, [str(stamp) for stamp in stamps], columns, place, fetched, problems, notes)


def _weather(
    file: str,
    stamps: list[str],
    columns: dict[str, Floats | None],
    place: Place,
    fetched: datetime,
    problems: ProblemList,
    notes: tuple[str, ...],
) -> Weather:
    values = np.array([column for column in columns.values() if column is not None])
    hours = _complete_hours(file, values, problems)
    times = regular_stamps(file, stamps[:hours], 1, problems, utc_offset_s=0)
    problems.raise_if_any()
    if times is None:
        raise RuntimeError("times were refused without a problem")
    series = dict(zip(columns, values[:, :hours], strict=True))
    for name in ("temp_c", "wind_m_per_s"):
        series[name] = (series[name] + np.append(series[name][1:], series[name][-1])) / 2
    source = f"forecast by Open-Meteo.com (CC BY 4.0), fetched {fetched:%Y-%m-%d %H:%M} UTC"
    means = StepMeans(**series)
    weather = weather_of(WeatherRows(file, source, WeatherKind.FORECAST, place, times, PRECEDING_HOUR_H, means, 1))
    return weather.with_notes(*notes)


def _complete_hours(file: str, values: Floats, problems: ProblemList) -> int:
    """Whole days before the horizon, beyond which the service gives null; a null within them is a problem."""
    known: NDArray[np.bool_] = np.asarray(np.isfinite(values).all(axis=0), dtype=bool)
    last = len(known) - int(np.argmax(known[::-1])) if known.any() else 0
    days = last // DAY_H
    if not days:
        problems.add(file, "no whole day has all values", "Try again later", field="hourly")
    gaps = np.flatnonzero(~known[: days * DAY_H])
    if len(gaps):
        what = f"{len(gaps)} hours lack a value, the first is hour {gaps[0]}"
        problems.add(file, what, "Try again later", field="hourly")
    problems.raise_if_any()
    return days * DAY_H


def _column(file: str, answer: dict[str, Any], name: str, problems: ProblemList) -> Floats | None:
    theirs, unit = VARIABLES[name]
    hourly, units = answer.get("hourly"), answer.get("hourly_units")
    column = hourly.get(theirs) if isinstance(hourly, dict) else None
    stated = units.get(theirs) if isinstance(units, dict) else None
    if not isinstance(column, list):
        problems.add(file, "the answer lacks this variable", "Try again later", field=theirs)
        return None
    if stated != unit:
        problems.add(file, f"its unit is {stated!r}, not {unit}", "Check the address of the service", field=theirs)
    if not all(value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)) for value in column):
        problems.add(file, "it holds something that is not a number", "Try again later", field=theirs)
        return None
    return np.array([np.nan if value is None else value for value in column], dtype=float)


def _check_grid_cell(file: str, answer: dict[str, Any], place: Place, problems: ProblemList) -> None:
    for name, wanted in (("latitude", place.latitude), ("longitude", place.longitude)):
        found = answer.get(name)
        if not isinstance(found, (int, float)) or abs(found - wanted) > MAX_GRID_DISTANCE_DEG:
            what = f"the answer is for {found!r}, asked for was {wanted:g}"
            problems.add(file, what, "Check the address of the service", field=name)
