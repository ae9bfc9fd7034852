"""How far the vehicle of a GTFS trip drives: stated distances, the line on the map, or the chain of stops."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EARTH_KM = 6371.0088
"""Mean radius of the Earth, IUGG."""

NEAR_KM = 0.05
"""Places of a line this much farther from a stop than the nearest one are taken to be as near."""


class DistanceUnit(StrEnum):
    """Unit of `shape_dist_traveled`, which GTFS leaves open."""

    KM = "km"
    M = "m"
    MI = "mi"
    FT = "ft"

    @property
    def km(self) -> float:
        """Kilometres in one unit."""
        return {"km": 1.0, "m": 0.001, "mi": 1.609344, "ft": 0.0003048}[self.value]


class DistanceSource(StrEnum):
    """Where the distance of a trip comes from, best first."""

    STATED = "stated in stop_times.txt"
    SHAPE = "measured along shapes.txt"
    STOPS = "straight lines between stops, times the stated factor"


def great_circle_km(lon_a: Floats, lat_a: Floats, lon_b: Floats, lat_b: Floats) -> Floats:
    r"""Return the great-circle distance between points in degrees, by the haversine formula.

    .. math:: d = 2 R \arcsin \sqrt{\sin^2(\Delta\phi/2) + \cos\phi_a \cos\phi_b \sin^2(\Delta\lambda/2)}
    """
    a, b = np.radians(lat_a), np.radians(lat_b)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(lon_b - lon_a) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.minimum(half, 1.0))))


def chain_km(lon: Floats, lat: Floats) -> float:
    """Return the length of a chain of points."""
    return float(great_circle_km(lon[:-1], lat[:-1], lon[1:], lat[1:]).sum())


def along_shape_km(lon: Floats, lat: Floats, first: tuple[float, float], last: tuple[float, float]) -> float:
    """Return the length of a line between the places nearest to two stops.

    Where a line passes a stop several times (loops, out and back on one street), the earliest place counts for the
    first stop and the latest for the last.

    Parameters
    ----------
    lon, lat
        (K,) points of the line in degrees, K ≥ 2.
    first, last
        Longitude and latitude of the stops.

    Returns
    -------
    float
        Kilometres; NaN when the last stop does not come after the first.
    """
    steps = great_circle_km(lon[:-1], lat[:-1], lon[1:], lat[1:])
    so_far = np.concatenate(([0.0], np.cumsum(steps)))
    from_km = _nearest(lon, lat, so_far, first)[0]
    to_km = _nearest(lon, lat, so_far, last)[-1]
    return to_km - from_km if to_km > from_km else float("nan")


def _nearest(lon: Floats, lat: Floats, so_far: Floats, stop: tuple[float, float]) -> Floats:
    """Distances along the line at which it is about as near to a stop as anywhere, ascending."""
    scale = np.radians(1) * EARTH_KM
    x, y = (lon - stop[0]) * scale * np.cos(np.radians(stop[1])), (lat - stop[1]) * scale
    dx, dy = np.diff(x), np.diff(y)
    length2 = dx**2 + dy**2
    share = np.clip(-(x[:-1] * dx + y[:-1] * dy) / np.where(length2 > 0, length2, 1.0), 0, 1)
    away = np.hypot(x[:-1] + share * dx, y[:-1] + share * dy)
    at = so_far[:-1] + share * np.diff(so_far)
    return np.asarray(at[away <= away.min() + NEAR_KM])


def infer_unit(stated: Floats, reference_km: Floats, *, along_line: bool) -> DistanceUnit | None:
    """Guess the unit of stated distances from reference distances of the same trips, None when it is not plain.

    Parameters
    ----------
    stated, reference_km
        (N,) distances of trips.
    along_line
        True when the reference follows the road, so that both agree within 5 %; False for a chain of stops, which is
        shorter by a factor up to 2.
    """
    ratio = float(np.sum(stated) / np.sum(reference_km))
    low, high = (0.95, 1.05) if along_line else (0.98, 2.0)
    fits = [unit for unit in DistanceUnit if low <= ratio * unit.km <= high]
    return fits[0] if len(fits) == 1 else None
