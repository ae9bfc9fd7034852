"""Loads of a what-if: what additions and moved garages draw at every bus, beside what is drawn there already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import ProblemList
from grid.synthesis_grid import SyntheticGrid
from grid.synthesis_tables import BusKind
from twin.summary_grid_types import Levers
from twin.whatif_battery import peak_shaving_kw
from twin.whatif_change import Addition, Change, Hours, PlaceKind, Resource

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HOURS_LOCAL: Mapping[Hours, tuple[float, float]] = {
    Hours.ALL_DAY: (0.0, 24.0),
    Hours.EVENING: (18.0, 23.0),
    Hours.NIGHT: (23.0, 6.0),
    Hours.DAYTIME: (9.0, 18.0),
}
"""From when to when added chargers draw their full power, by local time; a span may cross midnight."""


@dataclass(frozen=True, eq=False)
class Loads:
    """(T, N) load at every bus of a grid, consumption positive.

    `own_kw`, `own_kvar` are the part of it behind connections of their own at medium voltage, which does not pass
    through the MV/LV transformer that stands at the bus.
    """

    kw: Floats
    kvar: Floats
    own_kw: Floats
    own_kvar: Floats

    @staticmethod
    def of(kw: Floats, kvar: Floats) -> Loads:
        """Return loads that all pass through the transformer of their bus."""
        return Loads(kw, kvar, np.zeros_like(kw), np.zeros_like(kvar))

    @property
    def transformer_kva(self) -> Floats:
        """(T, N) apparent power through the MV/LV transformer of each bus."""
        return np.asarray(np.hypot(self.kw - self.own_kw, self.kvar - self.own_kvar))

    def copy(self) -> Loads:
        """Return loads that can be changed."""
        return Loads(self.kw.copy(), self.kvar.copy(), self.own_kw.copy(), self.own_kvar.copy())

    def add(self, at: Ints, kw: Floats, kvar: Floats, *, own: bool) -> None:
        """Add (T, len(at)) power at some buses."""
        self.kw[:, at] += kw
        self.kvar[:, at] += kvar
        if own:
            self.own_kw[:, at] += kw
            self.own_kvar[:, at] += kvar


@dataclass(frozen=True, eq=False)
class DayClock:
    """Steps of a day: local hour at which each begins (T,), and their length."""

    hour: Floats
    step_h: float


def clock_of(labels: tuple[str, ...], step_h: float) -> DayClock:
    """Return the clock of steps labelled "04:15" by their local start."""
    return DayClock(np.array([int(text[:2]) + int(text[3:]) / 60.0 for text in labels]), step_h)


def charging_share(hours: Hours, levers: Levers, clock: DayClock) -> Floats:
    """Return the (T,) power of added chargers as a share of their highest."""
    if hours is Hours.LIKE_VEHICLES:
        return levers.chargers_pu
    first, last = HOURS_LOCAL[hours]
    inside = (
        (clock.hour >= first) & (clock.hour < last) if first < last else (clock.hour >= first) | (clock.hour < last)
    )
    return inside.astype(np.float64)


def shares_at(grid: SyntheticGrid, addition: Addition) -> tuple[Ints, Floats]:
    """Return the buses at which something is added, and the share of its power at each (they sum to 1).

    Over a feeder or a district it is spread over the MV/LV transformers by their rating. Without any such bus both are
    empty.
    """
    if addition.place is PlaceKind.BUS:
        at = np.flatnonzero(grid.network.buses.id == addition.id)
        return at, np.ones(len(at))
    loads = (grid.buses.kind == BusKind.LOAD) & (grid.buses.rating_kva > 0)
    if addition.place is PlaceKind.DISTRICT:
        at = np.flatnonzero(loads & (grid.buses.district == addition.id))
    else:
        feeder = np.flatnonzero(grid.feeders.id == addition.id)
        at = np.flatnonzero(loads & np.isin(grid.buses.feeder, feeder))
        if len(feeder) and not len(at):
            at = np.flatnonzero(np.isin(grid.buses.feeder, feeder))[-1:]
    weight = np.maximum(grid.buses.rating_kva[at], 1e-9)
    return at, weight / weight.sum()


def added_loads(
    grid: SyntheticGrid,
    base: Loads,
    change: Change,
    garage_kw: Mapping[str, Floats],
    levers: Levers,
    clock: DayClock,
) -> Loads:
    """Return the loads after a change.

    Parameters
    ----------
    grid, base
        Network and what is drawn before.
    change
        Additions and moved garages; switches are not looked at.
    garage_kw
        (T,) power of every garage that is moved.
    levers, clock
        What the run says about charging and sun, and the steps of the day.

    Raises
    ------
    InvalidInput
        With every id that the grid does not have.
    """
    _check_ids(grid, change, garage_kw, levers)
    loads = base.copy()
    reactive = float(np.sqrt(1.0 / levers.power_factor**2 - 1.0))
    for move in change.garages:
        old = str(levers.bus[levers.garage == move.garage][0])
        power = garage_kw[move.garage][:, np.newaxis]
        loads.add(np.flatnonzero(grid.network.buses.id == old), -power, -power * reactive, own=False)
        loads.add(np.flatnonzero(grid.network.buses.id == move.bus), power, power * reactive, own=True)
    for addition in change.additions:
        at, share = shares_at(grid, addition)
        drawn, kvar = addition.power_kw * charging_share(addition.hours, levers, clock), 0.0
        if addition.resource is Resource.CHARGERS:
            kvar = reactive
        elif addition.resource is Resource.SOLAR:
            drawn = -addition.power_kw * levers.solar_pu
        else:
            drawn = _battery_kw(grid, loads.kw, at, addition, levers, clock)
        power = np.outer(drawn, share)
        loads.add(at, power, power * kvar, own=addition.own_connection)
    return loads


def _battery_kw(
    grid: SyntheticGrid, kw: Floats, at: Ints, addition: Addition, levers: Levers, clock: DayClock
) -> Floats:
    """Shave the peak of the feeders it stands at (of all that is there before it, in the order of the change)."""
    beside = np.isin(grid.buses.feeder, np.unique(grid.buses.feeder[at]))
    if addition.power_kw == 0.0 or addition.energy_kwh == 0.0:
        return np.zeros(len(kw))
    base = kw[:, beside].sum(axis=1)
    return peak_shaving_kw(base, addition.power_kw, addition.energy_kwh, levers.battery_efficiency, clock.step_h)


def _check_ids(grid: SyntheticGrid, change: Change, garage_kw: Mapping[str, Floats], levers: Levers) -> None:
    problems, buses, lines = ProblemList(), grid.network.buses.id, grid.network.lines.id
    for number, addition in enumerate(change.additions, 1):
        if not len(shares_at(grid, addition)[0]):
            what = f"the run has no {addition.place} '{addition.id[:40]}'"
            problems.add("additions", what, "choose one of its grid", row=number, field="id")
    for number, switch in enumerate(change.switches, 1):
        if not (lines == switch.line).any():
            what = f"the run has no line '{switch.line[:40]}'"
            problems.add("switches", what, "choose a line or tie of its grid", row=number, field="line")
    for number, move in enumerate(change.garages, 1):
        if move.garage not in garage_kw or not (levers.garage == move.garage).any():
            what = f"the run plans no garage '{move.garage[:40]}'"
            problems.add("garages", what, "choose one of its garages", row=number, field="garage")
        if not (buses == move.bus).any():
            what = f"the run has no bus '{move.bus[:40]}'"
            problems.add("garages", what, "choose one of its buses", row=number, field="bus")
    problems.raise_if_any()
