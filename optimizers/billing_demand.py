"""From a demand charge as the contract states it to the `DemandCharge` of one horizon.

KEPCO bills the highest 15-minute demand of the listed months (July to September, December to February) of the last
twelve, counted in mid and peak hours, and at least 30 % of the contract power. Months, hours and shares are arguments:
another utility has others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from optimizers.problem import NOT_METERED, Flags, Floats, Ints


def ratchet_kw(peak_kw_of: Mapping[tuple[int, int], float], month: tuple[int, int], listed: Collection[int]) -> float:
    """Return the highest peak of the listed months among the eleven before a month; with it they make the last twelve.

    Parameters
    ----------
    peak_kw_of
        Peak of each earlier (year, month) that is known.
    month
        (year, month) being billed; its own peak so far is not part of the ratchet.
    listed
        Months of the year that count, 1 to 12.
    """
    now = 12 * month[0] + month[1]
    ages = {key: now - (12 * key[0] + key[1]) for key in peak_kw_of}
    counted = [peak for key, peak in peak_kw_of.items() if 0 < ages[key] < 12 and key[1] in listed]
    return max(counted, default=0.0)


def horizon_share(horizon_days: float, days_left: float) -> float:
    """Return the part of the month's demand charge that a horizon answers for: its days of those left, at most 1.

    A peak reached tonight serves the rest of the month as well. Were each night charged the whole month, the plan would
    pay for shaving what the next night raises again.
    """
    return float(min(horizon_days / max(days_left, horizon_days), 1.0))


def metering_intervals(step_h: Floats, counted: Flags, interval_h: float = 0.25) -> Ints:
    """Return the (T,) metering interval of each step for `DemandCharge`, `NOT_METERED` where the tariff does not count.

    Parameters
    ----------
    step_h
        (T,) length of each step; the first one starts with an interval.
    counted
        (T,) whether the tariff counts the step.
    interval_h
        Length of the interval the meter averages over. A longer step is an interval of its own.
    """
    starts_h = np.concatenate([[0.0], np.cumsum(step_h)[:-1]])
    interval = np.floor(starts_h / interval_h + 1e-9).astype(np.int64)
    return np.where(counted, interval, NOT_METERED)
