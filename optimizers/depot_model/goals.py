"""Goals besides the cost, as expressions of the depot model to minimise."""

# mypy: allow-untyped-defs, allow-untyped-calls
# (Pyomo's rules take the model and the index; neither carries a type.)

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from optimizers.depot_model.power import charge_at, discharge_at


def peak_goal(m: pyo.ConcreteModel) -> Any:
    r"""Return the site's highest import over all steps, :math:`P \ge g^+_t`."""
    highest_kw = max((m.import_kw[t].value or 0.0 for t in m.T), default=0.0)
    m.peak_kw = pyo.Var(domain=pyo.NonNegativeReals, initialize=highest_kw)

    @m.Constraint(m.T)
    def peak(m, t):
        return m.import_kw[t] <= m.peak_kw

    return m.peak_kw


def starts_goal(m: pyo.ConcreteModel) -> Any:
    """Return the number of sessions that start."""
    return m.session_count_total


def smoothness_goal(m: pyo.ConcreteModel) -> Any:
    r"""Return the total change of bus powers, :math:`\sum_{b,t} |P_{b,t} - P_{b,t-1}|`, with P = 0 before the day."""
    m.change_kw = pyo.Var(m.B, m.T, domain=pyo.NonNegativeReals)
    for b in m.B:
        for t in m.T:
            change = pyo.value(_net_kw(m, b, t) - _net_kw(m, b, t - 1), exception=False)
            m.change_kw[b, t].set_value(None if change is None else abs(change))

    @m.Constraint(m.B, m.T)
    def rises(m, b, t):
        return _net_kw(m, b, t) - _net_kw(m, b, t - 1) - m.change_kw[b, t] <= 0

    @m.Constraint(m.B, m.T)
    def falls(m, b, t):
        return _net_kw(m, b, t - 1) - _net_kw(m, b, t) - m.change_kw[b, t] <= 0

    return sum(m.change_kw[b, t] for b in m.B for t in m.T)


def _net_kw(m: pyo.ConcreteModel, b: int, t: int) -> Any:
    return charge_at(m, b, t) - discharge_at(m, b, t) if t >= 0 else 0.0
