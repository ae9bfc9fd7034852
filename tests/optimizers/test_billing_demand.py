"""Ratchet, proration and metering intervals as the contract states them."""

from __future__ import annotations

import numpy as np
import pytest

from optimizers.billing_demand import horizon_share, metering_intervals, ratchet_kw

KEPCO_MONTHS = (7, 8, 9, 12, 1, 2)


def test_the_ratchet_is_the_highest_listed_month_of_the_last_twelve():
    peaks = {(2025, 5): 990.0, (2025, 6): 980.0, (2025, 8): 700.0, (2025, 11): 900.0, (2026, 1): 650.0}
    assert ratchet_kw(peaks, (2026, 6), KEPCO_MONTHS) == 700
    assert ratchet_kw(peaks, (2026, 8), KEPCO_MONTHS) == 650  # August 2025 is twelve months ago
    assert ratchet_kw(peaks, (2026, 1), KEPCO_MONTHS) == 700  # the month itself does not count
    assert ratchet_kw({}, (2026, 6), KEPCO_MONTHS) == 0
    assert ratchet_kw(peaks, (2026, 6), range(1, 13)) == 900  # June 2025 is twelve months ago


def test_the_shares_of_the_nights_of_a_month_do_not_over_shave():
    assert horizon_share(1, 30) == pytest.approx(1 / 30)
    assert horizon_share(1, 1) == 1
    assert horizon_share(1.2, 0.5) == 1
    assert horizon_share(2, 8) == 0.25


def test_metering_intervals_follow_the_clock_and_skip_what_does_not_count():
    step_h = np.array([0.25, 0.125, 0.125, 0.5, 0.25])
    counted = np.array([True, True, True, True, False])
    assert metering_intervals(step_h, counted).tolist() == [0, 1, 1, 2, -1]
    assert metering_intervals(np.full(6, 0.1), np.ones(6, dtype=bool), 0.3).tolist() == [0, 0, 0, 1, 1, 1]
