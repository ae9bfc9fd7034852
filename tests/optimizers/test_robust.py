"""Protected plans survive what they are protected against, played through by hand; the price is right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimizers import robust
from optimizers.depot import solve_depot
from optimizers.depot_model.protection import ColdDay, LateBuses
from optimizers.plan import DepotPlan, NoPlan, PlanStatus
from optimizers.problem import stays
from optimizers.problem_checks import check_problem
from optimizers.protection_scenarios import with_cold_day
from optimizers.replay import replay
from optimizers.robust import Protection, price_protection, solve_protected, unsurvived
from optimizers.solver import SolveLimits
from tests.optimizers.depot_builders import buses, charger, depot, duty, random_depot

LIMITS = SolveLimits(30.0, 1e-6)


def fleet():
    """Two buses back at hours 1 and 2, cheap hours right then, away again at hour 5."""
    prices = {"buy_krw_per_kwh": [99, 40, 50, 90, 99, 99, 99]}
    problem = depot(2, 7, prices=prices, chargers=(charger(2, 60.0),), buses=buses(2, initial_kwh=70.0))
    problem = duty(duty(problem, 0, 0, 1, 20.0), 0, 5, 7, 80.0)
    return duty(duty(problem, 1, 0, 2, 20.0), 1, 5, 7, 60.0)


def solved(problem, protection) -> DepotPlan:
    plan = solve_protected(problem, protection, LIMITS)
    assert isinstance(plan, DepotPlan), plan
    assert replay(problem, plan).ok
    return plan


def shortfalls_when_late(problem, plan, steps):
    """Greatest shortfall of each bus when it misses the first steps of one of its stays, step by step."""
    worst = np.zeros(problem.bus_count)
    for stay in stays(problem.present):
        if stay.start == 0:
            continue
        charge = plan.charge_kw[stay.bus].copy()
        charge[stay.start : min(stay.start + steps, stay.stop)] = 0
        energy = problem.buses.initial_kwh[stay.bus]
        for t in range(problem.step_count):
            energy += charge[t] * problem.buses.charge_efficiency[stay.bus] * problem.step_h[t]
            energy -= problem.trip_kwh[stay.bus, t]
            if t + 1 >= stay.start + steps:
                worst[stay.bus] = max(worst[stay.bus], problem.buses.min_kwh[stay.bus] - energy)
    return worst


def test_late_buses_are_survived_at_a_price():
    problem = fleet()
    plain = solved(problem, Protection())
    assert shortfalls_when_late(problem, plain, 1) == pytest.approx([50, 30])
    late = solved(problem, Protection(late_buses=LateBuses(1, 1)))
    assert shortfalls_when_late(problem, late, 1).max() <= 1e-6
    # bus 0 charges at 50 instead of 40, bus 1 at 90 instead of 50
    assert late.objective_krw - plain.objective_krw == pytest.approx(50 * 10 + 30 * 40)


def test_the_budget_counts_buses_and_what_can_be_made_up():
    problem = fleet()
    one = solved(problem, Protection(late_buses=LateBuses(1, 1, makeup_kwh=30.0)))
    two = solved(problem, Protection(late_buses=LateBuses(2, 1, makeup_kwh=30.0)))
    assert np.sort(shortfalls_when_late(problem, one, 1))[-1:].sum() <= 30 + 1e-6
    assert np.sort(shortfalls_when_late(problem, two, 1))[-2:].sum() <= 30 + 1e-6
    assert one.objective_krw < two.objective_krw - 1
    enough = solved(problem, Protection(late_buses=LateBuses(2, 1, makeup_kwh=80.0)))
    assert enough.objective_krw == pytest.approx(solved(problem, Protection()).objective_krw)


def test_a_cold_day_is_survived_at_a_price():
    problem = fleet()
    plain = solved(problem, Protection())
    cold = solved(problem, Protection(cold_day=ColdDay(1.2)))
    for bus in range(2):
        energy = problem.buses.initial_kwh[bus]
        for t in range(7):
            energy += cold.charge_kw[bus, t] - 1.2 * problem.trip_kwh[bus, t]
            assert energy >= 20 - 1e-6
    # 20 kWh and 16 kWh more; bus 0 has 10 kWh of room left in its hour at 40, then pays 50
    assert cold.objective_krw - plain.objective_krw == pytest.approx(10 * 40 + 10 * 50 + 16 * 50)


def test_the_loss_of_an_outlet_is_survived_at_a_price():
    problem = fleet()
    plain, (priced,) = price_protection(problem, Protection(lost_outlets=1), LIMITS)
    assert ((priced.plan.plugged_class >= 0).sum(axis=0) <= 1).all()
    # one outlet: bus 0 takes the hour at 40, bus 1 the hour at 50 as before
    assert priced.extra_krw == pytest.approx(priced.plan.objective_krw - plain.objective_krw)
    assert priced.extra_at_least_krw <= priced.extra_krw + 1e-6 <= priced.extra_at_most_krw + 2e-6


def test_all_protection_costs_at_least_each_alone():
    protection = Protection(LateBuses(2, 1), ColdDay(1.1), 1)
    _, priced = price_protection(fleet(), protection, LIMITS)
    cost = {p.name: p.extra_krw for p in priced}
    assert set(cost) == {"late buses", "cold day", "lost outlets", "all"}
    assert cost["all"] >= max(value for name, value in cost.items() if name != "all") - 1e-6
    assert min(cost.values()) >= -1e-6


def test_what_cannot_be_survived_has_no_price():
    problem = fleet()
    _, (priced,) = price_protection(problem, Protection(cold_day=ColdDay(9.0)), LIMITS)
    assert isinstance(priced.plan, NoPlan)
    assert np.isnan(priced.extra_krw)


def test_standing_takes_more_on_a_cold_day():
    problem = fleet()
    problem = replace(problem, buses=replace(problem.buses, standing_loss_kw=np.full(2, 2.0)))
    one = solved(problem, Protection(cold_day=ColdDay(1.0, standing_factor=1.0)))
    two = solved(problem, Protection(cold_day=ColdDay(1.0, standing_factor=3.0)))
    assert one.objective_krw == pytest.approx(solved(problem, Protection()).objective_krw)
    assert two.objective_krw > one.objective_krw + 1


@pytest.mark.parametrize("seed", range(4))
def test_a_cold_day_as_rows_and_as_needs_are_the_same_problem(seed):
    problem, cold = random_depot(seed, bus_count=3, step_count=16), ColdDay(1.15, 2.0)
    rows = solve_protected(problem, Protection(cold_day=cold), LIMITS)
    needs = with_cold_day(problem, cold)
    if check_problem(needs):
        assert isinstance(rows, NoPlan)
        return
    other = solve_depot(needs, time_limit_s=30, gap=1e-6)
    if isinstance(rows, NoPlan):
        assert isinstance(other, NoPlan)
    else:
        assert other.objective_krw == pytest.approx(rows.objective_krw, rel=1e-5, abs=0.1)


@pytest.mark.parametrize("count", [1, 2])
def test_large_depots_are_protected_by_planning_days(monkeypatch, count):
    """The way of large depots, on a small one: it survives, its bound holds, and here it finds the same cost."""
    problem = fleet()
    protection = Protection(LateBuses(count, 1, makeup_kwh=30.0), ColdDay(1.1))
    rows = solved(problem, protection)
    assert unsurvived(problem, rows, protection) == ()
    monkeypatch.setattr(robust, "COMPACT_UP_TO_BUSES", 0)
    found = solved(problem, protection)
    assert unsurvived(problem, found, protection) == ()
    assert found.lower_bound_krw <= rows.objective_krw + 1e-3
    assert found.objective_krw >= rows.lower_bound_krw - 1e-3
    short = np.sort(shortfalls_when_late(problem, found, 1))[::-1][:count].sum()
    assert short <= 30 + 1e-3
    plain = solved(problem, Protection())
    assert any("late buses lack" in what for what in unsurvived(problem, plain, protection))


def test_a_protection_that_large_depots_cannot_have_is_no_proof_and_no_plan(monkeypatch):
    monkeypatch.setattr(robust, "COMPACT_UP_TO_BUSES", 0)
    found = solve_protected(fleet(), Protection(LateBuses(1, 4)), LIMITS)
    assert isinstance(found, NoPlan)
    assert found.status is PlanStatus.FAILED  # bus 1 stands for three hours: the moved day has no stay left
