r"""Energy envelopes: charging that may move in time between an earliest and a latest cumulative energy curve.

The feasible set of one asset, :math:`0 \le p_t \le P_t`, :math:`L_t \le h \sum_{s<t} p_s \le U_t`, is a generalised
polymatroid (its cumulative bounds form a chain), so a greedy choice in order of price is exact: fill the cheapest step
as far as any completion allows, then the next. No solver is needed to answer "what is your best plan at these prices?".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from data.errors import ProblemList

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ENERGY_TOLERANCE_KWH = 1e-6


@dataclass(frozen=True)
class Envelopes:
    """A assets over T steps.

    Attributes
    ----------
    power_limit_kw
        (A, T) the most an asset can draw in a step.
    latest_kwh, earliest_kwh
        (A, T + 1) lower and upper bound of the energy drawn before each step boundary, starting at 0. They end at the
        same value when the energy is fixed.
    """

    power_limit_kw: Floats
    latest_kwh: Floats
    earliest_kwh: Floats

    @property
    def count(self) -> int:
        """Return the number of assets."""
        return int(self.power_limit_kw.shape[0])

    def select(self, rows: Ints) -> Envelopes:
        """Return the assets of `rows`."""
        return Envelopes(self.power_limit_kw[rows], self.latest_kwh[rows], self.earliest_kwh[rows])

    def check(self, step_h: float, problems: ProblemList, name: str = "envelopes") -> None:
        """Note what makes any asset impossible: crossed curves, a falling curve, a need above the power limit."""
        assets, steps = self.power_limit_kw.shape
        if self.latest_kwh.shape != (assets, steps + 1) or self.earliest_kwh.shape != (assets, steps + 1):
            problems.add(name, "curves need one value more than steps", "give energies at all step boundaries")
            return
        finite = np.isfinite(self.power_limit_kw).all() and np.isfinite(self.latest_kwh).all()
        if not (finite and np.isfinite(self.earliest_kwh).all()):
            problems.add(name, "holds NaN or infinite values", "give a finite number for every asset and step")
            return
        tolerance = ENERGY_TOLERANCE_KWH
        reach = reachable_floor_kwh(self, step_h)
        findings = {
            "a negative power limit": (self.power_limit_kw < 0).any(axis=1),
            "a latest curve above its earliest curve": (self.latest_kwh > self.earliest_kwh + tolerance).any(axis=1),
            "a curve that falls": (
                (np.diff(self.latest_kwh) < -tolerance) | (np.diff(self.earliest_kwh) < -tolerance)
            ).any(axis=1),
            "more energy than its power limit can deliver in time": (reach + tolerance < self.latest_kwh).any(axis=1),
        }
        for what, bad in findings.items():
            if bad.any():
                first = int(bad.argmax())
                problems.add(name, f"{int(bad.sum())} assets have {what}", "correct the sessions", row=first + 1)


def reachable_floor_kwh(envelopes: Envelopes, step_h: float) -> Floats:
    """Return (A, T + 1) the most energy each asset can have drawn before each boundary."""
    reach = np.zeros_like(envelopes.earliest_kwh)
    for step in range(envelopes.power_limit_kw.shape[1]):
        grown = reach[:, step] + step_h * envelopes.power_limit_kw[:, step]
        reach[:, step + 1] = np.minimum(grown, envelopes.earliest_kwh[:, step + 1])
    return reach


@njit(cache=True)
def _fill_in_order(order: Ints, limit_kwh: Floats, latest_kwh: Floats, earliest_kwh: Floats, drawn_kwh: Floats) -> None:
    """Fill the steps of one asset in the given order, each to the most that still has a completion.

    `order` ranks the T steps and, as number T, the energy that need not be drawn at all. What a step can take is the
    most that may have been drawn after it less the least that can have been drawn before it, both over all plans that
    agree with the steps decided so far. Only the steps between the first and the last with power are walked.
    """
    steps = limit_kwh.size
    first, end = 0, steps
    while first < steps and limit_kwh[first] <= 0.0:
        first += 1
    while end > first and limit_kwh[end - 1] <= 0.0:
        end -= 1
    least, most = np.zeros(steps + 1), np.empty(steps + 1)
    most[:steps] = limit_kwh
    most[steps] = earliest_kwh[steps] - latest_kwh[steps]
    for step in order:
        if most[step] <= 0.0:
            continue
        low = 0.0
        for t in range(first, min(step, end)):
            low = max(latest_kwh[t + 1], low + least[t])
        high = earliest_kwh[steps]
        if step == steps:
            low = max(latest_kwh[steps], low)
        else:
            high = min(earliest_kwh[end], high - least[steps])
            for t in range(end - 1, step, -1):
                high = min(earliest_kwh[t], high - least[t])
        drawn = max(min(most[step], high - low), 0.0)
        least[step] = most[step] = drawn
    drawn_kwh[:] = least[:steps]


@njit(cache=True, parallel=True)
def _best_responses(
    price: Floats, price_row: Ints, limit_kwh: Floats, latest_kwh: Floats, earliest_kwh: Floats, drawn_kwh: Floats
) -> None:
    steps = limit_kwh.shape[1]
    for asset in prange(limit_kwh.shape[0]):
        extended = np.zeros(steps + 1)
        extended[:steps] = price[price_row[asset]]
        order = np.argsort(extended, kind="mergesort")
        _fill_in_order(order, limit_kwh[asset], latest_kwh[asset], earliest_kwh[asset], drawn_kwh[asset])


def best_response_kw(envelopes: Envelopes, price_krw_per_kwh: Floats, price_row: Ints, step_h: float) -> Floats:
    """Return the cheapest plan of every asset at given prices, exactly; of equal steps the earlier is filled first.

    Parameters
    ----------
    envelopes
        A assets over T steps.
    price_krw_per_kwh
        (R, T) rows of prices; they may be negative.
    price_row
        (A,) the row each asset pays.
    step_h
        Length of a step.

    Returns
    -------
    (A, T) charging power.
    """
    drawn_kwh = np.zeros_like(envelopes.power_limit_kw)
    _best_responses(
        price_krw_per_kwh,
        price_row,
        envelopes.power_limit_kw * step_h,
        envelopes.latest_kwh,
        envelopes.earliest_kwh,
        drawn_kwh,
    )
    return drawn_kwh / step_h


@njit(cache=True)
def _completes(limit_kwh: Floats, latest_kwh: Floats, earliest_kwh: Floats) -> bool:
    reach = 0.0
    for t in range(limit_kwh.size):
        reach = min(earliest_kwh[t + 1], reach + limit_kwh[t])
        if reach < latest_kwh[t + 1] - ENERGY_TOLERANCE_KWH:
            return False
    return True


@njit(cache=True, parallel=True)
def _fill_valleys(
    members: Ints, starts: Ints, price: Floats, price_row: Ints, limit_kwh: Floats, latest_kwh: Floats,
    earliest_kwh: Floats, load_kwh: Floats, cap_kwh: Floats, passes: int, drawn_kwh: Floats,
) -> None:  # fmt: skip
    steps = limit_kwh.shape[1]
    for group in prange(starts.size - 1):
        load = load_kwh[group].copy()
        for _ in range(passes):
            for position in range(starts[group], starts[group + 1]):
                asset = members[position]
                load -= drawn_kwh[asset]
                by_load = np.zeros(steps + 1)
                by_load[:steps] = load
                by_price = np.zeros(steps + 1)
                by_price[:steps] = price[price_row[asset]]
                first = np.argsort(by_load, kind="mergesort")
                order = first[np.argsort(by_price[first], kind="mergesort")]
                room = np.minimum(limit_kwh[asset], np.maximum(cap_kwh[group] - load, 0.0))
                if not _completes(room, latest_kwh[asset], earliest_kwh[asset]):
                    room = limit_kwh[asset]
                _fill_in_order(order, room, latest_kwh[asset], earliest_kwh[asset], drawn_kwh[asset])
                load += drawn_kwh[asset]


def fill_valleys_kw(
    envelopes: Envelopes,
    price_krw_per_kwh: Floats,
    price_row: Ints,
    group: Ints,
    group_load_kw: Floats,
    group_cap_kw: Floats,
    step_h: float,
    passes: int = 2,
) -> Floats:
    """Return a plan that takes cheap steps first and, among equally cheap ones, the least loaded of its group.

    One asset after the other is planned against the load of all others; where its group has room for it, no asset
    lifts the group above its cap. Without caps the cost is that of `best_response_kw`: the choice among equal prices is
    lexicographic, not a small weight.

    Parameters
    ----------
    envelopes, price_krw_per_kwh, price_row, step_h
        As in `best_response_kw`.
    group
        (A,) the group (feeder) each asset belongs to.
    group_load_kw, group_cap_kw
        (G, T) what else the group carries, and the most it may carry; inf where there is no cap.
    passes
        How often every asset is planned anew.

    Returns
    -------
    (A, T) charging power.
    """
    by_group = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[by_group], np.arange(group_load_kw.shape[0] + 1))
    drawn_kwh = np.zeros_like(envelopes.power_limit_kw)
    _fill_valleys(
        by_group,
        starts,
        price_krw_per_kwh,
        price_row,
        envelopes.power_limit_kw * step_h,
        envelopes.latest_kwh,
        envelopes.earliest_kwh,
        group_load_kw * step_h,
        group_cap_kw * step_h,
        passes,
        drawn_kwh,
    )
    return drawn_kwh / step_h
