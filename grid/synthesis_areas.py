"""Service areas: a district divided into substations' areas and those into feeders', balanced and each in one piece."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components

from grid.elements import Floats, Ints
from grid.synthesis_streets import Streets, symmetric_graph

SITE_CANDIDATES = 40


@dataclass(frozen=True)
class Areas:
    """Feeder of each crossing, substation of each feeder, crossing of each substation."""

    feeder_of_node: Ints
    substation_of_feeder: Ints
    site: Ints


def divide(streets: Streets, load_kw: Floats, feeders: int, substations: int, spread: float, seed: list[int]) -> Areas:
    """Divide a district by streets into areas of the wanted load.

    Areas are halved again and again along a street, across their longer side, where the load reaches the share of the
    feeders on one side. Pieces that a bent border cut off join the neighbour they share most streets with.

    Parameters
    ----------
    streets
        The street graph.
    load_kw
        Load at each crossing.
    feeders, substations
        How many areas; feeders are shared out evenly among substations.
    spread
        Loads of feeders are drawn from their mean ± this share.
    seed
        Seed of the draw.
    """
    rng = np.random.default_rng(seed)
    wanted = rng.uniform(1.0 - spread, 1.0 + spread, feeders)
    substation_of_feeder = (np.arange(feeders) * substations) // feeders
    station_wanted = np.bincount(substation_of_feeder, wanted, substations).astype(np.float64)
    station_of_node = _halved(streets.uv_km, load_kw, station_wanted)
    feeder_of_node = np.empty(len(load_kw), dtype=np.int64)
    for station in range(substations):
        nodes = np.flatnonzero(station_of_node == station)
        mine = np.flatnonzero(substation_of_feeder == station)
        feeder_of_node[nodes] = mine[_halved(streets.uv_km[nodes], load_kw[nodes], wanted[mine])]
    feeder_of_node = _in_one_piece(streets, load_kw, feeder_of_node)
    station_of_node = substation_of_feeder[feeder_of_node]
    site = np.array([_site(streets, load_kw, station_of_node == station) for station in range(substations)])
    return Areas(feeder_of_node, substation_of_feeder, site)


def _halved(uv_km: Floats, load_kw: Floats, wanted: Floats) -> Ints:
    """Part of each point so that loads are in proportion to `wanted`, by recursive halving along an axis.

    Every part gets at least one loaded point as long as there are as many as parts.
    """
    part = np.zeros(len(load_kw), dtype=np.int64)
    open_parts = [(np.arange(len(load_kw)), 0, len(wanted))]
    while open_parts:
        nodes, first, end = open_parts.pop()
        if end - first == 1:
            part[nodes] = first
            continue
        middle = (first + end) // 2
        loaded = load_kw[nodes] > 0
        extent = np.ptp(np.quantile(uv_km[nodes[loaded]], [0.05, 0.95], axis=0), axis=0)
        axis = int(extent[1] > extent[0])
        order = nodes[np.lexsort((uv_km[nodes, 1 - axis], uv_km[nodes, axis]))]
        share = wanted[first:middle].sum() / wanted[first:end].sum()
        cut = _cut(load_kw[order], share, middle - first, end - middle)
        open_parts += [(order[cut:], middle, end), (order[:cut], first, middle)]
    return part


def _cut(load_kw: Floats, share: float, before: int, after: int) -> int:
    """Where to cut a sequence so that the first part has this share of the load and each part enough loaded points."""
    total = np.cumsum(load_kw)
    cut = int(np.searchsorted(total, share * total[-1]))
    if cut > 0 and share * total[-1] - total[cut - 1] < total[cut] - share * total[-1]:
        cut -= 1
    loaded = np.flatnonzero(load_kw > 0)
    return int(np.clip(cut + 1, loaded[before - 1] + 1, loaded[len(loaded) - after]))


def _in_one_piece(streets: Streets, load_kw: Floats, area: Ints) -> Ints:
    """Give pieces that are cut off from the main piece of their area to a neighbour, until there are none."""
    area = area.copy()
    weight = load_kw + 1e-6
    while True:
        inner = area[streets.tail] == area[streets.head]
        graph = symmetric_graph(len(area), streets.tail[inner], streets.head[inner], np.ones(np.count_nonzero(inner)))
        pieces, piece = connected_components(graph, directed=False)
        load = np.bincount(piece, weights=weight, minlength=pieces)
        area_of_piece = np.empty(pieces, dtype=np.int64)
        area_of_piece[piece] = area
        order = np.lexsort((-load, area_of_piece))
        main = np.zeros(pieces, dtype=bool)
        main[order[np.r_[True, np.diff(area_of_piece[order]) > 0]]] = True
        if main.all():
            return area
        area = _joined(streets, area, piece, main)


def _joined(streets: Streets, area: Ints, piece: Ints, main: np.ndarray) -> Ints:
    """One round: each loose piece joins the main piece it shares most street sections with (the first of equals)."""
    across = area[streets.tail] != area[streets.head]
    ends = np.concatenate(
        [
            np.column_stack([streets.tail[across], streets.head[across]]),
            np.column_stack([streets.head[across], streets.tail[across]]),
        ]
    )
    ends = ends[~main[piece[ends[:, 0]]] & main[piece[ends[:, 1]]]]
    pairs, shared = np.unique(np.column_stack([piece[ends[:, 0]], area[ends[:, 1]]]), axis=0, return_counts=True)
    order = np.lexsort((pairs[:, 1], -shared, pairs[:, 0]))
    first = order[np.r_[True, np.diff(pairs[order, 0]) > 0]]
    new_area = np.full(len(main), -1, dtype=np.int64)
    new_area[pairs[first, 0]] = pairs[first, 1]
    joined: Ints = np.where(new_area[piece] >= 0, new_area[piece], area)
    return joined


def _site(streets: Streets, load_kw: Floats, member: np.ndarray) -> int:
    """Crossing for a substation: on an arterial of its area, nearest to the area's centre of load."""
    nodes = np.flatnonzero(member & streets.built)
    if not len(nodes):
        nodes = np.flatnonzero(member)
    centre = np.average(streets.xy_km[nodes], axis=0, weights=load_kw[nodes] + 1e-9)
    near = nodes[np.argsort(np.linalg.norm(streets.xy_km[nodes] - centre, axis=1), kind="stable")[:SITE_CANDIDATES]]
    arterial = near[streets.on_arterial[near]]
    return int(arterial[0] if len(arterial) else near[0])
