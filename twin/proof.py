"""The certificate of a city plan: what it costs, what is proved about it, what the power flow and the replay say."""

from __future__ import annotations

import math
from collections.abc import Sequence

from optimizers.plan import Certificate, PlanStatus, relative_gap
from twin.grid_check import GridState
from twin.plan_replay import CityReplay
from twin.schedule import CityPlan

BOUND_FOR = (
    "energy, demand charges, sessions and wear of every garage, vehicle and battery as stated, and the limits of the "
    "grid that they share: lower voltages, ratings and feeders' rated power by tangents that lie outside them"
)

_WORST_FIRST: tuple[PlanStatus, ...] = (
    PlanStatus.FAILED,
    PlanStatus.INFEASIBLE,
    PlanStatus.FALLBACK,
    PlanStatus.RELAXED,
    PlanStatus.FEASIBLE,
    PlanStatus.OPTIMAL,
)


def objective_krw(plan: CityPlan) -> float:
    """Return what a plan costs: garages, vehicles' energy, batteries' energy and wear, and the price of violations."""
    if plan.coordinated is None:
        return sum(depot.objective_krw for depot in plan.depots.values()) + plan.moved_krw
    return plan.coordinated.objective_krw


def lower_bound_krw(plan: CityPlan) -> float:
    """Return a bound on what any plan of the city costs, the limits of the grid included.

    A garage without a bound counts 0, which holds because it never earns.
    """
    if plan.coordinated is None:
        return sum(max(depot.lower_bound_krw, 0.0) for depot in plan.depots.values())
    return plan.coordinated.lower_bound_krw


def plan_status(plan: CityPlan, state: GridState, replay: CityReplay) -> PlanStatus:
    """Return the worst that must be said of any part of the plan."""
    depots = [depot.status for name, depot in plan.depots.items() if name not in plan.fallbacks]
    if plan.coordinated is not None:
        # what the whole is proved to be within says more than what each garage was
        depots = [status for status in depots if status is not PlanStatus.FEASIBLE]
        depots.append(plan.coordinated.status)
    found = [PlanStatus.OPTIMAL, *depots]
    if plan.fallbacks:
        found.append(PlanStatus.FALLBACK)
    if not state.converged.all() or not replay.ok:
        found.append(PlanStatus.FAILED)
    elif not state.within_limits:
        found.append(PlanStatus.RELAXED)
    return worst_status(found)


def worst_status(found: Sequence[PlanStatus]) -> PlanStatus:
    """Return the status that says least for a plan."""
    return min(found, key=_WORST_FIRST.index)


def certify(
    plan: CityPlan,
    state: GridState,
    replay: CityReplay,
    *,
    input_sha256: str,
    code_version: str,
    solver_version: str,
    seed: int,
    wall_s: float,
) -> Certificate:
    """Return the certificate of a plan that has been checked by power flow and replay."""
    objective, bound = objective_krw(plan), lower_bound_krw(plan)
    gap = relative_gap(objective, bound)
    return Certificate(
        status=plan_status(plan, state, replay),
        objective_krw=objective,
        lower_bound_krw=bound,
        gap=gap if math.isfinite(gap) else 1.0,
        max_voltage_violation_pu=state.max_voltage_violation_pu,
        max_loading_violation=state.max_loading_violation,
        max_power_residual_kva=state.residual_kva,
        replay_ok=replay.ok,
        input_sha256=input_sha256,
        code_version=code_version,
        solver_version=solver_version,
        seed=seed,
        wall_s=wall_s,
    )
