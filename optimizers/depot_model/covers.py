"""Rows that cut off no plan, only fractions of plans: who must charge takes whole sessions and whole steps."""

# mypy: allow-untyped-defs, allow-untyped-calls
# (Pyomo's rules take the model and the index; neither carries a type.)

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo

from optimizers.depot_model.sessions import before
from optimizers.energy_need import must_charge_kwh, reach_kwh_of
from optimizers.problem import DepotProblem, charge_limit_kw, stays


def add_session_covers(m: pyo.ConcreteModel, problem: DepotProblem) -> None:
    r"""Cover what a bus must charge between an arrival and a later departure, Q, by sessions and by plugged steps.

    .. math:: \sum_c \Big( u_{c,a-1} + \sum_{t=a}^{d-1} w_{c,t} \Big) \ge 1, \qquad
              \sum_c \sum_{t=a}^{d-1} u_{c,t} \ge \left\lceil \frac{Q}{\max_t h_t \, \eta \, P^{max}} \right\rceil

    Both hold for every plan; without them the relaxation buys thirds of a session.
    """
    windows = {(b, a, d): steps for b, a, d, steps in _windows(problem)}
    m.WINDOW = pyo.Set(dimen=3, initialize=list(windows))

    @m.Constraint(m.WINDOW)
    def session_cover(m, b, a, d):
        places = [(c, t) for c in m.C for t in range(a, d) if (b, c, t) in m.PLUG]
        return sum(before(m, problem, b, c, a) for c in m.C) + sum(m.started[b, c, t] for c, t in places) >= 1

    @m.Constraint(m.WINDOW)
    def step_cover(m, b, a, d):
        places = [(c, t) for c in m.C for t in range(a, d) if (b, c, t) in m.PLUG]
        return sum(m.plugged[b, c, t] for c, t in places) >= windows[b, a, d]


def _windows(problem: DepotProblem) -> list[tuple[int, int, int, int]]:
    """Return (bus, arrival, departure, least plugged steps) of every window in which a bus must charge."""
    power_kw = charge_limit_kw(problem).max(axis=1)
    reach_kwh, all_stays = reach_kwh_of(problem, power_kw), stays(problem.present)
    found = []
    for start in sorted({stay.start for stay in all_stays}):
        must = must_charge_kwh(problem, start, reach_kwh)
        for bus in sorted({stay.bus for stay in all_stays if stay.start == start}):
            gain_kwh = problem.step_h.max() * power_kw[bus] * problem.buses.charge_efficiency[bus]
            stops = [stay.stop for stay in all_stays if stay.bus == bus and stay.stop > start]
            found += [
                (bus, start, stop, int(np.ceil(must[bus, stop] / gain_kwh - 1e-6)))
                for stop in stops
                if gain_kwh > 0 and must[bus, stop] > 1e-6
            ]
    return found
