"""Several goals one after the other: first the cost, then the best of the next goal among plans that cost as little.

Tiny weights in one objective would do the same in theory; in practice they slow the solver down and leak into the cost.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pyomo.environ as pyo

from optimizers.depot_compact import plan_from_solve
from optimizers.depot_model.compose import build_depot_model
from optimizers.depot_model.goals import peak_goal, smoothness_goal, starts_goal
from optimizers.plan import DepotPlan, NoPlan
from optimizers.problem import DepotProblem
from optimizers.solver import Solved, SolveLimits, SolveStatus, solve_model


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
    """What was reached for one goal after the cost: its value, its proved bound, and how the solve ended."""

    goal: Goal
    value: float
    bound: float
    status: SolveStatus


@dataclass(frozen=True, eq=False)
class LexicographicPlan:
    """The plan, whose cost bound is that of the first solve, and what was reached goal by goal."""

    plan: DepotPlan | NoPlan
    goals: tuple[GoalResult, ...]


def solve_lexicographic(
    problem: DepotProblem, limits: SolveLimits, *, goals: tuple[Goal, ...] = EVERY_GOAL, tolerance: float = 1e-4
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
    """
    begin = time.perf_counter()
    model = build_depot_model(problem)
    first = solve_model(model, _share(limits, limits.time_limit_s / 2 if goals else limits.time_limit_s))
    results: list[GoalResult] = []
    if first.status in (SolveStatus.OPTIMAL, SolveStatus.STOPPED):
        _hold(model, "cost_kept", model.total_krw, first.objective, tolerance)
        model.cost.deactivate()
        for position, goal in enumerate(goals):
            left_s = limits.time_limit_s - (time.perf_counter() - begin)
            solved = _solve_goal(model, goal, _share(limits, left_s / (len(goals) - position)))
            results.append(GoalResult(goal, solved.objective, solved.bound, solved.status))
            if solved.status in (SolveStatus.OPTIMAL, SolveStatus.STOPPED):
                expression = getattr(model, f"goal_{goal.value}").expr
                _hold(model, f"{goal.value}_kept", expression, solved.objective, tolerance)
    plan = plan_from_solve(problem, model, first, SolveLimits(time.perf_counter() - begin, limits.gap + tolerance))
    return LexicographicPlan(plan, tuple(results))


def _share(limits: SolveLimits, time_limit_s: float) -> SolveLimits:
    return SolveLimits(max(time_limit_s, 0.0), limits.gap, limits.threads, limits.memory_limit_gb)


def _hold(model: pyo.ConcreteModel, name: str, expression: Any, reached: float, tolerance: float) -> None:
    """Keep an expression at most at what was reached; the slack of 1e-6 is the solver's own tolerance."""
    setattr(model, name, pyo.Constraint(expr=expression <= reached + tolerance * abs(reached) + 1e-6))


def _solve_goal(model: pyo.ConcreteModel, goal: Goal, limits: SolveLimits) -> Solved:
    for objective in model.component_objects(pyo.Objective, active=True):
        objective.deactivate()
    setattr(model, f"goal_{goal.value}", pyo.Objective(expr=GOALS[goal](model)))
    return solve_model(model, limits, warm_start=True)
