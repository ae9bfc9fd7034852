r"""Plans under uncertainty: what is decided before anybody knows, once; what is decided afterwards, for each outcome.

Outcomes are laid behind one another in time, so that the coordinator plans all of them at once under the full network:
assets decided beforehand do the same in every outcome, the others plan each outcome for itself,

.. math:: \min_{x \in X} c(x) + \frac{1}{S} \sum_s \min_{y_s \in Y_s(x)} q(y_s)

(sample average). The stacked problem counts S times the expected cost; its bound is S times that of the expectation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from data.errors import InvalidInput, Problem, ProblemList
from optimizers.arrays import Floats, Ints
from optimizers.assets.charging import Charging
from optimizers.coordination_assets import AssetBlock, AssetModel, AssetPlan, BestResponse, BusPrices
from optimizers.coordination_plan import CoordinatedPlan, Violation
from optimizers.coordination_problem import CityProblem
from optimizers.highs_arrays import ArrayModel


@dataclass(frozen=True, eq=False)
class Outcome:
    """One way the day may go: (T, N) load that nobody plans, and the vehicles that come."""

    base_kw: Floats
    base_kvar: Floats
    vehicles: Charging


@dataclass(frozen=True, eq=False)
class Common:
    """Assets of one block that do the same in each of S outcomes."""

    block: AssetBlock
    outcomes: int

    @property
    def kind(self) -> str:
        """Name of the kind."""
        return self.block.kind

    @property
    def bus(self) -> Ints:
        """(A,) position of each asset."""
        return self.block.bus

    def select(self, assets: Ints) -> Common:
        """Return some of the assets."""
        return Common(self.block.select(assets), self.outcomes)

    def check(self, steps: int, step_h: float, problems: ProblemList) -> None:
        """Note what makes the block meaningless for one outcome."""
        self.block.check(steps // self.outcomes, step_h, problems)

    def best_response(self, prices: BusPrices) -> BestResponse:
        """Return the plan that is cheapest at the mean of the outcomes' prices."""
        mean = BusPrices(self._mean(prices.kw_krw_per_kwh), self._mean(prices.kvar_krw_per_kvarh), prices.row)
        answer = self.block.best_response(mean)
        return BestResponse(self._repeated(answer.plan), answer.lower_bound_krw * self.outcomes)

    def power_range_kw(self) -> tuple[Floats, Floats]:
        """Return the range of one outcome, repeated."""
        low, high = self.block.power_range_kw()
        return np.tile(low, (1, self.outcomes)), np.tile(high, (1, self.outcomes))

    def model(self) -> AssetModel | None:
        """Return the compact model of one outcome, whose powers are drawn in all."""
        own = self.block.model()
        if own is None:
            return None
        assets = len(self.bus)
        steps = own.fixed_kw.size // max(assets, 1)
        rows = np.tile(np.arange(assets * steps).reshape(assets, steps), (1, self.outcomes)).ravel()
        model: ArrayModel = replace(own.model, cost=own.model.cost * self.outcomes)
        return AssetModel(
            model,
            sparse.csr_array(own.kw[rows]),
            sparse.csr_array(own.kvar[rows]),
            own.fixed_kw[rows],
            own.fixed_kvar[rows],
            own.fixed_krw * self.outcomes,
        )

    def plan_of(self, columns: Floats) -> AssetPlan:
        """Return the plan of the columns, repeated."""
        return self._repeated(self.block.plan_of(columns))

    def _mean(self, prices: Floats) -> Floats:
        return np.asarray(prices.reshape(len(prices), self.outcomes, -1).mean(axis=1))

    def _repeated(self, plan: AssetPlan) -> AssetPlan:
        kw, kvar = (np.tile(powers, (1, self.outcomes)) for powers in (plan.kw, plan.kvar))
        return AssetPlan(kw, kvar, plan.cost_krw * self.outcomes, plan.detail)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What plans made beforehand come to in each of S outcomes.

    Attributes
    ----------
    cost_krw
        (S,) what all assets pay.
    violation_krw
        Price of avoidable violations, over all outcomes.
    kept
        (S,) whether every limit is kept that can be kept.
    lower_bound_krw
        Bound of the mean cost and violations, for the given plans beforehand.
    """

    cost_krw: Floats
    violation_krw: float
    kept: np.ndarray
    lower_bound_krw: float

    @property
    def mean_krw(self) -> float:
        """Mean of cost and violations."""
        return float(self.cost_krw.mean()) + self.violation_krw / len(self.cost_krw)


def sample_average(problem: CityProblem, before: Sequence[AssetBlock], outcomes: Sequence[Outcome]) -> CityProblem:
    """Return the problem of S outcomes laid behind one another.

    Parameters
    ----------
    problem
        Network, limits and prices of one day of T steps; its assets and loads are not used.
    before
        Assets decided before the outcome is known.
    outcomes
        What may happen; their vehicles must have the same assets in the same order, and get all they need in each.

    Raises
    ------
    InvalidInput
        Without outcomes, and for vehicles that differ or need not be charged in full.
    """
    _require_alike(outcomes)
    count = len(outcomes)
    shared = problem.shared
    repeated = replace(
        shared,
        supply_limit_kw=np.tile(shared.supply_limit_kw, count),
        carbon_kg_per_kwh=np.tile(shared.carbon_kg_per_kwh, count),
        carbon_limit_kg=shared.carbon_limit_kg * count,
    )
    return replace(
        problem,
        id=f"{problem.id}, {count} outcomes",
        shared=repeated,
        base_kw=np.concatenate([outcome.base_kw for outcome in outcomes]),
        base_kvar=np.concatenate([outcome.base_kvar for outcome in outcomes]),
        assets=(*(Common(block, count) for block in before), _stacked([one.vehicles for one in outcomes])),
        supply_krw_per_kwh=np.tile(problem.supply_krw_per_kwh, count),
        reference_krw_per_kwh=np.tile(problem.reference_krw_per_kwh, count),
    )


def with_plans(problem: CityProblem, before: Sequence[AssetBlock], plans: Sequence[AssetPlan]) -> Outcome:
    """Return (T, N) loads of plans made beforehand, as an outcome without vehicles, to be added to others."""
    kw, kvar = np.zeros_like(problem.base_kw), np.zeros_like(problem.base_kw)
    steps = problem.steps
    for block, plan in zip(before, plans, strict=True):
        np.add.at(kw.T, block.bus, plan.kw[:, :steps])
        np.add.at(kvar.T, block.bus, plan.kvar[:, :steps])
    vehicles = next(block for block in problem.assets if isinstance(block, Charging))
    return Outcome(kw, kvar, vehicles.select(np.zeros(0, dtype=np.int64)))


def evaluated(
    problem: CityProblem, outcomes: Sequence[Outcome], plan: CoordinatedPlan, before_krw: float
) -> Evaluation:
    """Return what a plan of stacked outcomes means for each of them.

    `before_krw` is what assets decided beforehand pay in one day; the plan's last block are the vehicles.
    """
    count, steps = len(outcomes), problem.steps
    vehicles = plan.assets[-1]
    own = outcomes[0].vehicles
    price = own.price_krw_per_kwh[own.price_row]
    paid = (vehicles.kw.reshape(-1, count, steps) * price[:, np.newaxis]).sum(axis=(0, 2)) * problem.step_h
    supplied = np.nan_to_num(plan.flow.solution.sums.slack_kw.sum(axis=0)).reshape(count, steps)
    kept = np.ones(count, dtype=bool)
    kept[sorted({one.step // steps for one in plan.violations if not one.unavoidable and one.step >= 0})] = False
    return Evaluation(
        cost_krw=paid + supplied @ problem.supply_price * problem.step_h + before_krw,
        violation_krw=plan.violation_krw,
        kept=kept,
        lower_bound_krw=plan.lower_bound_krw / count,
    )


def outcome_violations(plan: CoordinatedPlan, outcome: int, steps: int) -> tuple[Violation, ...]:
    """Return the violations of one outcome of a stacked plan, steps counted from its start."""
    first = outcome * steps
    return tuple(replace(v, step=v.step - first) for v in plan.violations if first <= v.step < first + steps)


def _stacked(vehicles: Sequence[Charging]) -> Charging:
    """Return vehicles whose day is all outcomes one after the other; each ends with what its outcome needs."""
    first = vehicles[0]
    steps = first.envelopes.power_limit_kw.shape[1]
    before = np.zeros((len(first.bus), 1))
    latest, earliest = [before], [before]
    for one in vehicles:
        latest.append(before + one.envelopes.latest_kwh[:, 1:])
        earliest.append(before + one.envelopes.earliest_kwh[:, 1:])
        before = before + one.envelopes.latest_kwh[:, steps:]
    envelopes = replace(
        first.envelopes,
        power_limit_kw=np.concatenate([one.envelopes.power_limit_kw for one in vehicles], axis=1),
        latest_kwh=np.concatenate(latest, axis=1),
        earliest_kwh=np.concatenate(earliest, axis=1),
    )
    return replace(first, envelopes=envelopes, price_krw_per_kwh=np.tile(first.price_krw_per_kwh, (1, len(vehicles))))


def _require_alike(outcomes: Sequence[Outcome]) -> None:
    problems = ProblemList()
    if not outcomes:
        raise InvalidInput([Problem("outcomes", 0, "", "no outcome", "give at least one")])
    first = outcomes[0].vehicles
    for row, outcome in enumerate(outcomes, start=1):
        own = outcome.vehicles
        if not np.array_equal(own.bus, first.bus) or outcome.base_kw.shape != outcomes[0].base_kw.shape:
            problems.add("outcomes", "other vehicles or another horizon than the first", "lay them out alike", row=row)
        elif not np.allclose(own.envelopes.latest_kwh[:, -1], own.envelopes.earliest_kwh[:, -1]):
            problems.add("outcomes", "vehicles that need not be charged in full", "fix what they need", row=row)
    problems.raise_if_any()
