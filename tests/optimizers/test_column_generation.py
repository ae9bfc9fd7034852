"""The bound is below the compact model's optimum at any prices, and rises; plan and bound enclose the optimum."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.depot_cases import DepotCase, make_depot
from optimizers.column_generation import BoundSettings, generate_columns, lagrangian_bound_krw
from optimizers.column_start import pooled_depot, tariff_duals
from optimizers.depot_compact import solve_compact
from optimizers.depot_decomposition import can_decompose, plan_depot
from optimizers.depot_decomposition_settings import DecompositionSettings
from optimizers.master_site import site_model
from optimizers.plan import DepotPlan, NoPlan, PlanStatus
from optimizers.pricing_lattice import Rounding, lattice
from optimizers.problem import Cabinet, DepotProblem, LaneRule, SiteBattery
from optimizers.replay import replay
from optimizers.solver import SolveLimits
from tests.optimizers import depot_cases
from tests.optimizers.depot_builders import charger, random_depot

HAND_CASES = [
    "cabinets", "calendar_wear", "charging", "cost", "cycling_wear", "demand_charge", "minimum_session", "outlets",
    "session_count", "sessions", "site_battery", "stored_energy", "taper",
]  # fmt: skip


def settings(limit_s: float = 20.0, gap: float = 1e-3, **fields) -> DecompositionSettings:
    return DecompositionSettings(SolveLimits(limit_s, gap), **fields)


def planned(problem: DepotProblem, **fields) -> DepotPlan:
    plan = plan_depot(problem, settings(**fields))
    assert isinstance(plan, DepotPlan)
    report = replay(problem, plan)
    assert report.ok, report.violations
    assert report.cost.total_krw == pytest.approx(plan.objective_krw)
    return plan


def assert_encloses(problem: DepotProblem, plan: DepotPlan, gap: float = 1e-4) -> DepotPlan:
    exact = solve_compact(problem, SolveLimits(60.0, gap))
    assert isinstance(exact, DepotPlan)
    assert plan.lower_bound_krw <= exact.objective_krw + 1e-3
    assert exact.lower_bound_krw <= plan.objective_krw + 1e-3
    return exact


def test_any_prices_give_a_lower_bound():
    problem = random_depot(3, bus_count=3)
    exact = solve_compact(problem, SolveLimits(60.0, 1e-6))
    assert isinstance(exact, DepotPlan)
    grid, site = lattice(problem, 0.5, Rounding.OUTWARD), site_model(problem)
    rng = np.random.default_rng(0)
    for _ in range(20):
        duals = tariff_duals(problem, site) * rng.uniform(0.5, 1.5)
        duals += rng.normal(0.0, 200.0, len(duals)) * (rng.random(len(duals)) < 0.3)
        assert lagrangian_bound_krw(problem, grid, site, duals) <= exact.objective_krw + 1e-3


def test_bound_rises_to_the_master_and_never_passes_it():
    problem = make_depot(DepotCase(buses=8, chargers=3, seed=5, charger_kw=80.0))
    grid = lattice(problem, 1.0, Rounding.OUTWARD)
    found = generate_columns(problem, grid, (), BoundSettings(gap=1e-4))
    bounds = [bound for bound, _ in found.history]
    masters = [master for _, master in found.history]
    assert bounds == sorted(bounds)
    assert all(after <= before * (1 + 1e-9) for before, after in pairwise(masters))
    assert found.bound_krw <= found.master_krw * (1 + 1e-9)
    assert found.master_krw - found.bound_krw <= 1e-4 * found.master_krw
    assert found.solution.unserved.sum() == pytest.approx(0.0, abs=1e-9)


def test_pooled_prices_start_above_the_plain_tariff():
    problem = make_depot(DepotCase(buses=12, chargers=4, seed=2))
    grid, site = lattice(problem, 0.5, Rounding.OUTWARD), site_model(problem)
    pooled = pooled_depot(problem, grid, site)
    assert pooled.found
    plain = lagrangian_bound_krw(problem, grid, site, tariff_duals(problem, site))
    assert lagrangian_bound_krw(problem, grid, site, pooled.duals) > plain


@pytest.mark.parametrize("name", HAND_CASES)
def test_hand_cases_of_every_rule(name):
    problem = getattr(depot_cases, name)()
    plan = planned(problem, gap=1e-4)
    assert_encloses(problem, plan, 1e-7)


@pytest.mark.parametrize("seed", [2, 5])
def test_plan_and_bound_enclose_the_optimum_of_small_depots(seed):
    problem = random_depot(seed, bus_count=5)
    plan = planned(problem, limit_s=3.0)
    exact = assert_encloses(problem, plan)
    assert plan.lower_bound_krw >= exact.objective_krw * (1 - 1e-3)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"taper": True},
        {"v2g": True},
        {"degradation": True},
        {"pv_kw": 60.0},
        {"min_plug_steps": 3, "handover_steps": 1},
    ],
)
def test_features_within_a_proved_gap(fields):
    problem = make_depot(DepotCase(buses=10, chargers=4, seed=3, **fields))
    assert planned(problem, limit_s=15.0, gap=5e-3).status is PlanStatus.OPTIMAL


def test_two_charger_classes_a_cabinet_and_a_site_battery():
    problem = random_depot(6, bus_count=3)
    battery = SiteBattery(5.0, 60.0, 20.0, 20.0, 30.0, 30.0, 0.95, 0.95, 1.0)
    problem = replace(
        problem,
        chargers=(charger(1, 60.0, id="fast"), charger(2, 20.0, id="slow", min_kw=5.0, can_pause=False)),
        compatible=np.array([[True, True]] * 2 + [[False, True]]),
        cabinets=(Cabinet("one", (0, 1), 70.0),),
        site=replace(problem.site, battery=battery),
    )
    plan = planned(problem, limit_s=10.0)
    assert_encloses(problem, plan)


def test_same_seed_same_plan():
    problem = make_depot(DepotCase(buses=12, chargers=4, seed=7))
    first, second = planned(problem, seed=5), planned(problem, seed=5)
    assert np.array_equal(first.charge_kw, second.charge_kw)
    assert first.lower_bound_krw == second.lower_bound_krw


def test_stopped_early_it_says_so_with_the_true_gap():
    problem = make_depot(DepotCase(buses=20, chargers=5, seed=1, charger_kw=100.0))
    calls = []

    def cancel() -> bool:
        calls.append(1)
        return len(calls) > 2

    plan = plan_depot(problem, settings(gap=1e-7), cancel)
    assert isinstance(plan, DepotPlan)
    assert plan.status is PlanStatus.FEASIBLE
    assert plan.gap > 1e-7
    assert replay(problem, plan).ok


def test_stopped_before_any_plan_it_has_none():
    problem = make_depot(DepotCase(buses=20, chargers=1, seed=1, charger_kw=40.0))
    nothing = plan_depot(problem, settings(limit_s=0.0))
    assert isinstance(nothing, NoPlan)
    assert nothing.status is PlanStatus.FAILED


def test_a_bus_that_cannot_drive_is_named():
    problem = make_depot(DepotCase(buses=5, chargers=2, seed=1))
    trip = problem.trip_kwh.copy()
    trip[3] *= 5
    nothing = plan_depot(replace(problem, trip_kwh=trip), settings())
    assert isinstance(nothing, NoPlan)
    assert nothing.status is PlanStatus.INFEASIBLE
    assert "bus-003" in nothing.reasons[0]


def test_what_cannot_be_decomposed():
    problem = random_depot(1)
    assert can_decompose(problem)
    lanes = replace(problem, chargers=tuple(replace(c, lane=LaneRule.LAST_IN_FIRST_OUT) for c in problem.chargers))
    assert not can_decompose(lanes)
    dear = replace(problem, prices=replace(problem.prices, sell_krw_per_kwh=problem.prices.buy_krw_per_kwh + 1))
    assert not can_decompose(dear)
    assert not can_decompose(depot_cases.feeding_back())
