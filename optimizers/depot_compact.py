"""Solve the compact model of one depot, and say what was proved."""

from __future__ import annotations

import time
from dataclasses import replace

import pyomo.environ as pyo

from optimizers.baselines import cheapest_baseline
from optimizers.depot_cost import plan_of
from optimizers.depot_model.compose import build_depot_model
from optimizers.depot_model.schedule import schedule_of, start_from
from optimizers.plan import DepotPlan, NoPlan, PlanStatus, Verdict
from optimizers.problem import DepotProblem
from optimizers.replay import replay
from optimizers.solver import Solved, SolveLimits, SolveStatus, solve_model, solver_version

BOUND_FOR = "the problem as stated"
COST_TOLERANCE = 1e-6
"""By how much, relative, the cost of a plan may differ from the solver's objective: rounding of its values."""


def solve_compact(problem: DepotProblem, limits: SolveLimits) -> DepotPlan | NoPlan:
    """Return the plan of the compact model, which starts from the cheapest baseline that keeps every rule.

    `OPTIMAL` is said only of a plan that the independent replay accepts and whose own cost is within the gap.
    """
    begin = time.perf_counter()
    baseline = cheapest_baseline(problem)
    model = build_depot_model(problem)
    starts = baseline.status is PlanStatus.FALLBACK
    if starts:
        start_from(model, problem, baseline)
    left_s = limits.time_limit_s - (time.perf_counter() - begin)
    solved = solve_model(model, replace(limits, time_limit_s=max(left_s, 0.0)), warm_start=starts)
    wall_s = time.perf_counter() - begin
    if solved.status is SolveStatus.EMPTY_HANDED:
        known = replace(baseline, wall_s=wall_s)
        return replace(known, lower_bound_krw=solved.bound, bound_for=BOUND_FOR) if starts else known
    return plan_from_solve(problem, model, solved, SolveLimits(wall_s, limits.gap))


def plan_from_solve(
    problem: DepotProblem, model: pyo.ConcreteModel, solved: Solved, spent: SolveLimits
) -> DepotPlan | NoPlan:
    """Return the plan in a solved model, or why there is none; `spent` holds the wall time and the gap asked for."""
    method, wall_s = f"compact model on {solver_version()}", spent.time_limit_s
    if solved.status in (SolveStatus.OPTIMAL, SolveStatus.STOPPED):
        verdict = Verdict(PlanStatus.FEASIBLE, solved.bound, BOUND_FOR, method, wall_s)
        plan = plan_of(problem, schedule_of(model, problem), verdict)
        report = replay(problem, plan)
        if not report.ok:
            return NoPlan(problem.id, PlanStatus.FAILED, report.violations, method, wall_s)
        close = solved.status is SolveStatus.OPTIMAL and plan.gap <= spent.gap + COST_TOLERANCE
        return replace(plan, status=PlanStatus.OPTIMAL) if close else plan
    if solved.status is SolveStatus.INFEASIBLE:
        return NoPlan(problem.id, PlanStatus.INFEASIBLE, ("no plan keeps every rule",), method, wall_s)
    return NoPlan(problem.id, PlanStatus.FAILED, (solved.message,), method, wall_s)
