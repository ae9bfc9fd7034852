"""The dynamic programme of one bus: cheapest plan over (step, charge level, plug state), compiled.

States at the start of step t: unplugged with m sessions used in this stay, or plugged during t to class c as the a-th step of
the m-th session (a counts up to the least session length and then stands). Charging x levels at w per level turns the
minimum over x into a sliding-window minimum of ``V[t+1, j] + w·j``, which windows of doubling width give in
O(levels · log(window)) simple vector operations, whatever the spacing.
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
        (C, T) energy at the inlet from which on another price holds: where the site turns from selling to buying, or back.
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
    """Fill row k of `windows` with the minimum of row 0 over the 2^k places from each place on, up to `widest`."""
    row, width = 0, 1
    while 2 * width <= widest:
        src, dst = windows[row], windows[row + 1]
        inside = length - width
        for i in range(inside):
            a, b = src[i], src[i + width]
            dst[i] = a if a < b else b
        for i in range(inside, length):
            dst[i] = src[i]
        row += 1
        width *= 2


@njit(cache=True, nogil=True)
def _tapered(taper, per_level, level, rounding_up):  # type: ignore[no-untyped-def]
    """Return the most levels that the taper allows to gain from `level`."""
    limit = 1e9
    for k in range(taper.shape[0]):
        value = taper[k] + per_level[k] * level
        limit = min(limit, value)
    if limit < 0.0:
        return 0 if rounding_up and limit > -1.0 else -1
    return int(np.ceil(limit - 1e-7)) if rounding_up else int(np.floor(limit + 1e-7))


@njit(cache=True, nogil=True)
def _best_gain(
    after, low1, high1, low0, high0, least, most, krw, fixed_krw, taper, per_level, rounding_up, windows, out
):  # type: ignore[no-untyped-def]
    """Lower `out` to the best of gaining `least` to `most` levels at `krw` each and `fixed_krw`, for each level of this step's window."""
    count = high0 - low0 + 1
    if most < least or count <= 0:
        return
    length = count + most
    row0 = windows[0]
    for i in range(length):
        level = low0 + i
        row0[i] = after[level - low1] + krw * i if low1 <= level <= high1 else NEVER
    _doubling(windows, length, most - least + 1)
    tapered_from = count
    if taper.shape[0]:
        while tapered_from > 0 and _tapered(taper, per_level, low0 + tapered_from - 1, rounding_up) < most:
            tapered_from -= 1
    row, width = 0, 1
    while 2 * width <= most - least + 1:
        row, width = row + 1, 2 * width
    last = most + 1 - width
    table = windows[row]
    for i in range(tapered_from):
        a, b = table[i + least], table[i + last]
        best = (a if a < b else b) - krw * i + fixed_krw
        out[i] = best if best < out[i] else out[i]
    for i in range(tapered_from, count):
        limit = min(most, _tapered(taper, per_level, low0 + i, rounding_up))
        if limit < least:
            continue
        row, width = 0, 1
        while 2 * width <= limit - least + 1:
            row, width = row + 1, 2 * width
        a, b = windows[row, i + least], windows[row, i + limit + 1 - width]
        best = (a if a < b else b) - krw * i + fixed_krw
        out[i] = best if best < out[i] else out[i]


@njit(cache=True, nogil=True)
def _best_loss(after, low1, high1, low0, high0, least, most, krw, fixed_krw, windows, out):  # type: ignore[no-untyped-def]
    """Lower `out` to the best of losing `least` to `most` levels at `krw` each and `fixed_krw`, for each level."""
    count = high0 - low0 + 1
    if most < least or count <= 0:
        return
    first, length = low0 - most, count + most
    row0 = windows[0]
    for i in range(length):
        level = first + i
        row0[i] = after[level - low1] - krw * i if low1 <= level <= high1 else NEVER
    _doubling(windows, length, most - least + 1)
    row, width = 0, 1
    while 2 * width <= most - least + 1:
        row, width = row + 1, 2 * width
    table = windows[row]
    for i in range(count):
        a, b = table[i], table[i + most - least + 1 - width]
        best = (a if a < b else b) + krw * (i + most) + fixed_krw
        out[i] = best if best < out[i] else out[i]


