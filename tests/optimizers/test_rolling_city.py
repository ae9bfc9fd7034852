"""Re-planning a city during its day: under a perfect forecast nothing changes, and no state is lost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from data.errors import ProblemList
from optimizers.assets.battery_fleet import BatteryFleet
from optimizers.assets.charging import Charging
from optimizers.assets.power_circle import PowerCircle
from optimizers.assets.solar import SolarInverters
from optimizers.batteries import Batteries as FleetBatteries
from optimizers.coordination import CoordinationSettings
from optimizers.coordination_assets import BusPrices
from optimizers.coordination_plan import CoordinatedPlan
from optimizers.coordination_problem import CityProblem
from optimizers.end_values import end_values_krw_per_kwh
from optimizers.envelopes import Envelopes
from optimizers.rolling_city import rest_of, rest_of_city, roll, state_ahead
from optimizers.shared_limits import coordinate_shared
from tests.optimizers.small_city import batteries, cars, prices, small_city

GAP = 1e-4
SETTINGS = CoordinationSettings(time_limit_s=30.0, gap=GAP)


def solve(problem: CityProblem, warm: object) -> CoordinatedPlan:
    return coordinate_shared(problem, SETTINGS, warm)


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000), every=st.integers(3, 9))
def test_replanning_under_a_perfect_forecast_changes_nothing(seed: int, every: int) -> None:
    problem = small_city(seed=seed, rating_a=40.0, car_kw=250.0)
    plans, paid = roll(problem, solve, every, 20)
    assume(not plans[0].violations)
    assert not any(plan.violations for plan in plans)
    assert paid <= plans[0].cost_krw + 2 * GAP * abs(plans[0].cost_krw)
    assert paid >= plans[0].lower_bound_krw - 1e-6 * abs(plans[0].cost_krw)


def test_replanning_keeps_a_cap_of_the_city() -> None:
    free = solve(small_city(rating_a=200.0, car_kw=300.0), None)
    supplied = free.flow.solution.sums.slack_kw.sum(axis=0)
    problem = small_city(rating_a=200.0, car_kw=300.0)
    capped = replace(problem, shared=replace(problem.shared, supply_limit_kw=np.full(24, 0.92 * supplied.max())))
    loose = CoordinationSettings(time_limit_s=30.0, gap=2e-3)
    plans, paid = roll(capped, lambda rest, warm: coordinate_shared(rest, loose, warm), 8, 17)
    assert len(plans) == 3
    assert paid == pytest.approx(plans[0].cost_krw, rel=5e-3)
    for plan in plans:
        assert plan.flow.solution.sums.slack_kw.sum(axis=0).max() <= 0.92 * supplied.max() * 1.002


def test_energies_go_on_where_the_plan_left_them() -> None:
    problem = small_city(rating_a=200.0)
    plan = solve(problem, None)
    rest = rest_of_city(problem, plan, 10)
    car, own = problem.assets[0], plan.assets[0]
    drawn = own.kw[:, :10].sum(axis=1)
    under_way = rest.assets[0].storage().stores  # type: ignore[attr-defined]
    assert under_way.initial_kwh == pytest.approx(drawn)
    assert under_way.upper_kwh == pytest.approx(car.earliest_kwh[:, 10:])  # type: ignore[attr-defined]
    again = solve(rest, state_ahead(plan.state, 10, 14))
    assert drawn + again.assets[0].kw.sum(axis=1) == pytest.approx(car.latest_kwh[:, -1])  # type: ignore[attr-defined]


def test_rest_of_a_rest_is_the_rest() -> None:
    problem = small_city(rating_a=200.0)
    plan = solve(problem, None)
    once = rest_of(problem.assets[1], plan.assets[1], 9)
    half = rest_of(problem.assets[1], plan.assets[1], 4)
    ahead = replace(plan.assets[1], kw=plan.assets[1].kw[:, 4:], kvar=plan.assets[1].kvar[:, 4:])
    twice = rest_of(half, ahead, 5)
    for one, two in zip((once,), (twice,), strict=True):
        first, second = one.storage(), two.storage()  # type: ignore[attr-defined]
        assert first.stores.initial_kwh == pytest.approx(second.stores.initial_kwh)
        assert first.price_krw_per_kwh == pytest.approx(second.price_krw_per_kwh)
        assert one.kind == two.kind == problem.assets[1].kind


def blocks_of_other_kinds() -> list[Charging | BatteryFleet | SolarInverters]:
    vehicles = cars(np.array([1, 2]), 24, 1.0)
    envelopes = Envelopes(vehicles.power_limit_kw, vehicles.latest_kwh, vehicles.earliest_kwh)
    one = {"power_kw": 100.0, "min_kwh": 0.0, "max_kwh": 300.0, "initial_kwh": 150.0, "terminal_min_kwh": 150.0}
    store = FleetBatteries(
        **{name: np.array([value]) for name, value in one.items()},
        efficiency=np.array([0.9]),
        wear_krw_per_kwh=np.array([2.0]),
    )
    sun = np.maximum(0.0, np.sin((np.arange(24) - 6.0) / 12.0 * np.pi))
    rows = np.zeros(2, dtype=np.int64)
    return [
        Charging(np.array([1, 2]), envelopes, prices(24)[None], rows, 0.2, 1.0),
        BatteryFleet(np.array([3]), store, prices(24)[None], rows[:1], 1.0),
        SolarInverters(
            np.array([4]), 1.0, prices(24)[None], 50.0 * sun[None], np.zeros(1), np.array([60.0]), PowerCircle(16, 0.4)
        ),
    ]


@pytest.mark.parametrize("kind", range(3))
@pytest.mark.parametrize("step", [1, 7, 13, 23])
def test_best_rest_costs_what_the_best_day_left(kind: int, step: int) -> None:
    block = blocks_of_other_kinds()[kind]
    none, count = BusPrices.zero, len(block.bus)
    best = block.best_response(none(count, 24)).plan
    rest = rest_of(block, best, step)
    problems = ProblemList()
    rest.check(24 - step, 1.0, problems)
    problems.raise_if_any()
    again = rest.best_response(none(count, 24 - step)).plan
    price = prices(24)
    wear = 2.0 if isinstance(block, BatteryFleet) else 0.0
    past = best.kw[:, :step] @ price[:step] + wear * np.maximum(-best.kw[:, :step], 0.0).sum(axis=1)
    assert past + again.cost_krw == pytest.approx(best.cost_krw, rel=1e-6)


def test_asset_without_a_rule_is_refused() -> None:
    class Unknown:
        kind = "kites"

    plan = solve(small_city(rating_a=200.0), None).assets[0]
    with pytest.raises(TypeError, match="kites"):
        rest_of(Unknown(), plan, 3)  # type: ignore[arg-type]


@pytest.mark.parametrize("step", [0, 24, 30])
def test_step_outside_the_day_is_refused(step: int) -> None:
    problem = small_city(rating_a=200.0)
    with pytest.raises(ValueError, match="horizon of 24"):
        rest_of_city(problem, solve(problem, None), step)


def test_value_at_the_end_is_what_tomorrow_saves_and_keeps_the_store_from_being_emptied() -> None:
    free_end = replace(batteries(np.array([3]), 24, 1.0), terminal_min_kwh=np.zeros(1))
    tomorrow = np.tile(prices(24), (1, 1))
    emptied = free_end.best_response(BusPrices.zero(1, 24)).plan
    assert emptied.detail.level_kwh[0, -1] == pytest.approx(0.0, abs=1e-6)  # type: ignore[attr-defined]
    start = replace(free_end, initial_kwh=np.zeros(1))
    value = end_values_krw_per_kwh(start, tomorrow)
    richer = replace(start, initial_kwh=np.ones(1))
    saved = [one.best_response(BusPrices.zero(1, 24)).plan.cost_krw[0] for one in (start, richer)]
    assert value[0] == pytest.approx(saved[0] - saved[1])
    high = replace(free_end, end_value_krw_per_kwh=np.array([float(prices(24).max()) * 1.2]))
    assert high.best_response(BusPrices.zero(1, 24)).plan.detail.level_kwh[0, -1] > 300.0  # type: ignore[attr-defined]


def test_full_store_has_no_use_for_more() -> None:
    full = replace(batteries(np.array([3]), 24, 1.0), initial_kwh=np.array([400.0]))
    assert end_values_krw_per_kwh(full, np.tile(prices(24), (1, 1)))[0] == 0.0
