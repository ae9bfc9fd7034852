"""Several goals one after the other: first the cost, then the best of the next goal among plans that cost as little.

Tiny weights in one objective would do the same in theory; in practice they slow the solver down and leak into the cost.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
import pyomo.environ as pyo

from optimizers.depot_cost import plan_of
from optimizers.depot_model.goals import peak_goal, smoothness_goal, starts_goal
from optimizers.depot_model.schedule import schedule_of, start_from
from optimizers.plan import DepotPlan, NoPlan, PlanStatus, Verdict
from optimizers.problem import DepotProblem
from optimizers.replay import replay, sessions_of
from optimizers.robust import UNPROTECTED, Protection, build_protected_model, solve_protected, unsurvived
from optimizers.solver import Solved, SolveLimits, SolveStatus, solve_model, solver_version


class Goal(Enum):
    """What a plan can be best at."""

    PEAK = "peak"
    """The site's highest import, kW."""
    STARTS = "starts"
    """The number of sessions."""
    SMOOTHNESS = "smoothness"
    """The sum of changes of the buses' power from step to step, kW."""


GOALS = {Goal.PEAK: peak_goal, Goal.STARTS: starts_goal, Goal.SMOOTHNESS: smoothness_goal}
EVERY_GOAL = (Goal.PEAK, Goal.STARTS, Goal.SMOOTHNESS)


@dataclass(frozen=True)
class GoalResult:
    """What was reached for one goal after the cost.

    Attributes
    ----------
    before
        Value of the cheapest plan, before this goal was looked at.
    value, bound
        Value of the final plan, and the proved bound of the solve, at least 0.
    status
        How its solve ended; with `EMPTY_HANDED` the plan is as good as before.
    """

    goal: Goal
    before: float
    value: float
    bound: float
    status: SolveStatus


@dataclass(frozen=True, eq=False)
class LexicographicPlan:
    """The plan, whose cost bound is that of the first solve, and what was reached goal by goal."""

    plan: DepotPlan | NoPlan
    goals: tuple[GoalResult, ...]


def goal_value(problem: DepotProblem, plan: DepotPlan, goal: Goal) -> float:
    """Return how good a plan is at a goal, from its schedule alone."""
    if goal is Goal.PEAK:
        return float(np.maximum(plan.grid_kw, 0.0).max())
    if goal is Goal.STARTS:
        return float(sum(session.start >= 0 for session in sessions_of(problem, plan)))
    net_kw = plan.charge_kw - plan.discharge_kw
    return float(np.abs(np.diff(net_kw, axis=1, prepend=0.0)).sum())


def solve_lexicographic(
    problem: DepotProblem,
    limits: SolveLimits,
    *,
    goals: tuple[Goal, ...] = EVERY_GOAL,
    tolerance: float = 1e-4,
    protection: Protection = UNPROTECTED,
) -> LexicographicPlan:
    """Solve a depot for its cost, then for each goal in turn, keeping what was reached before.

    Parameters
    ----------
    problem
        A problem without input errors.
    limits
        The time is for all solves together; the cost may take half of it.
    goals
        In order of importance after the cost.
    tolerance
        How much of what was reached before may be given up, relative: the cost of the plan is at most
        ``(1 + tolerance)`` times that of the first solve.
    protection
        What the plan has to survive.
    """
    begin = time.perf_counter()
    cost_s = limits.time_limit_s / 2 if goals else limits.time_limit_s
    cost_gap = max(limits.gap - tolerance, limits.gap / 2) if goals else limits.gap
    first = solve_protected(problem, protection, replace(limits, time_limit_s=cost_s, gap=cost_gap))
    if isinstance(first, NoPlan):
        return LexicographicPlan(first, ())
    left = replace(limits, time_limit_s=max(limits.time_limit_s - (time.perf_counter() - begin), 0.0))
    plan, results = improve_goals(problem, first, left, goals=goals, tolerance=tolerance, protection=protection)
    return LexicographicPlan(plan, results)


