"""The streets of a district: a gently bent, irregular lattice with arterials, inside the district's polygon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from shapely.geometry.base import BaseGeometry

from data.errors import InvalidInput, Problem
from grid.elements import Flags, Floats, Ints

BLOCK_SPREAD = 0.3
"""Width of a block over the mean is drawn from 1 ± this."""
BEND_KM, BEND_LENGTH_KM = 0.10, (2.5, 6.0)
"""Amplitude and range of wave length of the bends; their ratio keeps the lattice from folding."""
MISSING_STREETS = 0.12
"""Share of side-street sections that do not exist (large blocks, parks)."""
INSET_KM = 0.015
"""Streets keep this distance from the border, less than the border's own inaccuracy."""
FITTING_ROUNDS = 12


@dataclass(frozen=True)
class Streets:
    """A street graph, connected. Nodes are crossings, edges the street sections between neighbouring ones.

    Attributes
    ----------
    xy_km
        Position of each crossing, shape (nodes, 2).
    line
        Column and row of each crossing in the lattice, shape (nodes, 2).
    uv_km
        Position in the unbent lattice, shape (nodes, 2): streets are parallel to its axes.
    built
        Whether there may be customers at the crossing.
    on_arterial
        Whether an arterial passes.
    tail, head
        Ends of each edge; `axis` is the lattice axis it runs along, `arterial` whether it is one.
    length_km
        Straight length of each edge.
    """

    xy_km: Floats
    line: Ints
    uv_km: Floats
    built: Flags
    on_arterial: Flags
    tail: Ints
    head: Ints
    axis: Ints
    arterial: Flags
    length_km: Floats

    def graph(self, weight: Floats) -> csr_array:
        """Symmetric sparse matrix of edge weights."""
        return symmetric_graph(len(self.line), self.tail, self.head, weight)


def symmetric_graph(nodes: int, tail: Ints, head: Ints, weight: Floats) -> csr_array:
    """Symmetric sparse matrix of an undirected graph's edge weights."""
    ends = (np.concatenate([tail, head]), np.concatenate([head, tail]))
    return coo_array((np.concatenate([weight, weight]), ends), shape=(nodes, nodes)).tocsr()


def lay_streets(
    polygon: BaseGeometry, unbuilt: BaseGeometry | None, crossings: int, arterial_blocks: float, seed: list[int]
) -> Streets:
    """Lay streets so that at least `crossings` of their crossings lie on built land.

    Parameters
    ----------
    polygon, unbuilt
        Area of the district and the part of it without customers, in km.
    crossings
        Number of crossings wanted on built land; a few per cent more come out.
    arterial_blocks
        Mean number of blocks between arterials.
    seed
        Seed of the district.

    Raises
    ------
    InvalidInput
        When the polygon has no room for connected streets.
    """
    area = polygon.buffer(-INSET_KM)
    land = area if unbuilt is None else area.difference(unbuilt)
    if land.area <= 0.0:
        what, fix = "no land of a district is left for customers", "Check open land and outlines, longitude first"
        raise InvalidInput([Problem("open_land", 0, "half_width_km", what, fix)])
    shapely.prepare(area)
    shapely.prepare(land)
    block_km = float(np.sqrt(land.area / crossings))
    for _ in range(FITTING_ROUNDS):
        streets = _lattice(area, land, block_km, arterial_blocks, np.random.default_rng(seed))
        found = int(np.count_nonzero(streets.built))
        if crossings <= found <= 1.04 * crossings + 10:
            return streets
        block_km *= float(np.clip(np.sqrt((found + 1) / (1.015 * crossings + 3)), 0.5, 1.5))
    while np.count_nonzero(streets.built) < crossings:
        block_km *= 0.97
        streets = _lattice(area, land, block_km, arterial_blocks, np.random.default_rng(seed))
    return streets


