"""The index sets of the depot model: where a bus may be plugged, and what was plugged before the first step."""

from __future__ import annotations

import pyomo.environ as pyo

from optimizers.problem import NOT_PLUGGED, DepotProblem, charge_limit_kw, discharge_limit_kw


def add_sets(m: pyo.ConcreteModel, problem: DepotProblem) -> None:
    """Add B, C, T, the places to plug PLUG (b, c, t), the places to feed back FEED, and the session edges EDGE.

    EDGE is PLUG and the first step after each stay, where a session can only have stopped.
    """
    charge_kw, feed_kw = charge_limit_kw(problem), discharge_limit_kw(problem)
    steps = range(problem.step_count)
    fits = [(b, c) for b in range(problem.bus_count) for c in range(len(problem.chargers)) if charge_kw[b, c] > 0]
    plug = [(b, c, t) for b, c in fits for t in steps if problem.present[b, t]]
    places = set(plug)
    left = [(b, c, t) for b, c in fits for t in steps if not problem.present[b, t] and (b, c, t - 1) in places]
    left += [(b, c, 0) for b, c in fits if not problem.present[b, 0] and plugged_before(problem, b, c)]
    m.B = pyo.Set(initialize=range(problem.bus_count))
    m.C = pyo.Set(initialize=range(len(problem.chargers)))
    m.T = pyo.Set(initialize=steps)
    m.PLUG = pyo.Set(dimen=3, initialize=plug)
    m.FEED = pyo.Set(dimen=3, initialize=[(b, c, t) for b, c, t in plug if feed_kw[b, c] > 0])
    m.EDGE = pyo.Set(dimen=3, initialize=sorted({*plug, *left}))


def plugged_before(problem: DepotProblem, b: int, c: int) -> bool:
    """Return whether the bus is plugged to the class just before step 0."""
    return problem.under_way is not None and int(problem.under_way.plugged_class[b]) == c != NOT_PLUGGED


def steps_plugged_before(problem: DepotProblem, b: int, c: int) -> int:
    """Return how many steps the session under way at the class has lasted, 0 when there is none."""
    if problem.under_way is None or not plugged_before(problem, b, c):
        return 0
    return int(problem.under_way.steps_plugged[b])
