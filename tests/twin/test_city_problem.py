"""From a day of a town to its coordinator's problem, and the plan that comes back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.city_folder import read_city_folder
from optimizers.assets.bus_depots import BusDepots
from optimizers.assets.charging import Charging
from optimizers.baselines import plug_on_arrival
from optimizers.coordination import CoordinationSettings, coordinate
from optimizers.coordination_assets import BusPrices
from optimizers.coordination_problem import CityProblem
from optimizers.envelopes import Envelopes
from optimizers.fleet import FleetSettings
from optimizers.plan import PlanStatus
from optimizers.replay import replay
from tests.twin.town import SERVICE_DATE, write_town
from twin.city import build_city, embedded_weather
from twin.city_problem import city_problem, grid_limits
from twin.day import CityDay, city_day
from twin.grid_check import check_grid
from twin.scenario import scenario_of
from twin.schedule import loads_at_buses

SETTINGS = CoordinationSettings(60.0, 1e-3, 1)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> CityDay:
    folder = read_city_folder(write_town(tmp_path_factory.mktemp("problem")))
    city = build_city(folder, scenario_of(folder, "today"), tmp_path_factory.mktemp("cache"), None)
    return city_day(city, SERVICE_DATE, embedded_weather(folder, SERVICE_DATE.year))


@pytest.fixture(scope="module")
def problem(day: CityDay) -> CityProblem:
    depots = {name: plug_on_arrival(garage.problem) for name, garage in day.garages.items()}
    return city_problem(day, depots, FleetSettings(5.0, gap=0.05, workers=1))


def test_feeders_stand_below_banks_and_are_limited_at_their_heads(day: CityDay) -> None:
    grid = day.city.grid
    limits = grid_limits(grid, 2e4, 1e9)
    feeders, banks = len(grid.feeders.id), len(grid.banks.id)
    assert len(limits.group) == feeders + banks
    assert (limits.group_parent[:feeders] == feeders + grid.feeders.bank).all()
    assert (limits.group_parent[feeders:] == -1).all()
    assert (limits.branch_group[limits.group_feed] == np.arange(feeders + banks)).all()
    load = np.flatnonzero(grid.buses.feeder >= 0)
    assert (limits.bus_group[load] == grid.buses.feeder[load]).all()
    np.testing.assert_array_equal(limits.flow_limit_kw, grid.feeders.rating_kw)


def test_the_plan_of_a_town_is_that_of_its_assets(day: CityDay, problem: CityProblem) -> None:
    plan = coordinate(problem, SETTINGS)
    kinds = {block.kind: part for block, part in zip(problem.assets, plan.assets, strict=True)}
    depots = dict(zip(day.garages, kinds["electric-bus depots"].detail, strict=True))
    stores = kinds.get("stationary batteries")
    battery_kw = np.zeros((0, day.steps)) if stores is None else stores.kw
    kw, kvar = loads_at_buses(day, depots, kinds["electric vehicles"].kw, battery_kw)
    np.testing.assert_allclose(plan.load_kw, kw, atol=1e-6)
    np.testing.assert_allclose(plan.load_kvar, kvar, atol=1e-6)
    state = check_grid(day.city.grid, kw, kvar)
    assert state.within_limits == (not plan.violations)
    served = kinds["electric vehicles"].kw.sum(axis=1) * day.step_h
    np.testing.assert_allclose(served, day.sessions.energy_kwh, atol=1e-4)


def test_more_vehicles_than_the_grid_carries_are_planned_around_its_limits(problem: CityProblem) -> None:
    """With many more vehicles prices alone break limits; the plan breaks none, or lists what it cannot keep."""
    assets = []
    for block in problem.assets:
        if isinstance(block, Charging):
            curves = (block.envelopes.power_limit_kw, block.envelopes.latest_kwh, block.envelopes.earliest_kwh)
            assets.append(replace(block, envelopes=Envelopes(*(25.0 * curve for curve in curves))))
        else:
            assets.append(block)
    crowded = replace(problem, assets=tuple(assets), limits=replace(problem.limits, group_feed=np.zeros(0, int)))
    plan = coordinate(crowded, SETTINGS)
    assert plan.rounds[0].violations > 0, "the case must need coordination"
    assert plan.objective_krw < plan.rounds[0].objective_krw
    assert plan.lower_bound_krw <= plan.objective_krw
    assert plan.lower_bound_krw >= plan.unlimited_bound_krw
    assert (plan.status is PlanStatus.RELAXED) == bool(plan.violations)


def test_a_garage_answers_a_price_with_a_plan_that_its_replay_accepts(problem: CityProblem) -> None:
    block = next(part for part in problem.assets if isinstance(part, BusDepots))
    block = block.select(np.array([0]))
    steps = problem.steps
    dear = np.zeros((1, steps))
    dear[0, block.plans[0].grid_kw > 0.5 * block.plans[0].grid_kw.max()] = 3000.0
    prices = BusPrices(dear, np.zeros((1, steps)), np.zeros(1, dtype=np.int64))
    answer = block.best_response(prices)
    assert replay(block.problems[0], answer.plan.detail[0]).ok
    paid = answer.plan.cost_krw + prices.paid_krw(answer.plan.kw, answer.plan.kvar, problem.step_h)
    assert answer.lower_bound_krw[0] <= paid[0] + 1e-6
    still = block.plans[0].objective_krw + float(dear[0] @ block.plans[0].grid_kw) * problem.step_h
    assert paid[0] < still
    low, high = block.power_range_kw()
    assert (answer.plan.kw >= low - 1e-6).all()
    assert (answer.plan.kw <= high + 1e-6).all()
    calm = block.best_response(BusPrices.zero(1, steps))
    assert calm.plan.detail[0] is block.plans[0]
