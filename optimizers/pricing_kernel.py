"""Values of the dynamic programme of one bus over (step, charge level, plug state), compiled.

States at the start of step t: unplugged with m sessions used in this stay, or plugged during t to class c as the a-th
step of the m-th session (a counts up to the least session length and then stands).
"""

from __future__ import annotations

from numba import njit

from optimizers.pricing_steps import NEVER, best_gain, best_loss, offer_of


@njit(cache=True, nogil=True, inline="always")
def _hold(grid, bus, t, low, values):  # type: ignore[no-untyped-def]
    """Add the calendar wear of standing at each level at the start of step t."""
    rate, free = grid.hold_krw[bus, t], grid.hold_free[bus, t]
    if rate > 0.0:
        for i in range(values.shape[0]):
            over = low + i - free
            if over > 0.0:
                values[i] += rate * over


@njit(cache=True, nogil=True, inline="always")
def after_plugged(grid, prices, bus, t, m, a, c, table, out):  # type: ignore[no-untyped-def]
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
            out[i] = min(off[i] + krw, out[i])


@njit(cache=True, nogil=True, inline="always")
def _plugged(grid, prices, bus, t, m, a, c, table):  # type: ignore[no-untyped-def]
    """Fill the value of being plugged during step t."""
    low0, high0 = grid.low[bus, t], grid.high[bus, t]
    low1, high1 = grid.low[bus, t + 1], grid.high[bus, t + 1]
    out = table.on[t, m, a, c]
    count = high0 - low0 + 1
    out[:count] = NEVER
    after_plugged(grid, prices, bus, t, m, a, c, table, table.after)
    offer = offer_of(grid, prices, bus, c, t)
    if grid.can_pause[c] or offer.least == 0:
        begin, end = max(low0, low1), min(high0, high1) + 1
        if begin < end:
            out[begin - low0 : end - low0] = table.after[begin - low1 : end - low1]
    taper, per_level, up = grid.taper[bus, :, t], grid.taper_per_level[bus, :, t], grid.taper_up == 1
    after, windows = table.after, table.windows
    bend, least = offer.kink_up, offer.least
    fixed = (offer.up_krw - offer.up_after_krw) * bend
    best_gain(after, low1, high1, low0, high0, least, bend, offer.up_krw, 0.0, taper, per_level, up, windows, out)
    if bend < offer.most:
        least = max(least, bend + 1)
        best_gain(
            after, low1, high1, low0, high0, least, offer.most, offer.up_after_krw, fixed, taper, per_level, up,
            windows, out,
        )  # fmt: skip
    if offer.down:
        bend = offer.kink_down
        fixed = (offer.down_krw - offer.down_after_krw) * bend
        best_loss(after, low1, high1, low0, high0, 1, bend, offer.down_krw, 0.0, windows, out)
        if bend < offer.down:
            best_loss(after, low1, high1, low0, high0, bend + 1, offer.down, offer.down_after_krw, fixed, windows, out)
    krw = prices.plug_krw[c, t]
    for i in range(count):
        out[i] += krw


@njit(cache=True, nogil=True, inline="always")
def _wait(grid, bus, t, m, table):  # type: ignore[no-untyped-def]
    """Fill the value of staying unplugged during step t: whatever it is at the next step, at the same level."""
    low0, high0 = grid.low[bus, t], grid.high[bus, t]
    low1, high1 = grid.low[bus, t + 1], grid.high[bus, t + 1]
    resets = t + 1 < grid.may_start.shape[0] and grid.stay_begins[bus, t + 1]
    source, out = table.off[t + 1, 0 if resets else m], table.off[t, m]
    begin, end = max(low0, low1), min(high0, high1) + 1
    out[: high0 - low0 + 1] = NEVER
    if begin < end:
        out[begin - low0 : end - low0] = source[begin - low1 : end - low1]


@njit(cache=True, nogil=True, inline="always")
def _start(grid, bus, t, c, table):  # type: ignore[no-untyped-def]
    """Lower the values of being unplugged at the start of step t by starting a session at class c."""
    counts, count = table.on.shape[1], grid.high[bus, t] - grid.low[bus, t] + 1
    for m in range(counts if counts == 1 else counts - 1):
        source, out = table.on[t, m if counts == 1 else m + 1, 0, c], table.off[t, m]
        for i in range(count):
            out[i] = min(source[i] + grid.start_krw, out[i])


@njit(cache=True, nogil=True, inline="always")
def _hold_all(grid, bus, t, table):  # type: ignore[no-untyped-def]
    """Add the calendar wear of step t to all values at its start."""
    low, count = grid.low[bus, t], grid.high[bus, t] - grid.low[bus, t] + 1
    counts = table.on.shape[1]
    for m in range(counts):
        _hold(grid, bus, t, low, table.off[t, m, :count])
    for m in range(min(1, counts - 1), counts):
        for a in range(table.on.shape[2]):
            for c in range(grid.can_pause.shape[0]):
                if grid.available[bus, c, t]:
                    _hold(grid, bus, t, low, table.on[t, m, a, c, :count])


@njit(cache=True, nogil=True)
def fill_values(grid, prices, bus, table):  # type: ignore[no-untyped-def]
    """Fill the value tables of one bus, from the last step to the first.

    Parameters: a `Lattice`, the bus's `StepPrices`, its number, a `Workspace`. Returns whether any plan can exist.
    """
    steps, counts = grid.may_start.shape[0], table.on.shape[1]
    if (grid.low[bus] > grid.high[bus]).any():
        return False
    low, count = grid.low[bus, steps], grid.high[bus, steps] - grid.low[bus, steps] + 1
    table.off[steps, :, :count] = 0.0
    for m in range(counts):
        _hold(grid, bus, steps, low, table.off[steps, m, :count])
    for t in range(steps - 1, -1, -1):
        for m in range(counts):
            _wait(grid, bus, t, m, table)
        for c in range(grid.can_pause.shape[0]):
            if grid.available[bus, c, t]:
                for m in range(min(1, counts - 1), counts):
                    for a in range(table.on.shape[2]):
                        _plugged(grid, prices, bus, t, m, a, c, table)
                if grid.may_start[t]:
                    _start(grid, bus, t, c, table)
        _hold_all(grid, bus, t, table)
    return True
