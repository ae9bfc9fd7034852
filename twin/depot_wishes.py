"""What a user may ask of a depot's plan besides a low cost, and the answers in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from optimizers.lexicographic import Goal, GoalResult
from optimizers.plan import NoPlan
from optimizers.robust import UNPROTECTED, PricedProtection, Protection
from optimizers.solver import SolveStatus


@dataclass(frozen=True)
class Wishes:
    """What a plan has to survive, and what it should be good at besides the cost, in order of importance."""

    protection: Protection = UNPROTECTED
    goals: tuple[Goal, ...] = ()


NO_WISHES = Wishes()

_GOAL_NAMES = {
    Goal.PEAK: ("highest import", "kW"),
    Goal.STARTS: ("sessions", ""),
    Goal.SMOOTHNESS: ("changes of power, summed", "kW"),
}


def late_steps(minutes: float, step_min: float) -> int:
    """Return the steps that a delay touches."""
    return math.ceil(minutes / step_min - 1e-9)


def parts_in_words(protection: Protection, step_min: float) -> str:
    """Return what a protection is against."""
    parts, late, cold = [], protection.late_buses, protection.cold_day
    if late is not None:
        made_up = f", {late.makeup_kwh:g} kWh made up elsewhere" if late.makeup_kwh else ""
        parts.append(f"any {late.count} late by {late.steps * step_min:g} min{made_up}")
    if cold is not None:
        parts.append(f"cold day, duties × {cold.trip_factor:g}, standing × {cold.standing_factor:g}")
    if protection.lost_outlets:
        parts.append("loss of an outlet of every class")
    return "; ".join(parts)


def price_in_words(priced: PricedProtection) -> str:
    """Return what a protection costs, as found and as proved."""
    if isinstance(priced.plan, NoPlan):
        return f"no plan: {priced.plan.reasons[0]}"
    least, most = priced.extra_at_least_krw, priced.extra_at_most_krw
    proved = f"{least:,.0f} to {most:,.0f}" if math.isfinite(most) else f"at least {least:,.0f}"
    return f"{priced.extra_krw:,.0f} KRW more (proved: {proved} KRW)"


def protection_words(priced: PricedProtection, step_min: float) -> str:
    """Return one protection and its price in one line."""
    return f"{parts_in_words(priced.protection, step_min)}: {price_in_words(priced)}"


def goal_name(result: GoalResult) -> str:
    """Return what a goal looks at."""
    return _GOAL_NAMES[result.goal][0]


def goal_in_words(result: GoalResult) -> str:
    """Return what was reached for a goal, and what is proved about it."""
    unit = _GOAL_NAMES[result.goal][1]

    def number(value: float) -> str:
        return f"{value:,.4g} {unit}".strip() if abs(value) < 1000 else f"{value:,.0f} {unit}".strip()

    if result.status is SolveStatus.EMPTY_HANDED:
        return f"{number(result.value)}, as in the cheapest plan: nothing better was found in time"
    known = ""
    if result.status is SolveStatus.OPTIMAL:
        known = " (the best at this cost)"
    elif result.bound > 0:
        known = f" (proved: at least {number(result.bound)})"
    return f"{number(result.value)}, {number(result.before)} in the cheapest plan{known}"


def goal_words(result: GoalResult) -> str:
    """Return one goal and what was reached in one line."""
    return f"{goal_name(result)}: {goal_in_words(result)}"
