"""A depot's yard run by a simple rule, step by step, without looking at prices: who is plugged, and at what power.

The heuristics of `optimizers.baselines` differ only in their `YardRule`. The yard keeps every hard rule it can see at
the step (outlets, handover, staff, session rules, power ranges, taper, cabinets, connection); whether the day as a
whole works is for the replay to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from optimizers.depot_cost import Schedule, charging_at_bus_bar_kw, plugged_before, pv_worth_using_kw
from optimizers.problem import (
    NOT_PLUGGED,
    DepotProblem,
    Flags,
    Floats,
    Ints,
    LaneRule,
    charge_limit_kw,
)

EPS_KW = 1e-9


class Priority(Enum):
    """Who comes first when outlets or power are short."""

    ARRIVAL = "arrival"
    LAXITY = "laxity"


@dataclass(frozen=True, eq=False)
class YardRule:
    """How a yard is run.

    Attributes
    ----------
    priority
        Who comes first.
    open_steps
        (T,) steps in which a bus may charge that could also wait.
    cap_kw
        (T,) import the site stays below as long as every bus can wait; urgent buses go up to the connection's limit.
    preempt
        Whether a bus that can wait gives its outlet to one that cannot.
    """

    priority: Priority
    open_steps: Flags
    cap_kw: Floats
    preempt: bool


def least_energy_kwh(problem: DepotProblem) -> Floats:
    """Return the (B, T+1) energy below which a bus must charge at full power at once, if an outlet is always free.

    A waiting bus keeps its energy, so its own window counts only when it comes back from a duty.
    """
    back = np.zeros((problem.bus_count, problem.step_count), dtype=bool)
    back[:, 1:] = ~problem.present[:, :-1]
    floor_kwh = np.where(back, problem.buses.min_kwh[:, None], -np.inf)
    needed_kwh = np.where(problem.need_kwh > 0, problem.need_kwh, -np.inf)
    return _needed_backwards_kwh(problem, charge_limit_kw(problem).max(axis=1), np.maximum(floor_kwh, needed_kwh))


def day_energy_kwh(problem: DepotProblem) -> Floats:
    """Return the (B, T+1) energy with which the rest of the day works without charging, at most `max_kwh`."""
    floor_kwh = np.maximum(problem.need_kwh, problem.buses.min_kwh[:, None])
    without = _needed_backwards_kwh(problem, np.zeros(problem.bus_count), floor_kwh)
    return np.minimum(without, problem.buses.max_kwh[:, None])


def _needed_backwards_kwh(problem: DepotProblem, power_kw: Floats, floor_kwh: Floats) -> Floats:
    buses = problem.buses
    needed = np.empty((problem.bus_count, problem.step_count + 1))
    needed[:, -1] = np.maximum(buses.terminal_min_kwh, buses.min_kwh)
    for t in range(problem.step_count - 1, -1, -1):
        net_kw = power_kw * buses.charge_efficiency - buses.standing_loss_kw
        gained_kwh = np.where(problem.present[:, t], problem.step_h[t] * net_kw, 0.0)
        needed[:, t] = np.maximum(floor_kwh[:, t], needed[:, t + 1] + problem.trip_kwh[:, t] - gained_kwh)
    return needed


class Yard:
    """The state of a yard while a day is played through it. Use `run_yard`."""

    def __init__(self, problem: DepotProblem, rule: YardRule) -> None:
        self.problem, self.rule = problem, rule
        self.limit_kw = charge_limit_kw(problem)
        self.least_kwh, self.day_kwh = least_energy_kwh(problem), day_energy_kwh(problem)
        self.energy_kwh = problem.buses.initial_kwh.copy()
        self.plugged = plugged_before(problem).copy()
        count = problem.bus_count
        under_way = problem.under_way
        self.session_steps = under_way.steps_plugged.copy() if under_way else np.zeros(count, dtype=np.int64)
        self.sessions = under_way.sessions_used.copy() if under_way else np.zeros(count, dtype=np.int64)
        self.arrival = np.full(count, -1)
        self.departure = _next_absence(problem.present)
        self.free_from: list[list[int]] = [[] for _ in problem.chargers]

    def laxity_h(self, t: int) -> Floats:
        """Return (B,) how long each bus can still wait for an outlet at full power."""
        speed_kw = self.limit_kw.max(axis=1) * self.problem.buses.charge_efficiency
        laxity: Floats = (self.energy_kwh - self.least_kwh[:, t]) / np.maximum(speed_kw, EPS_KW)
        return laxity

    def urgent(self, t: int) -> Flags:
        """Return (B,) which buses cannot wait another step and a handover."""
        urgent: Flags = self.laxity_h(t) < (1 + self.problem.rules.handover_steps) * self.problem.step_h[t] + 1e-9
        return urgent

    def order(self, t: int) -> list[int]:
        """Return the buses, first come first, by the yard's rule."""
        key = self.arrival if self.rule.priority is Priority.ARRIVAL else self.laxity_h(t)
        return [int(b) for b in np.argsort(key, kind="stable")]

    def may_charge(self, t: int) -> Flags:
        """Return (B,) which buses want energy now: the day needs it, and they cannot or need not wait."""
        hungry = self.energy_kwh < self.day_kwh[:, t + 1] + self.drain_kwh(t) - 1e-6
        wants: Flags = self.problem.present[:, t] & hungry & (self.urgent(t) | self.rule.open_steps[t])
        return wants

    def drain_kwh(self, t: int) -> Floats:
        """Return the (B,) standing loss of the step."""
        return np.where(self.problem.present[:, t], self.problem.buses.standing_loss_kw * self.problem.step_h[t], 0.0)

    def unplug(self, b: int, t: int) -> None:
        """End a session; its outlet is free again after the handover."""
        self.free_from[self.plugged[b]].append(t + self.problem.rules.handover_steps)
        self.plugged[b] = NOT_PLUGGED

    def release(self, t: int, wants: Flags) -> None:
        """Unplug buses that leave, and those that are done and may go."""
        for b in map(int, np.flatnonzero(self.plugged != NOT_PLUGGED)):
            outlet = self.problem.chargers[self.plugged[b]]
            stuck = outlet.lane is not LaneRule.FREE or self.session_steps[b] < self.problem.rules.min_plug_steps
            no_room = not outlet.can_pause and not self.has_room(b, outlet.min_kw, t)
            if not self.problem.present[b, t] or (not stuck and (no_room or not wants[b])):
                self.unplug(b, t)

    def has_room(self, b: int, power_kw: float, t: int) -> bool:
        """Return whether a step at this power fits below the bus's window."""
        gained = power_kw * self.problem.buses.charge_efficiency[b] * self.problem.step_h[t]
        return bool(self.energy_kwh[b] + gained - self.drain_kwh(t)[b] <= self.problem.buses.max_kwh[b] + 1e-9)

    def plug(self, t: int, wants: Flags) -> None:
        """Give free outlets to waiting buses, and outlets of buses that can wait to buses that cannot."""
        if not self.problem.rules.plug_allowed[t]:
            return
        urgent = self.urgent(t)
        for b in self.order(t):
            if not wants[b] or self.plugged[b] != NOT_PLUGGED or not self.may_start(b, t):
                continue
            c = self.best_free_class(b, t)
            if c == NOT_PLUGGED and self.rule.preempt and urgent[b]:
                self.preempt_for(b, t)
                c = self.best_free_class(b, t)
            if c != NOT_PLUGGED:
                self.plugged[b], self.session_steps[b] = c, 0
                self.sessions[b] += 1

    def may_start(self, b: int, t: int) -> bool:
        """Return whether the session rules let the bus start a session now."""
        rules = self.problem.rules
        if self.sessions[b] >= rules.max_sessions_per_stay:
            return False
        left = self.departure[b, t] - t
        return bool(left >= rules.min_plug_steps or self.departure[b, t] == self.problem.step_count)

    def best_free_class(self, b: int, t: int) -> int:
        """Return the free charger class that loads the bus fastest, or `NOT_PLUGGED`."""
        best, best_kw = NOT_PLUGGED, 0.0
        for c, outlet in enumerate(self.problem.chargers):
            if self.limit_kw[b, c] <= best_kw or self.limit_kw[b, c] < outlet.min_kw:
                continue
            closed = sum(until > t for until in self.free_from[c])
            if int((self.plugged == c).sum()) + closed >= outlet.count or not self.lane_open(b, c, t):
                continue
            steps = self.problem.rules.min_plug_steps
            if outlet.can_pause or self.has_room(b, outlet.min_kw * steps, t):
                best, best_kw = c, float(self.limit_kw[b, c])
        return best

    def lane_open(self, b: int, c: int, t: int) -> bool:
        """Return whether the bus can join a lane without ever being in the way: all stay until they depart."""
        lane = self.problem.chargers[c].lane
        others = self.departure[self.plugged == c, t]
        if lane is LaneRule.FREE or not len(others):
            return True
        own = self.departure[b, t]
        return bool(own >= others.max() if lane is LaneRule.FIRST_IN_FIRST_OUT else own <= others.min())

    def preempt_for(self, b: int, t: int) -> None:
        """Unplug the bus that can wait longest, if the session rules let it go and come back."""
        laxity, rules = self.laxity_h(t), self.problem.rules
        for other in np.argsort(-laxity, kind="stable"):
            c = self.plugged[other]
            if laxity[other] <= 4 * self.problem.step_h[t]:
                return
            if c == NOT_PLUGGED or self.limit_kw[b, c] <= 0 or self.problem.chargers[c].lane is not LaneRule.FREE:
                continue
            enough = self.session_steps[other] >= rules.min_plug_steps
            if enough and self.sessions[other] < rules.max_sessions_per_stay:
                self.unplug(int(other), t)
                return

    def load(self, t: int, wants: Flags) -> Floats:
        """Return the (B,) power: first what cannot pause gets its minimum, then first come first."""
        power = np.zeros(self.problem.bus_count)
        urgent, limit_kw = self.urgent(t), float(self.problem.site.import_limit_kw[t])
        plugged = [(b, self.problem.chargers[self.plugged[b]]) for b in self.order(t) if self.plugged[b] != NOT_PLUGGED]
        for b, outlet in plugged:
            if not outlet.can_pause:
                wish_kw = min(outlet.min_kw, self.room_kw(b, limit_kw, power, t))
                power[b] = wish_kw if wish_kw >= outlet.min_kw else 0.0
        for b, outlet in plugged:
            if wants[b]:
                wish_kw = min(self.wish_kw(b, t), self.room_kw(b, limit_kw if urgent[b] else self.cap(t), power, t))
                power[b] = max(wish_kw, power[b]) if wish_kw >= outlet.min_kw else power[b]
        return power

    def room_kw(self, b: int, ceiling_kw: float, power_kw: Floats, t: int) -> float:
        """Return what the site under a ceiling and the cabinets leave a bus, beside the (B,) power of the others."""
        c = int(self.plugged[b])
        others = [o for o in np.flatnonzero(power_kw) if o != b]
        used_kw = float(self.problem.site.base_kw[t] - self.problem.site.pv_kw[t])
        used_kw += sum(float(power_kw[o]) / self.problem.chargers[self.plugged[o]].efficiency for o in others)
        rooms = [(ceiling_kw - used_kw) * self.problem.chargers[c].efficiency]
        rooms += [
            cabinet.max_kw - sum(float(power_kw[o]) for o in others if self.plugged[o] in cabinet.classes)
            for cabinet in self.problem.cabinets
            if c in cabinet.classes
        ]
        return float(max(min(rooms), 0.0))

    def cap(self, t: int) -> float:
        """Return the import that buses which can wait stay below."""
        return float(min(self.rule.cap_kw[t], self.problem.site.import_limit_kw[t]))

    def wish_kw(self, b: int, t: int) -> float:
        """Return the power that brings the bus to what its day needs, within outlet, taper and window.

        Less than the outlet's minimum is lifted to it where the window has room.
        """
        buses, c = self.problem.buses, int(self.plugged[b])
        speed = float(buses.charge_efficiency[b] * self.problem.step_h[t])
        missing_kwh = float(self.day_kwh[b, t + 1] + self.drain_kwh(t)[b] - self.energy_kwh[b])
        taper_kw = buses.taper_kw[b] + buses.taper_kw_per_kwh[b] * self.energy_kwh[b]
        least_kw = self.problem.chargers[c].min_kw
        lifted_kw = max(missing_kwh / speed, least_kw if self.has_room(b, least_kw, t) else 0.0)
        return float(max(min([lifted_kw, self.limit_kw[b, c], *taper_kw]), 0.0))

    def advance(self, t: int, power_kw: Floats) -> None:
        """Move the stored energies to the end of the step."""
        gained = power_kw * self.problem.buses.charge_efficiency * self.problem.step_h[t]
        self.energy_kwh = self.energy_kwh + gained - self.drain_kwh(t) - self.problem.trip_kwh[:, t]
        self.session_steps = np.where(self.plugged != NOT_PLUGGED, self.session_steps + 1, 0)


