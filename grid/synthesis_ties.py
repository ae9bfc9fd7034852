"""Normally-open ties: where two feeders meet on a street, or across a district's border."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from grid.elements import Floats, Ints
from grid.synthesis_feeders import Trees
from grid.synthesis_streets import Streets

BORDER_REACH_KM = 0.3
"""Feeders of two districts are tied where their nearest transformers are at most this far apart."""
MOST_PER_FEEDER = 5


@dataclass(frozen=True)
class TieEnds:
    """Ends of each tie (elements or buses) and the street length between them."""

    a: Ints
    b: Ints
    length_km: Floats


def street_ties(
    trees: Trees, streets: Streets, worth: Floats, bank: Ints, substation: Ints, per_feeder: float
) -> TieEnds:
    """Choose ties of one district among the street sections whose ends belong to different feeders.

    Parameters
    ----------
    trees, streets
        Feeders and street graph.
    worth
        How good an element is as the end of a tie; a section is worth the lesser of its ends.
    bank, substation
        Of each feeder: ties to another substation come first, then those to another bank.
    per_feeder
        Mean number of ties at a feeder; each gets one before any gets more.
    """
    ordinary = np.flatnonzero(~trees.express & ~trees.lateral)
    element = np.full(len(streets.line), -1, dtype=np.int64)
    element[trees.node[ordinary]] = ordinary
    a, b = element[streets.tail], element[streets.head]
    meets = (a >= 0) & (b >= 0) & (trees.feeder[a] != trees.feeder[b])
    a, b, length = a[meets], b[meets], streets.length_km[meets]
    lonely_a, lonely_b, lonely_length = _nearest_neighbours(trees, ordinary, np.unique(trees.feeder[np.r_[a, b]]))
    a, b, length = np.r_[a, lonely_a], np.r_[b, lonely_b], np.r_[length, lonely_length]
    fa, fb = trees.feeder[a], trees.feeder[b]
    rank = np.minimum(worth[a], worth[b]) + 1e3 * (bank[fa] != bank[fb]) + 1e3 * (substation[fa] != substation[fb])
    feeders = np.unique(trees.feeder[ordinary])
    chosen = _choose(fa, fb, rank, round(per_feeder * len(feeders) / 2), MOST_PER_FEEDER)
    return TieEnds(a[chosen], b[chosen], length[chosen])


def border_ties(xy_km: Floats, feeder: Ints, district: Ints) -> TieEnds:
    """Ties across borders: pairs of near buses of two districts, the shortest first, one a feeder at most."""
    pairs = cKDTree(xy_km).query_pairs(BORDER_REACH_KM, output_type="ndarray")
    pairs = pairs[district[pairs[:, 0]] != district[pairs[:, 1]]]
    length = np.linalg.norm(xy_km[pairs[:, 0]] - xy_km[pairs[:, 1]], axis=1)
    order = np.lexsort((pairs[:, 1], pairs[:, 0], length))
    a, b, length = pairs[order, 0], pairs[order, 1], length[order]
    chosen = _choose(feeder[a], feeder[b], -length, len(pairs), 1)
    return TieEnds(a[chosen], b[chosen], length[chosen])


def _choose(fa: Ints, fb: Ints, rank: Floats, wanted: int, most: int) -> Ints:
    """Positions of the chosen candidates: best of each pair of feeders, those without a tie first, then the rest."""
    if not len(rank):
        return np.zeros(0, dtype=np.int64)
    order = np.argsort(-rank, kind="stable")
    pair = np.column_stack([np.minimum(fa, fb), np.maximum(fa, fb)])[order]
    best = order[np.sort(np.unique(pair, axis=0, return_index=True)[1])]
    count = np.zeros(int(max(fa.max(), fb.max())) + 1, dtype=np.int64)
    taken = np.zeros(len(rank), dtype=bool)
    for only_lonely in (True, False):
        for at in best:
            ends = count[[fa[at], fb[at]]]
            allowed = ends.min() == 0 if only_lonely else np.count_nonzero(taken) < wanted
            if allowed and ends.max() < most and not taken[at]:
                taken[at] = True
                count[[fa[at], fb[at]]] += 1
    return np.flatnonzero(taken)


def _nearest_neighbours(trees: Trees, ordinary: Ints, met: Ints) -> tuple[Ints, Ints, Floats]:
    """For feeders that meet no other on a street: their element nearest to another feeder's, and that one."""
    pairs: list[tuple[int, int, float]] = []
    for feeder in np.setdiff1d(np.unique(trees.feeder[ordinary]), met):
        mine = ordinary[trees.feeder[ordinary] == feeder]
        others = ordinary[trees.feeder[ordinary] != feeder]
        if len(others):
            distance, nearest = cKDTree(trees.xy_km[others]).query(trees.xy_km[mine])
            at = int(np.argmin(distance))
            pairs.append((int(mine[at]), int(others[nearest[at]]), float(distance[at])))
    a, b, length = zip(*pairs, strict=True) if pairs else ((), (), ())
    return np.array(a, dtype=np.int64), np.array(b, dtype=np.int64), np.array(length, dtype=np.float64)
