"""A flat map of one district: kilometres east and north of its centre."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from grid.elements import Floats

EARTH_KM_PER_DEGREE = 6371.0 * np.pi / 180.0
"""Length of one degree of a great circle on a sphere of mean radius 6,371 km."""


@dataclass(frozen=True)
class Plane:
    """Equirectangular projection about a point: errors below 0.1 % over a city."""

    x0: float
    y0: float

    @property
    def km_per_degree(self) -> Floats:
        """Kilometres per degree of longitude and of latitude."""
        scale: Floats = EARTH_KM_PER_DEGREE * np.array([np.cos(np.radians(self.y0)), 1.0])
        return scale

    def to_km(self, points: Floats) -> Floats:
        """Kilometres east and north of the centre, from longitude and latitude, shape (n, 2)."""
        km: Floats = (points - [self.x0, self.y0]) * self.km_per_degree
        return km

    def to_degrees(self, points: Floats) -> Floats:
        """Longitude and latitude from kilometres, shape (n, 2)."""
        degrees: Floats = points / self.km_per_degree + [self.x0, self.y0]
        return degrees

    def shape_to_km(self, shape: BaseGeometry) -> BaseGeometry:
        """Return the same shape in kilometres."""
        return shapely.transform(shape, self.to_km)


def plane_of(polygon: BaseGeometry) -> Plane:
    """Plane about the centre of a polygon's bounding box."""
    west, south, east, north = polygon.bounds
    return Plane((west + east) / 2, (south + north) / 2)
