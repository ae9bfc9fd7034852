"""Feeder trees: an express run along arterials from the substation, then a trunk with laterals through its area."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, dijkstra, minimum_spanning_tree
from shapely.geometry.base import BaseGeometry

from grid.elements import Flags, Floats, Ints
from grid.synthesis_areas import Areas
from grid.synthesis_streets import Streets

ARTERIAL_COST = 0.6
"""Cost of a km along an arterial for an express run; a km of side street costs 1."""
UNBUILT_COST = 4.0
TRUNK_COST, LATERAL_COST, SIDE_COST = 0.3, 1.0, 1.3
"""Cost of a km on the trunk's street, across it, and parallel to it: the cheapest tree is a comb."""
ARTERIAL_BONUS_BLOCKS = 3.0
"""How far the trunk moves from the middle of the area to follow an arterial."""
TIE_BREAK = 0.04
EXPRESS_SPAN = 6
"""Crossings passed by one straight line element of an express run at most."""


@dataclass(frozen=True)
class Trees:
    """Feeders as trees of elements (future buses), parents before children; `parent` is -1 at the busbar.

    `node` is the crossing, `xy_km` the position, `length_km` the street length from the parent, `express` marks the
    run before the service area, `lateral` the way to a dedicated customer, `customer` the index of that customer or -1.
    """

    feeder: Ints
    parent: Ints
    node: Ints
    xy_km: Floats
    length_km: Floats
    express: Flags
    lateral: Flags
    customer: Ints


def grow_trees(streets: Streets, areas: Areas, loaded: Flags, shape: BaseGeometry, seed: list[int]) -> Trees:
    """Connect every loaded crossing of each feeder's area to the substation, as a tree over the streets.

    Parameters
    ----------
    streets, areas
        Street graph and its division.
    loaded
        Crossings with a transformer.
    shape
        The district in km; express runs take the bends of their street where a straight line would leave it.
    seed
        Seed for breaking ties between equally good streets.
    """
    tie_break = np.random.default_rng(seed).uniform(1.0, 1.0 + TIE_BREAK, len(streets.tail))
    cost = _express_cost(streets, tie_break)
    away, before = dijkstra(streets.graph(cost), directed=False, indices=areas.site, return_predecessors=True)
    entry = _entries(areas, away)
    order, parent_node = _spanning_order(streets, areas, entry, loaded, tie_break)
    runs = [
        _express_run(streets, before[areas.substation_of_feeder[feeder]], int(entry[feeder]), shape)
        for feeder in range(len(entry))
    ]
    return _combined(streets, areas, order, parent_node, runs)


@numba.njit(cache=True)
def add_to_parents(parent: Ints, values: Floats) -> None:
    """Add to every row the sum of its children's rows; parents come before children, -1 is no parent."""
    for child in range(len(parent) - 1, -1, -1):
        if parent[child] >= 0:
            for column in range(values.shape[1]):
                values[parent[child], column] += values[child, column]


def path_between(before: Ints, end: int) -> list[int]:
    """Crossings from the source of a `dijkstra` predecessor row to `end`, both included."""
    path = [end]
    while before[path[-1]] >= 0:
        path.append(int(before[path[-1]]))
    return path[::-1]


def with_fewer_stops(streets: Streets, path: list[int], shape: BaseGeometry) -> list[int]:
    """Leave out crossings where a path runs straight on, as far as the shorter way stays inside the district."""
    turns = [0]
    for at in range(1, len(path) - 1):
        before, here, after = streets.line[path[at - 1]], streets.line[path[at]], streets.line[path[at + 1]]
        if ((after - here) != (here - before)).any() or at - turns[-1] >= EXPRESS_SPAN:
            turns.append(at)
    turns.append(len(path) - 1)
    ends = streets.xy_km[np.array(path)[turns]]
    inside = shapely.covers(shape, shapely.linestrings(np.stack([ends[:-1], ends[1:]], axis=1)))
    stops = [0]
    for first, last, straight in zip(turns, turns[1:], inside, strict=False):
        stops += [last] if straight else list(range(first + 1, last + 1))
    return [path[at] for at in stops]


