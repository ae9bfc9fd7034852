"""Which trip can follow which on one bus, waiting on the street or passing through the garage, and at what energy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.buses_energy import travel_time_h, trip_energy_kwh
from twin.transit_trips import Driving, LinkRules, Places, Trips, time_before_h

Floats = NDArray[np.float64]

TINY_H = 1e-9
"""Room for rounding in comparisons of times."""


@dataclass(frozen=True, eq=False)
class Links:
    """Ways of going on after each of N trips.

    Attributes
    ----------
    trip_kwh
        (N,) energy of the trip itself.
    out_h, out_km, out_kwh
        (N,) empty trip from the garage to the first stop.
    in_h, in_km, in_kwh
        (N,) empty trip from the last stop to the garage.
    direct_kwh, direct_km
        (N, N) energy (driving and waiting) and distance from the end of trip i to the start of trip j without the
        garage; energy is inf where it cannot be done.
    by_garage
        (N, N) whether there is time for a stay in the garage between them.
    """

    trip_kwh: Floats
    out_h: Floats
    out_km: Floats
    out_kwh: Floats
    in_h: Floats
    in_km: Floats
    in_kwh: Floats
    direct_kwh: Floats
    direct_km: Floats
    by_garage: NDArray[np.bool_]

    @property
    def alone_kwh(self) -> Floats:
        """(N,) energy of an absence for one trip only: out, the trip, and in."""
        return self.out_kwh + self.trip_kwh + self.in_kwh


def links(trips: Trips, places: Places, driving: Driving, rules: LinkRules) -> Links:
    """Return all links between trips."""
    out_km, in_km = places.garage_km[trips.start_place], places.garage_km[trips.end_place]
    out_h = time_before_h(trips.start_h, out_km, driving.speed_km_per_h)
    in_h = travel_time_h(trips.end_h, in_km, driving.speed_km_per_h)
    direct_km = places.between_km[trips.end_place][:, trips.start_place]
    gap_h = trips.start_h[None, :] - trips.end_h[:, None]
    spare_h = gap_h - _direct_h(trips, places, driving)
    direct = (spare_h >= rules.layover_h - TINY_H) & (spare_h <= rules.longest_wait_h + TINY_H) & (gap_h > -TINY_H)
    direct_kwh = np.where(direct, _energy(driving, direct_km, np.maximum(gap_h, 0)), np.inf)
    stay_h = (trips.start_h - out_h)[None, :] - (trips.end_h + in_h)[:, None]
    return Links(
        trip_kwh=_energy(driving, trips.distance_km, trips.end_h - trips.start_h),
        out_h=out_h,
        out_km=out_km,
        out_kwh=_energy(driving, out_km, out_h),
        in_h=in_h,
        in_km=in_km,
        in_kwh=_energy(driving, in_km, in_h),
        direct_kwh=direct_kwh,
        direct_km=direct_km,
        by_garage=stay_h >= rules.garage_layover_h - TINY_H,
    )


def _direct_h(trips: Trips, places: Places, driving: Driving) -> Floats:
    """(N, N) driving time from the end of trip i to the start of trip j; equal pairs of hour and places once."""
    ends, which = np.unique(np.column_stack((trips.end_h, trips.end_place)), axis=0, return_inverse=True)
    km = places.between_km[ends[:, 1].astype(np.int64)]
    clock: Floats = np.repeat(ends[:, :1], km.shape[1], axis=1).astype(np.float64)
    return np.asarray(travel_time_h(clock, km, driving.speed_km_per_h)[which.ravel()][:, trips.start_place])


def _energy(driving: Driving, distance_km: Floats, duration_h: Floats) -> Floats:
    per_km, climate = np.asarray(driving.drive_kwh_per_km), np.asarray(driving.climate_kw)
    return trip_energy_kwh(distance_km, duration_h, per_km, climate)
