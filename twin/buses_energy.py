"""Energy an electric bus takes from its battery for a trip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def trip_energy_kwh(distance_km: Floats, duration_h: Floats, drive_kwh_per_km: Floats, climate_kw: Floats) -> Floats:
    r"""Return the energy of trips, all losses between cells and road included.

    .. math:: E = d \, \epsilon + \tau \, P_\mathrm{climate}

    with distance d, driving energy per distance ε, duration τ and the power of heating, cooling and auxiliaries. A slow
    trip on a cold day costs more than a fast one, because the heating runs longer.
    """
    return np.asarray(distance_km * drive_kwh_per_km + duration_h * climate_kw)


def climate_power_kw(temp_c: Floats, points_c: Floats, points_kw: Floats) -> Floats:
    """Return the power of heating, cooling and auxiliaries: linear between points, constant outside."""
    return np.asarray(np.interp(temp_c, points_c, points_kw))


def travel_time_h(start_clock_h: Floats, distance_km: Floats, speed_km_per_h: Floats) -> Floats:
    """Return how long a trip takes that starts at a local hour, with a speed for each of the 24 hours of the day.

    The trip is followed from hour to hour, so that it is slowed by the rush hours it meets.
    """
    clock = np.array(start_clock_h, dtype=float)
    left_km = np.array(distance_km, dtype=float)
    spent_h = np.zeros_like(left_km)
    while (left_km > 0).any():
        hour = np.floor(clock + 1e-12)
        speed = speed_km_per_h[hour.astype(np.int64) % len(speed_km_per_h)]
        step_h = np.minimum(hour + 1 - clock, left_km / speed)
        step_h = np.where(left_km > 0, step_h, 0)
        left_km = np.where(left_km - step_h * speed < 1e-9, 0, left_km - step_h * speed)
        clock, spent_h = clock + step_h, spent_h + step_h
    return spent_h
