"""The small programme that mixes a city's plans, feeder by feeder, so that what it draws keeps shared limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np
from scipy import sparse

from grid.powerflow import PowerFlow
from optimizers.arrays import Floats, Ints
from optimizers.coordination_plan import CoordinatedPlan
from optimizers.coordination_problem import CityProblem
from optimizers.highs_arrays import ArrayModel, solve_arrays

TIME_LIMIT_S = 60.0
KG_PER_ROW_UNIT = 1e3
"""Emissions are counted in tons in the programme, so that its numbers are of one size."""
LEAST_KG_PER_KWH = 1e-6


@dataclass(frozen=True, eq=False)
class Prices:
    """Prices of shared limits: `cap` (T,) of the caps and `peak` (T,) of the peak per kW of a step, `carbon` per kg."""

    cap: Floats
    peak: Floats
    carbon: float

    @staticmethod
    def zero(steps: int) -> Prices:
        """Return no prices."""
        return Prices(np.zeros(steps), np.zeros(steps), 0.0)

    def towards(self, other: Prices, share: float) -> Prices:
        """Return prices on the way to others."""
        own = 1.0 - share
        cap, peak = own * self.cap + share * other.cap, own * self.peak + share * other.peak
        return Prices(cap, peak, own * self.carbon + share * other.carbon)

    def legal(self, problem: CityProblem, peak_krw_per_kw: float) -> Prices:
        """Return prices that prove a bound: none where there is no limit, those of the peak no more than its own.

        What the peak cannot carry goes to the caps, so that prices found for a lowest peak start a plan under a cap.
        """
        keep = min(peak_krw_per_kw / max(float(self.peak.sum()), 1e-12), 1.0)
        cap = np.where(np.isfinite(problem.shared.supply_limit_kw), self.cap + (1.0 - keep) * self.peak, 0.0)
        carbon = self.carbon if np.isfinite(problem.shared.carbon_limit_kg) else 0.0
        return Prices(cap, keep * self.peak, carbon)

    def supply_krw_per_kwh(self, problem: CityProblem) -> Floats:
        """Return (T,) what the prices make of each kWh drawn."""
        return (self.cap + self.peak) / problem.step_h + self.carbon * problem.shared.carbon_kg_per_kwh

    def paid_for_limits_krw(self, problem: CityProblem) -> float:
        """Return what the limits themselves are worth at the prices."""
        shared, capped = problem.shared, np.isfinite(problem.shared.supply_limit_kw)
        budget = self.carbon * shared.carbon_limit_kg if np.isfinite(shared.carbon_limit_kg) else 0.0
        return float(self.cap[capped] @ shared.supply_limit_kw[capped]) + budget


@dataclass(frozen=True, eq=False)
class Answer:
    """One plan of the coordinator, added up by feeder.

    Attributes
    ----------
    plan
        The plan.
    cost_krw
        (G,) what the assets of each part pay by themselves.
    drawn_kw
        (G, T) what the assets of each part draw.
    rest_kw
        (T,) what is supplied besides: loads that nobody plans, and losses.
    """

    plan: CoordinatedPlan
    cost_krw: Floats
    drawn_kw: Floats
    rest_kw: Floats

    @staticmethod
    def of(parts: Parts, plan: CoordinatedPlan) -> Answer:
        """Add up a plan."""
        steps = plan.load_kw.shape[0]
        cost, drawn = np.zeros(parts.count), np.zeros((parts.count, steps))
        for part, own in zip(parts.of_block, plan.assets, strict=True):
            np.add.at(cost, part, own.cost_krw)
            np.add.at(drawn, part, own.kw)
        return Answer(plan, cost, drawn, supplied_kw(plan.flow) - drawn.sum(axis=0))


def supplied_kw(flow: PowerFlow) -> Floats:
    """Return (T,) what all slacks supply together; 0 in steps that were not solved."""
    return np.asarray(np.nan_to_num(flow.solution.sums.slack_kw.sum(axis=0)))


@dataclass(frozen=True, eq=False)
class Parts:
    """Assets whose plans are mixed with one share: `count` parts, and the (A,) part of each asset of each block."""

    count: int
    of_block: tuple[Ints, ...]

    @staticmethod
    def of_feeders(problem: CityProblem) -> Parts:
        """Return one part a feeder, and one for assets of none: mixtures nearly keep what each feeder's plans keep."""
        groups = len(problem.limits.group)
        found = (problem.limits.bus_group[block.bus] for block in problem.assets)
        return Parts(groups + 1, tuple(np.where(group >= 0, group, groups) for group in found))

    @staticmethod
    def finer(problem: CityProblem, wanted: int) -> Parts:
        """Return feeders cut into so many parts that there are about as many as wanted; they mix more freely."""
        feeders = Parts.of_feeders(problem)
        slices = max(wanted // feeders.count, 1)
        cut = (part * slices + np.arange(part.size) % slices for part in feeders.of_block)
        return Parts(feeders.count * slices, tuple(cut))


class Master:
    """Mixes answers at the least cost; afterwards `weight` (answers, groups) and `prices` hold what it found."""

    def __init__(self, problem: CityProblem, peak_krw_per_kw: float) -> None:
        self.problem, self.peak_krw_per_kw = problem, peak_krw_per_kw
        self.weight = np.zeros((0, 0))
        self.prices = Prices.zero(problem.steps)
        self.predicted_kw = np.zeros(problem.steps)
        self.correction_kw = np.zeros(problem.steps)

    def correct(self, supplied_kw: Floats) -> None:
        """Learn from the power flow of the mixture what is supplied besides what was predicted."""
        self.correction_kw = self.correction_kw + supplied_kw - self.predicted_kw

    def solve(self, answers: Sequence[Answer]) -> float:
        """Return the least cost of a mixture, what is beyond limits priced as an overload."""
        problem, groups, count = self.problem, answers[0].cost_krw.size, len(answers)
        # losses belong to no group: their mean over the answers, until a power flow of the mixture corrects it
        rest = np.mean([answer.rest_kw for answer in answers], axis=0) + self.correction_kw
        drawn = np.concatenate([answer.drawn_kw for answer in answers]).T
        solution = solve_arrays(self._model(answers, drawn, rest), TIME_LIMIT_S)
        share = solution.columns[: groups * count]
        self.weight = np.maximum(share.reshape(count, groups), 0.0)
        self.weight /= self.weight.sum(axis=0)
        self.predicted_kw = drawn @ self.weight.ravel() + rest
        price = np.maximum(-solution.row_prices[groups:], 0.0)
        steps = problem.steps
        self.prices = Prices(price[:steps], price[steps : 2 * steps], float(price[-1]) / KG_PER_ROW_UNIT)
        fixed = float(rest @ problem.supply_price) * problem.step_h + answers[-1].plan.violation_krw
        return float(solution.objective) + fixed

    def _model(self, answers: Sequence[Answer], drawn: Floats, rest: Floats) -> ArrayModel:
        """Return the programme: columns (answer, group), peak, a slack for each cap, a slack of emissions."""
        problem, steps, hour = self.problem, self.problem.steps, self.problem.step_h
        groups, mixed = answers[0].cost_krw.size, drawn.shape[1]
        shared, over, inf = problem.shared, problem.limits.overload_krw_per_kwh, highspy.kHighsInf
        cost = np.concatenate([answer.cost_krw for answer in answers]) + (problem.supply_price * hour) @ drawn
        emission = shared.carbon_kg_per_kwh * hour / KG_PER_ROW_UNIT
        beyond_budget = over * KG_PER_ROW_UNIT / max(float(shared.carbon_kg_per_kwh.mean()), LEAST_KG_PER_KWH)
        blocks = [
            [sparse.hstack([sparse.eye_array(groups)] * len(answers)), None, None, None],
            [sparse.csr_array(drawn), None, -sparse.eye_array(steps), None],
            [sparse.csr_array(drawn), sparse.csr_array(-np.ones((steps, 1))), None, None],
            [sparse.csr_array((emission @ drawn)[np.newaxis]), None, None, sparse.csr_array([[-1.0]])],
        ]
        cap = np.where(np.isfinite(shared.supply_limit_kw), shared.supply_limit_kw - rest, inf)
        budget = shared.carbon_limit_kg / KG_PER_ROW_UNIT - float(emission @ rest)
        return ArrayModel(
            cost=np.concatenate([cost, [self.peak_krw_per_kw], np.full(steps, over * hour), [beyond_budget]]),
            lower=np.zeros(mixed + steps + 2),
            upper=np.full(mixed + steps + 2, inf),
            rows=sparse.block_array(blocks, format="csr"),
            row_lower=np.concatenate([np.ones(groups), np.full(2 * steps + 1, -inf)]),
            row_upper=np.concatenate([np.ones(groups), cap, -rest, [min(budget, inf)]]),
        )
