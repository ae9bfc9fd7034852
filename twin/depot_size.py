"""How small a depot can be for its day to work: outlets by class, grid connection, battery of the buses, and why.

Whether a day works is monotone in each of them, so halving finds the smallest size. A size works when any plan is found
that keeps every rule: by a plain rule, by the fleet solver, or by the compact model, in this order, quickest first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from data.errors import Problem
from optimizers.baselines import cheapest_baseline
from optimizers.bottlenecks import bottlenecks
from optimizers.depot_sizing import Smallest, Works
from optimizers.plan import PlanStatus
from optimizers.problem import DepotProblem
from optimizers.problem_checks import check_problem
from optimizers.solver import SolveLimits
from twin.depot_day import nearest_in_words, works_at_all

CONNECTION_STEP_KW = 5.0
BATTERY_STEP_KWH = 5.0

Size = Callable[[float], DepotProblem]


@dataclass(frozen=True)
class SizedDepot:
    """The smallest sizes that work, each with the others as they are.

    Attributes
    ----------
    outlets
        For each charger class, with how many there are now.
    connection
        Import limit, the same in all steps, kW; and the largest of today.
    battery
        For each bus type, kWh; and what it is now.
    """

    outlets: tuple[tuple[str, int, Smallest], ...]
    connection: tuple[float, Smallest]
    battery: tuple[tuple[str, float, Smallest], ...]

    @property
    def works(self) -> bool:
        """Whether a size that works was found for each."""
        found = [entry[2] for entry in self.outlets] + [self.connection[1]] + [entry[2] for entry in self.battery]
        return not any(np.isnan(smallest.size) for smallest in found)


def size_depot(problem: DepotProblem, bus_types: tuple[str, ...], limits: SolveLimits) -> SizedDepot:
    """Return the smallest sizes of a depot.

    Parameters
    ----------
    problem
        A problem without input errors.
    bus_types
        (B,) type of each bus: the buses of one type have one battery.
    limits
        For each size that is tried.
    """
    outlets = tuple(
        (charger.id, charger.count, _fewest_outlets(problem, c, limits)) for c, charger in enumerate(problem.chargers)
    )
    connection = (float(problem.site.import_limit_kw.max()), _smallest_connection(problem, limits))
    battery = tuple(_battery_of(problem, kind, bus_types, limits) for kind in dict.fromkeys(bus_types))
    return SizedDepot(outlets, connection, battery)


def day_verdict(problem: DepotProblem, limits: SolveLimits) -> tuple[Works, str]:
    """Return whether any plan keeps every rule, and why not; counting and plain rules come before solvers."""
    against = counted_against(problem)
    if against:
        return Works.NO, against
    baseline = cheapest_baseline(problem)
    if baseline.status is PlanStatus.FALLBACK:
        return Works.YES, ""
    works, reason = works_at_all(problem, limits)
    if works is Works.UNKNOWN:
        reason = f"{reason}; {nearest_in_words(baseline)}"
    return works, reason


def counted_against(problem: DepotProblem) -> str:
    """Return why no plan can keep every rule as far as counting tells, "" when it does not."""
    wrong = check_problem(problem)
    if wrong:
        return in_words(wrong[0])
    counted = bottlenecks(problem)
    return counted[0].sentence if counted else ""


def in_words(wrong: Problem) -> str:
    """Return what is wrong with a depot of a size: of which bus, where it is one, and what."""
    field, _, who = wrong.field.partition(", ")
    name = {"need_kwh": "what its duties take", "trip_kwh": "a duty takes"}.get(field, field)
    return f"bus {who}, {name}: {wrong.what}" if who else f"{field} {wrong.what}"


def _fewest_outlets(problem: DepotProblem, charger_class: int, limits: SolveLimits) -> Smallest:
    def with_count(count: float) -> DepotProblem:
        chargers = list(problem.chargers)
        chargers[charger_class] = replace(chargers[charger_class], count=int(count))
        return replace(problem, chargers=tuple(chargers))

    now = problem.chargers[charger_class].count
    return smallest(with_count, 0, max(problem.bus_count, now), 1.0, limits, now=now)


def _smallest_connection(problem: DepotProblem, limits: SolveLimits) -> Smallest:
    outlets_kw = sum(outlet.count * outlet.max_kw / outlet.efficiency for outlet in problem.chargers)
    stored_kw = problem.site.battery.max_charge_kw if problem.site.battery is not None else 0.0
    most_kw = float(problem.site.base_kw.max()) + outlets_kw + stored_kw

    def with_limit(kw: float) -> DepotProblem:
        site = replace(problem.site, import_limit_kw=np.full(problem.step_count, kw))
        return replace(problem, site=site, demand=None)  # the demand charge is no question of what works

    return smallest(with_limit, 0, int(np.ceil(most_kw / CONNECTION_STEP_KW)), CONNECTION_STEP_KW, limits)


def _battery_of(
    problem: DepotProblem, kind: str, bus_types: tuple[str, ...], limits: SolveLimits
) -> tuple[str, float, Smallest]:
    chosen = np.array([name == kind for name in bus_types])
    now_kwh = float(problem.buses.battery_kwh[chosen][0])

    def with_size(kwh: float) -> DepotProblem:
        buses, ratio = problem.buses, np.where(chosen, kwh / now_kwh, 1.0)
        names = ("battery_kwh", "min_kwh", "max_kwh", "initial_kwh", "terminal_min_kwh")
        scaled = {name: getattr(buses, name) * ratio for name in names}
        slope = buses.taper_kw_per_kwh / ratio[:, None]
        reserve = np.where((problem.need_kwh > 0) & chosen[:, None], (buses.min_kwh * (ratio - 1))[:, None], 0.0)
        need = np.maximum(problem.need_kwh + reserve, 0.0)
        smaller = replace(buses, **scaled, taper_kw_per_kwh=slope)
        return replace(problem, buses=smaller, need_kwh=need, degradation=None)

    highest = int(np.ceil(2 * now_kwh / BATTERY_STEP_KWH))
    return kind, now_kwh, smallest(with_size, 1, highest, BATTERY_STEP_KWH, limits)


def smallest(
    sized: Size, lowest: int, highest: int, step: float, limits: SolveLimits, *, now: int | None = None
) -> Smallest:
    """Halve between ``lowest * step`` and ``highest * step`` to the smallest size that works.

    Parameters
    ----------
    sized
        The depot of a size.
    lowest, highest, step
        Sizes in whole steps.
    limits
        For each size that is tried.
    now
        Size of today, tried before the highest: it mostly works, and halves the search.
    """
    high = highest
    works, reason = Works.NO, ""
    for tried in (now, highest):
        if tried is not None and works is not Works.YES:
            high = tried
            works, reason = day_verdict(sized(tried * step), limits)
    if works is not Works.YES:
        return Smallest(float("nan"), works is Works.NO, highest * step, reason)
    low, proved, reason = lowest - 1, True, "nothing smaller is left to try"
    while high - low > 1:
        middle = (low + high) // 2
        works, why = day_verdict(sized(middle * step), limits)
        if works is Works.YES:
            high = middle
        else:
            low, proved, reason = middle, works is Works.NO, why
    fails_at = low * step if low >= lowest else float("nan")
    sure = (float("nan"), "") if proved else _largest_counted_out(sized, lowest, low, step)
    return Smallest(high * step, proved, fails_at, reason, *sure)


def _largest_counted_out(sized: Size, lowest: int, highest: int, step: float) -> tuple[float, str]:
    """Return the largest size up to the highest that counting proves to fail, and why; nan when it proves none."""
    found, why, low, high = float("nan"), "", lowest - 1, highest + 1
    while high - low > 1:
        middle = (low + high) // 2
        against = counted_against(sized(middle * step))
        if against:
            low, found, why = middle, middle * step, against
        else:
            high = middle
    return found, why


def size_lines(sized: SizedDepot) -> list[str]:
    """Return the sizes as a person reads them, line by line."""
    lines = [_line(f"outlets of {name}", f"{found.size:g}", f"now {now}", found) for name, now, found in sized.outlets]
    now_kw, found = sized.connection
    lines.append(_line("grid connection", f"{found.size:g} kW", f"now {now_kw:g} kW", found))
    lines += [
        _line(f"battery of {kind}", f"{found.size:g} kWh", f"now {now:g} kWh", found)
        for kind, now, found in sized.battery
    ]
    return lines


def _line(what: str, size: str, now: str, found: Smallest) -> str:
    if np.isnan(found.size):
        known = "cannot work" if found.proved else "was not found to work in time"
        return f"{what}: the day {known} even with {found.fails_at:g} ({now}): {found.reason}"
    if np.isnan(found.fails_at):
        return f"{what}: {size} ({now}): {found.reason}"
    if found.proved:
        return f"{what}: {size} ({now}); {found.fails_at:g} fails, proved: {found.reason}"
    line = f"{what}: {size} ({now}), not proved to be the smallest; "
    if not np.isnan(found.surely_fails_at):
        line += f"{found.surely_fails_at:g} fails, proved: {found.sure_reason}; "
    return f"{line}{found.fails_at:g} was not found to work in time: {found.reason}"
