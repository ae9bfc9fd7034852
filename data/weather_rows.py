"""From the rows of a weather file to `Weather`: labels, unit and place checked, radiation brought to the steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.errors import ProblemList
from data.solar_position import Floats, Place, Times, mean_horizontal_extraterrestrial_w_per_m2, sun_at
from data.weather import BOUNDS, Weather, WeatherKind
from data.weather_labels import check_against_sun
from data.weather_resampling import Source, StepMeans, calendar_lookup, resample, sequence_lookup

MAX_LISTED = 5
MAX_DIFFUSE_EXCESS = 0.01  # share of GHI by which DHI may pass it, by rounding
MAX_CLOSURE_ERROR = 0.15  # share of GHI; sound files have less than 0.01


@dataclass(frozen=True)
class WeatherRows:
    """The rows of a weather file before anything is believed.

    Attributes
    ----------
    file, source
        How the user names the file, and how a report names its data.
    kind, place
        As in `Weather`.
    starts_utc
        Starts of the steps that the weather shall have, shape (T,).
    radiation_offset_h
        Declared start of a row's radiation minus its entry in `starts_utc`: -1 for the mean of the preceding hour.
    means
        The file's radiation row by row; temperature and wind already as means of `starts_utc`.
    first_row
        Line of the first row in the file, for messages.
    repeats_yearly
        As in `Weather`.
    """

    file: str
    source: str
    kind: WeatherKind
    place: Place
    starts_utc: Times
    radiation_offset_h: float
    means: StepMeans
    first_row: int
    repeats_yearly: bool = False

    @property
    def step_h(self) -> float:
        """Length of a step, h."""
        return float((self.starts_utc[1] - self.starts_utc[0]) / np.timedelta64(1, "ns")) / 3.6e12


def weather_of(rows: WeatherRows) -> Weather:
    """Return the weather of the rows.

    Raises
    ------
    InvalidInput
        With every value out of bounds, or when unit, place or labels contradict the sun.
    """
    problems = ProblemList()
    check_bounds(rows, problems)
    problems.raise_if_any()
    declared = rows.starts_utc + _hours(rows.radiation_offset_h)
    shift_h, note = check_against_sun(rows.file, declared, rows.step_h, rows.means.ghi_w_per_m2, rows.place, problems)
    problems.raise_if_any()
    check_diffuse(rows, problems)
    problems.raise_if_any()
    weather = _on_the_grid(rows, declared + _hours(shift_h), (note,) if note else ())
    check_closure(rows.file, weather, problems)
    problems.raise_if_any()
    return weather


def check_bounds(rows: WeatherRows, problems: ProblemList) -> None:
    """Note every value that is not finite or that no weather can have, with the unit it may be in instead."""
    for name, (low, high) in BOUNDS.items():
        values = getattr(rows.means, name)
        if name == "temp_c" and np.isfinite(values).all() and np.median(values) > 150.0:
            what = f"the median temperature is {np.median(values):.0f}, so it is in kelvin"
            problems.add(rows.file, what, "Convert it to °C: subtract 273.15", field=name)
            continue
        upper = np.inf if _in_another_unit(name, values) else high
        bad = ~((values >= low) & (values <= upper))
        for index in np.flatnonzero(bad)[:MAX_LISTED]:
            what = f"{values[index]:g} is not between {low:g} and {high:g}"
            problems.add(rows.file, what, _fix(name, values), row=rows.first_row + int(index), field=name)
        if bad.sum() > MAX_LISTED:
            what = f"{int(bad.sum()) - MAX_LISTED} more values are not between {low:g} and {high:g}"
            problems.add(rows.file, what, _fix(name, values), field=name)


def _in_another_unit(name: str, values: Floats) -> bool:
    """Say whether radiation is too large as a whole, which the check against the sun can explain better."""
    light = values[values > 0]
    if not name.endswith("_w_per_m2") or not len(light) or not np.isfinite(values).all():
        return False
    return bool(np.median(light) > BOUNDS[name][1] / 2)


def _fix(name: str, values: Floats) -> str:
    if name == "temp_c":
        return "Give °C (is the file in °F?)" if np.nanmax(values) > 60.0 else "Give °C"
    return "Give m/s at 10 m" if name == "wind_m_per_s" else "Give W/m², 0 at night"


def _on_the_grid(rows: WeatherRows, radiation_starts: Times, notes: tuple[str, ...]) -> Weather:
    """Bring the radiation to the steps of the rows; a step outside it is 0 when the sun is down, else it is dropped."""
    step = rows.starts_utc[1] - rows.starts_utc[0]
    dhi = np.minimum(rows.means.dhi_w_per_m2, rows.means.ghi_w_per_m2)
    nothing = np.zeros(len(dhi))
    keep = np.arange(len(dhi))
    light = StepMeans(rows.means.ghi_w_per_m2, rows.means.dni_w_per_m2, dhi, nothing, nothing)
    if rows.repeats_yearly:
        source = Source(radiation_starts, light, calendar_lookup(radiation_starts), rows.place)
    else:
        radiation_starts, light = _closed_by_night(radiation_starts, light, step, rows)
        source = Source(radiation_starts, light, sequence_lookup(radiation_starts), rows.place)
        # A step is covered when its first and its last instant lie in steps that have radiation.
        last_instant = step - np.timedelta64(1, "ns")
        covered = (source.find(rows.starts_utc) >= 0) & (source.find(rows.starts_utc + last_instant) >= 0)
        keep = np.flatnonzero(covered)
    starts = rows.starts_utc[keep]
    placed = resample(source, starts, int(step.astype(np.int64)))
    place = rows.place
    return Weather(
        starts,
        placed.ghi_w_per_m2,
        placed.dni_w_per_m2,
        placed.dhi_w_per_m2,
        rows.means.temp_c[keep],
        rows.means.wind_m_per_s[keep],
        place.latitude,
        place.longitude,
        place.altitude_m,
        rows.source,
        rows.kind,
        rows.repeats_yearly,
        notes,
    )


def _closed_by_night(
    starts: Times, light: StepMeans, step: np.timedelta64, rows: WeatherRows
) -> tuple[Times, StepMeans]:
    """Add up to two steps at each end in which the sun is down, so that a file of whole days stays one."""
    before = starts[0] - step * np.arange(2, 0, -1)
    after = starts[-1] + step * np.arange(1, 3)
    dark = [mean_horizontal_extraterrestrial_w_per_m2(edge, rows.step_h, rows.place) <= 0.0 for edge in (before, after)]
    head = 2 if dark[0].all() else int(dark[0][-1])
    tail = 2 if dark[1].all() else int(dark[1][0])
    padded = np.concatenate((before[2 - head :], starts, after[:tail]))
    return padded, StepMeans(*(np.pad(values, (head, tail)) for values in vars(light).values()))


def check_diffuse(rows: WeatherRows, problems: ProblemList) -> None:
    """Note when DHI is above GHI by more than rounding."""
    ghi, dhi = rows.means.ghi_w_per_m2, rows.means.dhi_w_per_m2
    share = float(np.maximum(dhi - ghi, 0.0).sum()) / max(float(ghi.sum()), 1.0)
    if share > MAX_DIFFUSE_EXCESS:
        first = int(np.argmax(dhi > 1.02 * ghi + 5.0))
        what = f"DHI is above GHI, of which it is a part: {dhi[first]:g} against {ghi[first]:g}"
        fix = "Check that the columns are not swapped and share one unit"
        problems.add(rows.file, what, fix, row=rows.first_row + first, field="dhi")


def check_closure(file: str, weather: Weather, problems: ProblemList) -> None:
    """Note when GHI is not DHI plus the horizontal part of DNI, as after a swap of columns."""
    step_ns = round(weather.step_h * 3.6e12)
    middles = weather.times_utc + np.timedelta64(step_ns // 2, "ns")
    cos_zenith = sun_at(middles, weather.place).cos_zenith
    high = cos_zenith > 0.2
    total = float(weather.ghi_w_per_m2[high].sum())
    if total <= 0.0:
        return
    error = weather.dhi_w_per_m2 + weather.dni_w_per_m2 * cos_zenith - weather.ghi_w_per_m2
    share = float(np.abs(error[high]).sum()) / total
    if share > MAX_CLOSURE_ERROR:
        what = f"DHI + DNI·cos(zenith) misses GHI by {share:.0%} on average while the sun is well up"
        problems.add(
            file, what, "Check that the three columns are not swapped and share one unit", field="ghi, dni, dhi"
        )


def _hours(hours: float) -> np.timedelta64:
    return np.timedelta64(round(hours * 3.6e12), "ns")
