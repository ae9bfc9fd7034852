"""A small town's grid spec for tests, with equipment and rules of the shipped city."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shapely.geometry import Polygon, box
from shapely.geometry.base import BaseGeometry

from grid.synthesis_spec import DedicatedCustomer, DistrictSpec, GridSpec
from tests.grid.seoul_grid import seoul_spec

WEST = Polygon([(127.20, 37.30), (127.223, 37.297), (127.224, 37.312), (127.223, 37.327), (127.202, 37.324)])
EAST = Polygon(
    [(127.223, 37.297), (127.248, 37.301), (127.25, 37.32), (127.238, 37.329), (127.223, 37.327), (127.224, 37.312)]
)
CLASS_KW = {"residential": (9_000.0, 16_000.0), "general": (21_000.0, 12_000.0), "street_lighting": (0.0, 400.0)}


def district(id_: str = "west", polygon: BaseGeometry = WEST, **changes: Any) -> DistrictSpec:
    base = DistrictSpec(id_, id_.title(), polygon, CLASS_KW, feeders=6, underground_share=0.4)
    return replace(base, **changes)


def town_spec(
    *districts: DistrictSpec, customers: tuple[DedicatedCustomer, ...] = (), seed: int = 7, **changes: Any
) -> GridSpec:
    chosen = districts or (district(), district("east", EAST, feeders=None))
    return replace(seoul_spec(customers, seed), **{"districts": chosen, "open_land": (), **changes})


def rectangle(width_km: float, height_km: float) -> Polygon:
    return box(127.0, 37.5, 127.0 + width_km / 88.2, 37.5 + height_km / 111.2)
