"""Where the sun stands and what a cloudless sky would give: the yardstick of weather data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pvlib
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Times = NDArray[np.datetime64]

SOLAR_CONSTANT_W_PER_M2 = 1361.1  # Gueymard, Solar Energy 168 (2018), 2-17

# Linke turbidity of the cloudless sky that only lends its *shape* to hourly means; totals never depend on it.
SHAPE_LINKE_TURBIDITY = 3.0


@dataclass(frozen=True)
class Place:
    """A point on the Earth: degrees north and east, metres above the sea."""

    latitude: float
    longitude: float
    altitude_m: float


@dataclass(frozen=True)
class Sun:
    """The sun over one place.

    Attributes
    ----------
    zenith_deg
        Angle from the vertical with refraction, degrees, shape (T,).
    azimuth_deg
        Clockwise from north, degrees, shape (T,).
    cos_zenith
        Cosine of `zenith_deg`, 0 when the sun is below the horizon, shape (T,).
    extraterrestrial_w_per_m2
        Normal irradiance above the atmosphere, W/m², shape (T,).
    """

    zenith_deg: Floats
    azimuth_deg: Floats
    cos_zenith: Floats
    extraterrestrial_w_per_m2: Floats


@dataclass(frozen=True)
class ClearSky:
    """Irradiance of a cloudless sky, W/m², each of shape (T,)."""

    ghi_w_per_m2: Floats
    dni_w_per_m2: Floats
    dhi_w_per_m2: Floats


def sun_at(times_utc: Times, place: Place) -> Sun:
    """Return the sun's position at instants.

    Parameters
    ----------
    times_utc
        Instants, datetime64 in UTC, shape (T,).
    place
        Where it is seen from.

    Notes
    -----
    The NREL SPA algorithm (Reda and Andreas, Solar Energy 76 (2004), 577-589) as implemented by pvlib.
    """
    index = pd.DatetimeIndex(times_utc)
    position = pvlib.solarposition.get_solarposition(index, place.latitude, place.longitude, altitude=place.altitude_m)
    zenith = position["apparent_zenith"].to_numpy(dtype=float)
    cosine = np.where(zenith < 90.0, np.cos(np.radians(zenith)), 0.0)
    day_of_year = index.dayofyear.to_numpy()
    extraterrestrial = pvlib.irradiance.get_extra_radiation(day_of_year, solar_constant=SOLAR_CONSTANT_W_PER_M2)
    return Sun(zenith, position["azimuth"].to_numpy(dtype=float), cosine, np.asarray(extraterrestrial, dtype=float))


def clear_sky(sun: Sun, *, altitude_m: float, linke_turbidity: float | Floats = SHAPE_LINKE_TURBIDITY) -> ClearSky:
    """Return the irradiance of a cloudless sky.

    Notes
    -----
    Ineichen and Perez, Solar Energy 73 (2002), 151-157, as implemented by pvlib.
    """
    zenith = np.minimum(sun.zenith_deg, 89.9)  # below the horizon the formula divides by zero; masked in the end
    relative = pvlib.atmosphere.get_relative_airmass(zenith)
    absolute = pvlib.atmosphere.get_absolute_airmass(relative, pvlib.atmosphere.alt2pres(altitude_m))
    sky = pvlib.clearsky.ineichen(
        zenith, absolute, linke_turbidity, altitude=altitude_m, dni_extra=sun.extraterrestrial_w_per_m2
    )
    up = sun.cos_zenith > 0.0
    return ClearSky(*(np.where(up, np.nan_to_num(sky[name]), 0.0) for name in ("ghi", "dni", "dhi")))


def mean_horizontal_extraterrestrial_w_per_m2(
    starts_utc: Times, step_h: float, place: Place, *, samples: int = 4
) -> Floats:
    """Return the mean irradiance on a horizontal plane above the atmosphere during each step, W/m², shape (T,)."""
    step_ns = round(step_h * 3.6e12)
    middles_ns = (np.arange(samples) * 2 + 1) * step_ns // (2 * samples)
    instants = (starts_utc[:, None] + middles_ns.astype("timedelta64[ns]")[None, :]).ravel()
    sun = sun_at(instants, place)
    horizontal = sun.cos_zenith * sun.extraterrestrial_w_per_m2
    return np.asarray(horizontal.reshape(len(starts_utc), samples).mean(axis=1), dtype=float)
