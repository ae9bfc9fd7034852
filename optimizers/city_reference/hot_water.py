"""Hot-water tanks with an electric heater."""

# mypy: allow-untyped-defs, allow-untyped-calls
# (Pyomo's rules take the model and the index; neither carries a type.)

from __future__ import annotations

import pyomo.environ as pyo

from optimizers.assets.hot_water import HotWaterTanks


def add_hot_water(b: pyo.Block, tanks: HotWaterTanks) -> None:
    r"""Add the energy in each tank, drawn from and heated; the plan replaces the heating of the base load.

    .. math:: e_{t+1} = (1 - \sigma)^h e_t + h p_t - w_t, \qquad 0 \le e_t \le \overline e
    """
    h = tanks.step_h
    b.heater_kw = pyo.Var(b.A, b.T, bounds=lambda b, a, t: (0.0, float(tanks.power_kw[a])))
    b.stored_kwh = pyo.Var(b.A, b.EDGE, bounds=lambda b, a, t: (0.0, float(tanks.capacity_kwh[a])))

    @b.Constraint(b.A)
    def start(b, a):
        return b.stored_kwh[a, 0] == float(tanks.initial_kwh[a])

    @b.Constraint(b.A)
    def end(b, a):
        return b.stored_kwh[a, b.EDGE.last()] >= float(tanks.terminal_min_kwh[a])

    @b.Constraint(b.A, b.T)
    def energy(b, a, t):
        kept = (1.0 - float(tanks.standing_loss_per_h[a])) ** h * b.stored_kwh[a, t]
        return b.stored_kwh[a, t + 1] == kept + h * b.heater_kw[a, t] - float(tanks.draw_kwh[a, t])

    b.kw = pyo.Expression(b.A, b.T, rule=lambda b, a, t: b.heater_kw[a, t] - float(tanks.baseline_kw[a, t]))
    b.kvar = pyo.Expression(b.A, b.T, rule=lambda b, a, t: float(tanks.tan_phi[a]) * b.kw[a, t])
    paid = sum(float(tanks.price_krw_per_kwh[a, t]) * b.kw[a, t] * h for a in b.A for t in b.T)
    b.cost_krw = pyo.Expression(expr=paid)
