r"""Which way a store goes when prices are so negative that wasting energy would pay: branch and bound, exactly.

At a price below some hundred KRW under zero, one kWh pushed through a store and back earns more than it wears. The cost
of a step is then no longer convex in the change of level; a linear model would charge and discharge at once. Here the
convex envelope of a step stands in for it until the direction of the step is decided.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from numba import njit

from optimizers.arrays import Floats, Ints
from optimizers.assets.store_kernel import Pieces, Stores, cheapest_pieces_kwh

SEARCH_NODES = 400
"""Most relaxations solved for one store."""
SEARCH_GAP = 1e-9


@dataclass(frozen=True, eq=False)
class _Node:
    """(T,) directions decided: +1 charge, −1 discharge, 0 open; the bound they leave and the relaxed (T,) changes."""

    direction: Ints
    bound: float
    change: Floats


def search_directions(stores: Stores, pieces: Pieces) -> tuple[Floats, float]:
    """Return the (T,) changes of the best plan of one store, and by how much its cost may be above the least.

    Parameters
    ----------
    stores
        One store (K = 1).
    pieces
        Its choices, the first half discharging and the second half charging, in the order of the level they lead to;
        their prices may fall.
    """
    root = _relaxed(stores, pieces, np.zeros(pieces.least_kwh.shape[1], dtype=np.int64))
    best, best_cost = root.change, _cost(stores, pieces, root.change)
    queue, count = [(root.bound, 0, root)], 1
    while queue and count < SEARCH_NODES:
        if queue[0][0] >= best_cost - SEARCH_GAP * max(1.0, abs(best_cost)):
            return best, 0.0
        _, _, node = heapq.heappop(queue)
        at = _worst_step(pieces, node)
        for direction in (1, -1):
            decided = node.direction.copy()
            decided[at] = direction
            child = _relaxed(stores, pieces, decided)
            count += 1
            if child.bound >= best_cost:
                continue
            cost = _cost(stores, pieces, child.change)
            if cost < best_cost:
                best, best_cost = child.change, cost
            heapq.heappush(queue, (child.bound, count, child))
    return best, max(best_cost - queue[0][0], 0.0) if queue else 0.0


def _relaxed(stores: Stores, pieces: Pieces, direction: Ints) -> _Node:
    """Solve one store with some directions decided and the other steps relaxed to their convex envelope."""
    left = _left_by(pieces, direction)
    if not _reaches(stores, left):
        return _Node(direction, float("inf"), left.least_kwh[0])
    used = cheapest_pieces_kwh(stores, left)
    change = (left.least_kwh + used.sum(axis=2))[0]
    value = _step_costs(pieces, left.least_kwh[0]).sum() + (used * left.price_krw_per_kwh).sum()
    return _Node(direction, float(value) - _end_worth(stores, change), change)


def _left_by(pieces: Pieces, direction: Ints) -> Pieces:
    """Return the pieces that given directions leave, priced by their convex envelope."""
    half = pieces.width_kwh.shape[2] // 2
    width, price, least = pieces.width_kwh.copy(), pieces.price_krw_per_kwh.copy(), pieces.least_kwh.copy()
    width[0, direction == 1, :half] = 0.0
    least[0, direction == 1] = 0.0
    width[0, direction == -1, half:] = 0.0
    order_empty_pieces(width, price)
    price[0] = _pooled(width[0], price[0])
    return Pieces(least, width, price)


def _step_costs(pieces: Pieces, change: Floats) -> Floats:
    """Return the (T,) cost of the changes of one store, 0 for no change."""
    half = pieces.width_kwh.shape[2] // 2
    width, price = pieces.width_kwh[0], pieces.price_krw_per_kwh[0]
    filled = np.clip((change - pieces.least_kwh[0])[:, None] - (np.cumsum(width, axis=1) - width), 0.0, width)
    return np.asarray((filled * price).sum(axis=1) - (width * price)[:, :half].sum(axis=1))


def _cost(stores: Stores, pieces: Pieces, change: Floats) -> float:
    return float(_step_costs(pieces, change).sum()) - _end_worth(stores, change)


def _end_worth(stores: Stores, change: Floats) -> float:
    level = float(stores.initial_kwh[0])
    for t in range(change.size):
        level = float(stores.keep[0]) * level + float(stores.inflow_kwh[0, t] + change[t])
    return level * float(stores.end_value_krw_per_kwh[0])


def _worst_step(pieces: Pieces, node: _Node) -> int:
    """Return the open step whose change costs most above its convex envelope."""
    left = _left_by(pieces, node.direction)
    amount = (node.change - left.least_kwh[0])[:, None]
    width = left.width_kwh[0]
    filled = np.clip(amount - (np.cumsum(width, axis=1) - width), 0.0, width)
    relaxed = (filled * left.price_krw_per_kwh[0]).sum(axis=1) + _step_costs(pieces, left.least_kwh[0])
    excess = np.where(node.direction == 0, _step_costs(pieces, node.change) - relaxed, -np.inf)
    return int(excess.argmax())


def _reaches(stores: Stores, pieces: Pieces) -> bool:
    """Return whether a way inside the window is left."""
    least, most = pieces.least_kwh[0], pieces.least_kwh[0] + pieces.width_kwh[0].sum(axis=1)
    low, high, keep = float(stores.lower_kwh[0, -1]), float(stores.upper_kwh[0, -1]), float(stores.keep[0])
    for t in range(most.size - 1, -1, -1):
        inflow = float(stores.inflow_kwh[0, t])
        low, high = (low - inflow - float(most[t])) / keep, (high - inflow - float(least[t])) / keep
        if t:
            low, high = max(low, float(stores.lower_kwh[0, t])), min(high, float(stores.upper_kwh[0, t]))
        if low > high + 1e-9:
            return False
    return bool(low - 1e-9 <= stores.initial_kwh[0] <= high + 1e-9)


@njit(cache=True)
def order_empty_pieces(width: Floats, price: Floats) -> None:
    """Give pieces of no size the price of a neighbour, so that they spoil no order."""
    assets, steps, count = width.shape
    for a in range(assets):
        for t in range(steps):
            last = -1
            for j in range(count):
                if width[a, t, j] > 0.0:
                    if last < 0:
                        price[a, t, :j] = price[a, t, j]
                    last = j
                elif last >= 0:
                    price[a, t, j] = price[a, t, last]
            if last < 0:
                price[a, t, :] = 0.0


@njit(cache=True)
def _pooled(width: Floats, price: Floats) -> Floats:
    """Return the prices of the convex envelope of each step: neighbours whose prices fall are pooled."""
    steps, count = width.shape
    out = price.copy()
    for t in range(steps):
        mean, size, members = np.empty(count), np.empty(count), np.empty(count, dtype=np.int64)
        top = 0
        for j in range(count):
            mean[top], size[top], members[top] = price[t, j], width[t, j], 1
            top += 1
            while top > 1 and mean[top - 2] > mean[top - 1]:
                total = size[top - 2] + size[top - 1]
                if total > 0.0:
                    both = mean[top - 2] * size[top - 2] + mean[top - 1] * size[top - 1]
                    mean[top - 2] = both / total
                size[top - 2] = total
                members[top - 2] += members[top - 1]
                top -= 1
        j = 0
        for group in range(top):
            out[t, j : j + members[group]] = mean[group]
            j += members[group]
    return out
