"""Land without customers, as strokes of a broad pen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from grid.synthesis_plane import Plane
from grid.synthesis_spec import OpenLand

ROUND_END_SEGMENTS = 4
"""Segments to a quarter of a stroke's round end."""


def open_land_shape(strokes: Sequence[OpenLand], plane: Plane) -> BaseGeometry | None:
    """Union of all strokes on a plane in km, or None when there are none."""
    if not strokes:
        return None
    ends = np.array([[(s.from_x, s.from_y), (s.to_x, s.to_y)] for s in strokes])
    lines = shapely.linestrings(plane.to_km(ends.reshape(-1, 2)).reshape(-1, 2, 2))
    widths = np.array([stroke.half_width_km for stroke in strokes])
    return shapely.union_all(shapely.buffer(lines, widths, quad_segs=ROUND_END_SEGMENTS))
