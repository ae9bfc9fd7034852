"""The map a district's feeders are planned on."""

from __future__ import annotations

from dataclasses import dataclass

from shapely.geometry.base import BaseGeometry

from grid.elements import Floats
from grid.synthesis_customers import Customers
from grid.synthesis_plane import Plane
from grid.synthesis_streets import Streets


@dataclass(frozen=True)
class Ground:
    """A district's map: streets, customers at their crossings, and power at every crossing.

    `node_kw` has shape (crossings, planning hours); `size_kw` is its highest hour at each crossing.
    """

    plane: Plane
    shape: BaseGeometry
    streets: Streets
    customers: Customers
    node_kw: Floats
    size_kw: Floats
