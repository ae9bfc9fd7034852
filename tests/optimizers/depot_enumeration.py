"""A second formulation of the depot problem, sharing nothing: whole session patterns, chargers with an index, scipy.

Every bus chooses one of all its plug patterns (which outlet in which step, by name); patterns that break a session rule
are never listed. Stored energy is a running sum, not a recursion. For depots of a few buses and steps only. Knows
energy, starts, demand, sessions, outlets and the site.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from optimizers.problem import DepotProblem


def enumerated_cost_krw(problem: DepotProblem) -> float:
    """Cost of the best plan, inf when there is none."""
    lp = Enumeration(problem)
    lp.choose_patterns()
    lp.share_outlets()
    lp.store_energy()
    lp.balance_site()
    return lp.solve()


class Enumeration:
    """Columns: one per pattern of each bus, powers (bus, step), imports (step), the billing demand."""

    def __init__(self, problem: DepotProblem) -> None:
        self.problem = problem
        self.steps, self.count = problem.step_count, problem.bus_count
        self.outlets = [c for c, outlet in enumerate(problem.chargers) for _ in range(outlet.count)]
        self.patterns = [
            (bus, pattern) for bus in range(self.count) for pattern in _patterns(problem, bus, self.outlets)
        ]
        self.first_import = len(self.patterns) + self.count * self.steps
        self.peak = self.first_import + self.steps
        self.cost = np.zeros(self.peak + 1)
        self.rows: list[np.ndarray] = []
        self.lows: list[float] = []
        self.highs: list[float] = []

    def power(self, bus: int, t: int) -> int:
        return len(self.patterns) + bus * self.steps + t

    def row(self, entries, low, high):
        line = np.zeros(self.peak + 1)
        for position, value in entries:
            line[position] += value
        self.rows.append(line)
        self.lows.append(low)
        self.highs.append(high)

    def choose_patterns(self) -> None:
        for bus in range(self.count):
            own = [(k, pattern) for k, (b, pattern) in enumerate(self.patterns) if b == bus]
            self.row([(k, 1) for k, _ in own], 1, 1)
            for t in range(self.steps):
                most = [(k, -self.limit_kw(bus, pattern[t])) for k, pattern in own if pattern[t] >= 0]
                self.row([(self.power(bus, t), 1), *most], -np.inf, 0)
        for k, (_, pattern) in enumerate(self.patterns):
            self.cost[k] = self.problem.rules.start_krw * _starts(pattern)

    def limit_kw(self, bus: int, outlet: int) -> float:
        return min(self.problem.chargers[self.outlets[outlet]].max_kw, self.problem.buses.max_charge_kw[bus])

    def share_outlets(self) -> None:
        handover = self.problem.rules.handover_steps
        for outlet, t in product(range(len(self.outlets)), range(self.steps)):
            users = []
            for k, (_, pattern) in enumerate(self.patterns):
                left = any(pattern[s - 1] == outlet != pattern[s] for s in range(max(t - handover + 1, 1), t + 1))
                users += [(k, 1)] * ((pattern[t] == outlet) + left)
            self.row(users, -np.inf, 1)

    def store_energy(self) -> None:
        problem, buses = self.problem, self.problem.buses
        for bus, t in product(range(self.count), range(1, self.steps + 1)):
            need = np.append(problem.need_kwh[bus], buses.terminal_min_kwh[bus])[t]
            speed = problem.step_h * buses.charge_efficiency[bus]
            standing = (problem.step_h * buses.standing_loss_kw[bus] * problem.present[bus])[:t].sum()
            rest = buses.initial_kwh[bus] - problem.trip_kwh[bus, :t].sum() - standing
            gains = [(self.power(bus, s), speed[s]) for s in range(t)]
            self.row(gains, max(need, buses.min_kwh[bus]) - rest, buses.max_kwh[bus] - rest)

    def balance_site(self) -> None:
        problem, demand = self.problem, self.problem.demand
        for t in range(self.steps):
            powers = [(self.power(bus, t), -1 / problem.chargers[0].efficiency) for bus in range(self.count)]
            self.row([(self.first_import + t, 1), *powers], problem.site.base_kw[t], np.inf)
            self.cost[self.first_import + t] = problem.prices.buy_krw_per_kwh[t] * problem.step_h[t]
        assert demand is not None
        self.cost[self.peak] = demand.price_krw_per_kw * demand.share
        for interval in np.unique(demand.interval):
            inside = np.flatnonzero(demand.interval == interval)
            shares = problem.step_h[inside] / problem.step_h[inside].sum()
            averages = [(self.first_import + t, -share) for t, share in zip(inside, shares, strict=True)]
            self.row([(self.peak, 1), *averages], 0, np.inf)

    def solve(self) -> float:
        low, high = np.zeros(self.peak + 1), np.full(self.peak + 1, np.inf)
        high[: len(self.patterns)] = 1
        high[self.first_import : self.peak] = self.problem.site.import_limit_kw
        low[self.peak] = self.problem.demand.sunk_kw
        whole = np.arange(self.peak + 1) < len(self.patterns)
        result = milp(
            self.cost,
            constraints=LinearConstraint(np.array(self.rows), self.lows, self.highs),
            integrality=whole.astype(int),
            bounds=Bounds(low, high),
            options={"mip_rel_gap": 1e-7},
        )
        return float(result.fun - self.cost[self.peak] * low[self.peak]) if result.success else float("inf")


def _patterns(problem: DepotProblem, bus: int, outlets: list[int]) -> list[tuple[int, ...]]:
    free = [o for o, c in enumerate(outlets) if problem.compatible[bus, c]]
    options = [[-1, *free] if problem.present[bus, t] else [-1] for t in range(problem.step_count)]
    return [pattern for pattern in product(*options) if _allowed(problem, bus, pattern)]


def _starts(pattern: tuple[int, ...]) -> int:
    return sum(o >= 0 and (t == 0 or pattern[t - 1] != o) for t, o in enumerate(pattern))


def _allowed(problem: DepotProblem, bus: int, pattern: tuple[int, ...]) -> bool:
    rules, begun, t = problem.rules, 0, 0
    while t < len(pattern):
        if not problem.present[bus, t]:
            begun = 0
        if pattern[t] < 0:
            t += 1
            continue
        stop = t
        while stop < len(pattern) and pattern[stop] == pattern[t]:
            stop += 1
        begun += 1
        too_short = stop - t < rules.min_plug_steps and stop < len(pattern)
        if too_short or begun > rules.max_sessions_per_stay or not rules.plug_allowed[t]:
            return False
        t = stop
    return True
