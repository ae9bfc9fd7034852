"""What flows through the outlets, and what it does to the batteries of the buses."""

# mypy: allow-untyped-defs, allow-untyped-calls
# (Pyomo's rules take the model and the index; neither carries a type.)

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo

from optimizers.problem import DepotProblem, charge_limit_kw, discharge_limit_kw


def add_charging(m: pyo.ConcreteModel, problem: DepotProblem) -> None:
    r"""Add the charging power of every plugged bus, within the range of its outlet.

    .. math:: P^{min}_c u \le p \le P^{max}_{b,c} u

    An outlet with a minimum that can pause takes one more binary x (charging), :math:`P^{min} x \le p \le P^{max} x`,
    :math:`x \le u`.
    """
    most_kw = charge_limit_kw(problem)
    chargers = problem.chargers
    m.charge_kw = pyo.Var(m.PLUG, bounds=lambda m, b, c, t: (0, most_kw[b, c]))
    pausing = [(b, c, t) for b, c, t in m.PLUG if chargers[c].min_kw > 0 and chargers[c].can_pause]
    m.PAUSE = pyo.Set(dimen=3, initialize=pausing)
    m.charging = pyo.Var(m.PAUSE, domain=pyo.Binary)

    def switch(m, b, c, t):
        return m.charging[b, c, t] if (b, c, t) in m.PAUSE else m.plugged[b, c, t]

    @m.Constraint(m.PLUG)
    def charge_maximum(m, b, c, t):
        return m.charge_kw[b, c, t] <= most_kw[b, c] * switch(m, b, c, t)

    @m.Constraint(m.PLUG)
    def charge_minimum(m, b, c, t):
        if chargers[c].min_kw == 0:
            return pyo.Constraint.Skip
        return m.charge_kw[b, c, t] >= chargers[c].min_kw * switch(m, b, c, t)

    @m.Constraint(m.PAUSE)
    def charging_is_plugged(m, b, c, t):
        return m.charging[b, c, t] <= m.plugged[b, c, t]


def add_feeding_back(m: pyo.ConcreteModel, problem: DepotProblem) -> None:
    r"""Add the power fed back by plugged buses that can, and what the warranty allows of it.

    .. math:: p^+/P^+ + p^-/P^- \le u, \qquad \sum_t h_t p^-_t \le W_b

    A direction binary y, :math:`p^- \le P^- y`, :math:`p^+ \le P^+ (u - y)`, exists only in steps in which charging and
    feeding back at once could pay, or where the outlet has a minimum power.
    """
    charge_most_kw, feed_most_kw = charge_limit_kw(problem), discharge_limit_kw(problem)
    both_pay = burning_can_pay(problem)
    m.discharge_kw = pyo.Var(m.FEED, bounds=lambda m, b, c, t: (0, feed_most_kw[b, c]))
    directed = [(b, c, t) for b, c, t in m.FEED if both_pay[t] or problem.chargers[c].min_kw > 0]
    m.DIRECTED = pyo.Set(dimen=3, initialize=directed)
    m.feeding = pyo.Var(m.DIRECTED, domain=pyo.Binary)

    @m.Constraint(m.FEED)
    def shared_outlet(m, b, c, t):
        charge, feed = m.charge_kw[b, c, t] / charge_most_kw[b, c], m.discharge_kw[b, c, t] / feed_most_kw[b, c]
        return charge + feed <= m.plugged[b, c, t]

    @m.Constraint(m.DIRECTED)
    def feeds_back(m, b, c, t):
        return m.discharge_kw[b, c, t] <= feed_most_kw[b, c] * m.feeding[b, c, t]

    @m.Constraint(m.DIRECTED)
    def does_not_charge(m, b, c, t):
        return m.charge_kw[b, c, t] <= charge_most_kw[b, c] * (m.plugged[b, c, t] - m.feeding[b, c, t])

    @m.Constraint(m.B)
    def warranted_throughput(m, b):
        fed = [problem.step_h[t] * m.discharge_kw[b, c, t] for c in m.C for t in m.T if (b, c, t) in m.FEED]
        limit_kwh = problem.buses.discharge_limit_kwh[b]
        return sum(fed) <= limit_kwh if fed and np.isfinite(limit_kwh) else pyo.Constraint.Skip


