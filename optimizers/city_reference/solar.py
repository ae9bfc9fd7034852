"""Solar inverters with curtailment and reactive power."""

# mypy: allow-untyped-defs, allow-untyped-calls
# (Pyomo's rules take the model and the index; neither carries a type.)

from __future__ import annotations

import pyomo.environ as pyo

from optimizers.assets.solar import SolarInverters
from optimizers.city_reference.inverter import add_power_circle


def add_solar(b: pyo.Block, inverters: SolarInverters) -> None:
    r"""Add generation up to what the sun gives, and reactive power inside the circle while it shines.

    What the inverter cannot pass on is curtailed like the rest: :math:`k_t = \bar g_t - g_t \ge 0`.
    """
    h, sun = inverters.step_h, inverters.available_kw
    b.generated_kw = pyo.Var(b.A, b.T, bounds=lambda b, a, t: (0.0, float(sun[a, t])))
    b.curtailed_kw = pyo.Expression(b.A, b.T, rule=lambda b, a, t: float(sun[a, t]) - b.generated_kw[a, t])
    add_power_circle(b, inverters.circle, inverters.rating_kva, lambda a, t: b.generated_kw[a, t])

    @b.Constraint(b.A, b.T)
    def stands_still_in_the_dark(b, a, t):
        return b.free_kvar[a, t] == 0.0 if sun[a, t] <= 0 else pyo.Constraint.Skip

    b.kw = pyo.Expression(b.A, b.T, rule=lambda b, a, t: -b.generated_kw[a, t])
    b.kvar = pyo.Expression(b.A, b.T, rule=lambda b, a, t: b.free_kvar[a, t])
    earned = sum(float(inverters.price_krw_per_kwh[a, t]) * b.generated_kw[a, t] * h for a in b.A for t in b.T)
    paid = sum(float(inverters.curtailment_krw_per_kwh[a]) * b.curtailed_kw[a, t] * h for a in b.A for t in b.T)
    b.cost_krw = pyo.Expression(expr=paid - earned)
