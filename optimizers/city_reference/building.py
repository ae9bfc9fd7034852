"""Buildings that cool or heat ahead of time."""

# mypy: allow-untyped-defs, allow-untyped-calls
# (Pyomo's rules take the model and the index; neither carries a type.)

from __future__ import annotations

import math

import pyomo.environ as pyo

from optimizers.assets.building import Buildings


def add_buildings(b: pyo.Block, rooms: Buildings) -> None:
    r"""Add how many kelvins each room is beyond its target, inside its comfort band.

    .. math:: y_{t+1} = a y_t + (1 - a)\,\delta_t / G, \qquad a = e^{-h / \tau}, \qquad
              -B_t \le \delta_t \le M_t - B_t

    It starts at its target and ends there or beyond it.
    """
    h = rooms.step_h
    base, most = rooms.baseline_kw, rooms.most_kw
    b.more_kw = pyo.Var(b.A, b.T, bounds=lambda b, a, t: (-float(base[a, t]), float(most[a, t] - base[a, t])))
    b.beyond_k = pyo.Var(b.A, b.EDGE, bounds=lambda b, a, t: (-float(rooms.less_k[a, t]), float(rooms.more_k[a, t])))

    @b.Constraint(b.A)
    def starts_at_target(b, a):
        return b.beyond_k[a, 0] == 0.0

    @b.Constraint(b.A)
    def ends_at_target(b, a):
        return b.beyond_k[a, b.EDGE.last()] >= 0.0

    @b.Constraint(b.A, b.T)
    def warmth(b, a, t):
        keep = math.exp(-h / float(rooms.time_constant_h[a]))
        driven = (1.0 - keep) / float(rooms.kw_per_k[a]) * b.more_kw[a, t]
        return b.beyond_k[a, t + 1] == keep * b.beyond_k[a, t] + driven

    b.kw = pyo.Expression(b.A, b.T, rule=lambda b, a, t: b.more_kw[a, t])
    b.kvar = pyo.Expression(b.A, b.T, rule=lambda b, a, t: float(rooms.tan_phi[a]) * b.kw[a, t])
    paid = sum(float(rooms.price_krw_per_kwh[a, t]) * b.kw[a, t] * h for a in b.A for t in b.T)
    b.cost_krw = pyo.Expression(expr=paid)
