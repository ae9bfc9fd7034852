"""Solve the compact model of one depot, and say what was proved."""

from __future__ import annotations

import time

import pyomo.environ as pyo

from optimizers.baselines import cheapest_baseline
from optimizers.depot_cost import plan_of
from optimizers.depot_model.compose import build_depot_model
from optimizers.depot_model.schedule import schedule_of
from optimizers.plan import DepotPlan, NoPlan, PlanStatus, Verdict
from optimizers.problem import DepotProblem
from optimizers.replay import replay
from optimizers.solver import Solved, SolveLimits, SolveStatus, solve_model, solver_version

BOUND_FOR = "the problem as stated"


def solve_compact(problem: DepotProblem, limits: SolveLimits) -> DepotPlan | NoPlan:
    """Return the plan of the compact model; a baseline heuristic when the time was too short for any.

    `OPTIMAL` is said only of a solve that reached the gap and whose plan the independent replay accepts.
    """
    begin = time.perf_counter()
    model = build_depot_model(problem)
    left_s = limits.time_limit_s - (time.perf_counter() - begin)
    solved = solve_model(model, SolveLimits(left_s, limits.gap, limits.threads, limits.memory_limit_gb))
    return plan_from_solve(problem, model, solved, time.perf_counter() - begin)


def plan_from_solve(
    problem: DepotProblem, model: pyo.ConcreteModel, solved: Solved, wall_s: float
) -> DepotPlan | NoPlan:
    """Return the plan in a solved model, or what stands in for it."""
    method = f"compact model on {solver_version()}"
    if solved.status in (SolveStatus.OPTIMAL, SolveStatus.STOPPED):
        optimal = solved.status is SolveStatus.OPTIMAL
        status = PlanStatus.OPTIMAL if optimal else PlanStatus.FEASIBLE
        verdict = Verdict(status, solved.bound, BOUND_FOR, method, wall_s)
        plan = plan_of(problem, schedule_of(model, problem), verdict)
        report = replay(problem, plan)
        if report.ok:
            return plan
        return NoPlan(problem.id, PlanStatus.FAILED, report.violations, method, wall_s)
    if solved.status is SolveStatus.INFEASIBLE:
        return NoPlan(problem.id, PlanStatus.INFEASIBLE, ("no plan keeps every rule",), method, wall_s)
    if solved.status is SolveStatus.EMPTY_HANDED:
        return cheapest_baseline(problem)
    return NoPlan(problem.id, PlanStatus.FAILED, (solved.message,), method, wall_s)
