"""Whether the day of a depot works, and if not: which buses, which window, how many kWh short, and what would help."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from optimizers.baselines import cheapest_baseline
from optimizers.bottlenecks import bottlenecks
from optimizers.depot import solve_within
from optimizers.depot_sizing import Works, day_works
from optimizers.infeasibility import Explanation, explain_infeasibility
from optimizers.plan import DepotPlan, PlanStatus
from optimizers.problem import DepotProblem
from optimizers.remedies import RemedyKind, RemedyPrices, end_or_step
from optimizers.solver import SolveLimits
from twin.depot_case import DepotCase

PROBE_SHARE = 0.25
"""Part of the time that the first search for any plan may take."""


@dataclass(frozen=True, eq=False)
class DayVerdict:
    """Whether a day works.

    Attributes
    ----------
    works
        Proved either way, or not known in the time given.
    shown_by
        What showed it: the name of a plan that keeps every rule, or the reason why none can.
    explanation
        For a day that does not work or was not found to in time; None otherwise.
    """

    works: Works
    shown_by: str
    explanation: Explanation | None


def judge_day(case: DepotCase, limits: SolveLimits) -> DayVerdict:
    """Say whether the day works: by counting, by a plain rule that already makes it, then by solving.

    `limits` hold for each solve of the explanation, and for the search for any plan.
    """
    problem = case.problem
    counted = bottlenecks(problem)
    if counted:
        return DayVerdict(Works.NO, counted[0].sentence, _explained(case, limits))
    baseline = cheapest_baseline(problem)
    if baseline.status is PlanStatus.FALLBACK:
        return DayVerdict(Works.YES, f"the plain rule '{baseline.method}' keeps every rule", None)
    works, reason = works_at_all(problem, limits)
    if works is Works.YES:
        return DayVerdict(works, "a plan was found that keeps every rule", None)
    if works is Works.UNKNOWN:
        reason = f"{reason}; {nearest_in_words(baseline)}"
    return DayVerdict(works, reason, _explained(case, limits))


def nearest_in_words(rule: DepotPlan) -> str:
    """Return what the plain rule that comes nearest to a plan breaks."""
    return f"the plain rule that comes nearest, {rule.method}, fails: {rule.relaxed[0]}"


def works_at_all(problem: DepotProblem, limits: SolveLimits) -> tuple[Works, str]:
    """Return whether any plan keeps every rule: the fleet solver finds one quickly, the compact model can prove no."""
    begin = time.perf_counter()
    plan = solve_within(problem, replace(limits, time_limit_s=limits.time_limit_s * PROBE_SHARE, gap=1.0))
    if isinstance(plan, DepotPlan) and plan.status in (PlanStatus.OPTIMAL, PlanStatus.FEASIBLE, PlanStatus.FALLBACK):
        return Works.YES, ""
    if plan.status is PlanStatus.INFEASIBLE and not isinstance(plan, DepotPlan):
        return Works.NO, plan.reasons[0]
    left_s = max(limits.time_limit_s - (time.perf_counter() - begin), 1.0)
    return day_works(problem, replace(limits, time_limit_s=left_s))


def _explained(case: DepotCase, limits: SolveLimits) -> Explanation:
    settings = case.folder.settings
    prices = RemedyPrices(
        outlet_hour_krw=settings.number("remedies.outlet_hour_krw"),
        connection_krw_per_kw=settings.number("remedies.connection_krw_per_kw"),
        late_krw_per_h=settings.number("remedies.late_krw_per_h"),
        swap_krw=settings.number("remedies.swap_krw"),
    )
    return explain_infeasibility(case.problem, prices, limits)


def verdict_lines(case: DepotCase, verdict: DayVerdict) -> list[str]:
    """Return a verdict as a person reads it, line by line."""
    words = {Works.YES: "The day works", Works.NO: "The day cannot work", Works.UNKNOWN: "Not decided in time"}
    lines = [f"{words[verdict.works]}: {verdict.shown_by}."]
    found = verdict.explanation
    if found is None:
        return lines
    problem = case.problem
    for bottleneck in found.bottlenecks:
        buses = ", ".join(str(problem.buses.id[b]) for b in bottleneck.buses)
        lines.append(
            f"  too little {bottleneck.scarce.value}: {bottleneck.sentence}" + (f" (buses {buses})" if buses else "")
        )
    for short in found.shortfalls:
        where = end_or_step(problem, short.step)
        lines.append(f"  bus {problem.buses.id[short.bus]} at {where}: {short.short_kwh:.1f} kWh short")
    for place, remedy in enumerate(found.remedies):
        mark = "cheapest way out" if place == 0 else "or"
        lines.append(f"  {mark}: {remedy.sentence} ({remedy.cost_krw:,.0f} KRW)")
    helpless = [kind.value for kind in RemedyKind if kind not in {remedy.kind for remedy in found.remedies}]
    if found.shortfalls and helpless:
        lines.append(f"  not found to help by itself: {', '.join(helpless)}")
    if found.remedies and not found.complete:
        lines.append("  each way out was found to work; with more time a smaller one may be found")
    return lines