def _lattice(
    area: BaseGeometry, land: BaseGeometry, block_km: float, arterial_blocks: float, rng: np.random.Generator
) -> Streets:
    box = shapely.minimum_rotated_rectangle(area)
    centre = np.array(box.centroid.coords[0])
    corners = np.array(box.exterior.coords)
    side = corners[1] - corners[0]
    angle = float(np.arctan2(side[1], side[0])) + rng.normal(0.0, np.radians(5.0))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    reach_km = float(np.linalg.norm(corners[2] - corners[0])) / 2 + 2 * BEND_KM
    waves = _waves(rng)
    axes = [
        _parallel_lines(np.random.default_rng(rng.integers(2**63)), reach_km, block_km, arterial_blocks) for _ in (0, 1)
    ]
    (u, major_u), (v, major_v) = axes
    column, row = (part.ravel() for part in np.meshgrid(np.arange(len(u)), np.arange(len(v)), indexing="ij"))
    uv = np.column_stack([u[column], v[row]])
    xy = (uv + _bend(uv, waves)) @ turn.T + centre
    inside = shapely.contains_xy(area, xy[:, 0], xy[:, 1])
    number = np.full((len(u), len(v)), -1, dtype=np.int64)
    number[column[inside], row[inside]] = np.arange(np.count_nonzero(inside))
    xy, uv, line = xy[inside], uv[inside], np.column_stack([column, row])[inside]
    tail, head, axis = _neighbours(number)
    covered = shapely.covers(area, shapely.linestrings(np.stack([xy[tail], xy[head]], axis=1)))
    tail, head, axis = tail[covered], head[covered], axis[covered]
    arterial = np.where(axis == 0, major_v[line[tail, 1]], major_u[line[tail, 0]])
    on_arterial = major_u[line[:, 0]] | major_v[line[:, 1]]
    built = shapely.contains_xy(land, xy[:, 0], xy[:, 1])
    length = np.linalg.norm(xy[head] - xy[tail], axis=1)
    whole = Streets(xy, line, uv, built, on_arterial, tail, head, axis, arterial, length)
    return _thinned(whole, rng)


def _parallel_lines(
    rng: np.random.Generator, reach_km: float, block_km: float, arterial_blocks: float
) -> tuple[Floats, Flags]:
    """Offsets of parallel streets from -reach to reach, and which of them are arterials.

    Draws do not depend on the block width, so that a slightly finer lattice is the same pattern, only finer.
    """
    count = int(np.ceil(2 * reach_km / block_km)) + 2
    widths = rng.uniform(1 - BLOCK_SPREAD, 1 + BLOCK_SPREAD, count) * block_km
    offsets = np.cumsum(widths) - widths.sum() / 2
    steps = np.random.default_rng(rng.integers(2**63)).uniform(0.6, 1.4, count) * arterial_blocks
    at = np.round(np.cumsum(np.maximum(steps, 1.0))).astype(np.int64) - int(arterial_blocks // 2)
    arterial = np.zeros(count, dtype=bool)
    arterial[at[(at >= 0) & (at < count)]] = True
    return offsets, arterial


def _waves(rng: np.random.Generator) -> Floats:
    """Wave numbers, phases and amplitudes of three bends per axis, shape (2, 3, 3)."""
    wave_number = 2 * np.pi / rng.uniform(*BEND_LENGTH_KM, (2, 3))
    return np.stack([wave_number, rng.uniform(0, 2 * np.pi, (2, 3)), rng.uniform(0.4, 1.0, (2, 3)) * BEND_KM], axis=-1)


def _bend(uv: Floats, waves: Floats) -> Floats:
    """Displacement of lattice points: each axis is bent by sine waves along the other."""
    shift = np.empty_like(uv)
    for axis in (0, 1):
        k, phase, amplitude = waves[axis].T
        shift[:, axis] = (amplitude * np.sin(uv[:, 1 - axis, None] * k + phase)).sum(axis=1)
    return shift


def _neighbours(number: Ints) -> tuple[Ints, Ints, Ints]:
    """Edges between lattice neighbours that both exist: tail, head, axis."""
    along_u = (number[:-1].ravel(), number[1:].ravel())
    along_v = (number[:, :-1].ravel(), number[:, 1:].ravel())
    tail = np.concatenate([along_u[0], along_v[0]])
    head = np.concatenate([along_u[1], along_v[1]])
    axis = np.repeat(np.array([0, 1], dtype=np.int64), [len(along_u[0]), len(along_v[0])])
    exists = (tail >= 0) & (head >= 0)
    return tail[exists], head[exists], axis[exists]


def _thinned(streets: Streets, rng: np.random.Generator) -> Streets:
    """Take away some side streets, never one that holds the graph together, and all but the largest connected part."""
    draw = rng.uniform(0.01, 1.0, len(streets.tail))
    backbone = minimum_spanning_tree(streets.graph(draw)).tocoo()
    span = len(streets.line)
    holds = np.isin(
        np.minimum(streets.tail, streets.head) * span + np.maximum(streets.tail, streets.head),
        np.minimum(backbone.row, backbone.col).astype(np.int64) * span + np.maximum(backbone.row, backbone.col),
    )
    stays = streets.arterial | holds | (rng.uniform(size=len(draw)) >= MISSING_STREETS)
    _, part = connected_components(streets.graph(draw), directed=False)
    weight = np.bincount(part, weights=streets.built)
    keep = part == np.argmax(weight) if len(weight) else np.zeros(0, dtype=bool)
    edges = stays & keep[streets.tail]
    position = np.cumsum(keep) - 1
    return Streets(
        streets.xy_km[keep],
        streets.line[keep],
        streets.uv_km[keep],
        streets.built[keep],
        streets.on_arterial[keep],
        position[streets.tail[edges]],
        position[streets.head[edges]],
        streets.axis[edges],
        streets.arterial[edges],
        streets.length_km[edges],
    )
