"""Shapes of the map of the grid: feeders as lines, hatching of what is missing, places for names, bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry import LineString, shape

from grid.elements import Lines
from grid.synthesis_grid import SyntheticGrid

DECIMALS = 5
HATCH_DEG = 0.006
"""Distance of two lines of a hatching, about 600 m."""

WORLD_PX = 512.0
"""Width of the world at zoom 0."""

HIGHEST_ZOOM = 15.0

Path = tuple[list[float | None], list[float | None]]
"""Longitudes and latitudes of a line with gaps (None)."""


@dataclass(frozen=True)
class Bounds:
    """A box in degrees."""

    west: float
    south: float
    east: float
    north: float

    @property
    def centre(self) -> tuple[float, float]:
        """Longitude and latitude of its middle."""
        return (self.west + self.east) / 2, (self.south + self.north) / 2

    def zoom(self, width_px: float, height_px: float) -> float:
        """Return the zoom at which the box fits into a map of this size."""
        latitude = math.radians(self.centre[1])
        wide = max(self.east - self.west, 1e-4) / 360.0 * WORLD_PX
        high = max(self.north - self.south, 1e-4) / 360.0 * WORLD_PX / math.cos(latitude)
        return min(math.log2(min(width_px / wide, height_px / high)), HIGHEST_ZOOM)

    def wider(self, share: float) -> Bounds:
        """Return the box with room around it, a share of its larger side."""
        room = share * max(self.east - self.west, self.north - self.south)
        return Bounds(self.west - room, self.south - room, self.east + room, self.north + room)


def bounds_of(outlines: Mapping[str, Any], codes: Sequence[str]) -> Bounds:
    """Return the box around some districts, around all when none of them is known."""
    features = outlines["features"]
    wanted = [feature for feature in features if feature["id"] in codes] or features
    return Bounds(*map(float, shapely.total_bounds([shape(feature["geometry"]) for feature in wanted])))


def feeder_paths(grid: SyntheticGrid, district: str) -> dict[int, Path]:
    """Return every feeder of a district as a line along its sections, by its position in the grid.

    The line follows the tree and steps back over a single section rather than lifting the pen: fewer points.
    """
    lines, buses = grid.network.lines, grid.network.buses
    wanted = grid.feeders.district == district
    sections = np.flatnonzero((grid.lines.feeder >= 0) & wanted[np.maximum(grid.lines.feeder, 0)])
    children: dict[int, list[int]] = {}
    for section in sections:
        children.setdefault(int(lines.from_bus[section]), []).append(int(section))
    x, y = np.round(buses.x, DECIMALS).tolist(), np.round(buses.y, DECIMALS).tolist()
    return {
        int(feeder): _walk(int(grid.feeders.head_line[feeder]), children, lines, x, y)
        for feeder in np.flatnonzero(wanted)
    }


def _walk(head: int, children: Mapping[int, list[int]], lines: Lines, x: list[float], y: list[float]) -> Path:
    """Draw the tree behind a line, depth first."""
    lon: list[float | None] = [x[int(lines.from_bus[head])]]
    lat: list[float | None] = [y[int(lines.from_bus[head])]]
    last, before, stack = int(lines.from_bus[head]), -1, [head]
    while stack:
        section = stack.pop()
        tail, bus = int(lines.from_bus[section]), int(lines.to_bus[section])
        if last != tail:
            back: list[int | None] = [tail] if before == tail else [None, tail]
            lon += [None if at is None else x[at] for at in back]
            lat += [None if at is None else y[at] for at in back]
        lon.append(x[bus])
        lat.append(y[bus])
        last, before = bus, tail
        # what ends at once is drawn first: from there the pen has one section to step back
        stack += sorted(children.get(bus, []), key=lambda child: -len(children.get(int(lines.to_bus[child]), [])))
    return lon, lat


def hatching(outlines: Mapping[str, Any], codes: Sequence[str]) -> Path:
    """Return diagonal lines across some districts."""
    lon: list[float | None] = []
    lat: list[float | None] = []
    for feature in outlines["features"]:
        if feature["id"] not in codes:
            continue
        area = shape(feature["geometry"])
        west, south, east, north = area.bounds
        height = north - south
        for start in np.arange(west - height, east, HATCH_DEG).tolist():
            diagonal = LineString([(start, south), (start + height, north)])
            for piece in shapely.get_parts(area.intersection(diagonal)):
                if piece.geom_type == "LineString":
                    ends = np.round(np.array(piece.coords), DECIMALS).tolist()
                    lon += [ends[0][0], ends[-1][0], None]
                    lat += [ends[0][1], ends[-1][1], None]
    return lon, lat


def name_places(outlines: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Return by district the middle of the largest circle in it: where its name has room."""
    places = {}
    for feature in outlines["features"]:
        circle = shapely.maximum_inscribed_circle(shape(feature["geometry"]), tolerance=0.001)
        lon, lat = circle.coords[0]
        places[str(feature["id"])] = (round(lon, DECIMALS), round(lat, DECIMALS))
    return places


def district_at(outlines: Mapping[str, Any], longitude: float, latitude: float) -> str:
    """Return the district that a point lies in, or an empty text."""
    point = shapely.Point(longitude, latitude)
    for feature in outlines["features"]:
        if shape(feature["geometry"]).covers(point):
            return str(feature["id"])
    return ""
