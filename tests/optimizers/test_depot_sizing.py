"""The smallest depot works, and one less provably does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimizers.depot_sizing import Works, day_works, fewest_outlets, smallest_battery, smallest_connection
from optimizers.solver import SolveLimits
from tests.optimizers.depot_builders import buses, charger, depot, duty, random_depot

LIMITS = SolveLimits(20.0, 1e-4)


def crowded(outlets=9):
    """Four buses need 60 kWh each within two hours, at 60 kW."""
    problem = depot(4, 3, chargers=(charger(outlets, 60.0),))
    for bus in range(4):
        problem = duty(problem, bus, 2, 3, 140.0)
    return problem


def test_the_fewest_outlets_and_why_one_less_fails():
    found = fewest_outlets(crowded(), 0, LIMITS)
    assert (found.size, found.fails_at, found.proved) == (2, 1, True)
    assert "4.0 outlet hours, the 1 outlets of slow have 2.0" in found.reason


def test_the_smallest_connection():
    found = smallest_connection(crowded(), LIMITS, step_kw=10.0)
    assert (found.size, found.fails_at, found.proved) == (120, 110, True)
    assert "the connection leaves 220.0" in found.reason


def test_the_smallest_battery():
    # 10 % to 100 % of the battery: the duty takes 140, the day starts at half
    problem = depot(1, 3, buses=buses(1), chargers=(charger(1, 60.0),))
    found = smallest_battery(duty(problem, 0, 2, 3, 140.0), LIMITS, step_kwh=10.0)
    assert (found.size, found.fails_at, found.proved) == (160, 150, True)
    assert "140.0 kWh" in found.reason


def test_a_day_that_never_works_has_no_size():
    problem = crowded(outlets=1)
    late = replace(problem, rules=replace(problem.rules, plug_allowed=np.zeros(3, dtype=bool)))
    found = fewest_outlets(late, 0, LIMITS)
    assert np.isnan(found.size)
    assert found.proved


def test_what_the_solver_cannot_decide_is_not_called_proved():
    assert day_works(crowded(), SolveLimits(0.0))[0] is Works.UNKNOWN


@pytest.mark.parametrize("seed", range(3))
def test_one_less_than_the_fewest_fails_in_random_depots(seed):
    problem = random_depot(seed, bus_count=5, step_count=16)
    found = fewest_outlets(problem, 0, LIMITS)
    fewer = replace(problem, chargers=(replace(problem.chargers[0], count=int(found.size) - 1),))
    enough = replace(problem, chargers=(replace(problem.chargers[0], count=int(found.size)),))
    assert day_works(enough, LIMITS)[0] is Works.YES
    assert day_works(fewer, LIMITS)[0] is Works.NO
