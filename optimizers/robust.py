"""Plans that survive late buses, a cold day, or the loss of an outlet, and the price of each."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from optimizers.depot_compact import plan_from_solve
from optimizers.depot_model.compose import build_depot_model
from optimizers.depot_model.protection import ColdDay, LateBuses, add_cold_day, add_late_buses
from optimizers.plan import DepotPlan, NoPlan
from optimizers.problem import DepotProblem
from optimizers.solver import SolveLimits, solve_model


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


def solve_protected(problem: DepotProblem, protection: Protection, limits: SolveLimits) -> DepotPlan | NoPlan:
    """Return the cheapest plan of an ordinary day that also survives what it is protected against.

    Cost and bound are those of the ordinary day under the protected model.
    """
    begin = time.perf_counter()
    model = build_depot_model(_with_lost_outlets(problem, protection.lost_outlets))
    if protection.late_buses is not None:
        add_late_buses(model, problem, protection.late_buses)
    if protection.cold_day is not None:
        add_cold_day(model, problem, protection.cold_day)
    solved = solve_model(model, limits)
    plan = plan_from_solve(problem, model, solved, SolveLimits(time.perf_counter() - begin, limits.gap))
    return replace(plan, bound_for="the protected problem") if isinstance(plan, DepotPlan) else plan


def price_protection(
    problem: DepotProblem, protection: Protection, limits: SolveLimits
) -> tuple[DepotPlan | NoPlan, tuple[PricedProtection, ...]]:
    """Return the plain plan, and each part of a protection alone and then all of it, with what they cost.

    `limits` hold for each solve.
    """
    plain = solve_protected(problem, Protection(), limits)
    parts = {
        "late buses": Protection(late_buses=protection.late_buses),
        "cold day": Protection(cold_day=protection.cold_day),
        "lost outlets": Protection(lost_outlets=protection.lost_outlets),
    }
    chosen = {name: part for name, part in parts.items() if part != Protection()}
    if len(chosen) > 1:
        chosen["all"] = protection
    priced = [_priced(name, part, plain, solve_protected(problem, part, limits)) for name, part in chosen.items()]
    return plain, tuple(priced)


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


def _with_lost_outlets(problem: DepotProblem, lost: int) -> DepotProblem:
    fewer = tuple(replace(outlet, count=max(outlet.count - lost, 0)) for outlet in problem.chargers)
    return replace(problem, chargers=fewer)
