"""Lanes in which a bus stands in the way of another one."""

# mypy: allow-untyped-defs, allow-untyped-calls
# (Pyomo's rules take the model and the index; neither carries a type.)

from __future__ import annotations

import pyomo.environ as pyo

from optimizers.depot_model.sessions import before
from optimizers.depot_model.sets import steps_plugged_before
from optimizers.problem import DepotProblem, LaneRule


def add_lanes(m: pyo.ConcreteModel, problem: DepotProblem) -> None:
    r"""Keep the order of a lane: a bus leaves only when nobody is in its way.

    `behind[i, j, t]` is 1 when j came while i was there, and both still are. It grows from the step in which j starts,

    .. math:: a_{ij,t} \ge w_{j,t} + u_{i,t-1} + u_{i,t} - 2, \qquad
              a_{ij,t} \ge a_{ij,t-1} + u_{i,t} + u_{j,t} - 2,

    and in a first-in-first-out lane j may not leave while it is behind i and i stays,
    :math:`z_{j,t} + a_{ij,t-1} + u_{i,t} \le 2`; in a last-in-first-out lane i may not leave while j stays.
    """
    lanes = [c for c, outlet in enumerate(problem.chargers) if outlet.lane is not LaneRule.FREE]
    places = [(b, c, t) for b, c, t in m.PLUG if c in lanes]
    m.BEHIND = pyo.Set(
        dimen=4,
        initialize=[(i, j, c, t) for i, c, t in places for j in m.B if j != i and (j, c, t) in m.PLUG],
    )
    m.behind = pyo.Var(m.BEHIND, bounds=(0, 1))

    @m.Constraint(m.BEHIND)
    def comes_behind(m, i, j, c, t):
        came = m.started[j, c, t] + before(m, problem, i, c, t) + m.plugged[i, c, t] - 2
        return m.behind[i, j, c, t] >= came

    @m.Constraint(m.BEHIND)
    def stays_behind(m, i, j, c, t):
        was = m.behind[i, j, c, t - 1] if (i, j, c, t - 1) in m.BEHIND else 0
        if t == 0:
            was = int(_behind_before(problem, i, j, c))
        return m.behind[i, j, c, t] >= was + m.plugged[i, c, t] + m.plugged[j, c, t] - 2

    @m.Constraint(m.BEHIND)
    def lane_order(m, i, j, c, t):
        leaves, remains = _leaving_and_staying(problem, i, j, c)
        if (leaves, c, t + 1) not in m.EDGE or (remains, c, t + 1) not in m.PLUG:
            return pyo.Constraint.Skip
        return m.stopped[leaves, c, t + 1] + m.behind[i, j, c, t] + m.plugged[remains, c, t + 1] <= 2

    @m.Constraint(m.B, m.B, m.C)
    def lane_order_at_start(m, i, j, c):
        leaves, remains = _leaving_and_staying(problem, i, j, c)
        if c not in lanes or not _behind_before(problem, i, j, c) or (remains, c, 0) not in m.PLUG:
            return pyo.Constraint.Skip
        return m.stopped[leaves, c, 0] + m.plugged[remains, c, 0] <= 1


def _leaving_and_staying(problem: DepotProblem, i: int, j: int, c: int) -> tuple[int, int]:
    """Return who may not leave while the other one stays, when j stands behind i."""
    return (j, i) if problem.chargers[c].lane is LaneRule.FIRST_IN_FIRST_OUT else (i, j)


def _behind_before(problem: DepotProblem, i: int, j: int, c: int) -> bool:
    """Return whether j stood behind i in the lane already before step 0."""
    return steps_plugged_before(problem, i, c) > steps_plugged_before(problem, j, c) > 0
