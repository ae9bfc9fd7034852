"""The temperature that heating and cooling follow: air temperature, felt late through the walls of buildings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from data.weather import Weather

Floats = NDArray[np.float64]
Times = NDArray[np.datetime64]

HISTORY_H = 96.0
"""Hours of weather before the first step that the slow temperature is started from."""


def air_temperature_c(weather: Weather, times_utc: Times, step_h: float) -> tuple[Floats, int]:
    """Air temperature of the steps and of the hours before them.

    Steps finer than the weather's are drawn linearly between the middles of its steps: a warmer hour warms every
    step and cools none; `Weather.at` keeps each hour's mean instead, for which it must overshoot now and then.

    Returns
    -------
    temp_c
        Step means, °C, shape (before + T,).
    before
        Number of steps of history in front: `HISTORY_H` where the weather has them, fewer at the start of a series.
    """
    step = np.timedelta64(round(step_h * 3.6e12), "ns")
    start = np.datetime64(times_utc[0], "ns")
    before = round(HISTORY_H / step_h)
    if not weather.repeats_yearly:
        before = int(np.clip((start - weather.times_utc[0]) // step, 0, before))
    wanted = start + (np.arange(before + len(times_utc)) - before) * step
    if step_h >= weather.step_h:
        return weather.at(wanted, step_h).temp_c, before
    own_step = weather.times_utc[1] - weather.times_utc[0]
    first = (wanted[0] - weather.times_utc[0]) // own_step - 1
    last = (wanted[-1] - weather.times_utc[0]) // own_step + 1
    if not weather.repeats_yearly:
        weather.at(times_utc, step_h)  # refuses what the weather does not cover
        first, last = max(first, 0), min(last, len(weather.times_utc) - 1)
    own = weather.at(weather.times_utc[0] + np.arange(first, last + 1) * own_step, weather.step_h)
    position = (wanted + step / 2 - (own.times_utc[0] + own_step / 2)) / own_step
    return np.interp(position, np.arange(len(own.times_utc)), own.temp_c), before


def felt_temperature_c(temp_c: Floats, step_h: float, inertia_h: float, inertia_share: float) -> Floats:
    r"""Mix of the air temperature and its exponentially weighted past.

    .. math:: s_t = a s_{t-1} + (1 - a) \theta_t, \quad a = e^{-h / \tau}, \qquad f_t = (1 - w) \theta_t + w s_t

    It starts from the mean of the first day. Every weight is positive, so a warmer past or present never lowers it.

    Parameters
    ----------
    temp_c
        Air temperature :math:`\theta`, °C, shape (T,).
    step_h
        Step :math:`h`, h.
    inertia_h
        Time constant :math:`\tau` of the buildings, h.
    inertia_share
        Weight :math:`w` of the slow part, 0 … 1.
    """
    keep = np.exp(-step_h / inertia_h)
    first_day = temp_c[: max(1, round(24.0 / step_h))].mean()
    slow, _ = lfilter([1.0 - keep], [1.0, -keep], temp_c, zi=[keep * first_day])
    return np.asarray((1.0 - inertia_share) * temp_c + inertia_share * slow)
