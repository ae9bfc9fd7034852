"""Rows that make a plan survive what may go wrong, and what they protect against."""

# mypy: allow-untyped-defs, allow-untyped-calls
# (Pyomo's rules take the model and the index; neither carries a type.)

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyomo.environ as pyo

from optimizers.depot_model.power import charge_at, discharge_at
from optimizers.problem import DepotProblem, stays


@dataclass(frozen=True)
class LateBuses:
    """A budget of late buses.

    Attributes
    ----------
    count
        At most so many buses are late, whichever they are (the budget Γ).
    steps
        A late bus comes back so many steps later, once in the day, and loses what it would have charged in them.
    makeup_kwh
        Energy that late buses can make up together outside the plan (a standby outlet, a swap); 0 for none.
    """

    count: int
    steps: int
    makeup_kwh: float = 0.0


@dataclass(frozen=True)
class ColdDay:
    """A day on which duties take `trip_factor` times the energy and standing `standing_factor` times."""

    trip_factor: float
    standing_factor: float = 1.0


def add_late_buses(m: pyo.ConcreteModel, problem: DepotProblem, late: LateBuses) -> None:
    r"""Keep the shortfalls of any Γ late buses together within what can be made up.

    A bus late for stay k loses :math:`\ell_k = \sum_{t \in first} h_t \eta p_t`; its shortfall is

    .. math:: q_b \ge \ell_k + e^{min}_{b,t} - e_{b,t} \quad \forall k, \; t > first(k),

    and the worst Γ of them are bounded in dual form, :math:`\Gamma \theta + \sum_b \pi_b \le R`,
    :math:`\theta + \pi_b \ge q_b` (Bertsimas and Sim, Operations Research 52(1), 2004).
    """
    floor_kwh = np.maximum(
        np.column_stack([problem.need_kwh, problem.buses.terminal_min_kwh]), problem.buses.min_kwh[:, None]
    )
    arrivals = [stay for stay in stays(problem.present) if stay.start > 0]
    m.ARRIVAL = pyo.Set(initialize=range(len(arrivals)))
    m.shortfall_kwh = pyo.Var(m.B, domain=pyo.NonNegativeReals)
    m.late_price = pyo.Var(domain=pyo.NonNegativeReals)
    m.late_extra_kwh = pyo.Var(m.B, domain=pyo.NonNegativeReals)

    @m.Constraint(m.ARRIVAL, m.E)
    def shortfall(m, k, t):
        stay = arrivals[k]
        first = range(stay.start, min(stay.start + late.steps, stay.stop))
        if t < stay.start + len(first):
            return pyo.Constraint.Skip
        efficiency = problem.buses.charge_efficiency[stay.bus]
        lost = sum(problem.step_h[s] * efficiency * charge_at(m, stay.bus, s) for s in first)
        return m.shortfall_kwh[stay.bus] >= lost + floor_kwh[stay.bus, t] - m.energy_kwh[stay.bus, t]

    @m.Constraint(m.B)
    def worst_shortfalls(m, b):
        return m.late_price + m.late_extra_kwh[b] >= m.shortfall_kwh[b]

    @m.Constraint()
    def makeup(m):
        return late.count * m.late_price + sum(m.late_extra_kwh[b] for b in m.B) <= late.makeup_kwh


def add_cold_day(m: pyo.ConcreteModel, problem: DepotProblem, cold: ColdDay) -> None:
    r"""Follow the batteries through a cold day under the same charging; no battery may fall below its window.

    Reserves in departure needs may be used up: that is what they are for.
    """
    buses = problem.buses
    m.cold_energy_kwh = pyo.Var(m.B, m.E, bounds=lambda m, b, t: (buses.min_kwh[b] if t else None, None))

    @m.Constraint(m.B)
    def cold_start(m, b):
        return m.cold_energy_kwh[b, 0] == buses.initial_kwh[b]

    @m.Constraint(m.B, m.T)
    def cold_balance(m, b, t):
        stored = buses.charge_efficiency[b] * charge_at(m, b, t)
        drawn = discharge_at(m, b, t) / buses.discharge_efficiency[b]
        standing = cold.standing_factor * buses.standing_loss_kw[b] if problem.present[b, t] else 0.0
        gain = problem.step_h[t] * (stored - drawn - standing) - cold.trip_factor * problem.trip_kwh[b, t]
        return m.cold_energy_kwh[b, t + 1] == m.cold_energy_kwh[b, t] + gain
