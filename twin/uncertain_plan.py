"""The plan that is best on average over ways the day may go, and how it does on fresh ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from data.weather import Weather
from optimizers.assets.bus_depots import BusDepots
from optimizers.assets.charging import Charging
from optimizers.coordination import CoordinationSettings, coordinate
from optimizers.coordination_assets import AssetBlock, AssetPlan
from optimizers.coordination_plan import CoordinatedPlan
from optimizers.coordination_problem import CityProblem
from optimizers.two_stage import Evaluation, Outcome, evaluated, sample_average, with_plans
from twin.day import CityDay
from twin.uncertainty import DrawnDay, buses_served, draw_days, outcomes_of

FRESH_SEED = 1_000_003
"""Added to the seed for the days a plan is tested on."""


@dataclass(frozen=True, eq=False)
class UncertainPlan:
    """A plan for many ways a day may go.

    Attributes
    ----------
    plan, before
        The plan of all outcomes, and the plans made beforehand of garages and batteries.
    inside, outside
        The plan in the outcomes it was made for, and in fresh ones.
    expected_day
        In the fresh outcomes, what plans made beforehand for the expected day alone come to.
    known_krw
        Mean least cost of the outcomes if each was known beforehand, a proved lower bound.
    buses_served
        Share of fresh outcomes in which every bus has the energy it needs.
    """

    plan: CoordinatedPlan
    before: tuple[AssetPlan, ...]
    inside: Evaluation
    outside: Evaluation
    expected_day: Evaluation
    known_krw: float
    buses_served: float

    @property
    def robustness_krw(self) -> float:
        """What not knowing costs a day: above the mean of plans that know, at most."""
        return self.inside.mean_krw - self.known_krw

    @property
    def worth_of_scenarios_krw(self) -> float:
        """What planning for many outcomes saves in fresh ones against planning for the expected day."""
        return self.expected_day.mean_krw - self.outside.mean_krw

    @property
    def kept_share(self) -> float:
        """Share of fresh outcomes in which every limit is kept that can be."""
        return float(self.outside.kept.mean())


def plan_under_uncertainty(
    day: CityDay,
    weather: Weather,
    problem: CityProblem,
    count: int,
    settings: CoordinationSettings,
    seed: int,
    bus_factor: float = 1.0,
) -> UncertainPlan:
    """Plan garages and batteries once for many drawn days, and test the plan on as many fresh ones.

    Parameters
    ----------
    day, weather
        The day as it is expected, and its weather.
    problem
        The problem of that day; kinds other than vehicles are decided beforehand.
    count, seed
        Days to draw, for planning and again for the test.
    settings
        Of each plan.
    bus_factor
        Energy of duties that the garages in `problem` and `day` are planned for, over what is expected.

    Raises
    ------
    InvalidInput
        For fewer than one scenario, and a city that does not say how its forecasts err.
    """
    before = [block for block in problem.assets if not isinstance(block, Charging)]
    buses = len(problem.network.buses)
    drawn = draw_days(day, weather, count, seed)
    fresh_days = draw_days(day, weather, count, seed + FRESH_SEED)
    inside, fresh = outcomes_of(drawn, buses), outcomes_of(fresh_days, buses)
    plan = coordinate(sample_average(problem, before, inside), settings)
    given = tuple(plan.assets[:-1])
    own = sum(float(part.cost_krw.sum()) for part in given) / count
    expected = outcomes_of([DrawnDay(day, 1.0)], buses)
    for_day = coordinate(sample_average(problem, before, expected), settings)
    known = [coordinate(sample_average(problem, before, [one]), settings) for one in inside]
    return UncertainPlan(
        plan=plan,
        before=given,
        inside=evaluated(problem, inside, plan, own),
        outside=_run(problem, before, given, own, fresh, settings),
        expected_day=_run(
            problem,
            before,
            for_day.assets[:-1],
            sum(float(part.cost_krw.sum()) for part in for_day.assets[:-1]),
            fresh,
            settings,
        ),
        known_krw=float(np.mean([one.lower_bound_krw for one in known])),
        buses_served=_served(day, before, given, fresh_days, bus_factor),
    )


def _run(
    problem: CityProblem,
    before: Sequence[AssetBlock],
    plans: Sequence[AssetPlan],
    own_krw: float,
    outcomes: list[Outcome],
    settings: CoordinationSettings,
) -> Evaluation:
    """Return what given plans come to in outcomes in which only vehicles can still answer."""
    given = with_plans(problem, before, plans)
    loaded = [
        replace(one, base_kw=one.base_kw + given.base_kw, base_kvar=one.base_kvar + given.base_kvar) for one in outcomes
    ]
    plan = coordinate(sample_average(problem, [], loaded), settings)
    return evaluated(problem, outcomes, plan, own_krw)


def _served(
    day: CityDay, before: Sequence[AssetBlock], plans: Sequence[AssetPlan], days: Sequence[DrawnDay], planned_for: float
) -> float:
    energy = {}
    for block, plan in zip(before, plans, strict=True):
        if isinstance(block, BusDepots):
            detail = plan.detail if isinstance(plan.detail, list) else list(block.plans)
            energy = {own.problem_id: own.energy_kwh for own in detail}
    if not energy:
        return 1.0
    return float(np.mean([buses_served(day, energy, one.bus_factor / planned_for) for one in days]))
