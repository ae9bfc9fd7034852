"""Stationary batteries: cheapest plans, the block the coordinator sees, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.errors import InvalidInput, ProblemList
from optimizers.assets.battery_fleet import BatteryFleet
from optimizers.batteries import Batteries, cheapest_battery_plan
from optimizers.coordination_assets import BusPrices
from optimizers.highs_arrays import solve_arrays


def batteries(*values: float, count: int = 2) -> Batteries:
    return Batteries(*(np.full(count, value) for value in values))


SOUND = (5.0, 1.0, 20.0, 8.0, 8.0, 0.95, 10.0)


@pytest.mark.parametrize("price", [-50.0, 0.0, 100.0])
def test_a_battery_never_charges_and_discharges_at_once(price: float) -> None:
    battery = batteries(10.0, 0.0, 20.0, 10.0, 10.0, 0.9, 1.0, count=1)
    prices = np.array([[price, 80.0, price, 250.0, price, 90.0]])
    plan = cheapest_battery_plan(battery, prices, 1.0, 60.0)
    assert np.minimum(plan.charge_kw, plan.discharge_kw).max() <= 1e-7
    assert plan.energy_kwh.min() >= -1e-7
    assert plan.energy_kwh.max() <= 20.0 + 1e-7
    assert plan.energy_kwh[0, -1] >= 10.0 - 1e-7


def test_the_block_answers_as_its_compact_model_does() -> None:
    price = np.array([[80.0, 60.0, 250.0, 90.0]])
    fleet = BatteryFleet(np.array([1, 2]), batteries(*SOUND), price, np.zeros(2, dtype=np.int64), 1.0)
    added = BusPrices(np.array([[0.0, 0.0, -120.0, 0.0]]), np.zeros((1, 4)), np.zeros(2, dtype=np.int64))
    answer = fleet.best_response(added)
    compact = fleet.model()
    cost = compact.model.cost + compact.kw.T @ np.tile(added.kw_krw_per_kwh[0], 2)
    solution = solve_arrays(replace(compact.model, cost=cost), 10.0)
    assert float(answer.lower_bound_krw.sum()) == pytest.approx(solution.objective)
    plan = fleet.plan_of(solution.columns)
    np.testing.assert_allclose(plan.kw, (compact.kw @ solution.columns).reshape(2, 4), atol=1e-7)
    low, high = fleet.power_range_kw()
    assert (plan.kw >= low - 1e-9).all()
    assert (plan.kw <= high + 1e-9).all()
    assert fleet.select(np.array([1])).bus.tolist() == [2]


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ((5.0, 1.0, 20.0, 30.0, 8.0, 0.95, 10.0), "start outside"),
        ((5.0, 30.0, 20.0, 8.0, 8.0, 0.95, 10.0), "window that is"),
        ((5.0, 1.0, 20.0, 8.0, 28.0, 0.95, 10.0), "end above"),
        ((5.0, 1.0, 20.0, 8.0, 8.0, 1.95, 10.0), "efficiency"),
        ((-5.0, 1.0, 20.0, 8.0, 8.0, 0.95, 10.0), "negative power"),
        ((np.nan, 1.0, 20.0, 8.0, 8.0, 0.95, 1.0), "NaN"),
    ],
)
def test_bad_batteries_are_refused_with_the_reason(values: tuple[float, ...], what: str) -> None:
    problems = ProblemList()
    batteries(*values).check(problems)
    with pytest.raises(InvalidInput, match=what):
        problems.raise_if_any()


@pytest.mark.parametrize(
    ("prices", "row", "what"),
    [
        (np.ones((1, 3)), 0, "prices for 3 of 4 steps"),
        (np.full((1, 4), np.nan), 0, "NaN or infinite prices"),
        (np.ones((1, 4)), 3, "not one valid price row"),
    ],
)
def test_prices_that_do_not_fit_are_refused(prices: np.ndarray, row: int, what: str) -> None:
    problems = ProblemList()
    BatteryFleet(np.array([1, 2]), batteries(*SOUND), prices, np.full(2, row), 1.0).check(4, 1.0, problems)
    with pytest.raises(InvalidInput, match=what):
        problems.raise_if_any()
