"""Vehicles behind energy envelopes, with or without feeding back."""

# mypy: allow-untyped-defs, allow-untyped-calls
# (Pyomo's rules take the model and the index; neither carries a type.)

from __future__ import annotations

import pyomo.environ as pyo

from optimizers.assets.vehicles import Vehicles


def add_vehicles(b: pyo.Block, cars: Vehicles) -> None:
    r"""Add the energy charged since the start of the day, between its latest and earliest curves.

    .. math:: E_{t+1} = E_t + h (c_t - d_t / \rho), \qquad L_t \le E_t \le U_t, \qquad c_t \le P_t y_t, \qquad
              d_t \le D_t (1 - y_t)

    The binary y exists only where a vehicle can feed back.
    """
    h, power, back = cars.step_h, cars.power_limit_kw, cars.discharge_limit_kw
    b.charge_kw = pyo.Var(b.A, b.T, bounds=lambda b, a, t: (0.0, float(power[a, t])))
    b.BACK = pyo.Set(dimen=2, initialize=[(a, t) for a in b.A for t in b.T if back[a, t] > 0])
    b.discharge_kw = pyo.Var(b.BACK, bounds=lambda b, a, t: (0.0, float(back[a, t])))
    b.charges = pyo.Var(b.BACK, domain=pyo.Binary)
    b.charged_kwh = pyo.Var(
        b.A, b.EDGE, bounds=lambda b, a, t: (float(cars.latest_kwh[a, t]), float(cars.earliest_kwh[a, t]))
    )

    def fed_kw(a, t):
        return b.discharge_kw[a, t] if (a, t) in b.BACK else 0.0

    @b.Constraint(b.A)
    def starts_at_zero(b, a):
        return b.charged_kwh[a, 0] == 0.0

    @b.Constraint(b.A, b.T)
    def energy(b, a, t):
        taken_kw = fed_kw(a, t) / float(cars.return_efficiency[a])
        return b.charged_kwh[a, t + 1] == b.charged_kwh[a, t] + h * (b.charge_kw[a, t] - taken_kw)

    @b.Constraint(b.BACK)
    def either_charges(b, a, t):
        return b.charge_kw[a, t] <= float(power[a, t]) * b.charges[a, t]

    @b.Constraint(b.BACK)
    def or_feeds_back(b, a, t):
        return b.discharge_kw[a, t] <= float(back[a, t]) * (1 - b.charges[a, t])

    b.kw = pyo.Expression(b.A, b.T, rule=lambda b, a, t: b.charge_kw[a, t] - fed_kw(a, t))
    b.kvar = pyo.Expression(b.A, b.T, rule=lambda b, a, t: float(cars.tan_phi[a]) * b.kw[a, t])
    paid = sum(float(cars.price_krw_per_kwh[a, t]) * b.kw[a, t] * h for a in b.A for t in b.T)
    worn = sum(float(cars.wear_krw_per_kwh[a]) * b.discharge_kw[a, t] * h for a, t in b.BACK)
    b.cost_krw = pyo.Expression(expr=paid + worn)
