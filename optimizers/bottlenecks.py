"""Why a day cannot work, found by counting, before any solver runs.

For every window between an arrival and a departure: what must be charged inside it, against what the outlets and the
connection can give inside it. Every figure is a bound in favour of the depot (buses charge alone at full power before
the window, taper, sessions and minimum powers are left out), so that a bottleneck found here is a proof; none found
proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from optimizers.energy_need import must_charge_kwh, needed_kwh, reach_kwh_of
from optimizers.problem import DepotProblem, Flags, Floats, Ints, charge_limit_kw, discharge_limit_kw, stays

TOLERANCE_KWH = 1e-6


class Scarce(Enum):
    """What there is too little of."""

    TIME = "time at the depot"
    OUTLETS = "outlets"
    CONNECTION = "grid connection"


@dataclass(frozen=True)
class Bottleneck:
    """Steps ``start <= t < stop`` in which `buses` need more than there is; energies at the inlets."""

    scarce: Scarce
    start: int
    stop: int
    buses: tuple[int, ...]
    needed_kwh: float
    available_kwh: float
    sentence: str

    @property
    def short_kwh(self) -> float:
        """How much is missing."""
        return self.needed_kwh - self.available_kwh


def bottlenecks(problem: DepotProblem) -> tuple[Bottleneck, ...]:
    """Return the worst bottleneck of each kind (for time: of each bus); empty when counting finds none."""
    reach_kwh = reach_kwh_of(problem, charge_limit_kw(problem).max(axis=1))
    alone = [*_too_little_time(problem, reach_kwh), *_base_load_too_high(problem)]
    if alone:
        return tuple(alone)
    starts = sorted({0, *(stay.start for stay in stays(problem.present))})
    stops = np.array(sorted({problem.step_count, *(stay.stop for stay in stays(problem.present))}))
    found = []
    for start in starts:
        after = stops[stops > start]
        inlet_kwh = must_charge_kwh(problem, start, reach_kwh)[:, after] / problem.buses.charge_efficiency[:, None]
        found += [_outlets_short(problem, start, after, inlet_kwh, group) for group in _groups(problem)]
        found.append(_connection_short(problem, start, after, inlet_kwh))
    return _worst_of_each_kind([bottleneck for bottleneck in found if bottleneck is not None])


def _worst_of_each_kind(found: list[Bottleneck]) -> tuple[Bottleneck, ...]:
    worst = [max((b for b in found if b.scarce is kind), key=lambda b: b.short_kwh, default=None) for kind in Scarce]
    return tuple(bottleneck for bottleneck in worst if bottleneck is not None)


def _too_little_time(problem: DepotProblem, reach_kwh: Floats) -> list[Bottleneck]:
    """Find buses that cannot make it even with an outlet of their own at all times."""
    short = needed_kwh(problem) - reach_kwh
    found = []
    for bus in np.flatnonzero((short > TOLERANCE_KWH).any(axis=1)):
        step = int(np.argmax(short[bus] > TOLERANCE_KWH))
        missing, name = float(short[bus].max()), problem.buses.id[bus]
        before = [stay.start for stay in stays(problem.present) if stay.bus == bus and stay.start < step]
        start = before[-1] if before else 0
        floor_kwh = float(needed_kwh(problem)[bus, step])
        sentence = (
            f"bus {name} needs {floor_kwh:.1f} kWh at {_name(problem, step)} and reaches "
            f"{reach_kwh[bus, step]:.1f} at most, charging alone at full power: {missing:.1f} kWh short over the day"
        )
        found.append(Bottleneck(Scarce.TIME, start, step, (int(bus),), floor_kwh, floor_kwh - missing, sentence))
    return found


def _base_load_too_high(problem: DepotProblem) -> list[Bottleneck]:
    """Find steps in which the site's own load alone exceeds its connection and nothing can help."""
    site = problem.site
    if site.battery is not None or _feeds_back(problem):
        return []
    over_kw = site.base_kw - site.pv_kw - site.import_limit_kw
    if over_kw.max() <= TOLERANCE_KWH:
        return []
    step = int(np.argmax(over_kw))
    hours = float(problem.step_h[step])
    needed, available = float(site.base_kw[step] * hours), float((site.base_kw - over_kw)[step] * hours)
    sentence = f"at {_name(problem, step)} the site's own load is {over_kw[step]:.1f} kW above its connection and PV"
    return [Bottleneck(Scarce.CONNECTION, step, step + 1, (), needed, available, sentence)]


