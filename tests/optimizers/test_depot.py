"""The one entry: it picks the method, judges every plan, and both methods answer alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimizers import depot as entry
from optimizers import depot_compact
from optimizers.baselines import cheapest_baseline
from optimizers.depot import Method, solve_depot
from optimizers.plan import NoPlan, PlanStatus
from optimizers.problem import LaneRule
from optimizers.solver import Solved, SolveLimits, SolveStatus
from tests.optimizers.depot_builders import charger, depot, duty, random_depot


@pytest.fixture
def asked(monkeypatch):
    """Methods that were asked, with the limits they got."""
    calls: list[tuple[Method, SolveLimits]] = []

    def stand_in(method):
        def solve(problem, limits):
            calls.append((method, limits))
            return NoPlan(problem.id, PlanStatus.FAILED, ("stand-in",), "stand-in", 0.0)

        return solve

    monkeypatch.setattr(entry, "SOLVERS", {method: stand_in(method) for method in entry.SOLVERS})
    return calls


def test_small_depots_and_lanes_are_solved_whole(asked):
    small, large = random_depot(1, bus_count=4), random_depot(1, bus_count=10, charger_count=6)
    in_lanes = replace(large, chargers=(charger(6, 60.0, lane=LaneRule.LAST_IN_FIRST_OUT),))
    for problem in (small, large, in_lanes):
        solve_depot(problem, time_limit_s=7, gap=0.01, threads=2, memory_limit_gb=3.0)
    assert [method for method, _ in asked] == [Method.COMPACT, Method.COLUMN_GENERATION, Method.COMPACT]
    assert {limits for _, limits in asked} == {SolveLimits(7, 0.01, 2, 3.0)}


def test_a_plan_that_breaks_a_rule_is_never_returned(monkeypatch):
    problem = random_depot(1, bus_count=3, step_count=16)

    def cheat(problem, limits):
        plan = honest(problem, limits)
        return replace(plan, charge_kw=plan.charge_kw * 1.5)

    honest = entry.SOLVERS[Method.COMPACT]
    monkeypatch.setattr(entry, "SOLVERS", {Method.COMPACT: cheat})
    answer = solve_depot(problem, time_limit_s=20, method=Method.COMPACT)
    assert isinstance(answer, NoPlan)
    assert answer.status is PlanStatus.FAILED
    assert any("the plan says" in reason for reason in answer.reasons)


@pytest.mark.parametrize("seed", [1, 3])
def test_both_methods_enclose_the_same_optimum(seed):
    problem = random_depot(seed, bus_count=4, step_count=20)
    whole = solve_depot(problem, time_limit_s=30, gap=1e-5, method=Method.COMPACT)
    by_bus = solve_depot(problem, time_limit_s=30, gap=1e-3, method=Method.COLUMN_GENERATION)
    assert by_bus.lower_bound_krw <= whole.objective_krw * (1 + 1e-6)
    assert whole.lower_bound_krw <= by_bus.objective_krw * (1 + 1e-6)


def test_no_time_gives_the_cheapest_baseline_and_says_so():
    problem = random_depot(1, bus_count=4, charger_count=4)
    answer = solve_depot(problem, time_limit_s=0, method=Method.COMPACT)
    assert answer.status is PlanStatus.FALLBACK
    assert answer.objective_krw == cheapest_baseline(problem).objective_krw
    assert answer.lower_bound_krw <= answer.objective_krw


def test_no_time_and_no_baseline_that_works_is_relaxed_and_says_what(monkeypatch):
    nothing = Solved(SolveStatus.EMPTY_HANDED, float("nan"), -float("inf"), 0.0, "time limit")
    monkeypatch.setattr(depot_compact, "solve_model", lambda *args, **named: nothing)
    problem = duty(depot(1, 4, chargers=(charger(1, 40.0),)), 0, 2, 4, 150.0)
    nobody = replace(problem, rules=replace(problem.rules, plug_allowed=np.zeros(4, dtype=bool)))
    answer = solve_depot(nobody, time_limit_s=0, method=Method.COMPACT)
    assert answer.status is PlanStatus.RELAXED
    assert "short of" in answer.relaxed[0]


def test_what_only_the_solver_can_see_is_proved_infeasible():
    problem = duty(depot(1, 4, chargers=(charger(1, 40.0),)), 0, 2, 4, 150.0)
    nobody = replace(problem, rules=replace(problem.rules, plug_allowed=np.zeros(4, dtype=bool)))
    answer = solve_depot(nobody, time_limit_s=10, method=Method.COMPACT)
    assert answer.status is PlanStatus.INFEASIBLE
    assert answer.reasons == ("no plan keeps every rule",)
