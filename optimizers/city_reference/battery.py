"""Stationary batteries."""

# mypy: allow-untyped-defs, allow-untyped-calls
# (Pyomo's rules take the model and the index; neither carries a type.)

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from optimizers.assets.battery import Batteries
from optimizers.assets.battery_fleet import BatteryFleet
from optimizers.assets.power_circle import PowerCircle
from optimizers.city_reference.inverter import add_power_circle


def add_batteries(b: pyo.Block, batteries: Batteries) -> None:
    r"""Add stored energy with losses both ways and while standing, and the inverter.

    .. math:: e_{t+1} = (1 - \sigma)^h e_t + h (\eta^+ c_t - d_t / \eta^-), \qquad c_t \le P y_t, \qquad
              d_t \le P (1 - y_t)
    """
    h = batteries.step_h
    column = {name: values.tolist() for name, values in vars(batteries).items() if hasattr(values, "tolist")}
    most, eta_in, eta_out = column["power_kw"], column["charge_efficiency"], column["discharge_efficiency"]
    b.charge_kw = pyo.Var(b.A, b.T, bounds=lambda b, a, t: (0.0, most[a]))
    b.discharge_kw = pyo.Var(b.A, b.T, bounds=lambda b, a, t: (0.0, most[a]))
    b.charges = pyo.Var(b.A, b.T, domain=pyo.Binary)
    b.stored_kwh = pyo.Var(b.A, b.EDGE, bounds=lambda b, a, t: (column["min_kwh"][a], column["max_kwh"][a]))

    @b.Constraint(b.A)
    def start(b, a):
        return b.stored_kwh[a, 0] == column["initial_kwh"][a]

    @b.Constraint(b.A)
    def end(b, a):
        return b.stored_kwh[a, b.EDGE.last()] >= column["terminal_min_kwh"][a]

    @b.Constraint(b.A, b.T)
    def energy(b, a, t):
        kept = (1.0 - column["standing_loss_per_h"][a]) ** h * b.stored_kwh[a, t]
        gained = h * (eta_in[a] * b.charge_kw[a, t] - b.discharge_kw[a, t] / eta_out[a])
        return b.stored_kwh[a, t + 1] == kept + gained

    @b.Constraint(b.A, b.T)
    def either_charges(b, a, t):
        return b.charge_kw[a, t] <= most[a] * b.charges[a, t]

    @b.Constraint(b.A, b.T)
    def or_discharges(b, a, t):
        return b.discharge_kw[a, t] <= most[a] * (1 - b.charges[a, t])

    b.kw = pyo.Expression(b.A, b.T, rule=lambda b, a, t: b.charge_kw[a, t] - b.discharge_kw[a, t])
    if batteries.circle.reactive_share > 0:
        add_power_circle(b, batteries.circle, batteries.rating_kva, lambda a, t: b.kw[a, t])
        b.kvar = pyo.Expression(b.A, b.T, rule=lambda b, a, t: b.free_kvar[a, t])
    else:
        b.kvar = pyo.Expression(b.A, b.T, rule=0.0)
    paid = sum(float(batteries.price_krw_per_kwh[a, t]) * b.kw[a, t] * h for a in b.A for t in b.T)
    worn = sum(column["wear_krw_per_kwh"][a] * b.discharge_kw[a, t] * h for a in b.A for t in b.T)
    left = sum(column["end_value_krw_per_kwh"][a] * b.stored_kwh[a, b.EDGE.last()] for a in b.A)
    b.cost_krw = pyo.Expression(expr=paid + worn - left)


def add_battery_fleet(b: pyo.Block, fleet: BatteryFleet) -> None:
    """Add batteries at unity power factor, with one efficiency for both ways and no standing loss."""
    own = fleet.batteries
    nothing = np.zeros(own.count)
    batteries = Batteries(
        bus=fleet.bus,
        step_h=fleet.step_h,
        price_krw_per_kwh=fleet.price_krw_per_kwh[fleet.price_row],
        power_kw=own.power_kw,
        rating_kva=own.power_kw,
        min_kwh=own.min_kwh,
        max_kwh=own.max_kwh,
        initial_kwh=own.initial_kwh,
        terminal_min_kwh=own.terminal_min_kwh,
        charge_efficiency=own.efficiency,
        discharge_efficiency=own.efficiency,
        standing_loss_per_h=nothing,
        wear_krw_per_kwh=own.wear_krw_per_kwh,
        end_value_krw_per_kwh=nothing,
        circle=PowerCircle(edges=8, reactive_share=0.0),
    )
    add_batteries(b, batteries)
