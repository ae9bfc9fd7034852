"""A year of weather drawn from monthly statistics of a climate: the same seed gives the same year, bit by bit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pvlib
from numpy.typing import NDArray
from scipy import signal, stats

from data.solar_position import Floats, Place, Times, clear_sky, mean_horizontal_extraterrestrial_w_per_m2, sun_at
from data.weather import Weather, WeatherKind
from data.weather_climate import CLEAREST_LINKE_TURBIDITY, DAY_H, MONTHS, MonthlyClimate, solar_day_offset_h

MOST_BEAM_SHARE = 0.72  # of the light above the atmosphere that an hour's DNI keeps at most
HOURLY_CLOUD_LAG1 = 0.7
LOWEST_SUN_COS = 0.065  # below it DNI = (GHI - DHI)/cos is noise; the same limit as in pvlib's decompositions


@dataclass(frozen=True)
class _Calendar:
    """Hours of a year (H,) with month and hour in local mean solar time, and the month of each day (D,)."""

    times_utc: Times
    month: NDArray[np.int64]
    solar_hour: Floats
    day_month: NDArray[np.int64]

    def by_month(self, values: Floats) -> Floats:
        """Value of each hour's month, shape (H,)."""
        return np.asarray(values[self.month - 1], dtype=float)


def synthetic_year(year: int, seed: int, climate: MonthlyClimate, place: Place) -> Weather:
    """Draw a synthetic year of hourly weather.

    Parameters
    ----------
    year
        Calendar year (in local mean solar time, to the nearest hour); the weather repeats yearly.
    seed
        Of the random numbers.
    climate
        Monthly statistics.
    place
        Where.

    Returns
    -------
    Weather
        Of kind `SYNTHETIC`.

    Notes
    -----
    Daily clearness is a first-order autoregression of normal ranks mapped to the month's beta distribution; ranks are
    evened out within a month, so that every month has its mean clearness whatever the seed. Within a day GHI follows a
    cloudless sky with autoregressive noise and stays below the clearest sky. Diffuse light by Erbs et al. (Solar Energy
    28 (1982), 293-302), scaled to the month's share, DNI closes the balance. Temperature is the month's mean, drawn
    linearly between mid-months, plus the mean day's two waves, widened on clear days, plus autoregressive daily
    anomalies; wind is an autoregression of normal ranks mapped to a gamma distribution.
    """
    calendar = _calendar(year, place)
    cloud, warmth, wind = (np.random.default_rng([seed, stream]) for stream in range(3))
    clearness = _daily_clearness(calendar, climate, cloud)
    ghi = _hourly_ghi(calendar, climate, clearness, place, cloud)
    dni, dhi = _beam_and_diffuse(calendar, climate, ghi, place)
    return Weather(
        times_utc=calendar.times_utc,
        ghi_w_per_m2=ghi,
        dni_w_per_m2=dni,
        dhi_w_per_m2=dhi,
        temp_c=_temperature(calendar, climate, clearness, warmth),
        wind_m_per_s=_wind(calendar, climate, wind),
        latitude=place.latitude,
        longitude=place.longitude,
        altitude_m=place.altitude_m,
        source=f"synthetic year drawn from monthly statistics, seed {seed}",
        kind=WeatherKind.SYNTHETIC,
        repeats_yearly=True,
        notes=("The weather is synthetic: a typical year, not a measurement and not a forecast.",),
    )


def _calendar(year: int, place: Place) -> _Calendar:
    local = np.arange(np.datetime64(f"{year}-01-01T00", "h"), np.datetime64(f"{year + 1}-01-01T00", "h"))
    offset_h = solar_day_offset_h(place.longitude)
    month = local.astype("datetime64[M]").astype(np.int64) % MONTHS + 1
    hour = (local - local.astype("datetime64[D]")).astype(float) + 0.5
    return _Calendar((local - np.timedelta64(offset_h, "h")).astype("datetime64[ns]"), month, hour, month[::DAY_H])


