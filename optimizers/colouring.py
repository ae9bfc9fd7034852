"""Charger ids for a plan: sessions of one class are intervals, and intervals are coloured greedily by start time.

The models count identical outlets and give them no index. A set of intervals of which at most M overlap can always be
coloured with M colours, first free by start time (interval graphs are perfect), so nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

from optimizers.plan import DepotPlan
from optimizers.problem import DepotProblem, Ints
from optimizers.replay import Session, sessions_of


@dataclass(frozen=True)
class OutletSession:
    """One bus at one outlet, ``start <= t < stop``; `outlet` counts from 0 inside the charger class."""

    bus: int
    charger_class: int
    outlet: int
    start: int
    stop: int


def outlet_sessions(
    problem: DepotProblem, plan: DepotPlan, outlet_before: Ints | None = None
) -> tuple[OutletSession, ...]:
    """Give every session of a plan an outlet.

    Parameters
    ----------
    problem, plan
        A plan whose replay finds no violation.
    outlet_before
        (B,) outlet of each session that is under way when the horizon starts; ignored for other buses.

    Returns
    -------
    tuple of OutletSession
        By charger class, then by start.

    Raises
    ------
    ValueError
        When more sessions overlap than the class has outlets: such a plan breaks a rule.
    """
    found: list[OutletSession] = []
    for c, outlet in enumerate(problem.chargers):
        sessions = sorted(
            (s for s in sessions_of(problem, plan) if s.charger_class == c), key=lambda s: (s.start, s.stop, s.bus)
        )
        free_from = [-problem.step_count] * outlet.count
        for session in sessions:
            chosen = _first_free(session, free_from, outlet_before)
            if chosen is None:
                raise ValueError(
                    f"{outlet.id} has {outlet.count} outlets, too few from {problem.step_name(session.start)}"
                )
            free_from[chosen] = session.stop + problem.rules.handover_steps
            found.append(OutletSession(session.bus, c, chosen, session.start, session.stop))
    return tuple(found)


def _first_free(session: Session, free_from: list[int], outlet_before: Ints | None) -> int | None:
    if session.start < 0 and outlet_before is not None:
        return int(outlet_before[session.bus])
    start = max(session.start, -1)
    return next((outlet for outlet, free in enumerate(free_from) if free <= start), None)