def improve_goals(
    problem: DepotProblem,
    first: DepotPlan,
    limits: SolveLimits,
    *,
    goals: tuple[Goal, ...] = EVERY_GOAL,
    tolerance: float = 1e-4,
    protection: Protection = UNPROTECTED,
) -> tuple[DepotPlan, tuple[GoalResult, ...]]:
    """Improve a cheap plan goal by goal, keeping its cost; the parameters are those of `solve_lexicographic`.

    A plan that bends a rule is returned as it is.
    """
    if not goals or first.status is PlanStatus.RELAXED:
        return first, ()
    begin = time.perf_counter()
    model = build_protected_model(problem, protection)
    start_from(model, problem, first)
    _hold(model, "cost_kept", model.total_krw, first.objective_krw, tolerance)
    model.cost.deactivate()
    solves: list[Solved] = []
    for position, goal in enumerate(goals):
        left_s = max(limits.time_limit_s - (time.perf_counter() - begin), 0.0)
        solved = _solve_goal(model, goal, replace(limits, time_limit_s=left_s / (len(goals) - position)))
        solves.append(solved)
        if not _has_values(solved):
            break
        _hold(model, f"{goal.value}_kept", getattr(model, f"goal_{goal.value}").expr, solved.objective, tolerance)
    plan = first
    if _has_values(solves[0]):
        plan = _better(problem, first, model, protection, first.wall_s + time.perf_counter() - begin)
        if plan is first:  # its replay or its protection failed by the solver's tolerance: nothing was gained
            solves = [replace(solved, status=SolveStatus.EMPTY_HANDED) for solved in solves]
    solves += [Solved(SolveStatus.EMPTY_HANDED, np.nan, -np.inf, 0.0, "")] * (len(goals) - len(solves))
    plan = _restated(plan, limits.gap)
    results = [
        GoalResult(
            goal,
            goal_value(problem, first, goal),
            goal_value(problem, plan, goal),
            max(solved.bound, 0.0),
            solved.status,
        )
        for goal, solved in zip(goals, solves, strict=True)
    ]
    return plan, tuple(results)


def _has_values(solved: Solved) -> bool:
    return solved.status in (SolveStatus.OPTIMAL, SolveStatus.STOPPED)


def _better(
    problem: DepotProblem, first: DepotPlan, model: pyo.ConcreteModel, protection: Protection, wall_s: float
) -> DepotPlan:
    """Return the plan in the model, or the first one when a replay finds fault with it."""
    method = f"{first.method}, then goals by the compact model on {solver_version()}"
    verdict = Verdict(PlanStatus.FEASIBLE, first.lower_bound_krw, first.bound_for, method, wall_s)
    plan = plan_of(problem, schedule_of(model, problem), verdict)
    sound = replay(problem, plan).ok and not unsurvived(problem, plan, protection)
    return plan if sound else first


def _restated(plan: DepotPlan, gap: float) -> DepotPlan:
    if plan.status is PlanStatus.FALLBACK:
        return plan
    return replace(plan, status=PlanStatus.OPTIMAL if plan.gap <= gap else PlanStatus.FEASIBLE)


def _hold(model: pyo.ConcreteModel, name: str, expression: Any, reached: float, tolerance: float) -> None:
    """Keep an expression at most at what was reached; the slack of 1e-6 is the solver's own tolerance."""
    setattr(model, name, pyo.Constraint(expr=expression <= reached + tolerance * abs(reached) + 1e-6))


def _solve_goal(model: pyo.ConcreteModel, goal: Goal, limits: SolveLimits) -> Solved:
    for objective in model.component_objects(pyo.Objective, active=True):
        objective.deactivate()
    setattr(model, f"goal_{goal.value}", pyo.Objective(expr=GOALS[goal](model)))
    return solve_model(model, limits, warm_start=True)
