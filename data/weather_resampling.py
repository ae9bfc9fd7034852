"""Step means of weather on another grid of steps, with irradiation conserved."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from data.solar_position import Place, clear_sky, sun_at

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Times = NDArray[np.datetime64]

# Takes the starts of source steps and returns their row in the source, -1 where it has none.
Lookup = Callable[[Times], Integers]

_QUARTER_HOUR_NS = 900_000_000_000
_MINUTES_A_DAY = 1440


@dataclass(frozen=True)
class StepMeans:
    """Means of the source's steps, each of shape (N,); the names are those of `Weather`."""

    ghi_w_per_m2: Floats
    dni_w_per_m2: Floats
    dhi_w_per_m2: Floats
    temp_c: Floats
    wind_m_per_s: Floats

    def rows(self, index: Integers) -> StepMeans:
        """Return the steps at `index`."""
        return StepMeans(*(getattr(self, field.name)[index] for field in fields(self)))


@dataclass(frozen=True)
class Source:
    """What is resampled: starts of steps (N,), their means, how a step is found, and where it is."""

    times_utc: Times
    means: StepMeans
    find: Lookup
    place: Place

    @property
    def step_ns(self) -> int:
        """Length of a step, ns."""
        return int((self.times_utc[1] - self.times_utc[0]).astype(np.int64))


