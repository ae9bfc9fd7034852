"""Re-planning the rest of a day: nothing changes when nothing changed, and delays are met."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimizers.depot import Method, solve_depot
from optimizers.plan import DepotPlan
from optimizers.problem import DemandCharge, SiteBattery
from optimizers.problem_checks import check_problem
from optimizers.replay import replay
from optimizers.rolling import Delay, Present, rest_of_day
from tests.optimizers.depot_builders import buses, charger, depot, duty, random_depot


def solve(problem) -> DepotPlan:
    plan = solve_depot(problem, time_limit_s=30, gap=1e-6, method=Method.COMPACT)
    assert isinstance(plan, DepotPlan), plan
    return plan


def past_cost_krw(problem, plan, step):
    """Cost of the steps before, without the demand charge."""
    energy = (problem.prices.buy_krw_per_kwh * np.maximum(plan.grid_kw, 0) * problem.step_h)[:step].sum()
    plugged = np.column_stack([np.full(problem.bus_count, -1), plan.plugged_class])[:, : step + 1]
    return energy + problem.rules.start_krw * ((np.diff(plugged, axis=1) != 0) & (plugged[:, 1:] >= 0)).sum()


@pytest.mark.parametrize("step", [1, 5, 9, 12])
@pytest.mark.parametrize("seed", [1, 3])
def test_the_rest_of_an_optimal_plan_is_optimal(seed, step):
    problem = replace(random_depot(seed, bus_count=3, step_count=16), demand=None)
    plan = solve(problem)
    rest = rest_of_day(problem, plan, step)
    assert check_problem(rest) == ()
    again = solve(rest)
    assert replay(rest, again).ok
    assert past_cost_krw(problem, plan, step) + again.objective_krw == pytest.approx(plan.objective_krw, rel=1e-5)


def test_a_late_bus_charges_later():
    prices = {"buy_krw_per_kwh": [50, 50, 60, 99, 99]}
    problem = duty(depot(1, 5, prices=prices, chargers=(charger(1, 60.0),)), 0, 0, 2, 40.0)
    problem = duty(problem, 0, 4, 5, 80.0)
    plan = solve(problem)
    assert plan.charge_kw[0] == pytest.approx([0, 0, 40, 0, 0])
    rest = rest_of_day(problem, plan, 1, delays=(Delay(0, 1, 10.0),))
    late = solve(rest)
    assert late.charge_kw[0] == pytest.approx([0, 0, 50, 0])
    assert late.objective_krw == pytest.approx(99 * 50)
    assert late.energy_kwh[0, 0] == pytest.approx(80)


def test_what_was_measured_counts():
    problem = duty(depot(1, 4, chargers=(charger(1, 60.0),)), 0, 3, 4, 140.0)
    plan = solve(problem)
    measured = Present(np.array([130.0]), np.array([0]))
    rest = rest_of_day(problem, plan, 1, present=measured)
    assert rest.under_way.plugged_class.tolist() == [0]
    assert solve(rest).charge_kw.sum() == pytest.approx(30)


def test_sessions_under_way_keep_their_age_and_count():
    rules = {"min_plug_steps": 3, "max_sessions_per_stay": 2}
    problem = duty(depot(1, 9, rules=rules, prices={"buy_krw_per_kwh": np.ones(9)}), 0, 0, 1, 10.0)
    plan = solve(problem)
    plugged = np.array([[-1, 0, 0, 0, -1, 0, 0, -1, -1]])
    plan = replace(plan, plugged_class=plugged)
    first = rest_of_day(problem, plan, 3)
    assert (first.under_way.steps_plugged[0], first.under_way.sessions_used[0]) == (2, 1)
    second = rest_of_day(problem, plan, 6)
    assert (second.under_way.steps_plugged[0], second.under_way.sessions_used[0]) == (1, 2)
    # and re-planned again: the rest of the rest
    shifted = replace(plan, plugged_class=plugged[:, 6:], energy_kwh=plan.energy_kwh[:, 6:], grid_kw=plan.grid_kw[6:])
    shifted = replace(shifted, discharge_kw=plan.discharge_kw[:, 6:])
    third = rest_of_day(second, shifted, 1)
    assert (third.under_way.steps_plugged[0], third.under_way.sessions_used[0]) == (2, 2)
    fourth = rest_of_day(second, shifted, 2)
    assert (fourth.under_way.steps_plugged[0], fourth.under_way.sessions_used[0]) == (0, 2)


def test_the_peak_so_far_the_warranty_and_the_battery_go_on():
    demand = DemandCharge(9000.0, 0.1, 5.0, 0.0, 0.0, np.array([0, 0, 1, 1]))
    bus = buses(1, initial_kwh=150.0, max_discharge_kw=50.0, discharge_limit_kwh=40.0)
    prices = {"buy_krw_per_kwh": [10, 100, 100, 100], "sell_krw_per_kwh": [0, 90, 0, 0]}
    outlet = charger(1, max_discharge_kw=50.0)
    problem = depot(1, 4, demand=demand, buses=bus, prices=prices, chargers=(outlet,))
    battery = SiteBattery(0.0, 50.0, 10.0, 0.0, 40.0, 30.0, 1.0, 1.0, 0.0)
    problem = replace(problem, site=replace(problem.site, battery=battery, base_kw=np.array([30.0, 0, 0, 0])))
    plan = solve(problem)
    rest = rest_of_day(problem, plan, 2)
    past_kw = float(np.maximum(plan.grid_kw, 0)[:2].mean())
    assert rest.demand.peak_so_far_kw == pytest.approx(max(5.0, past_kw))
    assert rest.buses.discharge_limit_kwh[0] == pytest.approx(40 - plan.discharge_kw[0, :2].sum())
    assert plan.discharge_kw[0, :2].sum() > 1
    assert rest.site.battery.initial_kwh == pytest.approx(plan.site_battery_kwh[2])
    within = rest_of_day(problem, plan, 1)
    assert within.demand.peak_so_far_kw == 5.0


def test_a_bus_that_does_not_come_back_cannot_be_later():
    problem = duty(depot(1, 4), 0, 2, 4, 20.0)
    rest = rest_of_day(problem, solve(problem), 1, delays=(Delay(0, 2),))
    assert rest.present.tolist() == [[True, False, False]]
