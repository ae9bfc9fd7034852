"""Plans that survive late buses, a cold day, or the loss of an outlet, and the price of each."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import pyomo.environ as pyo

from optimizers.depot import COMPACT_UP_TO_BUSES, solve_within
from optimizers.depot_compact import plan_from_solve
from optimizers.depot_cost import Schedule, plan_of
from optimizers.depot_decomposition import can_decompose
from optimizers.depot_model.compose import build_depot_model
from optimizers.depot_model.protection import ColdDay, LateBuses, add_cold_day, add_late_buses
from optimizers.plan import DepotPlan, NoPlan, PlanStatus, Verdict
from optimizers.problem import DepotProblem
from optimizers.problem_checks import check_problem
from optimizers.protection_scenarios import (
    arrivals,
    late_shortfalls_kwh,
    made_up_kwh,
    with_cold_day,
    with_late_stays,
    with_lost_outlets,
    worst_of_buses_kwh,
)
from optimizers.replay import TOLERANCE_KW, replay
from optimizers.solver import SolveLimits, solve_model

BOUND_FOR = "the protected problem"
ROUNDS = 4
"""How often a plan of a large depot is mended before every stay is planned as if it began late."""


@dataclass(frozen=True)
class Protection:
    """What a plan has to survive; None and 0 leave it out.

    Attributes
    ----------
    late_buses
        Any few buses come back late and lose the charging they miss.
    cold_day
        Every duty takes more energy.
    lost_outlets
        So many outlets of every class may fail, any of them, at any time: the plan never uses more than the rest.
    """

    late_buses: LateBuses | None = None
    cold_day: ColdDay | None = None
    lost_outlets: int = 0


UNPROTECTED = Protection()


@dataclass(frozen=True, eq=False)
class PricedProtection:
    """A protected plan and what the protection costs.

    Attributes
    ----------
    extra_krw
        Cost of the protected plan above that of the plain one.
    extra_at_least_krw, extra_at_most_krw
        Proved range of the extra cost at the optimum of both problems.
    """

    name: str
    protection: Protection
    plan: DepotPlan | NoPlan
    extra_krw: float
    extra_at_least_krw: float
    extra_at_most_krw: float


def parts_of(protection: Protection) -> dict[str, Protection]:
    """Return each part of a protection alone, by name, and all of it where there are several."""
    parts = {
        "late buses": Protection(late_buses=protection.late_buses),
        "cold day": Protection(cold_day=protection.cold_day),
        "lost outlets": Protection(lost_outlets=protection.lost_outlets),
    }
    chosen = {name: part for name, part in parts.items() if part != UNPROTECTED}
    return chosen | {"all": protection} if len(chosen) > 1 else chosen


def unsurvived(problem: DepotProblem, plan: DepotPlan, protection: Protection) -> tuple[str, ...]:
    """Return in words what a plan does not survive of what it should be protected against."""
    found = list(replay(_scenario(problem, protection), plan).violations)
    late = protection.late_buses
    if late is not None:
        short_kwh = made_up_kwh(worst_of_buses_kwh(problem, late_shortfalls_kwh(problem, plan, late.steps)), late)
        if short_kwh > late.makeup_kwh + TOLERANCE_KW:
            found.append(f"{late.count} late buses lack {short_kwh:.1f} kWh, {late.makeup_kwh:g} can be made up")
    return tuple(found)


def build_protected_model(problem: DepotProblem, protection: Protection) -> pyo.ConcreteModel:
    """Return the compact model with the rows of a protection."""
    model = build_depot_model(with_lost_outlets(problem, protection.lost_outlets))
    if protection.late_buses is not None:
        add_late_buses(model, problem, protection.late_buses)
    if protection.cold_day is not None:
        add_cold_day(model, problem, protection.cold_day)
    return model


def solve_protected(problem: DepotProblem, protection: Protection, limits: SolveLimits) -> DepotPlan | NoPlan:
    """Return the cheapest plan of an ordinary day that also survives what it is protected against.

    Cost and bound are those of the ordinary day under the protected model. Small depots are solved by the compact model
    with the protection as rows, others by planning the days of `optimizers.protection_scenarios`.
    """
    if protection == UNPROTECTED:
        return solve_within(problem, limits)
    if problem.bus_count <= COMPACT_UP_TO_BUSES or not can_decompose(problem):
        return _by_rows(problem, protection, limits)
    return _by_scenarios(problem, protection, limits)


def price_protection(
    problem: DepotProblem, protection: Protection, limits: SolveLimits
) -> tuple[DepotPlan | NoPlan, tuple[PricedProtection, ...]]:
    """Return the plain plan, and each part of a protection alone and then all of it, with what they cost.

    What survives more is a plan of what survives less, and a bound of the less holds for the more: plans and bounds are
    passed on, so that no protection seems to save money. `limits` hold for each solve.
    """
    plain = solve_protected(problem, UNPROTECTED, limits)
    parts = parts_of(protection)
    plans = {name: solve_protected(problem, part, limits) for name, part in parts.items()}
    bounds = [plan.lower_bound_krw for plan in (plain, *plans.values()) if isinstance(plan, DepotPlan)]
    if "all" in plans:
        plans = {name: _cheaper(plan, plans["all"], limits.gap) for name, plan in plans.items()}
        plans["all"] = _bounded(plans["all"], max(bounds), limits.gap)
    for plan in plans.values():
        plain = _cheaper(plain, plan, limits.gap)
    if isinstance(plain, DepotPlan):
        plans = {name: _bounded(plan, plain.lower_bound_krw, limits.gap) for name, plan in plans.items()}
    return plain, tuple(_priced(name, parts[name], plain, plan) for name, plan in plans.items())


def _by_rows(problem: DepotProblem, protection: Protection, limits: SolveLimits) -> DepotPlan | NoPlan:
    begin = time.perf_counter()
    model = build_protected_model(problem, protection)
    left_s = max(limits.time_limit_s - (time.perf_counter() - begin), 0.0)
    solved = solve_model(model, replace(limits, time_limit_s=left_s))
    plan = plan_from_solve(problem, model, solved, replace(limits, time_limit_s=time.perf_counter() - begin))
    return replace(plan, bound_for=BOUND_FOR) if isinstance(plan, DepotPlan) else plan


def _by_scenarios(problem: DepotProblem, protection: Protection, limits: SolveLimits) -> DepotPlan | NoPlan:
    """Plan the cold day on fewer outlets; then move stays whose early charging is missed too much, until few are left.

    The first day is the protected problem itself when no bus is late, and a relaxation of it otherwise: its bound
    holds. Every later day is harder than the protected problem.
    """
    begin, late = time.perf_counter(), protection.late_buses
    scenario = _scenario(problem, protection)
    share = limits.time_limit_s if late is None else limits.time_limit_s / 2
    plan = _planned(scenario, replace(limits, time_limit_s=share))
    bound_krw = plan.lower_bound_krw if isinstance(plan, DepotPlan) else -np.inf
    moved = np.zeros(len(arrivals(problem)), dtype=bool)
    for left in range(ROUNDS, 0, -1):
        if late is None or isinstance(plan, NoPlan) or not unsurvived(problem, plan, protection):
            break
        moved |= _to_move(problem, plan, late) if left > 1 else True
        chosen = tuple(stay for stay, move in zip(arrivals(problem), moved, strict=True) if move)
        spent_s = time.perf_counter() - begin
        share = max(limits.time_limit_s - spent_s, 0.0) / left
        plan = _planned(with_late_stays(scenario, chosen, late.steps), replace(limits, time_limit_s=share))
        if isinstance(plan, NoPlan):  # the moved day is harder than the protected one: this proves nothing
            plan = replace(plan, status=PlanStatus.FAILED)
    wall_s = time.perf_counter() - begin
    if isinstance(plan, NoPlan):
        return replace(plan, problem_id=problem.id, wall_s=wall_s)
    broken = unsurvived(problem, plan, protection)
    if broken:
        return NoPlan(problem.id, PlanStatus.FAILED, broken, plan.method, wall_s)
    schedule = Schedule(plan.charge_kw, plan.discharge_kw, plan.plugged_class, plan.pv_kw, plan.site_battery_kw)
    own = plan_of(problem, schedule, Verdict(PlanStatus.FEASIBLE, -np.inf, BOUND_FOR, plan.method, wall_s))
    return _bounded(own, bound_krw, limits.gap)


def _scenario(problem: DepotProblem, protection: Protection) -> DepotProblem:
    fewer = with_lost_outlets(problem, protection.lost_outlets)
    return fewer if protection.cold_day is None else with_cold_day(fewer, protection.cold_day)


def _planned(scenario: DepotProblem, limits: SolveLimits) -> DepotPlan | NoPlan:
    """Plan a scenario; one that contradicts itself, or that only a bent rule serves, has no plan."""
    wrong = check_problem(scenario)
    if wrong:
        reasons = tuple(f"{problem.field} {problem.what}" for problem in wrong)
        return NoPlan(scenario.id, PlanStatus.INFEASIBLE, reasons, "counting", 0.0)
    plan = solve_within(scenario, limits)
    if isinstance(plan, DepotPlan) and plan.status is PlanStatus.RELAXED:
        return NoPlan(scenario.id, PlanStatus.FAILED, plan.relaxed, plan.method, plan.wall_s)
    return plan


def _to_move(problem: DepotProblem, plan: DepotPlan, late: LateBuses) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which arrivals to plan as late: those of the buses that lack most, until the rest can be made up."""
    short_kwh = late_shortfalls_kwh(problem, plan, late.steps)
    worst_kwh = worst_of_buses_kwh(problem, short_kwh)
    rest_kwh, chosen = worst_kwh.copy(), []
    while made_up_kwh(rest_kwh, late) > late.makeup_kwh + TOLERANCE_KW:
        chosen.append(int(rest_kwh.argmax()))
        rest_kwh[chosen[-1]] = 0.0
    of_chosen = np.isin([stay.bus for stay in arrivals(problem)], chosen)
    return np.asarray(of_chosen & (short_kwh > 0))


