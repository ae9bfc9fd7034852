"""Goals one after the other: each is as good as it can be without giving up what came before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimizers.depot import Method, solve_depot
from optimizers.lexicographic import Goal, solve_lexicographic
from optimizers.plan import NoPlan, PlanStatus
from optimizers.replay import replay
from optimizers.solver import SolveLimits, SolveStatus
from tests.optimizers.depot_builders import buses, charger, depot, duty, random_depot

LIMITS = SolveLimits(60.0, 1e-5)


def flat_price():
    """Two buses need 60 kWh each within six hours, all at one price: any plan is optimal in cost."""
    problem = depot(2, 7, chargers=(charger(2),), buses=buses(2, initial_kwh=60.0))
    return duty(duty(problem, 0, 6, 7, 100.0), 1, 6, 7, 100.0)


def test_the_peak_comes_first_then_the_starts():
    found = solve_lexicographic(flat_price(), LIMITS, goals=(Goal.PEAK, Goal.STARTS, Goal.SMOOTHNESS), tolerance=0.0)
    values = {result.goal: result.value for result in found.goals}
    assert values[Goal.PEAK] == pytest.approx(20, abs=1e-3)
    assert values[Goal.STARTS] == pytest.approx(2, abs=1e-3)
    assert values[Goal.SMOOTHNESS] == pytest.approx(40, abs=0.01)  # up to 10 kW, and down again
    assert found.plan.objective_krw == pytest.approx(12000, rel=1e-5)
    assert all(result.status is SolveStatus.OPTIMAL for result in found.goals)


def test_the_order_of_goals_matters():
    found = solve_lexicographic(flat_price(), LIMITS, goals=(Goal.SMOOTHNESS, Goal.PEAK), tolerance=0.0)
    assert [result.goal for result in found.goals] == [Goal.SMOOTHNESS, Goal.PEAK]
    assert found.goals[0].value <= 40 + 1e-6


@pytest.mark.parametrize("seed", [2, 3])
def test_the_cost_is_kept_and_the_goals_improve(seed):
    problem = random_depot(seed, bus_count=3, step_count=16)
    plain = solve_depot(problem, time_limit_s=30, gap=1e-5, method=Method.COMPACT)
    found = solve_lexicographic(problem, LIMITS, tolerance=1e-3)
    assert replay(problem, found.plan).ok
    assert found.plan.objective_krw <= plain.objective_krw * (1 + 1.1e-3)
    assert found.plan.grid_kw.max() <= plain.grid_kw.max() * (1 + 1e-3) + 1e-3
    assert found.plan.lower_bound_krw <= plain.objective_krw + 1e-6


def test_no_goals_are_plain_cost():
    problem = random_depot(3, bus_count=3, step_count=16)
    found = solve_lexicographic(problem, LIMITS, goals=())
    plain = solve_depot(problem, time_limit_s=30, gap=1e-5, method=Method.COMPACT)
    assert found.plan.objective_krw == pytest.approx(plain.objective_krw, rel=1e-4)


def test_an_impossible_day_has_no_goals():
    problem = flat_price()
    site = replace(problem.site, import_limit_kw=np.full(7, 5.0))
    found = solve_lexicographic(replace(problem, site=site), LIMITS)
    assert isinstance(found.plan, NoPlan)
    assert found.plan.status is PlanStatus.INFEASIBLE
    assert found.goals == ()