def _feeds_back(problem: DepotProblem) -> bool:
    return bool((discharge_limit_kw(problem) > 0).any())


def _groups(problem: DepotProblem) -> list[Flags]:
    """Return the (C,) sets of classes to count for: all, and those that some bus is confined to."""
    rows = np.unique(problem.compatible, axis=0)
    return [np.ones(len(problem.chargers), dtype=bool), *(row for row in rows if row.any() and not row.all())]


def _outlets_short(
    problem: DepotProblem, start: int, stops: Ints, inlet_kwh: Floats, group: Flags
) -> Bottleneck | None:
    """Hold the outlet hours of buses that can use no other classes against those of the group, up to (S,) `stops`."""
    confined = ~(problem.compatible & ~group).any(axis=1)
    power_kw = np.maximum(charge_limit_kw(problem).max(axis=1), 1e-9)
    outlets = [outlet for outlet, inside in zip(problem.chargers, group, strict=True) if inside]
    count = sum(outlet.count for outlet in outlets)
    needed_h = (confined / power_kw) @ inlet_kwh
    hours = _hours_until(problem, start, stops)
    worst = int(np.argmax(needed_h - count * hours))
    missing_h = float(needed_h[worst] - count * hours[worst])
    if missing_h <= 1e-9:
        return None
    speed_kw = float(inlet_kwh[confined, worst].sum() / needed_h[worst])
    stop, buses = int(stops[worst]), np.flatnonzero(confined & (inlet_kwh[:, worst] > TOLERANCE_KWH))
    available_h = count * float(hours[worst])
    who_needs = f"{len(buses)} buses need" if len(buses) != 1 else "1 bus needs"
    sentence = (
        f"between {_name(problem, start)} and {_name(problem, stop)} {who_needs} {needed_h[worst]:.1f} "
        f"outlet hours, the {count} outlets of {' and '.join(outlet.id for outlet in outlets)} have {available_h:.1f}: "
        f"{missing_h * speed_kw:.1f} kWh short"
    )
    who = tuple(int(bus) for bus in buses)
    needed_kwh, available_kwh = float(needed_h[worst]) * speed_kw, available_h * speed_kw
    return Bottleneck(Scarce.OUTLETS, start, stop, who, needed_kwh, available_kwh, sentence)


def _connection_short(problem: DepotProblem, start: int, stops: Ints, inlet_kwh: Floats) -> Bottleneck | None:
    """Hold the energy the buses need up to (S,) `stops` against what the connection, PV and the site's battery give."""
    site = problem.site
    if _feeds_back(problem):
        return None  # buses could feed each other: counting proves nothing
    efficiency = max((outlet.efficiency for outlet in problem.chargers), default=1.0)
    free_kw = np.maximum(site.import_limit_kw + site.pv_kw - site.base_kw, 0.0)
    given_kwh = np.cumsum((free_kw * problem.step_h)[start:])[stops - start - 1] * efficiency
    if site.battery is not None:
        given_kwh = given_kwh + (site.battery.max_kwh - site.battery.min_kwh) * efficiency
    needed_kwh = inlet_kwh.sum(axis=0)
    worst = int(np.argmax(needed_kwh - given_kwh))
    needed, given, stop = float(needed_kwh[worst]), float(given_kwh[worst]), int(stops[worst])
    if needed <= given + TOLERANCE_KWH:
        return None
    sentence = (
        f"between {_name(problem, start)} and {_name(problem, stop)} the buses need {needed:.1f} kWh, the connection "
        f"leaves {given:.1f}: {needed - given:.1f} kWh short"
    )
    buses = tuple(int(b) for b in np.flatnonzero(inlet_kwh[:, worst] > TOLERANCE_KWH))
    return Bottleneck(Scarce.CONNECTION, start, stop, buses, needed, given, sentence)


def _hours_until(problem: DepotProblem, start: int, stops: Ints) -> Floats:
    hours: Floats = np.cumsum(problem.step_h[start:])[stops - start - 1]
    return hours


def _name(problem: DepotProblem, step: int) -> str:
    return problem.step_name(step) if step < problem.step_count else "the end"
