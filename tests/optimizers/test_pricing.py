"""The dynamic programme of one bus against exhaustive enumeration and against its own plans' prices."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from optimizers.depot_compact import solve_compact
from optimizers.plan import DepotPlan
from optimizers.pricing import SharedPrices, best_responses, bus_bar_kw, outlets_held, step_prices
from optimizers.pricing_kernel import fill_values
from optimizers.pricing_lattice import Rounding, lattice, stored_kwh
from optimizers.pricing_steps import workspace
from optimizers.pricing_trace import best_value, trace
from optimizers.problem import Degradation, DepotProblem
from optimizers.solver import SolveLimits
from tests.optimizers.depot_builders import buses, charger, depot, duty, random_depot


def prices(problem: DepotProblem, seed: int = 0) -> SharedPrices:
    rng = np.random.default_rng(seed)
    classes, steps = len(problem.chargers), problem.step_count
    return SharedPrices(
        site_krw_per_kwh=rng.uniform(50, 200, steps),
        outlet_krw=rng.uniform(0, 500, (classes, steps)) * (rng.random((classes, steps)) < 0.5),
        class_krw_per_kwh=np.zeros((classes, steps)),
        cell_krw_per_kwh=np.zeros((problem.bus_count, steps)),
    )


def value_of(problem: DepotProblem, shared: SharedPrices, found, grid) -> np.ndarray:
    """Price plans by what they take: written apart from the dynamic programme."""
    plans = found.plans
    site = (bus_bar_kw(problem, plans) * problem.step_h) @ shared.site_krw_per_kwh
    held = (outlets_held(problem, grid, plans) * shared.outlet_krw).sum(axis=(1, 2))
    return plans.own_krw + site + held


def small(**fields) -> DepotProblem:
    """One bus of a few levels: 10 kWh a level, at most 2 levels a step."""
    fields.setdefault(
        "buses", buses(1, initial_kwh=40.0, max_kwh=80.0, min_kwh=20.0, max_charge_kw=20.0, terminal_min_kwh=50.0)
    )
    fields.setdefault("chargers", (charger(1, 20.0, min_kw=10.0),))
    return depot(1, 6, 1.0, **fields)


def enumerated_value(problem: DepotProblem, shared: SharedPrices) -> float:
    """Best value over every sequence of (unplugged, or plugged at 0, 10, 20 kW) that keeps the rules."""
    rules, best = problem.rules, np.inf
    for choice in product((None, 0.0, 10.0, 20.0), repeat=6):
        on = np.array([kw is not None for kw in choice])
        kw = np.array([kw or 0.0 for kw in choice])
        if (on & ~problem.present[0]).any():
            continue
        starts = on & ~np.concatenate(([False], on[:-1]))
        stops = np.flatnonzero(~on & np.concatenate(([False], on[:-1])))
        if (starts & ~rules.plug_allowed).any() or not session_rules_kept(problem, on, starts):
            continue
        energy = 40.0 + np.concatenate(([0.0], np.cumsum(kw - problem.trip_kwh[0])))
        if energy.min() < 20.0 or energy.max() > 80.0 or energy[-1] < 50.0 or (energy[:-1] < problem.need_kwh[0]).any():
            continue
        cost = kw @ shared.site_krw_per_kwh + on @ shared.outlet_krw[0] + rules.start_krw * starts.sum()
        cost += sum(shared.outlet_krw[0, stop : stop + rules.handover_steps].sum() for stop in stops)
        best = min(best, float(cost))
    return best


def session_rules_kept(problem: DepotProblem, on: np.ndarray, starts: np.ndarray) -> bool:
    present, rules = problem.present[0], problem.rules
    stay = np.cumsum(present & ~np.concatenate(([False], present[:-1])))
    if any((starts & (stay == number)).sum() > rules.max_sessions_per_stay for number in range(1, int(stay[-1]) + 1)):
        return False
    for start in np.flatnonzero(starts):
        length = int(np.argmin(np.concatenate((on[start:], [False]))))
        if length < rules.min_plug_steps and start + length < 6:
            return False
    return True


RULES = [
    {},
    {"start_krw": 900.0},
    {"min_plug_steps": 2},
    {"min_plug_steps": 3, "start_krw": 200.0},
    {"max_sessions_per_stay": 1},
    {"max_sessions_per_stay": 2, "min_plug_steps": 2, "handover_steps": 1},
    {"handover_steps": 2, "start_krw": 100.0},
    {"plug_allowed": np.array([True, False, True, False, False, True])},
]


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("away", [None, (2, 4)])
def test_dynamic_programme_finds_the_best_of_all_plans(rules, seed, away):
    problem = small(rules=rules)
    if away is not None:
        problem = duty(problem, 0, *away, 20.0)
    shared = prices(problem, seed)
    grid = lattice(problem, 10.0, Rounding.INWARD)
    assert grid.spacing_kwh[0] == pytest.approx(10.0)
    found = best_responses(problem, grid, shared)
    expected = enumerated_value(problem, shared)
    if np.isinf(expected):
        assert np.isnan(found.value_krw[0])
    else:
        assert found.value_krw[0] == pytest.approx(expected)
        assert value_of(problem, shared, found, grid)[0] == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rounding", list(Rounding))
def test_plans_cost_what_the_dynamic_programme_says(seed, rounding):
    problem = random_depot(seed, bus_count=5)
    wear = Degradation(np.zeros((5, 0)), np.zeros((5, 0)), np.full(5, 0.3), np.full(5, 60.0))
    problem = replace(problem, degradation=wear)
    shared = prices(problem, seed)
    grid = lattice(problem, 1.0, rounding)
    found = best_responses(problem, grid, shared)
    assert found.value_krw == pytest.approx(value_of(problem, shared, found, grid))


@pytest.mark.parametrize("seed", range(3))
def test_lattices_enclose_the_continuous_optimum_and_close_in_on_it(seed):
    one = random_depot(seed, bus_count=1, charger_count=1)
    problem = replace(one, demand=None, site=replace(one.site, base_kw=np.zeros(one.step_count)))
    exact = solve_compact(problem, SolveLimits(30.0, 1e-9))
    assert isinstance(exact, DepotPlan)
    shared = SharedPrices(problem.prices.buy_krw_per_kwh, np.zeros((1, 24)), np.zeros((1, 24)), np.zeros((1, 24)))
    gaps = []
    for spacing in (4.0, 1.0, 0.05):
        below, above = (best_responses(problem, lattice(problem, spacing, r), shared).value_krw[0] for r in Rounding)
        assert below <= exact.objective_krw + 1e-3
        assert above >= exact.objective_krw - 1e-3
        gaps.append(above - below)
    assert gaps[2] <= gaps[0]
    assert gaps[2] <= 0.05 * 2 * 200.0


def test_inward_paths_keep_windows_and_taper():
    bus = buses(1, taper_kw=np.array([[150.0]]), taper_kw_per_kwh=np.array([[-0.7]]), terminal_min_kwh=190.0)
    problem = depot(1, 12, 0.5, buses=bus)
    grid = lattice(problem, 0.5, Rounding.INWARD)
    shared = SharedPrices(np.full(12, 100.0), np.zeros((1, 12)), np.zeros((1, 12)), np.zeros((1, 12)))
    found = best_responses(problem, grid, shared)
    energy = stored_kwh(problem, grid, 0, found.plans.levels[0])
    assert energy.min() >= 20 - 1e-6
    assert energy.max() <= 200 + 1e-6
    assert (found.plans.charge_kw[0] <= 150.0 - 0.7 * energy[:-1] + 1e-6).all()
    assert energy[-1] >= 190 - 1e-6


def test_kinked_prices_are_used_in_order():
    problem = small()
    grid = lattice(problem, 10.0, Rounding.INWARD)
    shared = SharedPrices(np.full(6, 100.0), np.zeros((1, 6)), np.zeros((1, 6)), np.zeros((1, 6)))
    plain = step_prices(problem, shared)
    kinked = plain._replace(
        up_krw=np.array([[100.0, 100.0, 10.0, 100.0, 100.0, 100.0]]),
        up_after_krw=np.array([[100.0, 100.0, 300.0, 100.0, 100.0, 100.0]]),
        kink_up_kwh=np.array([[np.inf, np.inf, 10.0, np.inf, np.inf, np.inf]]),
    )
    table, plugged, level = workspace(grid), np.empty(6, dtype=np.int64), np.empty(7, dtype=np.int64)
    assert fill_values(grid, kinked, 0, table)
    trace(grid, kinked, 0, table, plugged, level)
    assert best_value(grid, kinked, 0, table) == pytest.approx(100.0)
    assert np.diff(level).tolist() == [0, 0, 1, 0, 0, 0]


def test_a_bus_without_any_plan_has_no_value():
    problem = small(buses=buses(1, initial_kwh=40.0, max_kwh=80.0, terminal_min_kwh=80.0, max_charge_kw=5.0))
    shared = prices(problem)
    assert np.isnan(best_responses(problem, lattice(problem, 1.0, Rounding.OUTWARD), shared).value_krw[0])


@pytest.mark.parametrize("seed", range(3))
def test_lattices_enclose_the_optimum_with_a_rising_and_falling_taper(seed):
    rng = np.random.default_rng(seed)
    taper_kw, slope = np.array([[20.0, 260.0]]), np.array([[0.8, -1.1]])
    bus = buses(1, initial_kwh=30.0, terminal_min_kwh=185.0, taper_kw=taper_kw, taper_kw_per_kwh=slope)
    problem = depot(1, 8, 0.5, buses=bus, prices={"buy_krw_per_kwh": rng.uniform(50, 200, 8)})
    exact = solve_compact(problem, SolveLimits(30.0, 1e-9))
    assert isinstance(exact, DepotPlan)
    shared = SharedPrices(problem.prices.buy_krw_per_kwh, np.zeros((1, 8)), np.zeros((1, 8)), np.zeros((1, 8)))
    for spacing in (4.0, 1.0, 0.1):
        below, above = (best_responses(problem, lattice(problem, spacing, r), shared).value_krw[0] for r in Rounding)
        assert below <= exact.objective_krw + 1e-3
        assert np.isnan(above) or above >= exact.objective_krw - 1e-3
    assert above - below <= 0.01 * exact.objective_krw