def _cheaper(plan: DepotPlan | NoPlan, other: DepotPlan | NoPlan, gap: float) -> DepotPlan | NoPlan:
    """Return the decisions of the other plan, which survives more, with the bound of this one, when they cost less."""
    if not isinstance(plan, DepotPlan) or not isinstance(other, DepotPlan):
        return plan
    if plan.status is not PlanStatus.RELAXED and other.objective_krw >= plan.objective_krw:
        return plan
    taken = replace(other, status=PlanStatus.FEASIBLE, lower_bound_krw=-np.inf, bound_for=plan.bound_for)
    return _bounded(taken, plan.lower_bound_krw, gap)


def _bounded(plan: DepotPlan | NoPlan, bound_krw: float, gap: float) -> DepotPlan | NoPlan:
    """Return a plan with a bound at least as high, and optimal when that closes the gap."""
    if isinstance(plan, NoPlan) or bound_krw <= plan.lower_bound_krw:
        return plan
    better = replace(plan, lower_bound_krw=bound_krw)
    return replace(better, status=PlanStatus.OPTIMAL) if better.gap <= gap else better


def _priced(name: str, protection: Protection, plain: DepotPlan | NoPlan, plan: DepotPlan | NoPlan) -> PricedProtection:
    if isinstance(plain, NoPlan) or isinstance(plan, NoPlan):
        nan = float("nan")
        return PricedProtection(name, protection, plan, nan, nan, nan)
    return PricedProtection(
        name,
        protection,
        plan,
        extra_krw=plan.objective_krw - plain.objective_krw,
        extra_at_least_krw=max(plan.lower_bound_krw - plain.objective_krw, 0.0),
        extra_at_most_krw=plan.objective_krw - plain.lower_bound_krw,
    )
