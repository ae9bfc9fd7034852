"""The cost of the day, term by term, as expressions of the model."""

from __future__ import annotations

import pyomo.environ as pyo

from optimizers.problem import DepotProblem


def add_cost(m: pyo.ConcreteModel, problem: DepotProblem) -> None:
    """Add one expression per term of `DepotCost`, their sum, and the objective that minimises it."""
    prices, hours = problem.prices, problem.step_h
    demand, wear, battery = problem.demand, problem.degradation, problem.site.battery
    efficiency = [outlet.efficiency for outlet in problem.chargers]
    m.energy_krw = pyo.Expression(expr=sum(hours[t] * prices.buy_krw_per_kwh[t] * m.import_kw[t] for t in m.T))
    m.export_krw = pyo.Expression(expr=-sum(hours[t] * prices.sell_krw_per_kwh[t] * m.export_kw[t] for t in m.T))
    m.v2g_reward_krw = pyo.Expression(
        expr=-sum(
            hours[t] * prices.v2g_reward_krw_per_kwh[t] * efficiency[c] * m.discharge_kw[b, c, t] for b, c, t in m.FEED
        )
    )
    m.demand_krw = pyo.Expression(
        expr=demand.price_krw_per_kw * demand.share * (m.billing_kw - demand.sunk_kw) if demand is not None else 0.0
    )
    m.session_count_total = pyo.Expression(expr=sum(m.started[place] for place in m.PLUG))
    m.starts_krw = pyo.Expression(expr=problem.rules.start_krw * m.session_count_total)
    m.cycling_krw = pyo.Expression(
        expr=sum(wear.krw_per_kwh[b, j] * m.segment_out_kwh[b, j, t] for b in m.B for j in m.J for t in m.T)
        if wear is not None
        else 0.0
    )
    m.calendar_krw = pyo.Expression(
        expr=sum(wear.calendar_krw_per_kwh_h[b] * hours[t] * m.above_kwh[b, t] for b in m.B for t in m.T)
        if wear is not None
        else 0.0
    )
    m.site_battery_krw = pyo.Expression(
        expr=sum(hours[t] * battery.wear_krw_per_kwh * m.site_discharge_kw[t] for t in m.T)
        if battery is not None
        else 0.0
    )
    bill = m.energy_krw + m.export_krw + m.v2g_reward_krw + m.demand_krw
    wear_krw = m.cycling_krw + m.calendar_krw + m.site_battery_krw
    m.total_krw = pyo.Expression(expr=bill + m.starts_krw + wear_krw)
    m.cost = pyo.Objective(expr=m.total_krw, sense=pyo.minimize)