def run_yard(problem: DepotProblem, rule: YardRule) -> Schedule:
    """Play the day through a yard and return what was plugged and charged."""
    yard = Yard(problem, rule)
    charge_kw = np.zeros((problem.bus_count, problem.step_count))
    plugged = np.full((problem.bus_count, problem.step_count), NOT_PLUGGED)
    for t in range(problem.step_count):
        came = problem.present[:, t] & (~problem.present[:, t - 1] if t else True)
        yard.arrival = np.where(came, t, yard.arrival)
        yard.sessions = np.where(came & (t > 0), 0, yard.sessions)
        wants = yard.may_charge(t)
        yard.release(t, wants)
        yard.plug(t, wants)
        charge_kw[:, t] = yard.load(t, wants)
        plugged[:, t] = yard.plugged
        yard.advance(t, charge_kw[:, t])
    load_kw = problem.site.base_kw + charging_at_bus_bar_kw(problem, charge_kw, plugged)
    return Schedule(
        charge_kw, np.zeros_like(charge_kw), plugged, pv_worth_using_kw(problem, load_kw), np.zeros(problem.step_count)
    )


def _next_absence(present: Flags) -> Ints:
    """Return the (B, T) first later step in which each bus is away, T when there is none."""
    count, steps = present.shape
    following = np.full((count, steps), steps)
    until = np.full(count, steps)
    for t in range(steps - 1, -1, -1):
        until = np.where(present[:, t], until, t)
        following[:, t] = until
    return following
