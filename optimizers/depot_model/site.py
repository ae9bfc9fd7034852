"""The site behind the meter: its balance, its stationary battery, and its billing demand."""

# mypy: allow-untyped-defs, allow-untyped-calls
# (Pyomo's rules take the model and the index; neither carries a type.)

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from optimizers.problem import NOT_METERED, DepotProblem, Floats


def add_site(m: pyo.ConcreteModel, problem: DepotProblem) -> None:
    r"""Add import, export and used PV, and the balance of the site's bus bar.

    .. math:: g^+_t - g^-_t = base_t + \sum_{b,c} (p^+_{b,c,t} / \eta_c - p^-_{b,c,t} \, \eta_c) - pv_t + s^+_t - s^-_t

    A direction binary exists only in steps in which selling pays more than buying costs.
    """
    site, prices = problem.site, problem.prices
    efficiency = [outlet.efficiency for outlet in problem.chargers]
    m.import_kw = pyo.Var(m.T, bounds=lambda m, t: (0, _finite(float(site.import_limit_kw[t]))))
    m.export_kw = pyo.Var(m.T, bounds=lambda m, t: (0, _finite(float(site.export_limit_kw[t]))))
    m.pv_kw = pyo.Var(m.T, bounds=lambda m, t: (0, site.pv_kw[t]))

    @m.Expression(m.T)
    def buses_kw(m, t):
        drawn = sum(m.charge_kw[b, c, t] / efficiency[c] for b in m.B for c in m.C if (b, c, t) in m.PLUG)
        fed = sum(m.discharge_kw[b, c, t] * efficiency[c] for b in m.B for c in m.C if (b, c, t) in m.FEED)
        return drawn - fed

    @m.Constraint(m.T)
    def site_balance(m, t):
        battery = m.site_charge_kw[t] - m.site_discharge_kw[t] if site.battery is not None else 0.0
        return m.import_kw[t] - m.export_kw[t] == site.base_kw[t] + m.buses_kw[t] - m.pv_kw[t] + battery

    arbitrage = np.flatnonzero(prices.sell_krw_per_kwh > prices.buy_krw_per_kwh)
    m.ARBITRAGE = pyo.Set(initialize=[int(t) for t in arbitrage])
    m.importing = pyo.Var(m.ARBITRAGE, domain=pyo.Binary)
    most_import_kw, most_export_kw = _largest_flows_kw(problem)

    @m.Constraint(m.ARBITRAGE)
    def imports(m, t):
        return m.import_kw[t] <= most_import_kw[t] * m.importing[t]

    @m.Constraint(m.ARBITRAGE)
    def exports(m, t):
        return m.export_kw[t] <= most_export_kw[t] * (1 - m.importing[t])


def _finite(limit_kw: float) -> float | None:
    return limit_kw if np.isfinite(limit_kw) else None


def _largest_flows_kw(problem: DepotProblem) -> tuple[Floats, Floats]:
    """Return (T,) import and export that no plan exceeds."""
    site, battery = problem.site, problem.site.battery
    outlets_kw = sum(outlet.count * outlet.max_kw / outlet.efficiency for outlet in problem.chargers)
    fed_kw = sum(outlet.count * outlet.max_discharge_kw for outlet in problem.chargers)
    stored_kw = (battery.max_charge_kw, battery.max_discharge_kw) if battery is not None else (0.0, 0.0)
    drawn = np.minimum(site.import_limit_kw, np.maximum(site.base_kw, 0.0) + outlets_kw + stored_kw[0])
    given = np.minimum(site.export_limit_kw, site.pv_kw - np.minimum(site.base_kw, 0.0) + fed_kw + stored_kw[1])
    return drawn, given


def add_site_battery(m: pyo.ConcreteModel, problem: DepotProblem) -> None:
    r"""Add the stationary battery of the site, if there is one.

    .. math:: x_{t+1} = x_t + h_t (\eta^+ s^+_t - s^-_t / \eta^-)

    A direction binary exists only in steps in which wasting energy could pay; elsewhere both directions at once are
    netted afterwards, which never costs more.
    """
    battery, prices = problem.site.battery, problem.prices
    if battery is None:
        return
    m.site_charge_kw = pyo.Var(m.T, bounds=(0, battery.max_charge_kw))
    m.site_discharge_kw = pyo.Var(m.T, bounds=(0, battery.max_discharge_kw))
    m.site_energy_kwh = pyo.Var(range(problem.step_count + 1), bounds=(battery.min_kwh, battery.max_kwh))
    m.site_energy_kwh[0].fix(battery.initial_kwh)
    m.site_energy_kwh[problem.step_count].setlb(max(battery.min_kwh, battery.terminal_min_kwh))

    @m.Constraint(m.T)
    def site_battery_balance(m, t):
        stored = battery.charge_efficiency * m.site_charge_kw[t]
        drawn = m.site_discharge_kw[t] / battery.discharge_efficiency
        return m.site_energy_kwh[t + 1] == m.site_energy_kwh[t] + problem.step_h[t] * (stored - drawn)

    wasting = np.minimum(prices.buy_krw_per_kwh, prices.sell_krw_per_kwh) < 0
    m.WASTING = pyo.Set(initialize=[int(t) for t in np.flatnonzero(wasting)])
    m.site_storing = pyo.Var(m.WASTING, domain=pyo.Binary)

    @m.Constraint(m.WASTING)
    def site_battery_stores(m, t):
        return m.site_charge_kw[t] <= battery.max_charge_kw * m.site_storing[t]

    @m.Constraint(m.WASTING)
    def site_battery_feeds(m, t):
        return m.site_discharge_kw[t] <= battery.max_discharge_kw * (1 - m.site_storing[t])


def add_demand_charge(m: pyo.ConcreteModel, problem: DepotProblem) -> None:
    r"""Add the billing demand: the highest average of a metering interval, and at least what is already paid for.

    .. math:: D \ge \frac{\sum_{t \in i} h_t g^+_t}{\sum_{t \in i} h_t} \;\; \forall i, \qquad D \ge D^{sunk}
    """
    demand = problem.demand
    if demand is None:
        return
    m.billing_kw = pyo.Var(bounds=(demand.sunk_kw, None))
    steps_of = {
        int(i): [int(t) for t in np.flatnonzero(demand.interval == i)]
        for i in np.unique(demand.interval)
        if i != NOT_METERED
    }
    m.INTERVAL = pyo.Set(initialize=list(steps_of))

    @m.Constraint(m.INTERVAL)
    def billing_demand(m, i):
        hours = float(problem.step_h[steps_of[i]].sum())
        return sum(problem.step_h[t] / hours * m.import_kw[t] for t in steps_of[i]) <= m.billing_kw
