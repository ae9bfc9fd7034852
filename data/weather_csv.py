"""Hourly weather as CSV: the form of Open-Meteo's downloads (ERA5, forecast) and a plain one with time offsets."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pvlib

from data.errors import ProblemList
from data.schema_text import read_text
from data.solar_position import Floats, Place
from data.weather import BOUNDS, Weather, WeatherKind
from data.weather_numbers import column_numbers
from data.weather_resampling import StepMeans
from data.weather_rows import WeatherRows, weather_of
from data.weather_stamps import regular_stamps

MAX_BYTES = 64 * 1024 * 1024
PRECEDING_HOUR_H = -1.0  # Open-Meteo: radiation is the mean of the preceding hour, all else is of the instant
MAX_SITE_DISTANCE_DEG = 1.5

# What a column may be called, in lower case and without its unit in brackets.
NAMES: dict[str, tuple[str, ...]] = {
    "ghi_w_per_m2": ("ghi_wm2", "ghi_w_per_m2", "ghi", "shortwave_radiation"),
    "dni_w_per_m2": ("dni_wm2", "dni_w_per_m2", "dni", "direct_normal_irradiance"),
    "dhi_w_per_m2": ("dhi_wm2", "dhi_w_per_m2", "dhi", "diffuse_radiation"),
    "temp_c": ("temp_c", "temperature_2m"),
    "wind_m_per_s": ("wind_ms", "wind_m_per_s", "wind_speed_10m", "windspeed_10m"),
}
# Units a heading may state, with the factor to ours. Others are refused, never guessed.
UNITS: dict[str, dict[str, float]] = {
    "ghi_w_per_m2": {"W/m²": 1.0, "W/m2": 1.0},
    "dni_w_per_m2": {"W/m²": 1.0, "W/m2": 1.0},
    "dhi_w_per_m2": {"W/m²": 1.0, "W/m2": 1.0},
    "temp_c": {"°C": 1.0},
    "wind_m_per_s": {"m/s": 1.0, "km/h": 1 / 3.6},
}
_HEADING = re.compile(r"^\s*([^()]*?)\s*(?:\(([^()]*)\))?\s*$")
_PLACE_IN_NAME = re.compile(r"(\d{1,2}(?:\.\d+)?)([NS])[_ ,-]*(\d{1,3}(?:\.\d+)?)([EW])")


@dataclass(frozen=True)
class _Table:
    """Header and rows of the file, where its first row stands, and what the block above the header says."""

    header: list[str]
    rows: list[list[str]]
    first_row: int
    place: Place | None
    utc_offset_s: int | None


def read_hourly_csv(path: str | Path, site: Place | None = None) -> Weather:
    """Read hourly weather from a CSV file.

    Parameters
    ----------
    path
        UTF-8, with a header of one time column (``time`` or ``time_...``) and the columns of `NAMES` in any order; a
        unit in brackets after a heading is obeyed. Above it Open-Meteo's block of metadata may stand.
    site
        Where the weather is. Without it the block of metadata must say it, or the name of the file as in
        ``37.50N_127.00E`` (then with the altitude that pvlib's map gives for the place).

    Returns
    -------
    Weather
        In UTC, labelled by the start of the step. The steps begin at the file's times.

    Raises
    ------
    InvalidInput
        With everything that is wrong.

    Notes
    -----
    A row's radiation is the mean of the hour that *ends* at its time, its temperature and wind are of that instant
    (Open-Meteo). A step mean of the latter is that of the two instants at its ends; the last row's is held.
    """
    problems = ProblemList()
    file = Path(path).name
    text = read_text(Path(path), file, problems, max_bytes=MAX_BYTES)
    problems.raise_if_any()
    table = _split(file, text or "", problems)
    problems.raise_if_any()
    means = _means(file, table, problems)
    stamps = regular_stamps(
        file,
        [row[0] if row else "" for row in _time_cells(file, table, problems)],
        table.first_row,
        problems,
        utc_offset_s=table.utc_offset_s,
    )
    place = _place(file, table, site, problems)
    problems.raise_if_any()
    if stamps is None or place is None or means is None:
        raise RuntimeError("a reader returned nothing without noting why")
    held = StepMeans(
        means.ghi_w_per_m2, means.dni_w_per_m2, means.dhi_w_per_m2, _between(means.temp_c), _between(means.wind_m_per_s)
    )
    source = f"hourly weather file {file}"
    kind = WeatherKind.MEASURED_OR_REANALYSIS
    return weather_of(WeatherRows(file, source, kind, place, stamps, PRECEDING_HOUR_H, held, table.first_row))


def _between(instants: Floats) -> Floats:
    """Return means of the steps between instants; the last instant is held."""
    after = np.append(instants[1:], instants[-1])
    return np.asarray((instants + after) / 2, dtype=float)


def _split(file: str, text: str, problems: ProblemList) -> _Table:
    lines = list(csv.reader(text.splitlines()))
    place, offset_s = None, None
    head = 0
    if lines and lines[0] and lines[0][0].strip() == "latitude" and len(lines) > 2:
        place, offset_s = _metadata(
            file, dict(zip((name.strip() for name in lines[0]), lines[1], strict=False)), problems
        )
        head = 2
    while head < len(lines) and not any(cell.strip() for cell in lines[head]):
        head += 1
    header = [cell.strip() for cell in lines[head]] if head < len(lines) else []
    rows = [line for line in lines[head + 1 :] if line]
    if not any(name.lower().split("_")[0] == "time" for name in header):
        fix = "Give a table with a header: time, ghi_wm2, dni_wm2, dhi_wm2, temp_c, wind_ms"
        problems.add(file, "no header with a time column", fix, row=head + 1)
    elif len(rows) < 24:
        problems.add(file, f"it has {len(rows)} rows", "Give at least a day")
    torn = [index for index, row in enumerate(rows) if len(row) != len(header)]
    for index in torn[:3]:
        what = f"the row has {len(rows[index])} fields where the header has {len(header)}"
        problems.add(file, what, "Complete the row, or download the file again", row=head + 2 + index)
    return _Table(header, rows, head + 2, place, offset_s)


def _metadata(file: str, block: dict[str, str], problems: ProblemList) -> tuple[Place | None, int | None]:
    names = ("latitude", "longitude", "elevation", "utc_offset_seconds")
    lacking = [name for name in names if name not in block]
    if lacking:
        problems.add(file, f"the block of metadata lacks {', '.join(lacking)}", "Download the file again", row=1)
        return None, None
    values = [float(column_numbers(file, name, [block[name]], 2, problems)[0]) for name in names]
    if not np.isfinite(values).all():
        return None, None
    return Place(*values[:3]), round(values[3])


def _time_cells(file: str, table: _Table, problems: ProblemList) -> list[list[str]]:
    column = [index for index, name in enumerate(table.header) if name.lower().split("_")[0] == "time"]
    if len(column) != 1:
        problems.add(file, f"{len(column)} time columns", "Keep one", row=table.first_row - 1, field="time")
    zone = "+00:00" if table.header[column[0]].lower() == "time_utc" else ""
    return [[_with_zone(row[column[0]].strip(), zone)] for row in table.rows]


def _with_zone(stamp: str, zone: str) -> str:
    return stamp if not zone or re.search(r"(Z|[+-]\d\d:?\d\d)$", stamp) else stamp + zone


def _means(file: str, table: _Table, problems: ProblemList) -> StepMeans | None:
    columns: dict[str, tuple[int, float]] = {}
    for index, heading in enumerate(table.header):
        parts = _HEADING.match(heading)
        name, unit = (parts[1].lower(), parts[2]) if parts else (heading.lower(), None)
        for quantity in (quantity for quantity, names in NAMES.items() if name in names):
            factor = (
                UNITS[quantity].get(unit, 0.0)
                if unit
                else (0.0 if name.startswith("wind") and "speed" in name else 1.0)
            )
            if not factor:
                what = f"the unit {unit!r} is not one of {', '.join(UNITS[quantity])}" if unit else "it states no unit"
                problems.add(file, what, "Export it in such a unit", row=table.first_row - 1, field=heading)
            elif quantity in columns:
                problems.add(file, f"two columns hold {quantity}", "Keep one", row=table.first_row - 1, field=heading)
            columns[quantity] = index, factor or 1.0
    for quantity in BOUNDS:
        if quantity not in columns:
            fix = f"Add it under the name {NAMES[quantity][0]} or {NAMES[quantity][-1]}"
            problems.add(file, "the column is missing", fix, row=table.first_row - 1, field=quantity)
    return _numbers(file, table, columns, problems) if set(columns) == set(BOUNDS) else None


def _numbers(file: str, table: _Table, columns: dict[str, tuple[int, float]], problems: ProblemList) -> StepMeans:
    def column(quantity: str) -> Floats:
        index, factor = columns[quantity]
        cells: Sequence[str] = [row[index].strip() for row in table.rows]
        return factor * column_numbers(file, table.header[index], cells, table.first_row, problems)

    return StepMeans(*(column(quantity) for quantity in BOUNDS))


def _place(file: str, table: _Table, site: Place | None, problems: ProblemList) -> Place | None:
    named = _PLACE_IN_NAME.search(file)
    stated = table.place
    if stated is None and named:
        latitude = float(named[1]) * (1 if named[2] == "N" else -1)
        longitude = float(named[3]) * (1 if named[4] == "E" else -1)
        stated = Place(latitude, longitude, float(pvlib.location.lookup_altitude(latitude, longitude)))
    if stated is None and site is None:
        fix = "Give the site, or name the file like weather_37.50N_127.00E.csv"
        problems.add(file, "nothing says where this weather is", fix, field="latitude, longitude")
    if stated is not None and site is not None:
        north, east = abs(stated.latitude - site.latitude), abs(stated.longitude - site.longitude)
        if max(north, east) > MAX_SITE_DISTANCE_DEG:
            what = f"it is of {stated.latitude:g}, {stated.longitude:g}, far from {site.latitude:g}, {site.longitude:g}"
            problems.add(file, what, "Give the weather of the city", field="latitude, longitude")
    return stated or site
