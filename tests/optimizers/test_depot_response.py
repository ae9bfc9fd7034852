"""What a depot answers the city: best responses to prices, and plans under a limit."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.depot_cases import DepotCase, make_depot
from data.errors import InvalidInput
from optimizers.depot_decomposition_settings import DecompositionSettings
from optimizers.depot_response import DepotResponse, best_response, plan_under_limit
from optimizers.plan import DepotPlan, NoPlan
from optimizers.solver import SolveLimits

SETTINGS = DecompositionSettings(SolveLimits(20.0, 1e-3))


@pytest.fixture(scope="module")
def problem():
    return make_depot(DepotCase(buses=10, chargers=4, seed=4))


@pytest.fixture(scope="module")
def free(problem):
    response = best_response(problem, np.zeros(problem.step_count), SETTINGS)
    assert isinstance(response, DepotResponse)
    return response


def test_at_no_price_the_response_is_the_plan(free):
    assert free.own_krw == pytest.approx(free.plan.objective_krw)
    assert free.lower_bound_krw <= free.priced_krw


def test_a_price_moves_power_away_and_its_bound_holds_for_any_plan(problem, free):
    busy = int(np.argmax(free.grid_kw))
    price = np.zeros(problem.step_count)
    price[busy] = 500.0
    priced = best_response(problem, price, SETTINGS)
    assert isinstance(priced, DepotResponse)
    assert priced.grid_kw[busy] < free.grid_kw[busy]
    assert priced.own_krw >= free.lower_bound_krw - 1e-6
    paid = float((price * free.grid_kw) @ problem.step_h)
    assert priced.lower_bound_krw <= free.own_krw + paid + 1e-6
    assert priced.priced_krw == pytest.approx(priced.own_krw + float((price * priced.grid_kw) @ problem.step_h))


def test_a_limit_is_kept_and_never_cheaper(problem, free):
    limit = np.full(problem.step_count, 0.9 * free.grid_kw.max())
    plan = plan_under_limit(problem, limit, SETTINGS)
    assert isinstance(plan, DepotPlan)
    assert (plan.grid_kw <= limit + 1e-3).all()
    assert plan.objective_krw >= free.lower_bound_krw - 1e-6


def test_an_impossible_limit_has_no_plan(problem):
    limit = np.full(problem.step_count, 31.0)
    assert isinstance(plan_under_limit(problem, limit, DecompositionSettings(SolveLimits(3.0, 1e-3))), NoPlan)


@pytest.mark.parametrize("price", [np.zeros(3), np.full(112, np.nan), np.full(112, np.inf)])
def test_prices_that_do_not_fit_are_refused(problem, price):
    with pytest.raises(InvalidInput, match="price_krw_per_kwh"):
        best_response(problem, price, SETTINGS)


@pytest.mark.parametrize("limit", [np.zeros(3), np.full(112, np.nan), np.full(112, -1.0)])
def test_limits_that_do_not_fit_are_refused(problem, limit):
    with pytest.raises(InvalidInput, match="import_limit_kw"):
        plan_under_limit(problem, limit, SETTINGS)
