"""Every departure of a garage: what the bus needs, what it has, and until when somebody can still help it.

The last moment to act is found by charging the bus alone, at the full power of its best outlet, from ever later starts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from optimizers.plan import DepotPlan
from optimizers.problem import DepotProblem, Stay, charge_limit_kw, stays

SHORT_KWH = 0.05
"""Energy below the need that counts as missing: far above the replay's tolerance, below what a driver sees."""
TIGHT_H = 1.0
"""A bus whose charging can begin no more than this later than planned is at risk."""
ON_KW = 0.01


class DepartureState(StrEnum):
    """How a departure stands."""

    SHORT = "short"
    """The bus leaves with less than it needs."""
    TIGHT = "tight"
    """It leaves charged, but a delay of up to `TIGHT_H` is too much. At the end of the day nobody leaves."""
    SAFE = "safe"


@dataclass(frozen=True)
class Departure:
    """One departure, or the end of the day for a bus that stays; steps count from the start of the planning day.

    Attributes
    ----------
    bus
        Name of the bus.
    arrive, leave
        Steps of the stay: it stands in the garage in ``arrive <= t < leave``.
    energy_kwh, need_kwh, battery_kwh
        What it has on leaving, what it needs then, and the size of its battery.
    begin
        Step in which charging begins in this stay, or None when it does not charge.
    act_by
        Last step in which charging may begin, at full power and without waiting for an outlet; None when the bus needs
        no charging in this stay, or not even charging from its arrival on is enough.
    slack_h
        Hours between `begin` and `act_by`, 0 when it is too late from the start; None when it needs no charging.
    state
        Verdict.
    """

    bus: str
    arrive: int
    leave: int
    energy_kwh: float
    need_kwh: float
    battery_kwh: float
    begin: int | None
    act_by: int | None
    slack_h: float | None
    state: DepartureState

    @property
    def short_kwh(self) -> float:
        """Energy that is missing."""
        return max(self.need_kwh - self.energy_kwh, 0.0)

    @property
    def soc(self) -> float:
        """State of charge on leaving."""
        return self.energy_kwh / self.battery_kwh

    @property
    def need_soc(self) -> float:
        """State of charge that is needed on leaving."""
        return self.need_kwh / self.battery_kwh


def departures(problem: DepotProblem, plan: DepotPlan, buses: Collection[int] | None = None) -> tuple[Departure, ...]:
    """Return every departure of a plan (of some buses), the most urgent first: by energy short, slack, then time."""
    power_kw = charge_limit_kw(problem).max(axis=1, initial=0.0)
    wanted = [stay for stay in stays(problem.present) if buses is None or stay.bus in buses]
    found = [_departure(problem, plan, stay, float(power_kw[stay.bus])) for stay in wanted]
    return tuple(sorted(found, key=urgency))


def urgency(departure: Departure) -> tuple[float, float, int, str]:
    """Return the sorting key of a departure, most urgent first."""
    short = departure.short_kwh if departure.state is DepartureState.SHORT else 0.0
    slack_h = np.inf if departure.slack_h is None else departure.slack_h
    return (-short, slack_h, departure.leave, departure.bus)


def count_of(found: Sequence[Departure], state: DepartureState) -> int:
    """Return how many departures are in a state."""
    return sum(departure.state is state for departure in found)


def _departure(problem: DepotProblem, plan: DepotPlan, stay: Stay, power_kw: float) -> Departure:
    b, buses = stay.bus, problem.buses
    last = stay.stop == problem.step_count
    need = float(buses.terminal_min_kwh[b] if last else problem.need_kwh[b, stay.stop])
    need = max(need, float(buses.min_kwh[b]))
    has = float(plan.energy_kwh[b, stay.stop])
    charging = np.flatnonzero(plan.charge_kw[b, stay.start : stay.stop] > ON_KW)
    begin = stay.start + int(charging[0]) if len(charging) else None
    act_by = _latest_start(problem, stay, float(plan.energy_kwh[b, stay.start]), need, power_kw)
    enough = act_by == stay.stop
    slack_h = None if enough else _hours_between(problem, begin, act_by)
    state = DepartureState.SAFE
    if slack_h is not None and slack_h <= TIGHT_H and not last:
        state = DepartureState.TIGHT
    if has < need - SHORT_KWH:
        state = DepartureState.SHORT
    return Departure(
        bus=str(buses.id[b]),
        arrive=stay.start,
        leave=stay.stop,
        energy_kwh=has,
        need_kwh=need,
        battery_kwh=float(buses.battery_kwh[b]),
        begin=begin,
        act_by=None if enough else act_by,
        slack_h=slack_h,
        state=state,
    )


def _hours_between(problem: DepotProblem, begin: int | None, act_by: int | None) -> float:
    if begin is None or act_by is None:
        return 0.0
    return float(problem.step_h[begin:act_by].sum())


def _latest_start(problem: DepotProblem, stay: Stay, has_kwh: float, need_kwh: float, power_kw: float) -> int | None:
    """Return the last step from which charging at full power meets the need; `stay.stop` when none is needed."""
    if _charged_from(problem, stay, stay.stop, has_kwh, power_kw) >= need_kwh - SHORT_KWH:
        return stay.stop
    low, high = stay.start, stay.stop  # `high` is too late
    if _charged_from(problem, stay, low, has_kwh, power_kw) < need_kwh - SHORT_KWH:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        enough = _charged_from(problem, stay, middle, has_kwh, power_kw) >= need_kwh - SHORT_KWH
        low, high = (middle, high) if enough else (low, middle)
    return low


def _charged_from(problem: DepotProblem, stay: Stay, start: int, energy_kwh: float, power_kw: float) -> float:
    """Return the energy at the end of a stay when a bus charges at full power from a step on."""
    b, buses = stay.bus, problem.buses
    for t in range(stay.start, stay.stop):
        hours = float(problem.step_h[t])
        energy_kwh -= hours * float(buses.standing_loss_kw[b])
        if t < start:
            continue
        taper = buses.taper_kw[b] + buses.taper_kw_per_kwh[b] * energy_kwh
        power = max(min(power_kw, float(taper.min(initial=np.inf))), 0.0)
        energy_kwh = min(energy_kwh + hours * power * float(buses.charge_efficiency[b]), float(buses.max_kwh[b]))
    return energy_kwh