def _autoregression(lag1: Floats, rng: np.random.Generator) -> Floats:
    """Draw a standard normal series whose step i has correlation `lag1[i]` with the step before."""
    noise = rng.standard_normal(len(lag1))
    if np.ptp(lag1) == 0.0:
        rho = float(lag1[0])
        shocks = np.concatenate((noise[:1], np.sqrt(1 - rho**2) * noise[1:]))
        return np.asarray(signal.lfilter([1.0], [1.0, -rho], shocks), dtype=float)
    series = noise.copy()
    for index in range(1, len(series)):
        rho = lag1[index]
        series[index] = rho * series[index - 1] + np.sqrt(1 - rho**2) * noise[index]
    return series


def _even_ranks(series: Floats) -> Floats:
    """Replace values by the middles of their ranks in (0, 1)."""
    return np.asarray((stats.rankdata(series) - 0.5) / len(series), dtype=float)


def _daily_clearness(calendar: _Calendar, climate: MonthlyClimate, rng: np.random.Generator) -> Floats:
    normal = _autoregression(climate.clearness_lag1[calendar.day_month - 1], rng)
    clearness = np.empty_like(normal)
    for month in range(MONTHS):
        days = calendar.day_month == month + 1
        low, high = climate.clearness_low[month], climate.clearness_high[month]
        mean = (climate.clearness_mean[month] - low) / (high - low)
        variance = min((climate.clearness_std[month] / (high - low)) ** 2, 0.99 * mean * (1 - mean))
        size = mean * (1 - mean) / variance - 1
        clearness[days] = low + (high - low) * stats.beta.ppf(_even_ranks(normal[days]), mean * size, (1 - mean) * size)
    return clearness


def _hourly_ghi(
    calendar: _Calendar, climate: MonthlyClimate, clearness: Floats, place: Place, rng: np.random.Generator
) -> Floats:
    above = mean_horizontal_extraterrestrial_w_per_m2(calendar.times_utc, 1.0, place).reshape(-1, DAY_H)
    sun = sun_at(calendar.times_utc + np.timedelta64(30, "m"), place)
    sky = clear_sky(sun, altitude_m=place.altitude_m, linke_turbidity=CLEAREST_LINKE_TURBIDITY)
    limit = np.minimum(sky.ghi_w_per_m2.reshape(-1, DAY_H), above)
    noise = _autoregression(np.full(len(calendar.month), HOURLY_CLOUD_LAG1), rng)
    spread = np.log1p(calendar.by_month(climate.clearness_hour_std) ** 2)
    ghi = limit * np.exp(noise * np.sqrt(spread) - spread / 2).reshape(-1, DAY_H)
    wanted = clearness * above.sum(axis=1)
    for _ in range(20):  # what the limit cuts off is given to the day's other hours
        ghi = np.minimum(ghi * (wanted / ghi.sum(axis=1))[:, None], limit)
    return np.asarray(ghi, dtype=float).ravel()


def _beam_and_diffuse(calendar: _Calendar, climate: MonthlyClimate, ghi: Floats, place: Place) -> tuple[Floats, Floats]:
    sun = sun_at(calendar.times_utc + np.timedelta64(30, "m"), place)
    day_of_year = (calendar.times_utc - calendar.times_utc[0]) // np.timedelta64(1, "D") + 1
    erbs = pvlib.irradiance.erbs(ghi, sun.zenith_deg, day_of_year.astype(float), max_zenith=90.0)
    share = np.divide(erbs["dhi"], ghi, out=np.ones_like(ghi), where=ghi > 0.0)
    share = np.where(sun.cos_zenith < LOWEST_SUN_COS, 1.0, np.clip(share, 0.0, 1.0))
    for month in range(MONTHS):
        hours = calendar.month == month + 1
        share[hours] = _with_mean(share[hours], ghi[hours], float(climate.diffuse_share[month]))
    share = np.where(sun.cos_zenith < LOWEST_SUN_COS, 1.0, share)
    dhi = share * ghi
    dni = np.divide(ghi - dhi, sun.cos_zenith, out=np.zeros_like(ghi), where=sun.cos_zenith >= LOWEST_SUN_COS)
    excess = np.maximum(dni - MOST_BEAM_SHARE * sun.extraterrestrial_w_per_m2, 0.0)
    return dni - excess, dhi + excess * sun.cos_zenith


