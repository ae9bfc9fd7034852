"""The best plan of one bus, read off the values of its dynamic programme, compiled."""

from __future__ import annotations

from numba import njit

from optimizers.pricing_kernel import after_plugged, fill_values
from optimizers.pricing_steps import IMPOSSIBLE, NEVER, StepPrices, offer_of, tapered


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
    offer = offer_of(grid, prices, bus, c, t)
    most = offer.most
    if grid.taper.shape[1]:
        limit = tapered(grid.taper[bus, :, t], grid.taper_per_level[bus, :, t], level, grid.taper_up == 1)
        most = min(most, limit)
    after, low1, high1 = table.after, grid.low[bus, t + 1], grid.high[bus, t + 1]
    after_plugged(grid, prices, bus, t, m, a, c, table, after)
    best, chosen = NEVER, level
    if (grid.can_pause[c] or offer.least == 0) and low1 <= level <= high1:
        best = after[level - low1]
    for x in range(max(offer.least, 1, low1 - level), min(most, high1 - level) + 1):
        krw = offer.up_krw * min(x, offer.kink_up) + offer.up_after_krw * max(x - offer.kink_up, 0)
        value = after[level + x - low1] + krw
        if value < best:
            best, chosen = value, level + x
    for x in range(max(1, level - high1), min(offer.down, level - low1) + 1):
        krw = offer.down_krw * min(x, offer.kink_down) + offer.down_after_krw * max(x - offer.kink_down, 0)
        value = after[level - x - low1] + krw
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