@njit(cache=True, nogil=True)
def _hold(grid, bus, t, low, values):  # type: ignore[no-untyped-def]
    """Add the calendar wear of standing at each level at the start of step t."""
    rate, free = grid.hold_krw[bus, t], grid.hold_free[bus, t]
    if rate > 0.0:
        for i in range(values.shape[0]):
            over = low + i - free
            if over > 0.0:
                values[i] += rate * over


@njit(cache=True, nogil=True)
def _after_plugged(grid, prices, bus, t, m, a, c, table, out):  # type: ignore[no-untyped-def]
    """Fill `out` with the value at the start of step t+1 of having been plugged during t."""
    steps = grid.may_start.shape[0]
    count = grid.high[bus, t + 1] - grid.low[bus, t + 1] + 1
    if t + 1 == steps:
        out[:count] = table.off[t + 1, 0, :count]
        return
    may_stop = a + 1 >= grid.session_length
    stays_on = grid.available[bus, c, t + 1]
    if stays_on:
        out[:count] = table.on[t + 1, m, min(a + 1, grid.session_length - 1), c, :count]
    else:
        out[:count] = NEVER
    if may_stop:
        krw = prices.stop_krw[c, t + 1]
        off = table.off[t + 1, 0 if grid.stay_begins[bus, t + 1] else m]
        for i in range(count):
            stopped = off[i] + krw
            out[i] = stopped if stopped < out[i] else out[i]


@njit(cache=True, nogil=True)
def _levels(kwh, per_level_kwh, at_most):  # type: ignore[no-untyped-def]
    """Return how many whole levels an energy at the inlet is, at most `at_most`."""
    if kwh >= at_most * per_level_kwh:
        return at_most
    return int(max(np.floor(kwh / per_level_kwh + 1e-7), 0.0))


@njit(cache=True, nogil=True)
def _offer(grid, prices, bus, c, t):  # type: ignore[no-untyped-def]
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


@njit(cache=True, nogil=True)
def _plugged(grid, prices, bus, t, m, a, c, table):  # type: ignore[no-untyped-def]
    """Fill the value of being plugged during step t."""
    low0, high0 = grid.low[bus, t], grid.high[bus, t]
    low1, high1 = grid.low[bus, t + 1], grid.high[bus, t + 1]
    out = table.on[t, m, a, c]
    count = high0 - low0 + 1
    out[:count] = NEVER
    _after_plugged(grid, prices, bus, t, m, a, c, table, table.after)
    offer = _offer(grid, prices, bus, c, t)
    if grid.can_pause[c] or offer.least == 0:
        for i in range(count):
            level = low0 + i
            if low1 <= level <= high1:
                out[i] = table.after[level - low1]
    taper, per_level, up = grid.taper[bus, :, t], grid.taper_per_level[bus, :, t], grid.taper_up == 1
    after, windows = table.after, table.windows
    bend, least = offer.kink_up, offer.least
    fixed = (offer.up_krw - offer.up_after_krw) * bend
    _best_gain(after, low1, high1, low0, high0, least, bend, offer.up_krw, 0.0, taper, per_level, up, windows, out)
    if bend < offer.most:
        least = max(least, bend + 1)
        _best_gain(
            after, low1, high1, low0, high0, least, offer.most, offer.up_after_krw, fixed, taper, per_level, up, windows, out
        )  # fmt: skip
    if offer.down:
        bend = offer.kink_down
        fixed = (offer.down_krw - offer.down_after_krw) * bend
        _best_loss(after, low1, high1, low0, high0, 1, bend, offer.down_krw, 0.0, windows, out)
        if bend < offer.down:
            _best_loss(after, low1, high1, low0, high0, bend + 1, offer.down, offer.down_after_krw, fixed, windows, out)
    krw = prices.plug_krw[c, t]
    for i in range(count):
        out[i] += krw


