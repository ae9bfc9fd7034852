"""Why a plan is as it is: what binds, what more of it would be worth, and what each bus waits for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from optimizers.depot_cost import interval_peak_kw
from optimizers.plan import DepotPlan, NoPlan
from optimizers.problem import NOT_METERED, NOT_PLUGGED, DepotProblem, Flags, Stay, stays

NEAR_KW = 0.01
NEAR_KWH = 0.01
NEAR_KRW_PER_KWH = 1e-6


class Limit(Enum):
    """What a plan can run into."""

    OUTLETS = "every outlet is taken"
    CONNECTION = "the connection is used up"
    BILLING_DEMAND = "more would raise the billing demand"
    DEPARTURE = "a bus leaves with no more than it needs"


@dataclass(frozen=True)
class Binding:
    """A limit that binds in steps ``start <= t < stop``; `what` names the class, the bus or the site."""

    limit: Limit
    what: str
    start: int
    stop: int


class WaitsFor(Enum):
    """Why a bus stands in the depot and does not charge yet."""

    OUTLET = "a free outlet"
    STAFF = "somebody to plug it in"
    PRICE = "cheaper energy"
    POWER = "power at the site"
    NOTHING = "nothing: it has time, and later is as good"
    NEVER = "nothing: it does not charge in this stay"


@dataclass(frozen=True)
class Wait:
    """What a bus waits for between its arrival and its first charging, in steps ``start <= t < stop``."""

    bus: int
    start: int
    stop: int
    waits_for: WaitsFor


@dataclass(frozen=True)
class Worth:
    """What a larger depot saves on such a day: as found, and the range that is proved for the optimum."""

    saved_krw: float
    at_least_krw: float
    at_most_krw: float


def binding_limits(problem: DepotProblem, plan: DepotPlan) -> tuple[Binding, ...]:
    """Return every limit that binds, by limit, then by time."""
    found: list[Binding] = []
    for c, outlet in enumerate(problem.chargers):
        found += _windows(Limit.OUTLETS, outlet.id, _taken(problem, plan, c))
    used_up = plan.grid_kw >= problem.site.import_limit_kw - NEAR_KW
    found += _windows(Limit.CONNECTION, "site", used_up)
    found += _windows(Limit.BILLING_DEMAND, "site", _at_billing_demand(problem, plan))
    duties = {(duty.bus, duty.start): duty for duty in stays(~problem.present)}
    for stay in stays(problem.present):
        if stay.stop == problem.step_count:
            continue
        needed = max(problem.need_kwh[stay.bus, stay.stop], problem.buses.min_kwh[stay.bus])
        duty = duties[stay.bus, stay.stop]
        drawn = problem.trip_kwh[stay.bus, duty.start : duty.stop].sum()
        needed = max(needed, problem.buses.min_kwh[stay.bus] + drawn)
        if plan.energy_kwh[stay.bus, stay.stop] <= needed + NEAR_KWH:
            found.append(Binding(Limit.DEPARTURE, str(problem.buses.id[stay.bus]), stay.stop, stay.stop + 1))
    return tuple(found)


def waits(problem: DepotProblem, plan: DepotPlan) -> tuple[Wait, ...]:
    """Return what each bus waits for, stay by stay, where it does not charge from its arrival on."""
    found = []
    for stay in stays(problem.present):
        charging = np.flatnonzero(plan.charge_kw[stay.bus, stay.start : stay.stop] > NEAR_KW)
        first = stay.start + int(charging[0]) if len(charging) else stay.stop
        if first > stay.start:
            reason = _reason(problem, plan, stay, first) if len(charging) else WaitsFor.NEVER
            found.append(Wait(stay.bus, stay.start, first, reason))
    return tuple(found)


def worth_of(
    problem: DepotProblem, plan: DepotPlan, larger: DepotProblem, solve: Callable[[DepotProblem], DepotPlan | NoPlan]
) -> Worth | None:
    """Return what a larger depot saves against a plan, or None when no plan of it was found.

    Parameters
    ----------
    problem, plan
        The depot and its plan.
    larger
        The same day with more of something: see `with_more_outlets` and `with_larger_connection`.
    solve
        How to plan it, e.g. `solve_depot` with its limits.
    """
    better = solve(larger)
    if isinstance(better, NoPlan) or larger.bus_count != problem.bus_count:
        return None
    return Worth(
        saved_krw=max(plan.objective_krw - better.objective_krw, 0.0),
        at_least_krw=max(plan.lower_bound_krw - better.objective_krw, 0.0),
        at_most_krw=max(plan.objective_krw - better.lower_bound_krw, 0.0),
    )


def with_more_outlets(problem: DepotProblem, charger_class: int, count: int = 1) -> DepotProblem:
    """Return the depot with more outlets of one class."""
    chargers = list(problem.chargers)
    chargers[charger_class] = replace(chargers[charger_class], count=chargers[charger_class].count + count)
    return replace(problem, chargers=tuple(chargers))


def with_larger_connection(problem: DepotProblem, more_kw: float = 100.0) -> DepotProblem:
    """Return the depot with a larger connection in every step."""
    return replace(problem, site=replace(problem.site, import_limit_kw=problem.site.import_limit_kw + more_kw))


def _windows(limit: Limit, what: str, binds: Flags) -> list[Binding]:
    return [Binding(limit, what, window.start, window.stop) for window in stays(binds[None, :])]


def _taken(problem: DepotProblem, plan: DepotPlan, c: int) -> Flags:
    """Return (T,) whether every outlet of a class is plugged or in handover."""
    here = plan.plugged_class == c
    taken = here.sum(axis=0)
    stopped = np.concatenate([np.zeros((problem.bus_count, 1), dtype=bool), here[:, :-1] & ~here[:, 1:]], axis=1)
    for delay in range(problem.rules.handover_steps):
        taken[delay:] += stopped.sum(axis=0)[: problem.step_count - delay]
    full: Flags = taken >= problem.chargers[c].count
    return full


def _at_billing_demand(problem: DepotProblem, plan: DepotPlan) -> Flags:
    """Return (T,) whether the step is in an interval whose average is the billing demand, beyond what is paid for."""
    demand, none = problem.demand, np.zeros(problem.step_count, dtype=bool)
    if demand is None:
        return none
    import_kw = np.maximum(plan.grid_kw, 0.0)
    billed_kw = max(interval_peak_kw(problem.step_h, demand.interval, import_kw), demand.sunk_kw)
    for i in np.unique(demand.interval[demand.interval != NOT_METERED]):
        inside = demand.interval == i
        average_kw = float((import_kw * problem.step_h)[inside].sum() / problem.step_h[inside].sum())
        none |= inside & (average_kw >= billed_kw - NEAR_KW) & (billed_kw > NEAR_KW)
    return none


def _reason(problem: DepotProblem, plan: DepotPlan, stay: Stay, first: int) -> WaitsFor:
    """Return what stands in the way in most of the steps before the first charging; outlets come before power."""
    waiting = slice(stay.start, first)
    price = problem.prices.buy_krw_per_kwh
    fits = [c for c in range(len(problem.chargers)) if problem.compatible[stay.bus, c]]
    unplugged = plan.plugged_class[stay.bus, waiting] == NOT_PLUGGED
    full = np.all([_taken(problem, plan, c)[waiting] for c in fits], axis=0) & unplugged
    tight = (plan.grid_kw >= problem.site.import_limit_kw - NEAR_KW) | _at_billing_demand(problem, plan)
    dearer = price[waiting] > price[first] + NEAR_KRW_PER_KWH
    counts = {
        WaitsFor.PRICE: int(dearer.sum()),
        WaitsFor.STAFF: int((unplugged & ~problem.rules.plug_allowed[waiting] & ~dearer).sum()),
        WaitsFor.OUTLET: int((full & ~dearer).sum()),
        WaitsFor.POWER: int((tight[waiting] & ~full & ~dearer).sum()),
    }
    most = max(counts, key=lambda reason: counts[reason])
    return most if counts[most] else WaitsFor.NOTHING
