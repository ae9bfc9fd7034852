r"""The fewest buses that run all trips of a timetable, and among those plans the one of least energy.

Trips are the nodes of an acyclic graph with an edge where one bus can run both. A bus is a path; the fewest paths that
cover all nodes are N minus the largest matching between "followed by" and "follows" (Fulkerson 1956; Bertossi,
Carraresi, Gallo, Networks 17, 1987). A matching of least cost in which every missing link costs more than all energy
together gives both at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from twin.transit_links import Links

LAST = -1
"""Successor of the last trip of a bus."""


def successors(links: Links) -> NDArray[np.int64]:
    """Return the (N,) trip each trip is followed by on its bus, `LAST` for none: fewest buses, then least energy.

    A link through the garage costs what two buses would: the way in and the way out. A direct link saves both.
    """
    saved = links.direct_kwh - links.in_kwh[:, None] - links.out_kwh[None, :]
    cost = np.where(links.by_garage, np.minimum(saved, 0.0), saved)
    allowed = np.isfinite(cost)
    count = len(cost)
    if not allowed.any():
        return np.full(count, LAST, dtype=np.int64)
    spread = float(cost[allowed].max() - cost[allowed].min())
    per_bus = float(cost[allowed].max()) + (1.0 + spread) * (count + 1)
    _, follows = linear_sum_assignment(np.where(allowed, cost, per_bus))
    return np.where(allowed[np.arange(count), follows], follows, LAST).astype(np.int64)


def chains(after: NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    """Return the trips of each bus in their order, buses by their first trip."""
    first = np.setdiff1d(np.arange(len(after)), after)
    found = []
    for trip in first:
        chain = [int(trip)]
        while (following := int(after[chain[-1]])) != LAST:
            chain.append(following)
        found.append(tuple(chain))
    return tuple(found)
