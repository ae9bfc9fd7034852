"""One step of the dynamic programme, compiled: what it offers, and the best it can gain or lose at each charge level.

Charging x levels at w per level turns the minimum over x into a sliding-window minimum of ``V[t+1, j] + w·j``, which
windows of doubling width give in O(levels · log(window)) simple vector operations, whatever the spacing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from optimizers.pricing_lattice import Lattice

Floats = NDArray[np.float64]

NEVER = 1e30
"""Cost of what cannot be done; anything above a tenth of it counts as impossible."""
IMPOSSIBLE = 1e29


class StepPrices(NamedTuple):
    """What one bus pays, per class and step.

    Attributes
    ----------
    up_krw, down_krw
        (C, T) for a kWh taken at the inlet, and for a kWh fed back at the inlet (negative when it earns).
    plug_krw
        (C, T) for holding an outlet during the step.
    stop_krw
        (C, T+1) for leaving an outlet at the start of the step: what the handover time after it costs.
    cell_krw
        (T,) on top, for a net kWh into the cells.
    room_up_kwh, room_down_kwh
        (C, T) most energy left at the inlet in the step, inf where nothing binds.
    kink_up_kwh, kink_down_kwh
        (C, T) energy at the inlet from which on another price holds: where the site turns from selling to buying, or
        back.
    up_after_krw, down_after_krw
        (C, T) prices beyond the kinks, at least those before.
    """

    up_krw: Floats
    down_krw: Floats
    plug_krw: Floats
    stop_krw: Floats
    cell_krw: Floats
    room_up_kwh: Floats
    room_down_kwh: Floats
    kink_up_kwh: Floats
    kink_down_kwh: Floats
    up_after_krw: Floats
    down_after_krw: Floats


class Offer(NamedTuple):
    """What one step offers a plugged bus, in levels: the range to charge, the range to feed back, prices per level."""

    least: int
    most: int
    down: int
    up_krw: float
    down_krw: float
    kink_up: int
    kink_down: int
    up_after_krw: float
    down_after_krw: float


class Workspace(NamedTuple):
    """Value tables of one thread: unplugged (T+1, M, W), plugged (T+1, M, A, C, W), and scratch rows."""

    off: Floats
    on: Floats
    after: Floats
    windows: Floats


def workspace(grid: Lattice) -> Workspace:
    """Return tables large enough for every bus of the lattice."""
    steps = grid.may_start.shape[0]
    classes = grid.can_pause.shape[0]
    width = int(np.maximum(grid.high.astype(np.int64) - grid.low, 0).max()) + 1
    reach = int(max(grid.up_max.max(initial=0), grid.down_max.max(initial=0))) + 1
    counts = grid.session_count + 1
    rows = int(np.ceil(np.log2(reach + 1))) + 1
    return Workspace(
        off=np.empty((steps + 1, counts, width)),
        on=np.empty((steps + 1, counts, grid.session_length, classes, width)),
        after=np.empty(width),
        windows=np.empty((rows, width + reach + 1)),
    )


@njit(cache=True, nogil=True)
def _doubling(windows, length, widest):  # type: ignore[no-untyped-def]
    """Fill row k of `windows` with the minimum of row 0 over the 2^k places from each place on, up to `widest`.

    Slices of one length, not shifted indices: only then does the compiler use vector instructions.
    """
    row, width = 0, 1
    while 2 * width <= widest:
        inside = length - width
        src, ahead = windows[row, :inside], windows[row, width:length]
        dst = windows[row + 1, :inside]
        for i in range(inside):
            dst[i] = min(src[i], ahead[i])
        windows[row + 1, inside:length] = windows[row, inside:length]
        row += 1
        width *= 2


@njit(cache=True, nogil=True)
def _lay_out(after, low1, high1, first, length, krw, row):  # type: ignore[no-untyped-def]
    """Write ``after + krw · i`` for the `length` levels from `first` on, NEVER outside the window of `after`."""
    begin, end = min(max(low1 - first, 0), length), max(min(high1 + 1 - first, length), 0)
    if end <= begin:
        row[:length] = NEVER
        return
    row[:begin] = NEVER
    row[end:length] = NEVER
    source, target = after[first + begin - low1 : first + end - low1], row[begin:end]
    for i in range(end - begin):
        target[i] = source[i] + krw * (begin + i)


@njit(cache=True, nogil=True, inline="always")
def tapered(taper, per_level, level, rounding_up):  # type: ignore[no-untyped-def]
    """Return the most levels that the taper allows to gain from `level`."""
    limit = 1e9
    for k in range(taper.shape[0]):
        value = taper[k] + per_level[k] * level
        limit = min(limit, value)
    if limit < 0.0:
        return 0 if rounding_up and limit > -1.0 else -1
    return int(np.ceil(limit - 1e-7)) if rounding_up else int(np.floor(limit + 1e-7))


@njit(cache=True, nogil=True)
def _first_tapered(taper, per_level, low, count, most, rounding_up):  # type: ignore[no-untyped-def]
    """Return the place from which on the taper may bind: limits that fall with the level bind on top."""
    first = count
    if taper.shape[0] and per_level.max() > 0.0:
        return 0
    if taper.shape[0]:
        while first > 0 and tapered(taper, per_level, low + first - 1, rounding_up) < most:
            first -= 1
    return first


@njit(cache=True, nogil=True)
def _best_tapered_gain(  # type: ignore[no-untyped-def]
    first, low0, high0, least, most, krw, fixed_krw, taper, per_level, rounding_up, windows, out
):
    """Do as `best_gain` does from place `first` on, where the taper limits what can be gained."""
    row, width = 0, 1
    for i in range(first, high0 - low0 + 1):
        limit = min(most, tapered(taper, per_level, low0 + i, rounding_up))
        span = limit - least + 1
        if span < 1:
            continue
        while width > span:
            row, width = row - 1, width // 2
        while 2 * width <= span:
            row, width = row + 1, 2 * width
        a, b = windows[row, i + least], windows[row, i + limit + 1 - width]
        best = (a if a < b else b) - krw * i + fixed_krw
        out[i] = best if best < out[i] else out[i]


@njit(cache=True, nogil=True)
def best_gain(  # type: ignore[no-untyped-def]
    after, low1, high1, low0, high0, least, most, krw, fixed_krw, taper, per_level, rounding_up, windows, out
):
    """Lower `out` to the best of gaining `least` to `most` levels at `krw` each and `fixed_krw`, for each level."""
    count = high0 - low0 + 1
    if most < least or count <= 0:
        return
    length = count + most
    _lay_out(after, low1, high1, low0, length, krw, windows[0])
    _doubling(windows, length, most - least + 1)
    tapered_from = _first_tapered(taper, per_level, low0, count, most, rounding_up)
    row, width = 0, 1
    while 2 * width <= most - least + 1:
        row, width = row + 1, 2 * width
    last = most + 1 - width
    near, far = windows[row, least : least + tapered_from], windows[row, last : last + tapered_from]
    for i in range(tapered_from):
        out[i] = min(min(near[i], far[i]) - krw * i + fixed_krw, out[i])
    if tapered_from < count:
        _best_tapered_gain(
            tapered_from, low0, high0, least, most, krw, fixed_krw, taper, per_level, rounding_up, windows, out
        )


@njit(cache=True, nogil=True)
def best_loss(after, low1, high1, low0, high0, least, most, krw, fixed_krw, windows, out):  # type: ignore[no-untyped-def]
    """Lower `out` to the best of losing `least` to `most` levels at `krw` each and `fixed_krw`, for each level."""
    count = high0 - low0 + 1
    if most < least or count <= 0:
        return
    first, length = low0 - most, count + most
    _lay_out(after, low1, high1, first, length, -krw, windows[0])
    _doubling(windows, length, most - least + 1)
    row, width = 0, 1
    while 2 * width <= most - least + 1:
        row, width = row + 1, 2 * width
    last = most - least + 1 - width
    near, far = windows[row, :count], windows[row, last : last + count]
    for i in range(count):
        out[i] = min(min(near[i], far[i]) + krw * (i + most) + fixed_krw, out[i])


@njit(cache=True, nogil=True, inline="always")
def _levels(kwh, per_level_kwh, at_most):  # type: ignore[no-untyped-def]
    """Return how many whole levels an energy at the inlet is, at most `at_most`."""
    if kwh >= at_most * per_level_kwh:
        return at_most
    return int(max(np.floor(kwh / per_level_kwh + 1e-7), 0.0))


@njit(cache=True, nogil=True, inline="always")
def offer_of(grid, prices, bus, c, t):  # type: ignore[no-untyped-def]
    """Return what class c offers the bus in step t."""
    per_up, per_down = grid.inlet_up_kwh[bus], grid.inlet_down_kwh[bus]
    most = _levels(prices.room_up_kwh[c, t], per_up, grid.up_max[bus, c, t])
    down = _levels(prices.room_down_kwh[c, t], per_down, grid.down_max[bus, c, t])
    cell = prices.cell_krw[t] * grid.spacing_kwh[bus]
    return Offer(
        grid.up_min[bus, c, t],
        most,
        down,
        prices.up_krw[c, t] * per_up + cell,
        prices.down_krw[c, t] * per_down - cell,
        _levels(prices.kink_up_kwh[c, t], per_up, most),
        _levels(prices.kink_down_kwh[c, t], per_down, down),
        prices.up_after_krw[c, t] * per_up + cell,
        prices.down_after_krw[c, t] * per_down - cell,
    )
