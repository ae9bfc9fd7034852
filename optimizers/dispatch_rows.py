"""Sums over the tree of groups (feeders below banks) that limits are written on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def ancestors(group_parent: Ints) -> list[list[int]]:
    """Return for every group itself and all groups above it."""
    chains = []
    for group in range(group_parent.size):
        chain = [group]
        while group_parent[chain[-1]] >= 0:
            chain.append(int(group_parent[chain[-1]]))
        chains.append(chain)
    return chains


def group_sums(power_kw: Floats, group: Ints, group_parent: Ints, groups: int) -> Floats:
    """Return (G, T) the power of all assets in and below each group; parents come after their children."""
    sums = np.zeros((groups, power_kw.shape[1]))
    np.add.at(sums, group, power_kw)
    for child in range(groups):
        if group_parent[child] >= 0:
            sums[group_parent[child]] += sums[child]
    return sums


def summed_prices(group_price: Floats, group_parent: Ints) -> Floats:
    """Return (G, T) the price of each group plus those of all groups above it: what its assets see."""
    seen = group_price.copy()
    for child in range(group_parent.size - 1, -1, -1):
        if group_parent[child] >= 0:
            seen[child] += seen[group_parent[child]]
    return seen
