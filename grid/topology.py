"""Which bus is fed through which branch: spanning forests from the slacks, loops, islands, row order.

The trees are numbered in pre-order, so that a subtree is one contiguous range of rows and parents precede children.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from grid.elements import Flags, Ints


@dataclass(frozen=True)
class Forest:
    """Trees rooted at the slack buses.

    Attributes
    ----------
    order
        Live buses in pre-order, tree after tree (rows,).
    parent_bus, parent_edge
        For each bus the bus and the edge it is fed through, or −1 at roots and buses without supply.
    chords
        Edges that close a loop, in edge order.
    """

    order: Ints
    parent_bus: Ints
    parent_edge: Ints
    chords: Ints

    @property
    def live(self) -> Flags:
        """Whether each bus has a path to a slack."""
        mask = np.zeros(len(self.parent_bus), dtype=bool)
        mask[self.order] = True
        return mask


def spanning_forest(n_buses: int, from_bus: Ints, to_bus: Ints, weight: NDArray[np.float64], roots: Ints) -> Forest:
    """Grow trees from `roots` over the lightest edges (Kruskal, all roots being one node).

    Parameters
    ----------
    n_buses
        Number of buses.
    from_bus, to_bus
        Ends of each edge; only edges in service are given.
    weight
        Of two edges of a loop the lighter is kept in the tree; an edge of weight 0 closes a loop only with its like.
    roots
        Distinct slack buses, in the order in which their trees are numbered.
    """
    in_tree, reached = _lightest_edges(n_buses, from_bus, to_bus, np.argsort(weight, kind="stable"), roots)
    tree = np.flatnonzero(in_tree)
    ends = np.concatenate([from_bus[tree], to_bus[tree]])
    by_bus = np.argsort(ends, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=n_buses))])
    other = np.concatenate([to_bus[tree], from_bus[tree]])[by_bus]
    edge = np.concatenate([tree, tree])[by_bus]
    order, parent_bus, parent_edge = _preorder(n_buses, start, other, edge, roots)
    return Forest(order, parent_bus, parent_edge, np.flatnonzero(~in_tree & reached[from_bus]))


@njit(cache=True)
def _find(leader: Ints, node: int) -> int:
    while leader[node] != node:
        leader[node] = leader[leader[node]]
        node = leader[node]
    return node


@njit(cache=True)
def _lightest_edges(n: int, from_bus: Ints, to_bus: Ints, by_weight: Ints, roots: Ints) -> tuple[Flags, Flags]:
    leader = np.arange(n)
    for root in roots:
        leader[_find(leader, root)] = _find(leader, roots[0])
    in_tree = np.zeros(from_bus.size, dtype=np.bool_)
    for edge in by_weight:
        one, two = _find(leader, from_bus[edge]), _find(leader, to_bus[edge])
        if one != two:
            leader[one] = two
            in_tree[edge] = True
    reached = np.zeros(n, dtype=np.bool_)
    for bus in range(n):
        reached[bus] = roots.size > 0 and _find(leader, bus) == _find(leader, roots[0])
    return in_tree, reached


@njit(cache=True)
def _preorder(n: int, start: Ints, other: Ints, edge: Ints, roots: Ints) -> tuple[Ints, Ints, Ints]:
    order = np.empty(n, dtype=np.int64)
    parent_bus = np.full(n, -1)
    parent_edge = np.full(n, -1)
    stack = np.empty(n + 1, dtype=np.int64)
    count = 0
    for root in roots:
        stack[0] = root
        height = 1
        while height:
            height -= 1
            bus = stack[height]
            order[count] = bus
            count += 1
            for k in range(start[bus + 1] - 1, start[bus] - 1, -1):
                if edge[k] != parent_edge[bus]:
                    parent_bus[other[k]] = bus
                    parent_edge[other[k]] = edge[k]
                    stack[height] = other[k]
                    height += 1
    return order[:count], parent_bus, parent_edge
