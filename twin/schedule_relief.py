"""How much less load, or how much more reactive power, would end a violation: by the adjoint of its power flow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from grid.sensitivity import Sensitivity, current_sensitivity, power_sensitivity, sensitivity
from optimizers.arrays import Floats
from optimizers.coordination_plan import CoordinatedPlan, LimitKind, Violation
from optimizers.coordination_problem import CityProblem

LEAST_EFFECT = 1e-12
"""Derivatives below this are no effect."""


def relief_powers(problem: CityProblem, plan: CoordinatedPlan, violations: Sequence[Violation]) -> list[Floats]:
    """Return for each violation (kW, kvar): load to take away, reactive power to produce, where it helps most.

    Both by the tangent of the power flow at the plan: exact for small violations. Infinite where the power flow of the
    step was not solved, or nothing helps. For supply and emissions the kW are the excess itself.
    """
    return [_relief(problem, plan, violation) for violation in violations]


def _relief(problem: CityProblem, plan: CoordinatedPlan, violation: Violation) -> Floats:
    nothing = np.array([np.inf, np.inf])
    if violation.kind is LimitKind.CARBON or not np.isfinite(violation.excess):
        return nothing
    if violation.kind is LimitKind.SUPPLY:
        return np.array([violation.excess * problem.shared.supply_limit_kw[violation.step], np.inf])
    by_kw, by_kvar, excess = _slope(problem, plan, violation)
    return np.array([_needed(excess, by_kw), _needed(excess, by_kvar)])


def _slope(
    problem: CityProblem, plan: CoordinatedPlan, violation: Violation
) -> tuple[sparse.csr_array, sparse.csr_array, float]:
    """Return derivatives of the excess by load, and the excess, in the unit of the derivatives."""
    network, of = problem.network, [(violation.element, violation.step)]
    if violation.kind in {LimitKind.LOW_VOLTAGE, LimitKind.HIGH_VOLTAGE}:
        sign = -1.0 if violation.kind is LimitKind.LOW_VOLTAGE else 1.0
        answer = sensitivity(network, plan.flow, of)
        return sign * answer.by_kw, sign * answer.by_kvar, violation.excess
    branch = int(np.flatnonzero(network.branch_ids == violation.element)[0])
    answer = _branch_sensitivity(problem, plan, violation)
    if violation.kind is LimitKind.FLOW:
        limit = float(problem.limits.flow_limit_kw[problem.limits.flow_branch == branch][0])
        return answer.by_kw, answer.by_kvar, violation.excess * limit
    loading = float(plan.flow.memory("loading")[branch, violation.step])
    current_a = float(plan.flow.memory("branch_a")[branch, violation.step])
    return answer.by_kw, answer.by_kvar, violation.excess * current_a / loading


def _branch_sensitivity(problem: CityProblem, plan: CoordinatedPlan, violation: Violation) -> Sensitivity:
    ask = power_sensitivity if violation.kind is LimitKind.FLOW else current_sensitivity
    return ask(problem.network, plan.flow, [(violation.element, violation.step)])


def _needed(excess: float, slope: sparse.csr_array) -> float:
    """Return the change of load at the most effective bus that takes the excess away."""
    steepest = float(np.nan_to_num(slope.data).max(initial=0.0))
    return excess / steepest if steepest > LEAST_EFFECT else float("inf")
