r"""The cheapest way of a store at given prices, exactly: value functions that are convex and piecewise linear.

Everything that holds energy is one recursion, whatever it is called (battery, vehicle, tank, room):

.. math:: x_{t+1} = a\,x_t + b_t + u_t, \qquad \underline x_t \le x_t \le \overline x_t

where the change u of a step costs a convex, piecewise linear amount. Backwards in time the value function stays convex
and piecewise linear: adding the choice of u is an infimal convolution, which merges two sorted lists of slopes, and the
window cuts the ends off. No grid of states is needed, the answer is exact, and what has to be kept of a step is one
threshold a piece: *go on with this piece until the store holds so much*.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, prange

from data.errors import InvalidInput, Problem
from optimizers.arrays import Flags, Floats

WINDOW_TOLERANCE_KWH = 1e-7


@dataclass(frozen=True, eq=False)
class Stores:
    """K stores over T steps: what their level does by itself, and where it must stay.

    Attributes
    ----------
    keep
        (K,) share a of the level that is left after a step, in (0, 1].
    inflow_kwh
        (K, T) what comes (negative: goes) in each step whatever is decided.
    lower_kwh, upper_kwh
        (K, T + 1) window of the level at each edge between steps.
    initial_kwh
        (K,) level at the start.
    end_value_krw_per_kwh
        (K,) worth of what is left at the end.
    """

    keep: Floats
    inflow_kwh: Floats
    lower_kwh: Floats
    upper_kwh: Floats
    initial_kwh: Floats
    end_value_krw_per_kwh: Floats


@dataclass(frozen=True, eq=False)
class Pieces:
    """The choice of each step: a least change and J pieces on top of it, whose prices must not fall.

    Attributes
    ----------
    least_kwh
        (K, T) smallest change of the level.
    width_kwh
        (K, T, J) size of each piece, at least 0.
    price_krw_per_kwh
        (K, T, J) price of each piece, per kWh of change; not falling along the last axis.
    """

    least_kwh: Floats
    width_kwh: Floats
    price_krw_per_kwh: Floats

    def convex(self) -> Flags:
        """Return (K,) whether the pieces of a store are in the order of their prices in every step."""
        falls = np.diff(self.price_krw_per_kwh, axis=2) < 0
        return np.asarray(~falls.any(axis=(1, 2)))


def cheapest_pieces_kwh(stores: Stores, pieces: Pieces) -> Floats:
    """Return (K, T, J) how much of each piece the cheapest plan takes; of equally cheap steps the earlier is filled.

    Raises
    ------
    InvalidInput
        When a store has no plan inside its window.
    """
    used = np.zeros_like(pieces.width_kwh)
    feasible = np.ones(len(stores.keep), dtype=np.bool_)
    _plan_all(
        stores.keep,
        stores.inflow_kwh,
        stores.lower_kwh,
        stores.upper_kwh,
        stores.initial_kwh,
        stores.end_value_krw_per_kwh,
        pieces.least_kwh,
        pieces.width_kwh,
        pieces.price_krw_per_kwh,
        used,
        feasible,
    )
    if not feasible.all():
        what = f"{int((~feasible).sum())} stores cannot stay inside their window whatever is decided"
        fix = "widen the window, raise the power, or correct what is drawn"
        raise InvalidInput([Problem("stores", int((~feasible).argmax()) + 1, "lower_kwh", what, fix)])
    return used


@njit(cache=True, parallel=True)
def _plan_all(
    keep: Floats, inflow: Floats, lower: Floats, upper: Floats, initial: Floats, end_value: Floats, least: Floats,
    width: Floats, price: Floats, used: Floats, feasible: Flags,
) -> None:  # fmt: skip
    for k in prange(keep.size):
        feasible[k] = _plan_one(
            keep[k], inflow[k], lower[k], upper[k], initial[k], end_value[k], least[k], width[k], price[k], used[k]
        )


@njit(cache=True)
def _plan_one(
    keep: float, inflow: Floats, lower: Floats, upper: Floats, initial: float, end_value: float, least: Floats,
    width: Floats, price: Floats, used: Floats,
) -> bool:  # fmt: skip
    """Plan one store: thresholds backwards, then the way forwards."""
    steps, count = width.shape
    threshold, low, high = np.empty((steps, count)), np.empty(steps), np.empty(steps)
    if not _thresholds(keep, inflow, lower, upper, end_value, least, width, price, threshold, low, high):
        return False
    level = initial
    for t in range(steps):
        level = keep * level + inflow[t] + least[t]
        if level > high[t] + WINDOW_TOLERANCE_KWH:
            return False
        for j in range(count):
            goal = max(min(threshold[t, j], high[t]), low[t])
            used[t, j] = max(min(goal - level, width[t, j]), 0.0)
            level += used[t, j]
        if level < low[t] - WINDOW_TOLERANCE_KWH:
            return False
    return True


@njit(cache=True)
def _thresholds(
    keep: float, inflow: Floats, lower: Floats, upper: Floats, end_value: float, least: Floats, width: Floats,
    price: Floats, threshold: Floats, low: Floats, high: Floats,
) -> bool:  # fmt: skip
    """Find the level to which each piece of each step pays, and the levels after it from which the end is reached."""
    steps, count = width.shape
    size_most = steps * count + 1
    slopes, widths = np.empty(size_most), np.empty(size_most)
    next_slopes, next_widths = np.empty(size_most), np.empty(size_most)
    size, start = 1, lower[steps]
    slopes[0], widths[0] = -end_value, upper[steps] - lower[steps]
    for t in range(steps - 1, -1, -1):
        low[t], high[t] = start, start + widths[:size].sum()
        for j in range(count):
            threshold[t, j] = _pays_up_to(slopes, widths, size, start, price[t, j])
        size = _merge(slopes, widths, size, price[t], width[t], next_slopes, next_widths)
        slopes, next_slopes = next_slopes, slopes
        widths, next_widths = next_widths, widths
        start = (start - least[t] - width[t].sum() - inflow[t]) / keep
        slopes[:size] *= keep
        widths[:size] /= keep
        if t > 0:
            start, size = _cut(slopes, widths, size, start, lower[t], upper[t])
            if size == 0:
                return False
    return True


@njit(cache=True)
def _pays_up_to(slopes: Floats, widths: Floats, size: int, start: float, price: float) -> float:
    level = start
    for i in range(size):
        if slopes[i] + price > 0.0:
            break
        level += widths[i]
    return level


@njit(cache=True)
def _merge(
    slopes: Floats, widths: Floats, size: int, price: Floats, width: Floats, to_slopes: Floats, to_widths: Floats
) -> int:
    """Merge the mirrored pieces of a step into the slopes of the value function; equal slopes become one piece."""
    i, j, number = 0, price.size - 1, 0
    while i < size or j >= 0:
        if j < 0 or (i < size and slopes[i] <= -price[j]):
            slope, length = slopes[i], widths[i]
            i += 1
        else:
            slope, length = -price[j], width[j]
            j -= 1
        if length <= 0.0 and number > 0:
            continue
        if number > 0 and to_slopes[number - 1] == slope:
            to_widths[number - 1] += length
        else:
            to_slopes[number], to_widths[number] = slope, length
            number += 1
    return number


@njit(cache=True)
def _cut(slopes: Floats, widths: Floats, size: int, start: float, lower: float, upper: float) -> tuple[float, int]:
    """Cut a value function to a window; a size of 0 says that nothing is left of it."""
    end = start + widths[:size].sum()
    if start > upper + WINDOW_TOLERANCE_KWH or end < lower - WINDOW_TOLERANCE_KWH:
        return start, 0
    first, left = 0, lower - start
    while left > 0.0 and first < size - 1 and widths[first] <= left:
        left -= widths[first]
        first += 1
    if left > 0.0:
        widths[first] = max(widths[first] - left, 0.0)
    begin = max(start, lower)
    room, number = max(upper - begin, 0.0), 0
    for i in range(first, size):
        slopes[number], widths[number] = slopes[i], min(widths[i], room)
        room -= widths[number]
        number += 1
        if room <= 0.0:
            break
    return begin, number
