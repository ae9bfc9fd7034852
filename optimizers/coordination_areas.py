"""Parts of a network that share nothing but stiff sources: what binds in one is no matter of another's."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from grid.network import Network
from optimizers.arrays import Ints


def areas_of(network: Network) -> Ints:
    """Return the (N,) area of each bus: what hangs together without the slack buses; -1 for slack buses themselves."""
    lines, transformers, buses = network.lines, network.transformers, len(network.buses)
    ends = [np.concatenate([getattr(lines, end), getattr(transformers, end)]) for end in ("from_bus", "to_bus")]
    live = np.concatenate([lines.in_service, transformers.in_service]).astype(bool)
    live &= ~np.isin(ends[0], network.slacks.bus) & ~np.isin(ends[1], network.slacks.bus)
    links = sparse.coo_array((np.ones(int(live.sum())), (ends[0][live], ends[1][live])), shape=(buses, buses))
    area = sparse.csgraph.connected_components(links, directed=False)[1].astype(np.int64)
    area[network.slacks.bus] = -1
    return np.asarray(area)


def branch_areas(network: Network, bus_area: Ints) -> Ints:
    """Return the (B,) area of each branch: that of its ends, of which at most one is a slack bus."""
    lines, transformers = network.lines, network.transformers
    ends = [np.concatenate([getattr(lines, end), getattr(transformers, end)]) for end in ("from_bus", "to_bus")]
    return np.asarray(np.maximum(bus_area[ends[0]], bus_area[ends[1]]))
