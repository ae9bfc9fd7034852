"""Sessions of a garage's plan as a person reads them: which outlet and bus, when, how much, for which departure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dash_app.words import Words
from optimizers.colouring import OutletSession, outlet_sessions
from optimizers.plan import DepotPlan
from optimizers.problem import DepotProblem, charge_limit_kw
from twin.depot_departures import Departure, DepartureState

MARK = "@"
"""Stands between bus and step in the name of a session."""


@dataclass(frozen=True)
class SessionFacts:
    """One session.

    Attributes
    ----------
    bus, charger
        Names of bus and charger class.
    outlet
        Number of the outlet, from 1; above the class's count when more buses are plugged than there are outlets.
    start, stop
        Steps: plugged in ``start <= t < stop``.
    begin, end
        First step with power and the one after the last; both `start` when there is none.
    energy_kwh, most_kw, power_share
        Energy at the inlet, highest power, and mean power while charging over what bus and outlet can.
    soc_before, soc_after
        State of charge at both ends.
    leaves
        The departure after it.
    free
        Whether an outlet is free for it.
    """

    bus: str
    charger: str
    outlet: int
    start: int
    stop: int
    begin: int
    end: int
    energy_kwh: float
    most_kw: float
    power_share: float
    soc_before: float
    soc_after: float
    leaves: Departure | None
    free: bool

    @property
    def name(self) -> str:
        """Name of the session in addresses: bus and first step."""
        return f"{self.bus}{MARK}{self.start}"

    @property
    def at_risk(self) -> bool:
        """Whether the departure after it is short or tight."""
        return self.leaves is not None and self.leaves.state is not DepartureState.SAFE


def sessions_of_plan(problem: DepotProblem, plan: DepotPlan, found: Sequence[Departure]) -> tuple[SessionFacts, ...]:
    """Return every session of a plan, by charger class, outlet and time; outlets that are not there come last."""
    counts = [charger.count for charger in problem.chargers]
    by_bus: dict[str, list[Departure]] = {}
    for departure in sorted(found, key=lambda departure: departure.leave):
        by_bus.setdefault(departure.bus, []).append(departure)
    coloured = sorted(_coloured(problem, plan), key=lambda s: (s.charger_class, s.outlet, s.start))
    limits_kw = charge_limit_kw(problem)
    facts = []
    for session in coloured:
        name = str(problem.buses.id[session.bus])
        leaves = next((d for d in by_bus.get(name, []) if d.arrive < session.stop <= d.leave), None)
        free = session.outlet < counts[session.charger_class]
        limit_kw = float(limits_kw[session.bus, session.charger_class])
        facts.append(_facts(problem, plan, session, leaves, limit_kw, free=free))
    return tuple(facts)


def _facts(
    problem: DepotProblem,
    plan: DepotPlan,
    session: OutletSession,
    leaves: Departure | None,
    limit_kw: float,
    *,
    free: bool,
) -> SessionFacts:
    b, start = session.bus, max(session.start, 0)
    inside = slice(start, session.stop)
    power_kw = plan.charge_kw[b, inside] - plan.discharge_kw[b, inside]
    on = np.flatnonzero(np.abs(power_kw) > 1e-6)
    soc = plan.energy_kwh[b] / problem.buses.battery_kwh[b]
    mean_kw = float(power_kw[on].mean()) if len(on) else 0.0
    return SessionFacts(
        bus=str(problem.buses.id[b]),
        charger=problem.chargers[session.charger_class].id,
        outlet=session.outlet + 1,
        start=start,
        stop=session.stop,
        begin=start + int(on[0]) if len(on) else start,
        end=start + int(on[-1]) + 1 if len(on) else start,
        energy_kwh=float(power_kw @ problem.step_h[inside]),
        most_kw=float(power_kw.max(initial=0.0)),
        power_share=mean_kw / limit_kw if limit_kw > 0 else 0.0,
        soc_before=float(soc[start]),
        soc_after=float(soc[session.stop]),
        leaves=leaves,
        free=free,
    )


def _coloured(problem: DepotProblem, plan: DepotPlan) -> tuple[OutletSession, ...]:
    """Give every session an outlet, with as many more outlets as a plan that breaks the rule needs."""
    wider = problem
    for _ in range(problem.bus_count + 1):
        try:
            return outlet_sessions(wider, plan)
        except ValueError:  # more sessions at once than outlets: such a plan was changed by hand, and is shown as it is
            more = tuple(replace(charger, count=charger.count + 1) for charger in wider.chargers)
            wider = replace(wider, chargers=more)
    raise AssertionError("a garage with an outlet for every bus has too few of them")


def clock_of(labels: Sequence[str], step: int, words: Words) -> str:
    """Return the local time of a step's start, marked when it is of the next day."""
    if step < len(labels):
        text = labels[step]
        return text if step == 0 or text >= labels[0] else words("schedule.next_day", clock=text)
    return words("schedule.next_day", clock=labels[0]) if labels else str(step)


def session_named(found: Sequence[SessionFacts], name: str) -> SessionFacts | None:
    """Return the session of a name, or None."""
    return next((session for session in found if session.name == name), None)