def _with_mean(share: Floats, ghi: Floats, target: float) -> Floats:
    """Raise diffuse shares to a common power so that the sum of DHI is the target's; 0 and 1 stay what they are."""
    low, high = 0.1, 10.0
    for _ in range(50):
        power = np.sqrt(low * high)
        if (share**power * ghi).sum() > target * ghi.sum():
            low = power
        else:
            high = power
    return np.asarray(share ** np.sqrt(low * high), dtype=float)


def _temperature(calendar: _Calendar, climate: MonthlyClimate, clearness: Floats, rng: np.random.Generator) -> Floats:
    relative = clearness / climate.clearness_mean[calendar.day_month - 1]
    slope = climate.temp_swing_per_clearness[calendar.day_month - 1]
    widening = np.repeat(np.maximum(1.0 + slope * (relative - 1.0), 0.2), DAY_H)
    waves = _wave(calendar, climate.temp_swing_c, climate.temp_peak_h, 1)
    waves = waves + _wave(calendar, climate.temp_second_swing_c, climate.temp_second_peak_h, 2)
    anomaly = _between_days(_daily_anomaly_c(calendar, climate, rng))
    return np.asarray(_between_months(calendar, climate.temp_mean_c) + anomaly + widening * waves, dtype=float)


def _wave(calendar: _Calendar, swing_c: Floats, peak_h: Floats, order: int) -> Floats:
    angle = 2 * np.pi * order * (calendar.solar_hour - calendar.by_month(peak_h)) / DAY_H
    return calendar.by_month(swing_c) * np.cos(angle)


def _daily_anomaly_c(calendar: _Calendar, climate: MonthlyClimate, rng: np.random.Generator) -> Floats:
    """Draw deviations of daily means from the season; in each month without mean and trend, with the month's spread."""
    anomaly = _autoregression(climate.temp_day_lag1[calendar.day_month - 1], rng)
    for month in range(MONTHS):
        days = np.flatnonzero(calendar.day_month == month + 1)
        level = anomaly[days] - np.polyval(np.polyfit(days, anomaly[days], 1), days)
        anomaly[days] = climate.temp_day_std_c[month] * level / level.std()
    return anomaly


def _between_days(daily: Floats) -> Floats:
    """Draw lines between the middles of days whose daily means are nearly `daily`, shape (24 D,)."""
    middles = np.arange(len(daily)) + 0.5
    hours = (np.arange(len(daily) * DAY_H) + 0.5) / DAY_H
    knots = daily.copy()
    for _ in range(10):  # lines cut the peaks off; move the knots until the means are right
        knots += daily - np.interp(hours, middles, knots).reshape(-1, DAY_H).mean(axis=1)
    return np.asarray(np.interp(hours, middles, knots), dtype=float)


def _between_months(calendar: _Calendar, values: Floats) -> Floats:
    """Draw lines between the middles of the months, around the year, whose monthly means are nearly `values`."""
    hours = np.arange(len(calendar.month)) + 0.5
    middles = np.array([hours[calendar.month == month].mean() for month in range(1, MONTHS + 1)])
    knots = values.copy()
    for _ in range(20):  # lines cut the peaks off the year; move the knots until the monthly means are right
        line = np.interp(hours, middles, knots, period=len(hours))
        knots += values - np.array([line[calendar.month == month].mean() for month in range(1, MONTHS + 1)])
    return np.asarray(np.interp(hours, middles, knots, period=len(hours)), dtype=float)


def _wind(calendar: _Calendar, climate: MonthlyClimate, rng: np.random.Generator) -> Floats:
    normal = _autoregression(calendar.by_month(climate.wind_hour_lag1), rng)
    wind = np.empty_like(normal)
    for month in range(MONTHS):
        hours = calendar.month == month + 1
        mean, std = climate.wind_mean_m_per_s[month], climate.wind_std_m_per_s[month]
        shape = (mean / std) ** 2
        wind[hours] = stats.gamma.ppf(_even_ranks(normal[hours]), shape, scale=mean / shape)
    return wind
