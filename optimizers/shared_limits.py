r"""Limits of a whole city beside those of its network: a cap on its supply, a budget of emissions, a price of its peak.

Dantzig-Wolfe decomposition over `coordinate`: what the city draws gets a price in each step, the coordinator answers
with a plan inside the network's limits, and a small programme mixes, feeder by feeder, the answers so far:

.. math:: \min \sum_{g,k} w_{gk} c_{gk} + \rho P + M s \quad
          \sum_{g,k} w_{gk} p_{gkt} \le \min(\hat P_t, P) + s_t, \quad
          h \sum_{g,k,t} e_t w_{gk} p_{gkt} \le E + s_E, \quad \sum_k w_{gk} = 1

At prices π of the caps and μ of emissions the bound of the coordinator's problem less :math:`\pi \hat P + \mu E`, with
the prices of the peak adding up to at most ρ, bounds every plan that keeps the limits. Mixed plans keep the rules of
continuous assets; the power flow has the last word on the network and on what is really drawn.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from data.errors import ProblemList
from optimizers.arrays import Floats
from optimizers.coordination import CoordinationSettings, coordinate
from optimizers.coordination_loads import range_at_buses
from optimizers.coordination_plan import CoordinatedPlan
from optimizers.coordination_problem import CityProblem, SharedLimits
from optimizers.coordination_settings import CoordinationState
from optimizers.shared_limits_master import Answer, Master, Parts, Prices
from optimizers.shared_limits_plan import finished_plan, mixture, network_violations

MOST_TURNS = 40
WANTED_PARTS = 64
ENOUGH = 0.25
"""Share of the gap asked for at which mixing stops; the rest is for the power flow of the mixture."""
SMOOTHING = 0.6
"""Share of the best prices so far in the prices asked for next: steadier prices, fewer turns."""


@dataclass(frozen=True, eq=False)
class SharedState:
    """What a later plan of the same network and horizon starts from: tangents, and the best prices found."""

    network: CoordinationState
    prices: Prices


def check_shared(problem: CityProblem) -> None:
    """Raise `InvalidInput` for limits that no plan can keep, whatever the network allows; losses are left out.

    Raises
    ------
    InvalidInput
        One problem for each limit, saying what is the least.
    """
    problems, shared = ProblemList(), problem.shared
    least_kw = least_supply_kw(problem)
    short = least_kw - shared.supply_limit_kw
    if (short > 0).any():
        step = int(short.argmax())
        what = (
            f"{shared.supply_limit_kw[step] / 1e3:,.1f} MW in step {step}, where at least {least_kw[step] / 1e3:,.1f} "
            f"MW are drawn; {int((short > 0).sum())} steps in all"
        )
        problems.add(problem.id, what, "raise the cap or name other hours", field="supply_limit_kw")
    least_kg = float(np.maximum(least_kw, 0.0) @ shared.carbon_kg_per_kwh) * problem.step_h
    if least_kg > shared.carbon_limit_kg:
        what = f"a budget of {shared.carbon_limit_kg / 1e3:,.1f} t, where at least {least_kg / 1e3:,.1f} t are emitted"
        problems.add(problem.id, what, "raise the budget", field="carbon_limit_kg")
    problems.raise_if_any()


def least_supply_kw(problem: CityProblem) -> Floats:
    """Return (T,) what is drawn at least, each step by itself and without losses."""
    low, _ = range_at_buses(problem)
    return np.asarray((problem.base_kw + low).sum(axis=1))


def coordinate_shared(
    problem: CityProblem, settings: CoordinationSettings, warm: object = None, peak_krw_per_kw: float = 0.0
) -> CoordinatedPlan:
    """Plan a city within the limits of its network and within `problem.shared`.

    Parameters
    ----------
    problem, settings
        As for `coordinate`.
    warm
        `CoordinatedPlan.state` of an earlier plan by this function or by `coordinate`.
    peak_krw_per_kw
        Price of the highest power the city draws.

    Returns
    -------
    CoordinatedPlan
        `prices` also hold those of the caps, per kW for a step, and of emissions, per kg; `cost_krw` includes the price
        of the peak; `violations` of what is drawn are listed with the network's.

    Raises
    ------
    InvalidInput
        For a problem without meaning, and for shared limits that no plan can keep.
    """
    begin = time.perf_counter()
    problem.check()
    check_shared(problem)
    bare = replace(problem, shared=SharedLimits.none(problem.steps))
    state = warm.network if isinstance(warm, SharedState) else warm if isinstance(warm, CoordinationState) else None
    if _nothing_shared(problem) and peak_krw_per_kw == 0.0:
        plan = coordinate(bare, settings, state)
        return replace(plan, state=SharedState(plan.state, Prices.zero(problem.steps)))  # type: ignore[arg-type]
    start = warm.prices if isinstance(warm, SharedState) else Prices.zero(problem.steps)
    search = _Search(bare, problem, settings, state, peak_krw_per_kw)
    search.run(start.legal(problem, peak_krw_per_kw), begin)
    if search.breaks_network():
        # parts finer than feeders mixed plans that a feeder cannot carry together
        search.mix_by_feeder()
        search.run(search.best, begin)
    return finished_plan(
        problem, search.answers, search.parts, search.master, search.bound_krw, settings, begin, SharedState
    )


def _nothing_shared(problem: CityProblem) -> bool:
    return not np.isfinite(problem.shared.supply_limit_kw).any() and not np.isfinite(problem.shared.carbon_limit_kg)


class _Search:
    """Turns of asking the coordinator at prices and mixing its answers."""

    def __init__(
        self,
        bare: CityProblem,
        problem: CityProblem,
        settings: CoordinationSettings,
        state: CoordinationState | None,
        peak_krw_per_kw: float,
    ) -> None:
        self.bare, self.problem, self.settings = bare, problem, settings
        self.state, self.peak_krw_per_kw = state, peak_krw_per_kw
        self.parts = Parts.finer(problem, WANTED_PARTS)
        self.answers: list[Answer] = []
        self.master = Master(problem, peak_krw_per_kw)
        self.bound_krw = -np.inf
        self.best = Prices.zero(problem.steps)

    def run(self, start: Prices, begin: float) -> None:
        """Ask and mix until bound and mixture meet, or time is up."""
        asked, smoothing = start, SMOOTHING
        for turn in range(MOST_TURNS):
            known = self.bound_krw
            self._ask(asked)
            value = self.master.solve(self.answers)
            if value - self.bound_krw <= ENOUGH * self.settings.gap * abs(value) and turn > 0:
                return
            if time.perf_counter() - begin > self.settings.time_limit_s:
                return
            smoothing = SMOOTHING if self.bound_krw > known else 0.5 * smoothing
            asked = self.best.towards(self.master.prices, 1.0 - smoothing)

    def breaks_network(self) -> bool:
        """Return whether the mixture breaks limits of the network that the coordinator's own plans keep."""
        _, flow, _ = mixture(self.problem, self.answers, self.parts, self.master)
        last = self.answers[-1].plan
        _, priced = network_violations(self.problem, flow, last)
        return priced > last.violation_krw

    def mix_by_feeder(self) -> None:
        """Add up all answers again, feeder by feeder."""
        self.parts = Parts.of_feeders(self.problem)
        self.answers = [Answer.of(self.parts, answer.plan) for answer in self.answers]
        self.master = Master(self.problem, self.peak_krw_per_kw)
        self.master.solve(self.answers)

    def _ask(self, prices: Prices) -> None:
        added = prices.supply_krw_per_kwh(self.problem)
        priced = replace(self.bare, supply_krw_per_kwh=self.problem.supply_price + added)
        plan = coordinate(priced, self.settings, self.state)
        self.state = plan.state if isinstance(plan.state, CoordinationState) else None
        self.answers.append(Answer.of(self.parts, plan))
        bound = plan.lower_bound_krw - prices.paid_for_limits_krw(self.problem)
        if bound > self.bound_krw:
            self.bound_krw, self.best = bound, prices
