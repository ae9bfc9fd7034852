"""What is wrong with a depot problem: every problem at once, each with its fix, before any model is built."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidInput, Problem
from optimizers.problem import NOT_METERED, NOT_PLUGGED, ChargerClass, DepotProblem, stays

LARGEST_KW = 5000.0
"""No charger or bus of today comes near it; what does is given in W."""
SMALLEST_BATTERY_KWH = 1.0
LARGEST_BATTERY_KWH = 5000.0


class _Finder:
    """Collects problems of one depot."""

    def __init__(self, depot: str) -> None:
        self.place = f"depot {depot}"
        self.found: list[Problem] = []

    def add(self, field: str, what: str, fix: str) -> None:
        self.found.append(Problem(self.place, 0, field, what, fix))

    def each(self, field: str, names: NDArray[np.str_], bad: NDArray[np.bool_], what: str, fix: str) -> None:
        """Add one problem for every entry (or row) that is bad."""
        rows = bad if bad.ndim == 1 else bad.any(axis=1)
        for name in names[rows]:
            self.add(f"{field}, {name}", what, fix)


def check_problem(problem: DepotProblem) -> tuple[Problem, ...]:
    """Return everything that is wrong with a problem; an empty tuple when it can be planned.

    Shapes come first: when an array has the wrong shape, only shapes are reported.
    """
    finder = _Finder(problem.id)
    _check_shapes(finder, problem)
    if not finder.found:
        _check_numbers(finder, problem)
    if not finder.found:
        _check_batteries(finder, problem)
        _check_duties(finder, problem)
        _check_chargers(finder, problem)
        _check_rules(finder, problem)
        _check_site(finder, problem)
        _check_demand(finder, problem)
        _check_wear(finder, problem)
        _check_under_way(finder, problem)
    return tuple(finder.found)


def require_sound(problem: DepotProblem) -> None:
    """Raise `InvalidInput` with everything that is wrong with a problem, or do nothing."""
    found = check_problem(problem)
    if found:
        raise InvalidInput(found)


def _arrays(problem: DepotProblem) -> Iterator[tuple[str, NDArray[Any], tuple[int, ...]]]:
    """Yield every array with its name and the shape it should have."""
    count, steps, classes = problem.bus_count, problem.step_count, len(problem.chargers)
    for column in fields(problem.buses):
        array = getattr(problem.buses, column.name)
        ranks = array.shape[1:] if column.name.startswith("taper") and array.ndim == 2 else ()
        yield f"buses.{column.name}", array, (count, *ranks)
    yield "present", problem.present, (count, steps)
    yield "trip_kwh", problem.trip_kwh, (count, steps)
    yield "need_kwh", problem.need_kwh, (count, steps)
    yield "compatible", problem.compatible, (count, classes)
    yield "rules.plug_allowed", problem.rules.plug_allowed, (steps,)
    for column in fields(problem.prices):
        yield f"prices.{column.name}", getattr(problem.prices, column.name), (steps,)
    for name in ("base_kw", "pv_kw", "import_limit_kw", "export_limit_kw"):
        yield f"site.{name}", getattr(problem.site, name), (steps,)
    if problem.demand is not None:
        yield "demand.interval", problem.demand.interval, (steps,)
    if problem.degradation is not None:
        segments = problem.degradation.depth_kwh.shape[1:]
        for column in fields(problem.degradation):
            ranks = () if column.name.startswith("calendar") else segments
            yield f"degradation.{column.name}", getattr(problem.degradation, column.name), (count, *ranks)
    if problem.under_way is not None:
        for column in fields(problem.under_way):
            yield f"under_way.{column.name}", getattr(problem.under_way, column.name), (count,)


def _check_shapes(finder: _Finder, problem: DepotProblem) -> None:
    if problem.bus_count == 0:
        finder.add("buses", "there is no bus", "give at least one bus")
    if problem.step_count == 0:
        finder.add("step_h", "there is no step", "give at least one step")
    for name, array, shape in _arrays(problem):
        if array.shape != shape:
            fix = f"give an array of shape {shape}"
            if name.startswith("prices") and array.ndim == 1:
                fix = f"give a price for each of the {problem.step_count} steps: the tariff must cover the day"
            finder.add(name, f"shape is {array.shape}", fix)
    if problem.buses.taper_kw.shape != problem.buses.taper_kw_per_kwh.shape or problem.buses.taper_kw.ndim != 2:
        finder.add("buses.taper_kw", "does not match taper_kw_per_kwh", "give both as (bus, segment)")
    if problem.labels and len(problem.labels) != problem.step_count:
        finder.add("labels", f"there are {len(problem.labels)}", f"give one for each of the {problem.step_count} steps")


MAY_BE_INFINITE = ("buses.discharge_limit_kwh", "buses.taper_kw", "site.import_limit_kw", "site.export_limit_kw")
MAY_BE_NEGATIVE = ("site.base_kw", "prices.", "buses.taper_kw", "demand.interval", "under_way.plugged_class")


def _check_numbers(finder: _Finder, problem: DepotProblem) -> None:
    """Find NaN, inf and negative numbers, and steps without length."""
    if not (np.isfinite(problem.step_h) & (problem.step_h > 0)).all():
        finder.add("step_h", "a step has no positive length", "give every step its length in hours")
    for name, array, _ in _arrays(problem):
        if array.dtype.kind not in "fi":
            continue
        if np.isnan(array).any() or (name not in MAY_BE_INFINITE and not np.isfinite(array).all()):
            finder.add(name, "holds NaN or inf", "give a number for every entry")
        elif (array < 0).any() and not name.startswith(MAY_BE_NEGATIVE):
            finder.add(name, f"holds a negative number, {array.min():g}", "give 0 or more")
        elif np.isneginf(array).any():
            finder.add(name, "holds -inf", "give a number for every entry")


def _check_batteries(finder: _Finder, problem: DepotProblem) -> None:
    buses, names = problem.buses, problem.buses.id
    if len(set(names.tolist())) < len(names):
        finder.add("buses.id", "a bus is listed twice", "give every bus its own name")
    size = buses.battery_kwh
    odd = (size < SMALLEST_BATTERY_KWH) | (size > LARGEST_BATTERY_KWH)
    finder.each("buses.battery_kwh", names, odd, "is no size of a bus battery", "give kWh")
    bad = (buses.min_kwh >= buses.max_kwh) | (buses.max_kwh > size * (1 + 1e-9))
    finder.each("buses.max_kwh", names, bad, "the energy window is empty or exceeds the battery", "give kWh, min < max")
    bad = (buses.initial_kwh < buses.min_kwh - 1e-6) | (buses.initial_kwh > buses.max_kwh + 1e-6)
    finder.each("buses.initial_kwh", names, bad, "is outside the energy window", "give kWh between min_kwh and max_kwh")
    bad = buses.terminal_min_kwh > buses.max_kwh + 1e-6
    finder.each("buses.terminal_min_kwh", names, bad, "is more than the window holds", "give at most max_kwh")
    for name in ("charge_efficiency", "discharge_efficiency"):
        value = getattr(buses, name)
        bad = (value <= 0) | (value > 1)
        finder.each(f"buses.{name}", names, bad, "is outside (0, 1]", "give a share, 0.95 for 95 percent")
    for name in ("max_charge_kw", "max_discharge_kw", "standing_loss_kw"):
        bad = getattr(buses, name) > LARGEST_KW
        finder.each(f"buses.{name}", names, bad, f"is above {LARGEST_KW:g} kW", "give kW, not W")
    for energy_kwh in (buses.min_kwh, buses.max_kwh):
        limit_kw = buses.taper_kw + buses.taper_kw_per_kwh * energy_kwh[:, None]
        what = "the charge limit is negative inside the energy window"
        finder.each("buses.taper_kw", names, limit_kw < -1e-9, what, "give lines that end at 0 kW or more")


def _check_duties(finder: _Finder, problem: DepotProblem) -> None:
    buses, names = problem.buses, problem.buses.id
    bad = (problem.trip_kwh > 0) & problem.present
    finder.each("trip_kwh", names, bad, "draws energy while standing in the depot", "mark those steps as away")
    bad = problem.need_kwh > buses.max_kwh[:, None] + 1e-6
    finder.each(
        "need_kwh", names, bad, "is more than the battery may hold", "shorten the duty or give a larger battery"
    )
    bad = problem.need_kwh[:, 0] > buses.initial_kwh + 1e-6
    finder.each("need_kwh", names, bad, "asks for more at the first step than is there", "start the horizon earlier")
    for away in stays(~problem.present):
        energy_kwh = float(problem.trip_kwh[away.bus, away.start : away.stop].sum())
        most_kwh = float(buses.max_kwh[away.bus] - buses.min_kwh[away.bus])
        if energy_kwh > most_kwh + 1e-6:
            what = f"{energy_kwh:.1f} kWh from {problem.step_name(away.start)}, the battery gives {most_kwh:.1f}"
            finder.add(f"trip_kwh, {names[away.bus]}", what, "split the duty or give a larger battery")


def _check_chargers(finder: _Finder, problem: DepotProblem) -> None:
    ids = [outlet.id for outlet in problem.chargers]
    if len(set(ids)) < len(ids):
        finder.add("chargers", "a class is listed twice", "give every class its own name")
    for outlet in problem.chargers:
        _check_outlet(finder, outlet)
    for cabinet in problem.cabinets:
        where = f"cabinets, {cabinet.id}"
        if not all(0 <= c < len(ids) for c in cabinet.classes) or not cabinet.classes:
            finder.add(where, f"classes are {cabinet.classes}", f"give positions of classes, 0 to {len(ids) - 1}")
        if not 0 < cabinet.max_kw < np.inf:
            finder.add(where, f"max_kw is {cabinet.max_kw:g}", "give a positive power in kW")


def _check_outlet(finder: _Finder, outlet: ChargerClass) -> None:
    where = f"chargers, {outlet.id}"
    if outlet.count < 0:
        finder.add(where, f"count is {outlet.count}", "give 0 or more outlets")
    if not 0 < outlet.max_kw <= LARGEST_KW:
        finder.add(where, f"max_kw is {outlet.max_kw:g}", "give a positive power in kW, not W")
    if not 0 <= outlet.min_kw <= outlet.max_kw:
        finder.add(where, f"min_kw is {outlet.min_kw:g}", "give a power between 0 and max_kw")
    if not 0 <= outlet.max_discharge_kw <= LARGEST_KW:
        finder.add(where, f"max_discharge_kw is {outlet.max_discharge_kw:g}", "give 0 or a power in kW, not W")
    if not 0 < outlet.efficiency <= 1:
        finder.add(where, f"efficiency is {outlet.efficiency:g}", "give a share, 0.95 for 95 percent")
    if outlet.max_discharge_kw > 0 and not outlet.can_pause:
        finder.add(where, "feeds back but cannot pause", "set can_pause: between the directions it stands at 0 kW")


def _check_rules(finder: _Finder, problem: DepotProblem) -> None:
    rules = problem.rules
    for name, least in (("min_plug_steps", 1), ("max_sessions_per_stay", 1), ("handover_steps", 0), ("start_krw", 0)):
        value = getattr(rules, name)
        if not least <= value < np.inf:
            finder.add(f"rules.{name}", f"is {value}", f"give {least} or more")


def _check_site(finder: _Finder, problem: DepotProblem) -> None:
    battery = problem.site.battery
    if battery is None:
        return
    if not 0 <= battery.min_kwh < battery.max_kwh < np.inf:
        finder.add("site.battery", "the energy window is empty", "give kWh, min < max")
    if not battery.min_kwh <= battery.initial_kwh <= battery.max_kwh:
        finder.add("site.battery", "initial_kwh is outside the window", "give kWh between min_kwh and max_kwh")
    if not 0 <= battery.terminal_min_kwh <= battery.max_kwh:
        finder.add("site.battery", "terminal_min_kwh is outside the window", "give kWh up to max_kwh")
    for name in ("charge_efficiency", "discharge_efficiency"):
        if not 0 < getattr(battery, name) <= 1:
            finder.add("site.battery", f"{name} is outside (0, 1]", "give a share, 0.95 for 95 percent")
    for name in ("max_charge_kw", "max_discharge_kw", "wear_krw_per_kwh"):
        if not 0 <= getattr(battery, name) < np.inf:
            finder.add("site.battery", f"{name} is {getattr(battery, name)}", "give 0 or more")


def _check_demand(finder: _Finder, problem: DepotProblem) -> None:
    demand = problem.demand
    if demand is None:
        return
    for name in ("price_krw_per_kw", "peak_so_far_kw", "ratchet_kw", "floor_kw"):
        if not 0 <= getattr(demand, name) < np.inf:
            finder.add(f"demand.{name}", f"is {getattr(demand, name)}", "give 0 or more")
    if not 0 < demand.share <= 1:
        finder.add("demand.share", f"is {demand.share:g}", "give the part of the period's charge in (0, 1]")
    largest_kw = float(problem.site.import_limit_kw.max())
    if demand.peak_so_far_kw > largest_kw:
        what = f"{demand.peak_so_far_kw:g} kW is above the connection's {largest_kw:g}"
        finder.add("demand.peak_so_far_kw", what, "give the month's peak in kW, or the right connection")
    counted = demand.interval[demand.interval != NOT_METERED]
    if (counted < 0).any() or (np.diff(counted) < 0).any():
        finder.add("demand.interval", "does not ascend", "number the metering intervals 0, 1, 2, ...")


def _check_wear(finder: _Finder, problem: DepotProblem) -> None:
    wear, names = problem.degradation, problem.buses.id
    if wear is None:
        return
    bad = np.diff(wear.krw_per_kwh, axis=1) < 0
    finder.each("degradation.krw_per_kwh", names, bad, "falls with depth", "give prices that ascend: convex wear")
    window_kwh = problem.buses.max_kwh - problem.buses.min_kwh
    bad = wear.depth_kwh.sum(axis=1) < window_kwh - 1e-6
    finder.each("degradation.depth_kwh", names, bad, "does not cover the window", "add a last, deep segment")


def _check_under_way(finder: _Finder, problem: DepotProblem) -> None:
    state, names = problem.under_way, problem.buses.id
    if state is None:
        return
    plugged = state.plugged_class != NOT_PLUGGED
    classes = len(problem.chargers)
    bad = (state.plugged_class < NOT_PLUGGED) | (state.plugged_class >= classes)
    finder.each("under_way.plugged_class", names, bad, "is no charger class", f"give -1 to {classes - 1}")
    if bad.any():
        return
    bad = plugged & ~problem.compatible[np.arange(len(names)), state.plugged_class]
    finder.each("under_way.plugged_class", names, bad, "does not fit the bus", "correct the class or `compatible`")
    bad = plugged & ((state.steps_plugged < 1) | (state.sessions_used < 1))
    finder.each("under_way.steps_plugged", names, bad, "is plugged since 0 steps", "count the session under way")
    bad = plugged & ~problem.present[:, 0] & (state.steps_plugged < problem.rules.min_plug_steps)
    finder.each("under_way.steps_plugged", names, bad, "leaves before its session may end", "correct the departure")
    for c, outlet in enumerate(problem.chargers):
        used = int((state.plugged_class == c).sum())
        if used > outlet.count:
            what = f"{used} buses are plugged to {outlet.id}"
            finder.add("under_way.plugged_class", what, f"there are {outlet.count} outlets")
