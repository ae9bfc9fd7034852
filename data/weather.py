"""The weather that a run is computed with: one place, regular steps in UTC, every value the mean of its step."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from data.errors import ProblemList
from data.solar_position import Place
from data.weather_resampling import Source, StepMeans, calendar_lookup, resample, sequence_lookup, uncovered_steps

Floats = NDArray[np.float64]
Times = NDArray[np.datetime64]


class WeatherKind(StrEnum):
    """Where the numbers come from, because a plan on a synthetic year must never look like one on measurements."""

    MEASURED_OR_REANALYSIS = "measured or reanalysis"
    TYPICAL_YEAR = "typical year"
    SYNTHETIC = "synthetic"
    FORECAST = "forecast"


# The quantities of `Weather`: what a step mean on Earth can be. Wide enough for every climate, narrow enough that
# kelvin, Fahrenheit, kJ/m² and Wh-per-day totals fall outside somewhere in a year.
BOUNDS: dict[str, tuple[float, float]] = {
    "ghi_w_per_m2": (0.0, 1400.0),
    "dni_w_per_m2": (0.0, 1200.0),
    "dhi_w_per_m2": (0.0, 1200.0),
    "temp_c": (-60.0, 60.0),
    "wind_m_per_s": (0.0, 75.0),
}


@dataclass(frozen=True, eq=False)
class Weather:
    """Weather of one place as regular step means.

    Attributes
    ----------
    times_utc
        Starts of the steps, datetime64[ns] in UTC, regular and increasing, shape (T,).
    ghi_w_per_m2, dni_w_per_m2, dhi_w_per_m2
        Global horizontal, direct normal and diffuse horizontal irradiance, mean of the step, W/m², shape (T,).
    temp_c, wind_m_per_s
        Air temperature at 2 m in °C and wind speed at 10 m in m/s, mean of the step, shape (T,).
    latitude, longitude, altitude_m
        Where: degrees north and east, metres above the sea.
    source
        What the numbers are and where they come from, as a person reads it in a report.
    kind
        The class of the source.
    repeats_yearly
        True when a calendar day stands for the same day of any year (typical and synthetic years, or a measured year
        after `mapped_to`).
    notes
        What a reader changed or found, one sentence each, to be shown with every result.

    Raises
    ------
    InvalidInput
        When an array has another shape, is not finite, is out of bounds, or the times are not regular.
    """

    times_utc: Times
    ghi_w_per_m2: Floats
    dni_w_per_m2: Floats
    dhi_w_per_m2: Floats
    temp_c: Floats
    wind_m_per_s: Floats
    latitude: float
    longitude: float
    altitude_m: float
    source: str
    kind: WeatherKind
    repeats_yearly: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        problems = ProblemList()
        object.__setattr__(self, "times_utc", np.array(self.times_utc, dtype="datetime64[ns]"))
        for name in BOUNDS:
            object.__setattr__(self, name, np.array(getattr(self, name), dtype=float))
        _check_times(self.source, self.times_utc, problems)
        for name in BOUNDS:
            _check_values(self.source, name, getattr(self, name), len(self.times_utc), problems)
        if not (-90.0 <= self.latitude <= 90.0 and -180.0 <= self.longitude <= 180.0):
            place = f"latitude {self.latitude}, longitude {self.longitude} is not a place on Earth"
            problems.add(self.source, place, "Give degrees, north and east positive", field="latitude, longitude")
        if not -500.0 <= self.altitude_m <= 9000.0:
            what = f"altitude {self.altitude_m} m is not on the Earth's surface"
            problems.add(self.source, what, "Give metres above the sea", field="altitude_m")
        problems.raise_if_any()
        for name in ("times_utc", *BOUNDS):
            getattr(self, name).setflags(write=False)

    @property
    def step_h(self) -> float:
        """Length of a step, h."""
        return float((self.times_utc[1] - self.times_utc[0]) / np.timedelta64(1, "ns")) / 3.6e12

    @property
    def place(self) -> Place:
        """Where this weather is."""
        return Place(self.latitude, self.longitude, self.altitude_m)

    @property
    def description(self) -> str:
        """The source with its kind, as reports and certificates name it."""
        return f"{self.source} [{self.kind.value}]"

    @cached_property
    def sha256(self) -> str:
        """Digest of every value, of the place and of the kind; the same numbers give the same digest."""
        digest = hashlib.sha256()
        head = (self.latitude, self.longitude, self.altitude_m, self.kind.value, self.repeats_yearly)
        digest.update(repr(head).encode())
        digest.update(self.times_utc.astype("<i8").tobytes())
        for name in BOUNDS:
            digest.update(name.encode())
            digest.update(getattr(self, name).astype("<f8").tobytes())
        return digest.hexdigest()

    def at(self, times_utc: Times, step_h: float) -> Weather:
        """Return this weather as means of other steps, finer or coarser.

        Irradiation is conserved: over any whole step of the source each of GHI, DNI and DHI keeps its mean exactly.
        Inside a step it follows the sun as a cloudless sky would; temperature is drawn linearly between the middles of
        the steps and so is wind; both keep their means as well.

        Parameters
        ----------
        times_utc
            Starts of the wanted steps, datetime64 in UTC, regular with `step_h`, shape (T,).
        step_h
            Length of a wanted step, h, a whole number of seconds.

        Raises
        ------
        InvalidInput
            When the times are not regular, or this weather does not cover each of them.
        """
        wanted = np.asarray(times_utc, dtype="datetime64[ns]")
        step_ns = round(step_h * 3.6e12)
        problems = ProblemList()
        if wanted.ndim != 1 or len(wanted) < 2 or np.any(np.isnat(wanted)):
            problems.add("times_utc", "fewer than two times, or not a row of times", "Ask for two steps or more")
        elif step_ns <= 0 or step_ns % 1_000_000_000:
            problems.add("step_h", f"a step of {step_h} h is not a whole number of seconds", "Ask for such a step")
        elif np.any(np.diff(wanted).astype("int64") != step_ns):
            problems.add("times_utc", f"the times do not advance by {step_h} h each", "Ask for regular times")
        problems.raise_if_any()
        return self._resampled(wanted, step_ns)

    def _resampled(self, wanted: Times, step_ns: int) -> Weather:
        means = StepMeans(*(getattr(self, name) for name in BOUNDS))
        find = calendar_lookup(self.times_utc) if self.repeats_yearly else sequence_lookup(self.times_utc)
        source = Source(self.times_utc, means, find, self.place)
        missing = uncovered_steps(source, wanted, step_ns)
        if len(missing):
            problems = ProblemList()
            what = f"no weather for {_span(missing)} UTC; it covers {_span(self.times_utc)} UTC"
            fix = "Give a file that covers the date, or say that the same calendar day of the file's year is to be used"
            problems.add(self.source, what, fix, field="times_utc")
            problems.raise_if_any()
        fields = resample(source, wanted, step_ns)
        return replace(self, times_utc=wanted, **vars(fields), repeats_yearly=False)

    def with_notes(self, *notes: str) -> Weather:
        """Return this weather with more notes."""
        return replace(self, notes=(*self.notes, *notes)) if notes else self

    def mapped_to(self, year: int) -> Weather:
        """Let each calendar day stand for the same day of `year` (and of any other year); the source then says so.

        Raises
        ------
        InvalidInput
            When this weather spans more than one year, so that a calendar day would have two values.
        """
        if len(self.times_utc) * self.step_h > 366 * 24:
            problems = ProblemList()
            what = f"it spans {_span(self.times_utc)} UTC, so a calendar day is in it more than once"
            problems.add(self.source, what, "Cut one year out of it", field="times_utc")
            problems.raise_if_any()
        own = int(np.datetime_as_string(self.times_utc[len(self.times_utc) // 2], unit="Y"))
        source = self.source if own == year else f"{self.source}, its calendar days of {own} used for {year}"
        return replace(self, source=source, repeats_yearly=True)


def _check_times(source: str, times_utc: Times, problems: ProblemList) -> None:
    if times_utc.ndim != 1 or len(times_utc) < 2:
        problems.add(source, "fewer than two steps of weather", "Give at least two hours", field="times_utc")
        return
    gaps = np.diff(times_utc).astype("int64")
    if np.any(np.isnat(times_utc)) or gaps[0] <= 0 or np.any(gaps != gaps[0]):
        fix = "Give every step once, in order and without a gap"
        problems.add(source, "the times are not regular and increasing", fix, field="times_utc")


def _check_values(source: str, name: str, values: Floats, count: int, problems: ProblemList) -> None:
    low, high = BOUNDS[name]
    if values.shape != (count,):
        problems.add(source, f"shape {values.shape} where ({count},) is needed", "Give one value a step", field=name)
        return
    bad = ~np.isfinite(values)
    if bad.any():
        what = f"{int(bad.sum())} values are not finite, the first at step {int(bad.argmax())}"
        problems.add(source, what, "Fill the gaps before use", field=name)
        return
    outside = (values < low) | (values > high)
    if outside.any():
        first = int(outside.argmax())
        where = f"the first {values[first]:g} at step {first}"
        what = f"{int(outside.sum())} values outside {low:g} to {high:g}, {where}"
        problems.add(source, what, "Check the unit of the column", field=name)


def _span(times_utc: Times) -> str:
    return f"{str(times_utc[0])[:16]} to {str(times_utc[-1])[:16]}"
