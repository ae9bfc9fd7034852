"""When a day cannot work: who is short, when, by how much, and what is the cheapest way out.

Counting comes first (`optimizers.bottlenecks`). The elastic model then lets one thing give way at a time, at the least
it takes, so that each remedy is a day that provably works.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

import pyomo.environ as pyo

from optimizers.bottlenecks import Bottleneck, bottlenecks
from optimizers.depot_model.compose import build_depot_model
from optimizers.depot_model.elastic import add_gifts, add_larger_connection, add_outlet_hours
from optimizers.problem import DepotProblem, stays
from optimizers.solver import Solved, SolveLimits, SolveStatus, solve_model

LATEST_DEPARTURE_STEPS = 8
"""How many steps a departure is moved at most when a later departure is tried."""
TINY_KWH = 1e-3


class RemedyKind(Enum):
    """What can give way."""

    CHARGER_TIME = "more charger time"
    CONNECTION = "a larger connection"
    LATER_DEPARTURE = "a later departure"
    SWAP = "a swap of duties"


@dataclass(frozen=True)
class RemedyPrices:
    """What each remedy costs, for one such day."""

    outlet_hour_krw: float
    connection_krw_per_kw: float
    late_krw_per_h: float
    swap_krw: float


@dataclass(frozen=True)
class Shortfall:
    """The least energy a bus lacks for the duty that starts at `step`."""

    bus: int
    step: int
    short_kwh: float


@dataclass(frozen=True)
class Remedy:
    """One way out: with it the day works. `amount` is outlet hours, kW, hours of delay, or swaps."""

    kind: RemedyKind
    amount: float
    cost_krw: float
    sentence: str


@dataclass(frozen=True)
class Explanation:
    """Why a day cannot work and what would help, cheapest first.

    `complete` is False when a solve was cut off: shortfalls and remedies are then valid, but perhaps not the least.
    """

    bottlenecks: tuple[Bottleneck, ...]
    shortfalls: tuple[Shortfall, ...]
    remedies: tuple[Remedy, ...]
    complete: bool


def explain_infeasibility(problem: DepotProblem, prices: RemedyPrices, limits: SolveLimits) -> Explanation:
    """Explain a day that cannot work.

    Parameters
    ----------
    problem
        A problem without input errors.
    prices
        What the remedies cost.
    limits
        For each solve; a handful are made, and one for each later departure or swap that is tried.

    Returns
    -------
    Explanation
        Without shortfalls and remedies when the day works after all.
    """
    shortfalls, complete = _shortfalls(problem, limits)
    if not shortfalls:
        return Explanation(bottlenecks(problem), (), (), complete)
    remedies = [
        _charger_time(problem, prices, limits),
        _connection(problem, prices, limits),
        _later_departure(problem, prices, limits, shortfalls),
        _swap(problem, prices, limits, shortfalls),
    ]
    found = sorted((remedy for remedy in remedies if remedy is not None), key=lambda remedy: remedy.cost_krw)
    return Explanation(bottlenecks(problem), shortfalls, tuple(found), complete)


def _shortfalls(problem: DepotProblem, limits: SolveLimits) -> tuple[tuple[Shortfall, ...], bool]:
    """Return the least energy that buses would have to be given for the day to work."""
    model, solved = _least(problem, add_gifts, limits)
    if solved.status not in (SolveStatus.OPTIMAL, SolveStatus.STOPPED):
        return (), False
    gifts = ((b, t, float(model.gift_kwh[b, t].value)) for b, t in model.GIFT)
    found = [Shortfall(b, t, kwh) for b, t, kwh in gifts if kwh > TINY_KWH]
    return tuple(found), solved.status is SolveStatus.OPTIMAL


def _charger_time(problem: DepotProblem, prices: RemedyPrices, limits: SolveLimits) -> Remedy | None:
    model, solved = _least(problem, add_outlet_hours, limits)
    if solved.status not in (SolveStatus.OPTIMAL, SolveStatus.STOPPED):
        return None
    used = [(c, t, round(model.extra_outlets[c, t].value)) for c, t in model.extra_outlets]
    used = [(c, t, extra) for c, t, extra in used if extra]
    hours = float(sum(extra * problem.step_h[t] for _, t, extra in used))
    names = sorted({problem.chargers[c].id for c, _, _ in used})
    first, last = min(t for _, t, _ in used), max(t for _, t, _ in used)
    sentence = (
        f"{hours:.2f} more outlet hours of {' and '.join(names)} between {problem.step_name(first)} and the end of "
        f"{problem.step_name(last)}, at most {max(extra for _, _, extra in used)} at once"
    )
    return Remedy(RemedyKind.CHARGER_TIME, hours, hours * prices.outlet_hour_krw, sentence)


def _connection(problem: DepotProblem, prices: RemedyPrices, limits: SolveLimits) -> Remedy | None:
    model, solved = _least(problem, add_larger_connection, limits)
    if solved.status not in (SolveStatus.OPTIMAL, SolveStatus.STOPPED):
        return None
    kw = float(model.larger_kw.value)
    return Remedy(
        RemedyKind.CONNECTION, kw, kw * prices.connection_krw_per_kw, f"a connection that gives {kw:.1f} kW more"
    )


def _later_departure(
    problem: DepotProblem, prices: RemedyPrices, limits: SolveLimits, shortfalls: tuple[Shortfall, ...]
) -> Remedy | None:
    """Move the duties that lack energy later, all by the same number of steps, the fewest that help."""
    for steps in range(1, LATEST_DEPARTURE_STEPS + 1):
        moved: DepotProblem | None = problem
        for shortfall in shortfalls:
            moved = _moved_duty(moved, shortfall.bus, shortfall.step, steps) if moved is not None else None
        if moved is None:
            return None
        if _works(moved, limits):
            hours = float(sum(problem.step_h[s.step : s.step + steps].sum() for s in shortfalls))
            who = ", ".join(f"bus {problem.buses.id[s.bus]} at {problem.step_name(s.step + steps)}" for s in shortfalls)
            return Remedy(RemedyKind.LATER_DEPARTURE, hours, hours * prices.late_krw_per_h, f"later departure: {who}")
    return None


def _moved_duty(problem: DepotProblem, bus: int, step: int, steps: int) -> DepotProblem | None:
    """Return the problem with the duty that starts at a step moved later, or None when the day has no room for it."""
    duty = next((a for a in stays(~problem.present) if a.bus == bus and a.start == step), None)
    if duty is None or duty.stop + steps > problem.step_count:
        return None
    after = slice(duty.stop, duty.stop + steps)
    if not problem.present[bus, after].all():
        return None
    present, trip, need = problem.present.copy(), problem.trip_kwh.copy(), problem.need_kwh.copy()
    old, new = slice(duty.start, duty.stop), slice(duty.start + steps, duty.stop + steps)
    drawn, needed = trip[bus, old].copy(), need[bus, old].copy()
    present[bus, old], trip[bus, old], need[bus, old] = True, 0.0, 0.0
    present[bus, new], trip[bus, new], need[bus, new] = False, drawn, needed
    return replace(problem, present=present, trip_kwh=trip, need_kwh=need)


def _swap(
    problem: DepotProblem, prices: RemedyPrices, limits: SolveLimits, shortfalls: tuple[Shortfall, ...]
) -> Remedy | None:
    """Let the bus that lacks most change the rest of its day with another one, from a step in which both stand."""
    worst = max(shortfalls, key=lambda shortfall: shortfall.short_kwh)
    for other in range(problem.bus_count):
        step = worst.step - 1
        both_here = step >= 0 and problem.present[[worst.bus, other], step].all()
        if other == worst.bus or not both_here:
            continue
        present, trip, need = problem.present.copy(), problem.trip_kwh.copy(), problem.need_kwh.copy()
        for table in (present, trip, need):
            table[[worst.bus, other], worst.step :] = table[[other, worst.bus], worst.step :]
        if _works(replace(problem, present=present, trip_kwh=trip, need_kwh=need), limits):
            names = f"{problem.buses.id[worst.bus]} and {problem.buses.id[other]}"
            sentence = f"swap the duties of buses {names} from {problem.step_name(worst.step)}"
            return Remedy(RemedyKind.SWAP, 1.0, prices.swap_krw, sentence)
    return None


def _works(problem: DepotProblem, limits: SolveLimits) -> bool:
    """Return whether a plan was found that keeps every rule."""
    if (problem.need_kwh > problem.buses.max_kwh[:, None]).any() or bottlenecks(problem):
        return False
    model = build_depot_model(problem)
    model.cost.deactivate()
    model.any_plan = pyo.Objective(expr=0.0)
    return solve_model(model, limits).status in (SolveStatus.OPTIMAL, SolveStatus.STOPPED)


def _least(
    problem: DepotProblem, let_give: Callable[[pyo.ConcreteModel, DepotProblem], None], limits: SolveLimits
) -> tuple[pyo.ConcreteModel, Solved]:
    """Solve the elastic model for the least that has to give way."""
    model = build_depot_model(problem)
    model.cost.deactivate()
    let_give(model, problem)
    return model, solve_model(model, limits)