def length_along(streets: Streets, path: list[int], stops: list[int]) -> Floats:
    """Length of a path from each stop to the next; stops are a part of the path with its first and last crossing."""
    steps = np.linalg.norm(np.diff(streets.xy_km[path], axis=0), axis=1)
    total = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.array([path.index(stop) for stop in stops])
    lengths: Floats = np.diff(total[at])
    return lengths


def _express_cost(streets: Streets, tie_break: Floats) -> Floats:
    built = streets.built[streets.tail] & streets.built[streets.head]
    factor = np.where(streets.arterial, ARTERIAL_COST, 1.0) * np.where(built, 1.0, UNBUILT_COST)
    cost: Floats = streets.length_km * factor * tie_break
    return cost


def _entries(areas: Areas, away: Floats) -> Ints:
    """Crossing of each feeder's area that is cheapest to reach from its substation."""
    station = areas.substation_of_feeder[areas.feeder_of_node]
    reach = away[station, np.arange(len(station))]
    order = np.lexsort((reach, areas.feeder_of_node))
    first = np.r_[True, np.diff(areas.feeder_of_node[order]) > 0]
    entry: Ints = order[first]
    return entry


def _spanning_order(streets: Streets, areas: Areas, entry: Ints, loaded: Flags, tie_break: Floats) -> tuple[Ints, Ints]:
    """Crossings in breadth-first order of the trees, without unloaded ends, and the parent of each crossing."""
    nodes = len(streets.line)
    inner = areas.feeder_of_node[streets.tail] == areas.feeder_of_node[streets.head]
    cost = _comb_cost(streets, areas, loaded) * tie_break
    graph = coo_array((cost[inner], (streets.tail[inner], streets.head[inner])), shape=(nodes, nodes)).tocsr()
    forest = minimum_spanning_tree(graph).tocoo()
    rooted = coo_array(
        (
            np.ones(len(forest.row) + len(entry)),
            (np.concatenate([forest.row, np.full(len(entry), nodes)]), np.concatenate([forest.col, entry])),
        ),
        shape=(nodes + 1, nodes + 1),
    ).tocsr()
    order, parent = breadth_first_order(rooted, nodes, directed=False, return_predecessors=True)
    order = order[1:]
    rank = np.full(nodes + 1, -1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    below = loaded[order].astype(np.float64)[:, None]
    add_to_parents(rank[parent[order]], below)
    return order[below[:, 0] > 0].astype(np.int64), np.where(parent == nodes, -1, parent).astype(np.int64)


def _comb_cost(streets: Streets, areas: Areas, loaded: Flags) -> Floats:
    """Cost of each street section inside an area such that the cheapest tree is a trunk with laterals across it."""
    feeders = len(areas.substation_of_feeder)
    trunk_axis, trunk_line = np.zeros(feeders, dtype=np.int64), np.zeros(feeders, dtype=np.int64)
    by_feeder = np.argsort(areas.feeder_of_node, kind="stable")
    bounds = np.searchsorted(areas.feeder_of_node[by_feeder], np.arange(feeders + 1))
    for feeder in range(feeders):
        nodes = by_feeder[bounds[feeder] : bounds[feeder + 1]]
        trunk_axis[feeder], trunk_line[feeder] = _trunk(streets, nodes[loaded[nodes]])
    feeder_of_edge = areas.feeder_of_node[streets.tail]
    across_line = streets.line[streets.tail, 1 - trunk_axis[feeder_of_edge]]
    off = np.abs(across_line - trunk_line[feeder_of_edge])
    along = streets.axis == trunk_axis[feeder_of_edge]
    factor = np.where(along, np.where(off == 0, TRUNK_COST, SIDE_COST + 0.1 * np.minimum(off, 10)), LATERAL_COST)
    built = streets.built[streets.tail] & streets.built[streets.head]
    cost: Floats = streets.length_km * factor * np.where(built, 1.0, UNBUILT_COST)
    return cost


def _trunk(streets: Streets, nodes: Ints) -> tuple[int, int]:
    """Axis and number of the street the trunk takes: the longer way through the area, near its middle, an arterial."""
    extent = np.ptp(streets.uv_km[nodes], axis=0)
    axis = int(extent[1] > extent[0])
    line = streets.line[nodes, 1 - axis]
    candidates, count = np.unique(line, return_counts=True)
    middle = np.median(line)
    arterial = np.zeros(len(candidates), dtype=bool)
    flags = streets.on_arterial[nodes]
    for at, number in enumerate(candidates):
        arterial[at] = flags[line == number].mean() > 0.9
    penalty = np.abs(candidates - middle) - ARTERIAL_BONUS_BLOCKS * arterial + 4.0 * (1.0 - count / count.max())
    return axis, int(candidates[np.argmin(penalty)])


def _express_run(streets: Streets, before: Ints, entry: int, shape: BaseGeometry) -> tuple[list[int], Floats]:
    """Crossings after the substation up to and with the entry, and the street length to each."""
    path = path_between(before, entry)
    if len(path) == 1:
        return path, np.zeros(1)
    stops = with_fewer_stops(streets, path, shape)
    return stops[1:], length_along(streets, path, stops)


def _combined(
    streets: Streets, areas: Areas, order: Ints, parent_node: Ints, runs: list[tuple[list[int], Floats]]
) -> Trees:
    """Express runs and trees as one list of elements, by feeder, parents first."""
    interior = [stops[:-1] for stops, _ in runs]
    run_length = [length[:-1] for _, length in runs]
    count = np.array([len(stops) for stops in interior])
    run_feeder = np.repeat(np.arange(len(runs)), count)
    run_parent = np.arange(len(run_feeder)) - 1
    run_parent[(np.cumsum(count) - count)[count > 0]] = -1
    last_of_run = np.where(count > 0, np.cumsum(count) - 1, -1)
    at_node = np.full(len(streets.line), -1, dtype=np.int64)
    at_node[order] = len(run_feeder) + np.arange(len(order))
    feeder = areas.feeder_of_node[order]
    is_entry = parent_node[order] < 0
    parent = np.where(is_entry, last_of_run[feeder], at_node[parent_node[order]])
    step = np.linalg.norm(streets.xy_km[order] - streets.xy_km[parent_node[order]], axis=1)
    entry_length = np.array([length[-1] for _, length in runs])
    node = np.concatenate([np.array([at for stops in interior for at in stops], dtype=np.int64), order])
    trees = Trees(
        feeder=np.concatenate([run_feeder, feeder]),
        parent=np.concatenate([run_parent, parent]),
        node=node,
        xy_km=streets.xy_km[node],
        length_km=np.concatenate([*run_length, np.where(is_entry, entry_length[feeder], step)]),
        express=np.arange(len(node)) < len(run_feeder),
        lateral=np.zeros(len(node), dtype=bool),
        customer=np.full(len(node), -1, dtype=np.int64),
    )
    return by_feeder(trees)


def by_feeder(trees: Trees) -> Trees:
    """Put the elements of each feeder together, otherwise in the same order."""
    order = np.argsort(trees.feeder, kind="stable")
    position = np.empty(len(order) + 1, dtype=np.int64)
    position[order] = np.arange(len(order))
    position[-1] = -1
    return Trees(
        feeder=trees.feeder[order],
        parent=position[trees.parent[order]],
        node=trees.node[order],
        xy_km=trees.xy_km[order],
        length_km=trees.length_km[order],
        express=trees.express[order],
        lateral=trees.lateral[order],
        customer=trees.customer[order],
    )