@njit(cache=True, nogil=True)
def fill_values(grid, prices, bus, table):  # type: ignore[no-untyped-def]
    """Fill the value tables of one bus, from the last step to the first.

    Parameters: a `Lattice`, the bus's `StepPrices`, its number, a `Workspace`. Returns whether any plan can exist.
    """
    steps, classes = grid.may_start.shape[0], grid.can_pause.shape[0]
    counts, ages = table.on.shape[1], table.on.shape[2]
    for t in range(steps + 1):
        if grid.low[bus, t] > grid.high[bus, t]:
            return False
    low1, high1 = grid.low[bus, steps], grid.high[bus, steps]
    table.off[steps, :, : high1 - low1 + 1] = 0.0
    for m in range(counts):
        _hold(grid, bus, steps, low1, table.off[steps, m, : high1 - low1 + 1])
    for t in range(steps - 1, -1, -1):
        low0, high0 = grid.low[bus, t], grid.high[bus, t]
        count = high0 - low0 + 1
        for m in range(counts):
            source = table.off[t + 1, 0 if t + 1 < steps and grid.stay_begins[bus, t + 1] else m]
            out = table.off[t, m]
            for i in range(count):
                level = low0 + i
                out[i] = source[level - low1] if low1 <= level <= high1 else NEVER
        for c in range(classes):
            if not grid.available[bus, c, t]:
                continue
            for m in range(min(1, counts - 1), counts):
                for a in range(ages):
                    _plugged(grid, prices, bus, t, m, a, c, table)
            if grid.may_start[t]:
                for m in range(counts):
                    if counts > 1 and m + 1 == counts:
                        continue
                    source = table.on[t, m if counts == 1 else m + 1, 0, c]
                    out = table.off[t, m]
                    for i in range(count):
                        started = source[i] + grid.start_krw
                        out[i] = started if started < out[i] else out[i]
        for m in range(counts):
            _hold(grid, bus, t, low0, table.off[t, m, :count])
            for a in range(ages):
                for c in range(classes):
                    if grid.available[bus, c, t]:
                        _hold(grid, bus, t, low0, table.on[t, m, a, c, :count])
        low1, high1 = low0, high0
    return True


@njit(cache=True, nogil=True)
def _after_value(grid, prices, bus, t, m, a, c, level, table):  # type: ignore[no-untyped-def]
    """Return the value of standing at `level` at the start of step t+1 after having been plugged during t."""
    low1 = grid.low[bus, t + 1]
    if level < low1 or level > grid.high[bus, t + 1]:
        return NEVER
    if t + 1 == grid.may_start.shape[0]:
        return table.off[t + 1, 0, level - low1]
    best = NEVER
    if grid.available[bus, c, t + 1]:
        best = table.on[t + 1, m, min(a + 1, grid.session_length - 1), c, level - low1]
    if a + 1 >= grid.session_length:
        off = table.off[t + 1, 0 if grid.stay_begins[bus, t + 1] else m, level - low1]
        best = min(best, off + prices.stop_krw[c, t + 1])
    return best


@njit(cache=True, nogil=True)
def _charge_choice(grid, prices, bus, t, m, a, c, level, table):  # type: ignore[no-untyped-def]
    """Return the level at which the best plan ends step t when plugged."""
    offer = _offer(grid, prices, bus, c, t)
    most = offer.most
    if grid.taper.shape[1]:
        limit = _tapered(grid.taper[bus, :, t], grid.taper_per_level[bus, :, t], level, grid.taper_up == 1)
        most = min(most, limit)
    best, chosen = NEVER, level
    if grid.can_pause[c] or offer.least == 0:
        best = _after_value(grid, prices, bus, t, m, a, c, level, table)
    for x in range(max(offer.least, 1), most + 1):
        krw = offer.up_krw * min(x, offer.kink_up) + offer.up_after_krw * max(x - offer.kink_up, 0)
        value = _after_value(grid, prices, bus, t, m, a, c, level + x, table) + krw
        if value < best:
            best, chosen = value, level + x
    for x in range(1, offer.down + 1):
        krw = offer.down_krw * min(x, offer.kink_down) + offer.down_after_krw * max(x - offer.kink_down, 0)
        value = _after_value(grid, prices, bus, t, m, a, c, level - x, table) + krw
        if value < best:
            best, chosen = value, level - x
    return chosen


