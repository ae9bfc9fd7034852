"""Plug sessions in start-up form, and the outlets they occupy. Identical outlets carry no index."""

# mypy: allow-untyped-defs, allow-untyped-calls
# (Pyomo's rules take the model and the index; neither carries a type.)

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from optimizers.depot_model.sets import plugged_before, steps_plugged_before
from optimizers.problem import DepotProblem, Stay, stays


def add_sessions(m: pyo.ConcreteModel, problem: DepotProblem) -> None:
    r"""Add plugged u, started w, stopped z of every bus at every charger class.

    .. math:: u_{b,c,t} - u_{b,c,t-1} = w_{b,c,t} - z_{b,c,t}, \quad w \le u, \quad z \le 1 - u, \quad \sum_c u \le 1

    w and z are integral when u is; the two inequalities tighten the relaxation. A session starts only while staff is
    there.
    """
    allowed = problem.rules.plug_allowed
    m.plugged = pyo.Var(m.PLUG, domain=pyo.Binary)
    m.started = pyo.Var(m.PLUG, bounds=lambda m, b, c, t: (0, 1 if allowed[t] else 0))
    m.stopped = pyo.Var(m.EDGE, bounds=(0, 1))

    @m.Constraint(m.EDGE)
    def session_edges(m, b, c, t):
        return now(m, b, c, t) - before(m, problem, b, c, t) == started(m, b, c, t) - m.stopped[b, c, t]

    @m.Constraint(m.PLUG)
    def started_is_plugged(m, b, c, t):
        return m.started[b, c, t] <= m.plugged[b, c, t]

    @m.Constraint(m.PLUG)
    def stopped_is_unplugged(m, b, c, t):
        return m.stopped[b, c, t] <= 1 - m.plugged[b, c, t]

    @m.Constraint(m.B, m.T)
    def one_outlet(m, b, t):
        here = [m.plugged[b, c, t] for c in m.C if (b, c, t) in m.PLUG]
        return sum(here) <= 1 if len(here) > 1 else pyo.Constraint.Skip


def add_minimum_session(m: pyo.ConcreteModel, problem: DepotProblem) -> None:
    r"""Keep every session at least L steps long.

    .. math:: \sum_{s=t-L+1}^{t} w_{b,c,s} \le u_{b,c,t}

    (Rajan and Takriti, IBM Research Report RC23628, 2005: with the session edges this describes the convex hull.)
    """
    length = problem.rules.min_plug_steps

    @m.Constraint(m.EDGE)
    def minimum_session(m, b, c, t):
        if length <= 1:
            return pyo.Constraint.Skip
        recent = sum(started(m, b, c, s) for s in range(max(t - length + 1, 0), t + 1))
        if 0 < steps_plugged_before(problem, b, c) < length - t:
            recent += 1
        return recent <= now(m, b, c, t) if not isinstance(recent, int) or recent else pyo.Constraint.Skip


def add_session_count(m: pyo.ConcreteModel, problem: DepotProblem) -> None:
    r"""Allow at most S sessions in one stay, those before the horizon included.

    .. math:: \sum_c \sum_{t \in \mathrm{stay}} w_{b,c,t} \le S
    """
    all_stays = stays(problem.present)
    m.STAY = pyo.Set(initialize=range(len(all_stays)))

    @m.Constraint(m.STAY)
    def session_count(m, k):
        stay = all_stays[k]
        places = [
            m.started[stay.bus, c, t] for c in m.C for t in range(stay.start, stay.stop) if (stay.bus, c, t) in m.PLUG
        ]
        most = problem.rules.max_sessions_per_stay - _sessions_before(problem, stay)
        return sum(places) <= most if places and len(places) > most else pyo.Constraint.Skip


def _sessions_before(problem: DepotProblem, stay: Stay) -> int:
    if problem.under_way is None or stay.start > 0:
        return 0
    return int(problem.under_way.sessions_used[stay.bus])


def add_outlets(m: pyo.ConcreteModel, problem: DepotProblem) -> None:
    r"""Limit the outlets of a class that are in use or in handover.

    .. math:: \sum_b \Big( u_{b,c,t} + \sum_{s=t-H+1}^{t} z_{b,c,s} \Big) \le M_c
    """
    handover = problem.rules.handover_steps

    @m.Constraint(m.C, m.T)
    def outlets(m, c, t):
        used = [m.plugged[b, c, t] for b in m.B if (b, c, t) in m.PLUG]
        recent = range(max(t - handover + 1, 0), t + 1)
        used += [m.stopped[b, c, s] for b in m.B for s in recent if handover and (b, c, s) in m.EDGE]
        return sum(used) <= problem.chargers[c].count if used else pyo.Constraint.Skip


def now(m: pyo.ConcreteModel, b: int, c: int, t: int) -> Any:
    """Return the expression of being plugged in step t, 0 while away."""
    return m.plugged[b, c, t] if (b, c, t) in m.PLUG else 0


def before(m: pyo.ConcreteModel, problem: DepotProblem, b: int, c: int, t: int) -> Any:
    """Return the expression of being plugged in the step before t, which may lie before the horizon."""
    return now(m, b, c, t - 1) if t else int(plugged_before(problem, b, c))


def started(m: pyo.ConcreteModel, b: int, c: int, t: int) -> Any:
    """Return the expression of a session starting in step t, 0 while away."""
    return m.started[b, c, t] if (b, c, t) in m.PLUG else 0
