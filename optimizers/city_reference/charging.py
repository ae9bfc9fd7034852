"""Charging sessions that cannot feed back."""

# mypy: allow-untyped-defs, allow-untyped-calls
# (Pyomo's rules take the model and the index; neither carries a type.)

from __future__ import annotations

import pyomo.environ as pyo

from optimizers.assets.charging import Charging


def add_charging(b: pyo.Block, sessions: Charging) -> None:
    r"""Add the energy charged since the start of the day, between its latest and earliest curves.

    .. math:: E_{t+1} = E_t + h c_t, \qquad L_t \le E_t \le U_t, \qquad 0 \le c_t \le P_t
    """
    h, envelopes = sessions.step_h, sessions.envelopes
    b.kw = pyo.Var(b.A, b.T, bounds=lambda b, a, t: (0.0, float(envelopes.power_limit_kw[a, t])))
    b.charged_kwh = pyo.Var(
        b.A, b.EDGE, bounds=lambda b, a, t: (float(envelopes.latest_kwh[a, t]), float(envelopes.earliest_kwh[a, t]))
    )

    @b.Constraint(b.A)
    def starts_at_zero(b, a):
        return b.charged_kwh[a, 0] == 0.0

    @b.Constraint(b.A, b.T)
    def energy(b, a, t):
        return b.charged_kwh[a, t + 1] == b.charged_kwh[a, t] + h * b.kw[a, t]

    b.kvar = pyo.Expression(b.A, b.T, rule=lambda b, a, t: sessions.kvar_per_kw * b.kw[a, t])
    price = sessions.price_krw_per_kwh[sessions.price_row]
    b.cost_krw = pyo.Expression(expr=sum(float(price[a, t]) * b.kw[a, t] * h for a in b.A for t in b.T))
