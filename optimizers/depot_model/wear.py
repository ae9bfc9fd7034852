"""What the day costs the batteries: cycling by depth, and standing at high charge."""

# mypy: allow-untyped-defs, allow-untyped-calls
# (Pyomo's rules take the model and the index; neither carries a type.)

from __future__ import annotations

import pyomo.environ as pyo

from optimizers.depot_cost import initial_segments_kwh, segment_sizes_kwh
from optimizers.problem import DepotProblem


def add_cycling_wear(m: pyo.ConcreteModel, problem: DepotProblem) -> None:
    r"""Split every battery into depth segments; what leaves a segment costs its price.

    .. math:: s_{j,t+1} = s_{j,t} + c_{j,t} - d_{j,t}, \quad 0 \le s_j \le S_j, \quad
              \sum_j s_{j,t} = e_t - e^{min}, \quad \mathrm{cost} = \sum_{j,t} \kappa_j d_{j,t}

    (Xu, Zhao, Zheng, Litvinov, Kirschen, IEEE Trans. Power Systems 33(2), 2018.) Prices ascend with depth, so that the
    linear programme cycles the shallow segments first by itself.
    """
    if problem.degradation is None:
        return
    sizes_kwh, first_kwh = segment_sizes_kwh(problem), initial_segments_kwh(problem)
    m.J = pyo.Set(initialize=range(sizes_kwh.shape[1]))
    m.segment_kwh = pyo.Var(m.B, m.J, m.E, bounds=lambda m, b, j, t: (0, sizes_kwh[b, j]))
    m.segment_in_kwh = pyo.Var(m.B, m.J, m.T, domain=pyo.NonNegativeReals)
    m.segment_out_kwh = pyo.Var(m.B, m.J, m.T, domain=pyo.NonNegativeReals)

    @m.Constraint(m.B, m.J)
    def first_segment(m, b, j):
        return m.segment_kwh[b, j, 0] == first_kwh[b, j]

    @m.Constraint(m.B, m.J, m.T)
    def segment_balance(m, b, j, t):
        change = m.segment_in_kwh[b, j, t] - m.segment_out_kwh[b, j, t]
        return m.segment_kwh[b, j, t + 1] == m.segment_kwh[b, j, t] + change

    @m.Constraint(m.B, m.T)
    def segments_make_the_energy(m, b, t):
        together = sum(m.segment_kwh[b, j, t + 1] for j in m.J)
        return together == m.energy_kwh[b, t + 1] - problem.buses.min_kwh[b]


def add_calendar_wear(m: pyo.ConcreteModel, problem: DepotProblem) -> None:
    r"""Add the energy above the free level at the end of each step, :math:`a_{b,t} \ge e_{b,t+1} - e^{free}_b`."""
    if problem.degradation is None:
        return
    free_kwh, price = problem.degradation.calendar_free_kwh, problem.degradation.calendar_krw_per_kwh_h
    m.above_kwh = pyo.Var(m.B, m.T, domain=pyo.NonNegativeReals)

    @m.Constraint(m.B, m.T)
    def above_free_level(m, b, t):
        if price[b] == 0:
            return pyo.Constraint.Skip
        return m.above_kwh[b, t] >= m.energy_kwh[b, t + 1] - free_kwh[b]