@njit(cache=True, nogil=True)
def _start_choice(grid, bus, t, m, level, table):  # type: ignore[no-untyped-def]
    """Return the class at which the best plan of an unplugged bus starts a session now, -1 to wait."""
    counts = table.on.shape[1]
    best, chosen = NEVER, -1
    low1 = grid.low[bus, t + 1]
    if low1 <= level <= grid.high[bus, t + 1]:
        resets = t + 1 < grid.may_start.shape[0] and grid.stay_begins[bus, t + 1]
        best = table.off[t + 1, 0 if resets else m, level - low1]
    over = max(level - grid.hold_free[bus, t], 0.0) * grid.hold_krw[bus, t]
    if grid.may_start[t] and (counts == 1 or m + 1 < counts):
        for c in range(grid.can_pause.shape[0]):
            if grid.available[bus, c, t]:
                on = table.on[t, m if counts == 1 else m + 1, 0, c, level - grid.low[bus, t]]
                value = on - over + grid.start_krw
                if value < best:
                    best, chosen = value, c
    return chosen


@njit(cache=True, nogil=True)
def best_value(grid, prices, bus, table):  # type: ignore[no-untyped-def]
    """Return the value of the bus's best plan from filled tables, `NEVER` or more when there is none."""
    c, counts = grid.plugged_class[bus], table.on.shape[1]
    m = 0 if counts == 1 else min(grid.sessions_used[bus], counts - 1)
    if c < 0:
        return table.off[0, m, 0]
    best = NEVER
    if grid.available[bus, c, 0]:
        best = table.on[0, m, min(grid.plugged_steps[bus], grid.session_length - 1), c, 0]
    if grid.plugged_steps[bus] >= grid.session_length or not grid.available[bus, c, 0]:
        best = min(best, table.off[0, m, 0] + prices.stop_krw[c, 0])
    return best


@njit(cache=True, nogil=True)
def trace(grid, prices, bus, table, plugged, level):  # type: ignore[no-untyped-def]
    """Write the best plan of a bus from filled tables: `plugged` (T,) class or -1, `level` (T+1,) charge levels."""
    counts = table.on.shape[1]
    m = 0 if counts == 1 else min(grid.sessions_used[bus], counts - 1)
    c, a = grid.plugged_class[bus], 0
    if c >= 0:
        a = min(grid.plugged_steps[bus], grid.session_length - 1)
        on = table.on[0, m, a, c, 0] if grid.available[bus, c, 0] else NEVER
        if on > best_value(grid, prices, bus, table):
            c = -1
    level[0] = 0
    for t in range(grid.may_start.shape[0]):
        if t > 0 and grid.stay_begins[bus, t] and counts > 1:
            m = 0
        if c < 0:
            c = _start_choice(grid, bus, t, m, level[t], table)
            if c >= 0:
                a = 0
                m = m if counts == 1 else m + 1
        plugged[t] = c
        if c < 0:
            level[t + 1] = level[t]
            continue
        level[t + 1] = _charge_choice(grid, prices, bus, t, m, a, c, level[t], table)
        if t + 1 < grid.may_start.shape[0]:
            best = _after_value(grid, prices, bus, t, m, a, c, level[t + 1], table)
            a = min(a + 1, grid.session_length - 1)
            goes_on = grid.available[bus, c, t + 1]
            if not goes_on or table.on[t + 1, m, a, c, level[t + 1] - grid.low[bus, t + 1]] > best:
                c = -1


@njit(cache=True, nogil=True)
def price_buses(grid, prices, cell_krw, first, last, table, value, plugged, level):  # type: ignore[no-untyped-def]
    """Write value, classes and levels of the best plans of buses ``first <= b < last`` at common prices.

    `cell_krw` is (B, T), the part of the prices that is each bus's own; all else is as in `fill_values` and `trace`.
    """
    for bus in range(first, last):
        own = StepPrices(
            prices.up_krw,
            prices.down_krw,
            prices.plug_krw,
            prices.stop_krw,
            cell_krw[bus],
            prices.room_up_kwh,
            prices.room_down_kwh,
            prices.kink_up_kwh,
            prices.kink_down_kwh,
            prices.up_after_krw,
            prices.down_after_krw,
        )
        value[bus] = NEVER
        plugged[bus, :] = -1
        level[bus, :] = 0
        if fill_values(grid, own, bus, table):
            value[bus] = best_value(grid, own, bus, table)
            if value[bus] < IMPOSSIBLE:
                trace(grid, own, bus, table, plugged[bus], level[bus])
