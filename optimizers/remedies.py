"""What can give way when a day does not work, and the days that follow from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise

import numpy as np

from optimizers.plan import DepotPlan
from optimizers.problem import DepotProblem, stays

LATEST_DEPARTURE_STEPS = 8
"""How many steps a departure is moved at most when a later departure is tried."""
TINY_KWH = 1e-3


Works = Callable[[DepotProblem], bool]
"""Whether a plan of a day was found that keeps every rule."""


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


def moved_duty(problem: DepotProblem, bus: int, step: int, steps: int) -> DepotProblem | None:
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


def swapped(problem: DepotProblem, bus: int, other: int, step: int) -> DepotProblem:
    """Return the problem in which two buses change the rest of their days from a step on."""
    present, trip, need = problem.present.copy(), problem.trip_kwh.copy(), problem.need_kwh.copy()
    for table in (present, trip, need):
        table[[bus, other], step:] = table[[other, bus], step:]
    return replace(problem, present=present, trip_kwh=trip, need_kwh=need)


def swap_partners(problem: DepotProblem, bus: int, step: int) -> list[int]:
    """Return the buses that stand in the depot with a bus just before a step, and so can change duties with it."""
    if not 0 < step < problem.step_count or not problem.present[bus, step - 1]:
        return []
    return [other for other in range(problem.bus_count) if other != bus and problem.present[other, step - 1]]


def later_departure(problem: DepotProblem, shortfalls: tuple[Shortfall, ...], steps: int) -> DepotProblem | None:
    """Return the day on which every duty that lacks energy begins so many steps later; None when there is no room."""
    moved: DepotProblem | None = problem
    for shortfall in shortfalls:
        moved = moved_duty(moved, shortfall.bus, shortfall.step, steps) if moved is not None else None
    return moved


def departure_remedy(
    problem: DepotProblem, prices: RemedyPrices, shortfalls: tuple[Shortfall, ...], steps: int
) -> Remedy:
    """Return the remedy of departures so many steps later, in words and won."""
    hours = float(sum(problem.step_h[s.step : s.step + steps].sum() for s in shortfalls))
    who = ", ".join(f"bus {problem.buses.id[s.bus]} at {end_or_step(problem, s.step + steps)}" for s in shortfalls)
    return Remedy(RemedyKind.LATER_DEPARTURE, hours, hours * prices.late_krw_per_h, f"later departure: {who}")


def swap_remedy(problem: DepotProblem, prices: RemedyPrices, bus: int, other: int, step: int) -> Remedy:
    """Return the remedy of a swap, in words and won."""
    names = f"{problem.buses.id[bus]} and {problem.buses.id[other]}"
    sentence = f"swap the duties of buses {names} from {problem.step_name(step)}"
    return Remedy(RemedyKind.SWAP, 1.0, prices.swap_krw, sentence)


def first_later_departure(
    problem: DepotProblem, prices: RemedyPrices, shortfalls: tuple[Shortfall, ...], works: Works
) -> Remedy | None:
    """Move the duties that lack energy later, all by the same number of steps, the fewest that help."""
    for steps in range(1, LATEST_DEPARTURE_STEPS + 1):
        moved = later_departure(problem, shortfalls, steps)
        if moved is None:
            return None
        if works(moved):
            return departure_remedy(problem, prices, shortfalls, steps)
    return None


def first_swap(
    problem: DepotProblem, prices: RemedyPrices, shortfalls: tuple[Shortfall, ...], works: Works
) -> Remedy | None:
    """Let the bus that lacks most change the rest of its day with another one, from a step in which both stand."""
    worst = max(shortfalls, key=lambda shortfall: shortfall.short_kwh)
    for other in swap_partners(problem, worst.bus, worst.step):
        if works(swapped(problem, worst.bus, other, worst.step)):
            return swap_remedy(problem, prices, worst.bus, other, worst.step)
    return None


def connection_remedy(prices: RemedyPrices, kw: float) -> Remedy:
    """Return the remedy of a larger connection, in words and won."""
    sentence = f"a connection that gives {kw:.1f} kW more"
    return Remedy(RemedyKind.CONNECTION, kw, kw * prices.connection_krw_per_kw, sentence)


def outlet_remedy(problem: DepotProblem, prices: RemedyPrices, extra: dict[tuple[int, int], int]) -> Remedy:
    """Return the remedy of more outlets, in words and won; `extra` holds how many, by class and step."""
    used = {place: count for place, count in extra.items() if count}
    hours = float(sum(count * problem.step_h[t] for (_, t), count in used.items()))
    names = sorted({problem.chargers[c].id for c, _ in used})
    first, last = min(t for _, t in used), max(t for _, t in used)
    sentence = (
        f"{hours:.2f} more outlet hours of {' and '.join(names)} between {problem.step_name(first)} and the end of "
        f"{problem.step_name(last)}, at most {max(used.values())} at once"
    )
    return Remedy(RemedyKind.CHARGER_TIME, hours, hours * prices.outlet_hour_krw, sentence)


def end_or_step(problem: DepotProblem, step: int) -> str:
    """Return what a person calls the start of a step, or the end of the horizon."""
    return problem.step_name(step) if step < problem.step_count else "the end"


def shortfalls_of(problem: DepotProblem, plan: DepotPlan) -> tuple[Shortfall, ...]:
    """Return the energy that buses would have to be given at their departures, and at the end, for a plan to hold.

    Each gift is the least that keeps the bus above its needs until its next departure.
    """
    buses = problem.buses
    floor_kwh = np.maximum(np.column_stack([problem.need_kwh, buses.terminal_min_kwh]), buses.min_kwh[:, None])
    found = []
    for bus in range(problem.bus_count):
        places = [away.start for away in stays(~problem.present[bus : bus + 1])] + [problem.step_count]
        given_kwh = 0.0
        for place, following in pairwise([*places, problem.step_count + 1]):
            short = floor_kwh[bus, place:following] - plan.energy_kwh[bus, place:following]
            gift_kwh = float(short.max()) - given_kwh
            if gift_kwh > TINY_KWH:
                found.append(Shortfall(bus, place, gift_kwh))
                given_kwh += gift_kwh
    return tuple(found)
