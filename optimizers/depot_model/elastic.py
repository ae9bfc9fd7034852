"""One rule of the depot model gives way, at the least it takes: each part relaxes a rule and sets its objective."""

# mypy: allow-untyped-defs, allow-untyped-calls
# (Pyomo's rules take the model and the index; neither carries a type.)

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from optimizers.problem import DepotProblem, stays


def add_gifts(m: pyo.ConcreteModel, problem: DepotProblem) -> None:
    """Give energy to a bus in the first step of a duty, out of nowhere; minimise what is given.

    What is given counts for the departure need of the same step; a bus that never leaves again is given it at the end.
    """
    last = problem.step_count
    duties = [(duty.bus, duty.start) for duty in stays(~problem.present)]
    m.GIFT = pyo.Set(dimen=2, initialize=[*duties, *((b, last) for b in m.B)])
    m.gift_kwh = pyo.Var(m.GIFT, domain=pyo.NonNegativeReals)
    m.del_component(m.energy_balance)
    m.session_cover.deactivate()  # who is given energy need not charge
    m.step_cover.deactivate()
    floor_kwh = {(b, t): m.energy_kwh[b, t].lb for b in m.B for t in m.E}
    for b in m.B:
        for t in m.E:
            m.energy_kwh[b, t].setlb(None)
    buses = problem.buses

    @m.Constraint(m.B, m.E)
    def floor_with_gift(m, b, t):
        if floor_kwh[b, t] is None:
            return pyo.Constraint.Skip
        return m.energy_kwh[b, t] + _gift(m, b, t) >= floor_kwh[b, t]

    @m.Constraint(m.B, m.T)
    def energy_balance_with_gift(m, b, t):
        stored = sum(m.charge_kw[b, c, t] for c in m.C if (b, c, t) in m.PLUG) * buses.charge_efficiency[b]
        drawn = sum(m.discharge_kw[b, c, t] for c in m.C if (b, c, t) in m.FEED) / buses.discharge_efficiency[b]
        standing = buses.standing_loss_kw[b] if problem.present[b, t] else 0.0
        gain = problem.step_h[t] * (stored - drawn - standing) - problem.trip_kwh[b, t]
        return m.energy_kwh[b, t + 1] == m.energy_kwh[b, t] + _gift(m, b, t) + gain

    m.given_kwh = pyo.Objective(expr=sum(m.gift_kwh[place] for place in m.GIFT))


def _gift(m: pyo.ConcreteModel, b: int, t: int) -> Any:
    return m.gift_kwh[b, t] if (b, t) in m.GIFT else 0.0


def add_outlet_hours(m: pyo.ConcreteModel, problem: DepotProblem) -> None:
    """Add outlets of every class in single steps; minimise the outlet hours added."""
    m.extra_outlets = pyo.Var(m.C, m.T, domain=pyo.NonNegativeIntegers)
    used = {index: row.body for index, row in m.outlets.items()}
    m.outlets.deactivate()

    @m.Constraint(m.C, m.T)
    def more_outlets(m, c, t):
        if (c, t) not in used:
            return m.extra_outlets[c, t] == 0
        return used[c, t] <= problem.chargers[c].count + m.extra_outlets[c, t]

    m.added_h = pyo.Objective(expr=sum(problem.step_h[t] * m.extra_outlets[c, t] for c in m.C for t in m.T))


def add_larger_connection(m: pyo.ConcreteModel, _problem: DepotProblem) -> None:
    """Enlarge the connection by the same power in every step; minimise that power."""
    m.larger_kw = pyo.Var(domain=pyo.NonNegativeReals)
    limit_kw = {t: m.import_kw[t].ub for t in m.T}
    for t in m.T:
        m.import_kw[t].setub(None)

    @m.Constraint(m.T)
    def larger_connection(m, t):
        return m.import_kw[t] <= limit_kw[t] + m.larger_kw if limit_kw[t] is not None else pyo.Constraint.Skip

    m.larger = pyo.Objective(expr=m.larger_kw)
