"""Trips of the buses of one garage, the places they begin and end at, and the rules of linking them.

Hours count from one instant, `zero_utc` of the service day, near local midnight; they may pass 24.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.buses_energy import travel_time_h

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Ids = NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Trips:
    """N trips with passengers.

    Attributes
    ----------
    id, route
        (N,) names.
    start_h, end_h
        (N,) departure at the first stop and arrival at the last.
    start_place, end_place
        (N,) index into `Places`.
    distance_km
        (N,) length.
    """

    id: Ids
    route: Ids
    start_h: Floats
    end_h: Floats
    start_place: Ints
    end_place: Ints
    distance_km: Floats

    def __len__(self) -> int:
        return len(self.id)

    def chosen(self, which: NDArray[np.bool_]) -> Trips:
        """Return some of the trips."""
        return Trips(**{name: values[which] for name, values in vars(self).items()})


@dataclass(frozen=True, eq=False)
class Places:
    """P places at which trips begin and end: road distances to the garage (P,) and between them (P, P)."""

    id: Ids
    garage_km: Floats
    between_km: Floats


@dataclass(frozen=True, eq=False)
class Driving:
    """What driving takes.

    Attributes
    ----------
    drive_kwh_per_km
        Energy per distance, without climate.
    climate_kw
        Heating, cooling and auxiliaries at the day's temperature.
    speed_km_per_h
        (24,) speed of empty trips by local hour.
    """

    drive_kwh_per_km: float
    climate_kw: float
    speed_km_per_h: Floats


@dataclass(frozen=True)
class LinkRules:
    """When one bus may run one trip after another.

    Attributes
    ----------
    layover_h
        Least time between arriving at the first stop of the next trip and its departure.
    longest_wait_h
        Longest time a bus waits on the street; with more to wait it goes to the garage.
    garage_layover_h
        Least time a bus stays in the garage between two absences.
    """

    layover_h: float
    longest_wait_h: float
    garage_layover_h: float


def time_before_h(arrival_clock_h: Floats, distance_km: Floats, speed_km_per_h: Floats) -> Floats:
    """Return how long before a local hour a bus must leave to have driven a distance: travel time run backward."""
    return travel_time_h(-arrival_clock_h, distance_km, speed_km_per_h[::-1])
