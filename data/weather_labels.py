"""Do the hour labels, the unit and the place of a radiation series agree with the sun? Measured, not believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from data.solar_position import Place, mean_horizontal_extraterrestrial_w_per_m2

if TYPE_CHECKING:
    from data.errors import ProblemList
    from data.solar_position import Floats, Times

CELL_H = 0.25
MAX_SHIFT_H = 1.0  # two label conventions cannot differ by more: start of the hour, its middle, its end
MIN_GAIN = 0.005  # of correlation; half an hour is worth 0.007 to 0.025, clouds that prefer afternoons less
MIN_DAYS_TO_SHIFT = 60  # a few cloudy afternoons look like a shift, two months of them do not
MAX_NIGHT_SHARE = 0.02  # of the irradiation; twilight and labels that are half an hour off stay below it

# What global irradiation at the ground is of that above the atmosphere, over days to years, anywhere.
CLEARNESS_RANGE = (0.03, 0.95)
USUAL_CLEARNESS = 0.5
# A number of W/m² (mean of an hour) written in another unit is this many times as large.
UNIT_FACTORS = {"kWh/m²": 1e-3, "MJ/m²": 3.6e-3, "kJ/m²": 3.6, "J/cm²": 0.36, "J/m²": 3600.0}


@dataclass(frozen=True)
class Alignment:
    """How a series lies to the sun.

    Attributes
    ----------
    shift_h
        To be added to the declared starts of the steps so that they fit the sun best, in half hours.
    correlation, declared_correlation
        Of the irradiance with that above the atmosphere, with and without the shift, over the steps with light.
    night_share, declared_night_share
        Share of the irradiation in steps without any sun, with and without the shift.
    """

    shift_h: float
    correlation: float
    declared_correlation: float
    night_share: float
    declared_night_share: float


def alignment(starts_utc: Times, step_h: float, ghi_w_per_m2: Floats, place: Place) -> Alignment:
    """Return the shift within ±12 h at which irradiance correlates best with the sun.

    Parameters
    ----------
    starts_utc
        Declared starts of the steps, regular, shape (T,).
    step_h
        Length of a step, a multiple of a quarter hour.
    ghi_w_per_m2
        Mean global horizontal irradiance of each step, not all zero, shape (T,).
    place
        Where the series is said to be.
    """
    per_step, reach = round(step_h / CELL_H), round(12 / CELL_H)
    count = len(starts_utc) * per_step + 2 * reach
    cell_ns = np.timedelta64(round(CELL_H * 3.6e12), "ns")
    cells = starts_utc[0] - reach * cell_ns + np.arange(count) * cell_ns
    above = mean_horizontal_extraterrestrial_w_per_m2(cells, CELL_H, place, samples=1)
    summed = np.concatenate(([0.0], np.cumsum(above)))
    first = np.arange(len(starts_utc)) * per_step + reach

    def shifted(shift_cells: int) -> Floats:
        begin = first + shift_cells
        return np.asarray(summed[begin + per_step] - summed[begin], dtype=float) / per_step

    def correlation(sun: Floats) -> float:
        light = (sun > 0.0) | (ghi_w_per_m2 > 0.0)
        pair = sun[light], ghi_w_per_m2[light]
        return float(np.corrcoef(*pair)[0, 1]) if min(np.ptp(pair[0]), np.ptp(pair[1])) > 0.0 else 0.0

    half_hours = np.arange(-24, 25)
    found = [correlation(shifted(2 * int(half_hour))) for half_hour in half_hours]
    best = int(np.argmax(found))
    night_share, declared_night_share = (
        float(ghi_w_per_m2[shifted(cells) <= 0.0].sum() / ghi_w_per_m2.sum())
        for cells in (2 * int(half_hours[best]), 0)
    )
    return Alignment(float(half_hours[best]) / 2, found[best], found[24], night_share, declared_night_share)


def check_against_sun(
    file: str, starts_utc: Times, step_h: float, ghi_w_per_m2: Floats, place: Place, problems: ProblemList
) -> tuple[float, str]:
    """Return the shift in hours to be added to the declared starts, and the sentence that says so ("" without one).

    Notes a problem instead when the series cannot be of that place, in that unit or by those labels.
    """
    above = mean_horizontal_extraterrestrial_w_per_m2(starts_utc, step_h, place, samples=2)
    if above.sum() <= 0.0 or not _unit_fits(file, float(ghi_w_per_m2.sum() / above.sum()), problems):
        return 0.0, ""
    days = len(starts_utc) * step_h / 24
    where = f"latitude {place.latitude:g}, longitude {place.longitude:g}"
    if days >= MIN_DAYS_TO_SHIFT and _fits_mirror_better(starts_utc, step_h, ghi_w_per_m2, above, place):
        what = f"its seasons are those of the other hemisphere, not of {where}"
        problems.add(file, what, "Check the sign of the latitude, or give the weather of the city", field="ghi")
        return 0.0, ""
    fit = alignment(starts_utc, step_h, ghi_w_per_m2, place)
    long_enough = days >= MIN_DAYS_TO_SHIFT and fit.correlation >= fit.declared_correlation + MIN_GAIN
    shift_h = fit.shift_h if long_enough else 0.0
    night_share = fit.night_share if shift_h else fit.declared_night_share
    if abs(shift_h) > MAX_SHIFT_H:
        side = "behind" if shift_h < 0 else "ahead of"
        what = f"its labels are {abs(shift_h):g} h {side} the sun at {where}"
        problems.add(file, what, "Check the longitude and the time zone of the labels", field="time")
    elif night_share > MAX_NIGHT_SHARE:
        what = f"{night_share:.0%} of its irradiation falls while the sun is below the horizon of {where}"
        problems.add(file, what, "Check latitude, longitude and the time zone of the labels", field="ghi")
    return shift_h, _note(fit) if shift_h else ""


def _note(fit: Alignment) -> str:
    way = "later" if fit.shift_h > 0 else "earlier"
    return (
        f"Radiation was moved {abs(fit.shift_h):g} h {way} than its labels say, to where the sun is:"
        f" correlation with the sun {fit.correlation:.3f} instead of {fit.declared_correlation:.3f}."
    )


def _unit_fits(file: str, clearness: float, problems: ProblemList) -> bool:
    low, high = CLEARNESS_RANGE
    if clearness <= 0.0:
        problems.add(file, "there is no irradiation at all in it", "Give a file with GHI in W/m²", field="ghi")
        return False
    if low <= clearness <= high:
        return True
    distance = {unit: abs(np.log(clearness / (factor * USUAL_CLEARNESS))) for unit, factor in UNIT_FACTORS.items()}
    unit = min(distance, key=lambda name: float(distance[name]))
    guess = f" (it looks like {unit} an hour)" if distance[unit] < np.log(2.0) else ""
    what = f"GHI is {clearness:.3g} times the irradiance above the atmosphere, so it is not in W/m²{guess}"
    problems.add(file, what, "Convert it to the mean W/m² of each hour", field="ghi")
    return False


def _fits_mirror_better(starts_utc: Times, step_h: float, ghi_w_per_m2: Floats, above: Floats, place: Place) -> bool:
    """Say whether daily totals follow the seasons of the mirrored latitude better than those of the declared one."""
    mirror = Place(-place.latitude, place.longitude, place.altitude_m)
    mirrored = mean_horizontal_extraterrestrial_w_per_m2(starts_utc, step_h, mirror, samples=2)
    per_day = round(24 / step_h)
    whole = len(starts_utc) // per_day * per_day
    ghi, here, there = (series[:whole].reshape(-1, per_day).sum(axis=1) for series in (ghi_w_per_m2, above, mirrored))
    if min(np.ptp(ghi), np.ptp(here), np.ptp(there)) <= 0.0:
        return False
    return float(np.corrcoef(ghi, there)[0, 1]) > float(np.corrcoef(ghi, here)[0, 1]) + 0.1
