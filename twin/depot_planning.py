"""Plan a depot's case, replay the plan, give its sessions outlets, and certify it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from optimizers.baselines import BASELINES
from optimizers.colouring import OutletSession, outlet_sessions
from optimizers.lexicographic import GoalResult, improve_goals
from optimizers.plan import Certificate, DepotPlan, NoPlan, PlanStatus
from optimizers.problem_checks import check_problem
from optimizers.replay import replay
from optimizers.robust import PricedProtection, parts_of, price_protection, unsurvived
from optimizers.solver import SolveLimits, solver_version
from twin.code_version import code_version
from twin.depot_case import DepotCase, locate
from twin.depot_wishes import NO_WISHES, Wishes, goal_words, protection_words

SEED = 0
"""Of the search inside the solver; the same seed gives the same plan."""


@dataclass(frozen=True, eq=False)
class PlannedDepot:
    """A plan that was replayed, with its certificate.

    Attributes
    ----------
    case, plan
        What was planned, and the plan.
    certificate
        Its fields of the power flow are None: the network outside the depot is no part of a depot's own plan.
    violations
        What the replay found; empty for a plan that keeps every rule.
    sessions
        Every session with its outlet; empty when the replay found the outlets overbooked.
    baselines_krw
        Cost of each plain heuristic that keeps every rule.
    protections
        What each protection that was asked for costs.
    goals
        What was reached for each goal besides the cost.
    """

    case: DepotCase
    plan: DepotPlan
    certificate: Certificate
    violations: tuple[str, ...]
    sessions: tuple[OutletSession, ...]
    baselines_krw: dict[str, float]
    protections: tuple[PricedProtection, ...] = ()
    goals: tuple[GoalResult, ...] = ()


def plan_case(case: DepotCase, limits: SolveLimits, wishes: Wishes = NO_WISHES) -> PlannedDepot | NoPlan:
    """Return the cheapest plan found within the limits, or why there is none.

    Parameters
    ----------
    case
        What to plan.
    limits
        For everything together: the plain plan, a plan for each protection, and the goals get equal shares of the time.
    wishes
        What the plan has to survive, and what it should be good at besides the cost.

    Raises
    ------
    InvalidInput
        When the case contradicts itself in a way its tables alone do not show.
    """
    begin = time.perf_counter()
    require_plannable(case)
    shares = 1 + len(parts_of(wishes.protection)) + bool(wishes.goals)
    each = replace(limits, time_limit_s=limits.time_limit_s / shares)
    plan, priced = price_protection(case.problem, wishes.protection, each)
    if priced and not isinstance(plan, NoPlan) and plan.status is not PlanStatus.RELAXED:
        plan = _protected(priced, case.folder.settings.step_min)
    plan = _never_worse(case, plan, wishes)
    if isinstance(plan, NoPlan):
        return plan
    left_s = max(limits.time_limit_s - (time.perf_counter() - begin), 0.0)
    left = replace(limits, time_limit_s=left_s)
    plan, goals = improve_goals(case.problem, plan, left, goals=wishes.goals, protection=wishes.protection)
    return replace(certified(case, plan), protections=priced, goals=goals)


def _protected(priced: tuple[PricedProtection, ...], step_min: float) -> DepotPlan | NoPlan:
    """Return the plan that survives everything asked for, or what became of each part."""
    plan = priced[-1].plan
    if not isinstance(plan, NoPlan):
        return plan
    said = "the day has a plan, but none was found that survives all that was asked for"
    return replace(plan, reasons=(said, *(protection_words(part, step_min) for part in priced)))


def _never_worse(case: DepotCase, plan: DepotPlan | NoPlan, wishes: Wishes) -> DepotPlan | NoPlan:
    """Return the plan, or a plain rule that survives as much, where it was cut off before it could beat that."""
    if plan.status in (PlanStatus.OPTIMAL, PlanStatus.INFEASIBLE):
        return plan
    known_krw = np.inf if isinstance(plan, NoPlan) or plan.status is PlanStatus.RELAXED else plan.objective_krw
    rules = [
        rule
        for rule in _baselines(case).values()
        if rule.objective_krw < known_krw and not unsurvived(case.problem, rule, wishes.protection)
    ]
    if not rules:
        return plan
    best = replace(min(rules, key=lambda rule: rule.objective_krw), wall_s=plan.wall_s)
    if isinstance(plan, NoPlan):
        return best
    return replace(best, lower_bound_krw=plan.lower_bound_krw, bound_for=plan.bound_for)


def require_plannable(case: DepotCase) -> None:
    """Raise `InvalidInput` with everything wrong with the problem of a case, named by its folder."""
    found = check_problem(case.problem)
    if found:
        raise locate(found, case.folder.name)


def certified(case: DepotCase, plan: DepotPlan) -> PlannedDepot:
    """Return a plan with its replay, its certificate and its outlets."""
    report = replay(case.problem, plan)
    relaxed = plan.status is PlanStatus.RELAXED
    status = plan.status if report.ok or relaxed else PlanStatus.FAILED
    certificate = Certificate(
        status=status,
        objective_krw=plan.objective_krw,
        lower_bound_krw=plan.lower_bound_krw,
        gap=plan.gap,
        max_voltage_violation_pu=None,
        max_loading_violation=None,
        max_power_residual_kva=None,
        replay_ok=report.ok,
        input_sha256=case.input_sha256,
        code_version=code_version(),
        solver_version=solver_version(),
        seed=SEED,
        wall_s=plan.wall_s,
    )
    sessions = outlet_sessions(case.problem, plan, case.outlet_before) if report.ok else ()
    baselines_krw = {name: rule.objective_krw for name, rule in _baselines(case).items()}
    return PlannedDepot(case, plan, certificate, report.violations, sessions, baselines_krw)


def _baselines(case: DepotCase) -> dict[str, DepotPlan]:
    """Return the plan of each plain rule that keeps every rule; none for a day that is under way."""
    if case.problem.under_way is not None:
        return {}
    plans = {name: baseline(case.problem) for name, baseline in BASELINES.items()}
    return {name: plan for name, plan in plans.items() if plan.status is PlanStatus.FALLBACK}


def certificate_lines(planned: PlannedDepot) -> list[str]:
    """Return the certificate as a person reads it, line by line."""
    certificate, plan = planned.certificate, planned.plan
    lines = [
        f"status        {certificate.status.value}",
        f"cost          {certificate.objective_krw:,.0f} KRW",
        f"lower bound   {certificate.lower_bound_krw:,.0f} KRW, for {plan.bound_for}",
        f"gap           {certificate.gap:.4%}",
        f"replay        {'every rule kept' if certificate.replay_ok else '; '.join(planned.violations[:5])}",
        f"method        {plan.method}, {certificate.wall_s:.1f} s",
        f"input         {certificate.input_sha256[:24]}",
        f"code          {certificate.code_version}",
    ]
    if planned.baselines_krw:
        name, krw = min(planned.baselines_krw.items(), key=lambda item: item[1])
        saving = krw - certificate.objective_krw
        share = f" ({saving / krw:.1%})" if krw > 0 else ""
        lines.append(f"saving        {saving:,.0f} KRW{share} against the best plain rule, {name}")
    return lines


def wish_lines(planned: PlannedDepot) -> list[str]:
    """Return what became of the wishes, line by line: what each protection costs, what each goal reached."""
    step_min = planned.case.folder.settings.step_min
    lines = [f"protection    {protection_words(part, step_min)}" for part in planned.protections]
    return lines + [f"goal          {goal_words(goal)}" for goal in planned.goals]
