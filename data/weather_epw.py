"""EnergyPlus weather files (EPW): 8 lines of header, then one row an hour of a typical year."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from data.errors import ProblemList
from data.schema_text import read_text
from data.solar_position import Floats, Place
from data.weather import Weather, WeatherKind
from data.weather_numbers import column_numbers
from data.weather_resampling import StepMeans
from data.weather_rows import WeatherRows, weather_of

HEADER_LINES = 8
COLUMNS = 35
LEAP_YEAR_H = 8784
MAX_BYTES = 16 * 1024 * 1024
EXPORT_FIX = "Give a complete EPW file as its maker published it"
# Column of each quantity, with the number for "missing" (EnergyPlus, Auxiliary Programs, EPW data dictionary).
FIELDS = {
    "temp_c": (6, 99.9),
    "ghi_w_per_m2": (13, 9999.0),
    "dni_w_per_m2": (14, 9999.0),
    "dhi_w_per_m2": (15, 9999.0),
    "wind_m_per_s": (21, 999.0),
}
MIDDLE_OF_HOUR_MIN = 30


def read_epw(path: str | Path, year: int | None = None) -> Weather:
    """Read an EPW file as a typical year.

    Parameters
    ----------
    path
        The file, UTF-8.
    year
        Year of the time axis; without it 2023, or 2024 for a file with 29 February. The weather repeats yearly anyhow.

    Returns
    -------
    Weather
        In UTC by the time zone of the file's header, labelled by the start of the hour.

    Raises
    ------
    InvalidInput
        With everything that is wrong: size, encoding, header, rows missing, out of order or twice, text, missing
        values, values out of bounds, radiation that contradicts the sun at the place in the header.

    Notes
    -----
    An EPW row bears the end of its hour (hour 1 is 00:00 to 01:00) and radiation is that of the preceding hour.
    Temperature and wind are readings at the minute that the row names: in the middle of the hour when it is 30, else at
    its end, and then the mean of the hour is that of its two ends.
    """
    problems = ProblemList()
    file = Path(path).name
    text = read_text(Path(path), file, problems, max_bytes=MAX_BYTES)
    problems.raise_if_any()
    lines = list(csv.reader((text or "").splitlines()))
    place, zone_h, name = _location(file, lines, problems)
    rows = [line for line in lines[HEADER_LINES:] if line]
    _check_rows(file, rows, problems)
    problems.raise_if_any()
    values = _values(file, rows, problems)
    problems.raise_if_any()
    at_end = rows[0][4].strip() != str(MIDDLE_OF_HOUR_MIN)
    temp_c, wind = (_hour_means(values[name], at_end=at_end) for name in ("temp_c", "wind_m_per_s"))
    means = StepMeans(values["ghi_w_per_m2"], values["dni_w_per_m2"], values["dhi_w_per_m2"], temp_c, wind)
    axis_year = year if year is not None else (2024 if len(rows) == LEAP_YEAR_H else 2023)
    first = np.datetime64(f"{axis_year}-01-01T00:00:00", "ns") - np.timedelta64(round(zone_h * 3600), "s")
    starts = first + np.arange(len(rows)) * np.timedelta64(3_600_000_000_000, "ns")
    kind, first_row = WeatherKind.TYPICAL_YEAR, HEADER_LINES + 1
    source = f"{name} (EPW file {file})"
    return weather_of(WeatherRows(file, source, kind, place, starts, 0.0, means, first_row, repeats_yearly=True))


def _values(file: str, rows: list[list[str]], problems: ProblemList) -> dict[str, Floats]:
    _check_calendar(file, rows, problems, leap=len(rows) == LEAP_YEAR_H)
    return {
        field: column_numbers(file, field, [row[index] for row in rows], HEADER_LINES + 1, problems, missing=missing)
        for field, (index, missing) in FIELDS.items()
    }


def _hour_means(readings: Floats, *, at_end: bool) -> Floats:
    return (readings + np.roll(readings, 1)) / 2 if at_end else readings


def _location(file: str, lines: list[list[str]], problems: ProblemList) -> tuple[Place, float, str]:
    """Read the place and the hours east of UTC from the LOCATION line."""
    head = lines[0] if lines else []
    if len(head) < 10 or head[0].strip().upper() != "LOCATION":
        problems.add(file, "the first line is not a LOCATION line with ten fields", EXPORT_FIX, row=1)
        return Place(0.0, 0.0, 0.0), 0.0, ""
    limits = {"latitude": (6, 90.0), "longitude": (7, 180.0), "time zone": (8, 14.0), "elevation": (9, 9000.0)}
    found = []
    for name, (index, limit) in limits.items():
        value = float(column_numbers(file, name, [head[index]], 1, problems)[0])
        if not abs(value) <= limit:
            problems.add(file, f"{head[index]!r} is out of range", f"Give at most ±{limit:g}", row=1, field=name)
        found.append(value)
    place = Place(*(0.0 if np.isnan(value) else value for value in (found[0], found[1], found[3])))
    return place, found[2], f"{head[1].strip()} {head[4].strip()}".strip()


def _check_rows(file: str, rows: list[list[str]], problems: ProblemList) -> None:
    short = [index for index, row in enumerate(rows) if len(row) < COLUMNS - 13]
    if short:
        what = f"{len(short)} rows have fewer than {COLUMNS - 13} fields, the first {len(rows[short[0]])}"
        problems.add(file, what, EXPORT_FIX, row=HEADER_LINES + 1 + short[0])
    if len(rows) not in {8760, LEAP_YEAR_H}:
        what = f"it has {len(rows):,} hours, a year has 8,760 (8,784 with 29 February)"
        problems.add(file, what, EXPORT_FIX)


def _check_calendar(file: str, rows: list[list[str]], problems: ProblemList, *, leap: bool) -> None:
    """Note the first row that is not the hour of the year its position says."""
    start = np.datetime64("2024-01-01" if leap else "2023-01-01", "h")
    expected = (start + np.arange(len(rows))).astype(object)
    for index, (row, hour) in enumerate(zip(rows, expected, strict=True)):
        wanted = (hour.month, hour.day, hour.hour + 1)
        if tuple(field.strip() for field in row[1:4]) != tuple(str(number) for number in wanted):
            read, must = "/".join(row[1:4]), "/".join(map(str, wanted))
            what = f"month/day/hour is {read} where {must} must follow (a row is missing, double or out of order)"
            problems.add(file, what, EXPORT_FIX, row=HEADER_LINES + 1 + index, field="month, day, hour")
            return