def burning_can_pay(problem: DepotProblem) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return (T,) whether wasting energy by charging and feeding back at once could lower the cost."""
    prices = problem.prices
    cheapest = np.minimum(prices.buy_krw_per_kwh, prices.sell_krw_per_kwh)
    return (prices.v2g_reward_krw_per_kwh > 0) | (cheapest < 0)


def add_stored_energy(m: pyo.ConcreteModel, problem: DepotProblem) -> None:
    r"""Add the energy in every battery, within its window and what departures need.

    .. math:: e_{b,t+1} = e_{b,t} + h_t (\eta^+_b \sum_c p^+_{b,c,t} - \sum_c p^-_{b,c,t} / \eta^-_b)
              - h_t \ell_b [\mathrm{present}] - \mathrm{trip}_{b,t}
    """
    buses, last = problem.buses, problem.step_count
    floor_kwh = np.maximum(np.column_stack([problem.need_kwh, buses.terminal_min_kwh]), buses.min_kwh[:, None])
    m.E = pyo.Set(initialize=range(last + 1))
    m.energy_kwh = pyo.Var(m.B, m.E, bounds=lambda m, b, t: (floor_kwh[b, t] if t else None, buses.max_kwh[b]))

    @m.Constraint(m.B)
    def initial_energy(m, b):
        return m.energy_kwh[b, 0] == buses.initial_kwh[b]

    @m.Constraint(m.B, m.T)
    def energy_balance(m, b, t):
        stored = buses.charge_efficiency[b] * charge_at(m, b, t)
        drawn = discharge_at(m, b, t) / buses.discharge_efficiency[b]
        standing = buses.standing_loss_kw[b] if problem.present[b, t] else 0.0
        gain = problem.step_h[t] * (stored - drawn - standing) - problem.trip_kwh[b, t]
        return m.energy_kwh[b, t + 1] == m.energy_kwh[b, t] + gain


def add_taper(m: pyo.ConcreteModel, problem: DepotProblem) -> None:
    r"""Limit charging of a nearly full battery; the limit is concave in the energy, so it needs no binaries.

    .. math:: \sum_c p^+_{b,c,t} \le \alpha_{b,k} + \beta_{b,k} \, e_{b,t}
    """
    alpha, beta = problem.buses.taper_kw, problem.buses.taper_kw_per_kwh
    m.K = pyo.Set(initialize=range(alpha.shape[1]))

    @m.Constraint(m.B, m.K, m.T)
    def taper(m, b, k, t):
        charge = charge_at(m, b, t)
        if isinstance(charge, int) or not np.isfinite(alpha[b, k]):
            return pyo.Constraint.Skip
        return charge <= alpha[b, k] + beta[b, k] * m.energy_kwh[b, t]


def add_cabinets(m: pyo.ConcreteModel, problem: DepotProblem) -> None:
    r"""Limit the charging of outlets that share one cabinet, :math:`\sum_{b, c \in \mathrm{cab}} p^+ \le P^{cab}`."""
    m.CABINET = pyo.Set(initialize=range(len(problem.cabinets)))

    @m.Constraint(m.CABINET, m.T)
    def cabinet(m, k, t):
        members = problem.cabinets[k].classes
        power = [m.charge_kw[b, c, t] for b in m.B for c in members if (b, c, t) in m.PLUG]
        return sum(power) <= problem.cabinets[k].max_kw if power else pyo.Constraint.Skip


def charge_at(m: pyo.ConcreteModel, b: int, t: int) -> Any:
    """Return the expression of the charging power of a bus in a step, 0 while away."""
    return sum(m.charge_kw[b, c, t] for c in m.C if (b, c, t) in m.PLUG)


def discharge_at(m: pyo.ConcreteModel, b: int, t: int) -> Any:
    """Return the expression of the power a bus feeds back in a step, 0 where it cannot."""
    return sum(m.discharge_kw[b, c, t] for c in m.C if (b, c, t) in m.FEED)
