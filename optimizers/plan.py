"""What an optimizer hands back: a plan, its status, its proved bound, and the certificate it is published with."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import Enum

import numpy as np

from optimizers.arrays import Floats, Ints


class PlanStatus(Enum):
    """How a plan came to be. No other state exists, and a truncated solve is never `OPTIMAL`."""

    OPTIMAL = "optimal"
    """Proved to be within the gap that was asked for."""
    FEASIBLE = "feasible"
    """Stopped early (time, memory, interrupt) with a plan that keeps every rule; the gap says how far it may be."""
    RELAXED = "relaxed"
    """A rule had to be bent; `DepotPlan.relaxed` says which and by how much."""
    FALLBACK = "fallback"
    """The optimizer gave no plan in time; a baseline heuristic did."""
    INFEASIBLE = "infeasible"
    """Proved: no plan keeps every rule."""
    FAILED = "failed"
    """No plan and no proof."""


@dataclass(frozen=True)
class Certificate:
    """What is known about a published plan, and what produced it. None means: not checked, hence not publishable.

    Attributes
    ----------
    status
        How the plan came to be.
    objective_krw, lower_bound_krw, gap
        Its cost, a proved lower bound of the same problem, and their relative distance.
    max_voltage_violation_pu, max_loading_violation
        Worst over every bus, branch and step of a full AC power flow of the plan.
    max_power_residual_kva
        Worst nodal balance of that power flow, evaluated from the network data.
    replay_ok
        Whether an independent replay found every rule kept and the cost right.
    input_sha256, code_version, solver_version, seed, wall_s
        What produced it.
    """

    status: PlanStatus
    objective_krw: float
    lower_bound_krw: float
    gap: float
    max_voltage_violation_pu: float | None
    max_loading_violation: float | None
    max_power_residual_kva: float | None
    replay_ok: bool
    input_sha256: str
    code_version: str
    solver_version: str
    seed: int
    wall_s: float


@dataclass(frozen=True)
class DepotCost:
    """Cost of a depot's plan by term; revenue is negative."""

    energy_krw: float = 0.0
    export_krw: float = 0.0
    v2g_reward_krw: float = 0.0
    demand_krw: float = 0.0
    starts_krw: float = 0.0
    cycling_krw: float = 0.0
    calendar_krw: float = 0.0
    site_battery_krw: float = 0.0

    @property
    def total_krw(self) -> float:
        """Sum of all terms."""
        return float(sum(getattr(self, term.name) for term in fields(self)))


@dataclass(frozen=True)
class Verdict:
    """What is known about a schedule besides its cost; the fields are those of `DepotPlan`."""

    status: PlanStatus
    lower_bound_krw: float
    bound_for: str
    method: str
    wall_s: float
    relaxed: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class DepotPlan:
    """One plan of one depot. Powers of buses at the vehicle inlet, of the site at its bus bar; import positive.

    Attributes
    ----------
    problem_id
        `DepotProblem.id`.
    charge_kw, discharge_kw
        (B, T), both at least 0.
    plugged_class
        (B, T) index of the charger class the bus is plugged to, -1 for none.
    energy_kwh
        (B, T+1) stored energy at the start of each step, and at the end.
    grid_kw
        (T,) net power through the site's connection, export negative.
    pv_kw
        (T,) PV power used.
    site_battery_kw, site_battery_kwh
        (T,) net charging of the stationary battery, and its (T+1,) energy; zeros when there is none.
    cost
        By term; `objective_krw` is its total.
    status, lower_bound_krw, bound_for
        How the plan came to be, the proved bound (-inf for none), and in words which problem the bound is for.
    method
        What made the plan, e.g. "compact model on HiGHS 1.15.1".
    relaxed
        For `PlanStatus.RELAXED`: each rule that was bent and by how much, in words.
    """

    problem_id: str
    charge_kw: Floats
    discharge_kw: Floats
    plugged_class: Ints
    energy_kwh: Floats
    grid_kw: Floats
    pv_kw: Floats
    site_battery_kw: Floats
    site_battery_kwh: Floats
    cost: DepotCost
    status: PlanStatus
    lower_bound_krw: float
    bound_for: str
    method: str
    wall_s: float
    relaxed: tuple[str, ...] = ()

    @property
    def objective_krw(self) -> float:
        """Cost of the plan."""
        return self.cost.total_krw

    @property
    def gap(self) -> float:
        """Relative distance of cost and bound."""
        return relative_gap(self.objective_krw, self.lower_bound_krw)


@dataclass(frozen=True)
class NoPlan:
    """The answer when there is no plan: proved `INFEASIBLE`, or `FAILED`, with the reason in words."""

    problem_id: str
    status: PlanStatus
    reasons: tuple[str, ...]
    method: str
    wall_s: float


def relative_gap(objective_krw: float, lower_bound_krw: float) -> float:
    """Return ``(objective - bound) / |objective|``, at least 0; inf without a bound; 0 within a thousandth won."""
    difference = max(objective_krw - lower_bound_krw, 0.0)
    if not np.isfinite(difference):
        return float("inf")
    if difference <= 1e-3:
        return 0.0
    return difference / abs(objective_krw) if objective_krw else float("inf")