def sequence_lookup(times_utc: Times) -> Lookup:
    """Find a step by its very instant."""
    step = times_utc[1] - times_utc[0]

    def find(starts: Times) -> Integers:
        row = ((starts - times_utc[0]) // step).astype(np.int64)
        return np.where((row >= 0) & (row < len(times_utc)), row, -1)

    return find


def calendar_lookup(times_utc: Times) -> Lookup:
    """Find a step by month, day and time of day (UTC); 29 February falls back on 28 February where there is none."""
    row_of_key = np.full(366 * _MINUTES_A_DAY, -1, dtype=np.int64)
    row_of_key[_calendar_key(times_utc)] = np.arange(len(times_utc))
    leap_day = slice(59 * _MINUTES_A_DAY, 60 * _MINUTES_A_DAY)
    day_before = slice(58 * _MINUTES_A_DAY, 59 * _MINUTES_A_DAY)
    row_of_key[leap_day] = np.where(row_of_key[leap_day] < 0, row_of_key[day_before], row_of_key[leap_day])
    return lambda starts: row_of_key[_calendar_key(starts)]


def _calendar_key(times: Times) -> Integers:
    """Minute of a leap year, so that 1 March has the same key in every year."""
    days = times.astype("datetime64[D]")
    years = times.astype("datetime64[Y]")
    day_of_year = (days - years.astype("datetime64[D]")).astype(np.int64)
    year = years.astype(np.int64) + 1970
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    day_of_year = day_of_year + (~leap & (day_of_year >= 59))
    key = day_of_year * _MINUTES_A_DAY + ((times - days) // np.timedelta64(1, "m")).astype(np.int64)
    return np.asarray(key, dtype=np.int64)


def uncovered_steps(source: Source, wanted: Times, step_ns: int) -> Times:
    """Return the starts of the source steps that the wanted steps need and the source does not have."""
    starts = _source_steps(source, wanted, step_ns)
    return starts[source.find(starts) < 0]


def resample(source: Source, wanted: Times, step_ns: int) -> StepMeans:
    """Return the means of the wanted steps, all of which the source covers.

    Parameters
    ----------
    source
        The weather to be resampled.
    wanted
        Starts of the wanted steps, regular with `step_ns`, shape (T,).
    step_ns
        Length of a wanted step, ns.

    Notes
    -----
    All steps are cut into cells short enough to divide both grids. A source step's mean is spread over its cells in
    proportion to what a cloudless sky gives there (evenly where that is nothing), then the cells are averaged.
    """
    starts = _source_steps(source, wanted, step_ns)
    source_step = source.step_ns
    row = source.find(np.concatenate(([starts[0] - source_step], starts, [starts[-1] + source_step])))
    row[0] = row[0] if row[0] >= 0 else row[1]
    row[-1] = row[-1] if row[-1] >= 0 else row[-2]
    into_first = int((wanted[0] - starts[0]).astype(np.int64))
    cell = math.gcd(source_step, step_ns, into_first, _QUARTER_HOUR_NS)
    cells = _cells(source.means.rows(row), starts, source_step // cell, cell, source.place)
    wanted_cells = slice(into_first // cell, (into_first + len(wanted) * step_ns) // cell)
    return StepMeans(*(values[wanted_cells].reshape(len(wanted), -1).mean(axis=1) for values in vars(cells).values()))


def _source_steps(source: Source, wanted: Times, step_ns: int) -> Times:
    """Return the starts of all source steps that the wanted steps touch, shape (N,)."""
    step = source.step_ns
    origin, begin = int(source.times_utc[0].astype(np.int64)), int(wanted[0].astype(np.int64))
    end = int(wanted[-1].astype(np.int64)) + step_ns
    first = origin + (begin - origin) // step * step
    return np.arange(first, end, step, dtype=np.int64).view("datetime64[ns]")


def _cells(padded: StepMeans, starts: Times, per_step: int, cell: int, place: Place) -> StepMeans:
    """Spread source steps (padded by one neighbour at each end) over `per_step` cells of `cell` ns each."""
    offsets = (np.arange(per_step) * cell + cell // 2).astype("timedelta64[ns]")
    sun = sun_at((starts[:, None] + offsets).ravel(), place)
    sky = clear_sky(sun, altitude_m=place.altitude_m)

    inner = slice(1, -1)
    dhi = _spread(padded.dhi_w_per_m2[inner], sky.dhi_w_per_m2, per_step)
    beam = padded.ghi_w_per_m2[inner] - padded.dhi_w_per_m2[inner]
    positive = _spread(np.maximum(beam, 0.0), sky.dni_w_per_m2 * sun.cos_zenith, per_step)
    # Rounding can leave DHI a little above GHI; the deficit then follows the diffuse light, which it came from.
    negative = _spread(np.minimum(beam, 0.0), sky.dhi_w_per_m2, per_step)
    return StepMeans(
        ghi_w_per_m2=dhi + positive + negative,
        dni_w_per_m2=_spread(padded.dni_w_per_m2[inner], sky.dni_w_per_m2, per_step),
        dhi_w_per_m2=dhi,
        temp_c=_drawn_temperature(padded.temp_c, per_step),
        wind_m_per_s=_drawn_speed(padded.wind_m_per_s, per_step),
    )


def _spread(means: Floats, shape: Floats, per_step: int) -> Floats:
    weight = shape.reshape(-1, per_step)
    average = weight.mean(axis=1, keepdims=True)
    even = average <= 0.0
    weight = np.where(even, 1.0, weight / np.where(even, 1.0, average))
    return (means[:, None] * weight).ravel()


def _drawn_temperature(padded: Floats, per_step: int) -> Floats:
    """Draw lines between the middles of the steps, then move each step so that it keeps its mean."""
    line = _lines(padded, per_step)
    moved = line + padded[1:-1, None] - line.mean(axis=1, keepdims=True)
    return np.asarray(moved.ravel(), dtype=float)


def _drawn_speed(padded: Floats, per_step: int) -> Floats:
    """Draw lines between the middles of the steps, then scale each step to keep its mean and stay above 0."""
    line = _lines(padded, per_step)
    mean = line.mean(axis=1, keepdims=True)
    scaled = line * np.divide(padded[1:-1, None], mean, out=np.zeros_like(mean), where=mean > 0.0)
    return np.asarray(scaled.ravel(), dtype=float)


def _lines(padded: Floats, per_step: int) -> Floats:
    position = (np.arange(per_step) + 0.5) / per_step - 0.5
    here, before, after = padded[1:-1, None], padded[:-2, None], padded[2:, None]
    drawn = here + np.where(position < 0, (before - here) * -position, (after - here) * position)
    return np.asarray(drawn, dtype=float)
