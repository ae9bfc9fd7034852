"""Plans under uncertainty: against enumeration of outcomes, against knowing everything, and on fresh outcomes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.errors import InvalidInput, ProblemList
from optimizers.assets.charging import Charging
from optimizers.coordination import CoordinationSettings, coordinate
from optimizers.coordination_assets import BusPrices
from optimizers.coordination_plan import CoordinatedPlan
from optimizers.coordination_problem import CityProblem
from optimizers.envelopes import Envelopes
from optimizers.highs_arrays import solve_arrays
from optimizers.two_stage import Common, Outcome, evaluated, outcome_violations, sample_average, with_plans
from tests.optimizers.small_city import batteries, cars, prices, small_city

SETTINGS = CoordinationSettings(time_limit_s=30.0, gap=1e-4)
STEPS = 24


def charging(seed: int, size_kw: float) -> Charging:
    bus = np.array([1, 2, 3, 4, 5])
    fleet = cars(bus, STEPS, 1.0, seed, size_kw)
    envelopes = Envelopes(fleet.power_limit_kw, fleet.latest_kwh, fleet.earliest_kwh)
    return Charging(bus, envelopes, prices(STEPS)[None], np.zeros(5, dtype=np.int64), 0.2, 1.0)


def city(rating_a: float = 38.0) -> CityProblem:
    return small_city(rating_a=rating_a)


def outcomes(count: int, seed: int = 0, size_kw: float = 250.0) -> list[Outcome]:
    rng = np.random.default_rng(seed)
    base = city().base_kw
    return [
        Outcome(base * factor, 0.3 * base * factor, charging(seed * 100 + k, size_kw))
        for k, factor in enumerate(rng.uniform(0.9, 1.0, count))
    ]


def solved(problem: CityProblem) -> CoordinatedPlan:
    return coordinate(problem, SETTINGS)


STORE = batteries(np.array([3]), STEPS, 1.0)


def test_beforehand_means_the_same_in_every_outcome() -> None:
    plan = solved(sample_average(city(), [STORE], outcomes(3)))
    powers = plan.assets[0].kw.reshape(1, 3, STEPS)
    assert powers[:, 1] == pytest.approx(powers[:, 0])
    assert powers[:, 2] == pytest.approx(powers[:, 0])


def test_one_outcome_is_the_certain_problem() -> None:
    one = outcomes(1)
    certain = replace(city(), base_kw=one[0].base_kw, base_kvar=one[0].base_kvar, assets=(STORE, one[0].vehicles))
    assert solved(sample_average(city(), [STORE], one)).objective_krw == pytest.approx(
        solved(certain).objective_krw, rel=3e-4
    )


def test_knowing_everything_is_never_dearer_and_deciding_for_each_is_the_bound() -> None:
    many = outcomes(3)
    together = solved(sample_average(city(), [STORE], many)).objective_krw / 3
    known = [solved(sample_average(city(), [STORE], [one])).lower_bound_krw for one in many]
    assert np.mean(known) <= together * (1 + 1e-9)


def test_parts_of_the_cost_add_up() -> None:
    many = outcomes(3)
    plan = solved(sample_average(city(), [STORE], many))
    before = float(plan.assets[0].cost_krw.sum()) / 3
    found = evaluated(city(), many, plan, before)
    assert found.cost_krw.sum() == pytest.approx(plan.cost_krw)
    assert found.mean_krw == pytest.approx(plan.objective_krw / 3)
    assert found.lower_bound_krw <= found.mean_krw


def test_fresh_outcomes_are_run_with_the_plan_made_before() -> None:
    problem = replace(city(), assets=(STORE, charging(0, 250.0)))
    plan = solved(sample_average(problem, [STORE], outcomes(3)))
    given = with_plans(problem, [STORE], plan.assets[:1])
    fresh = [
        replace(one, base_kw=one.base_kw + given.base_kw, base_kvar=one.base_kvar + given.base_kvar)
        for one in outcomes(4, seed=7)
    ]
    again = solved(sample_average(problem, [], fresh))
    found = evaluated(problem, fresh, again, float(plan.assets[0].cost_krw.sum()) / 3)
    best = [solved(sample_average(problem, [STORE], [one])) for one in outcomes(4, seed=7)]
    assert found.mean_krw >= np.mean([one.lower_bound_krw for one in best]) * (1 - 1e-9)
    assert given.base_kw.sum() == pytest.approx(plan.assets[0].kw.sum() / 3)


def test_outcomes_with_violations_are_told_apart() -> None:
    calm, wild = outcomes(1)[0], outcomes(1)[0]
    wild = replace(wild, base_kw=wild.base_kw * 1.5, base_kvar=wild.base_kvar * 1.5, vehicles=charging(0, 600.0))
    many = [calm, wild, calm]
    plan = solved(sample_average(city(42.0), [STORE], many))
    found = evaluated(city(42.0), many, plan, 0.0)
    assert found.kept.tolist() == [True, False, True]
    assert outcome_violations(plan, 0, STEPS) == ()
    assert all(0 <= one.step < STEPS for one in outcome_violations(plan, 1, STEPS))


def test_common_answers_and_model_agree() -> None:
    rng = np.random.default_rng(3)
    common = Common(STORE, 4)
    added = BusPrices(rng.uniform(-40, 40, (1, 4 * STEPS)), np.zeros((1, 4 * STEPS)), np.zeros(1, dtype=np.int64))
    answer = common.best_response(added)
    compact = common.model()
    assert compact is not None
    cost = compact.model.cost + compact.kw.T @ added.kw_krw_per_kwh[0]
    solution = solve_arrays(replace(compact.model, cost=cost), 10.0)
    assert answer.lower_bound_krw.sum() == pytest.approx(solution.objective, rel=1e-6)
    paid = added.paid_krw(answer.plan.kw, answer.plan.kvar, 1.0) + answer.plan.cost_krw
    assert paid.sum() == pytest.approx(solution.objective, rel=1e-6)
    low, high = common.power_range_kw()
    assert low.shape == high.shape == (1, 4 * STEPS)
    problems = ProblemList()
    common.check(4 * STEPS, 1.0, problems)
    assert len(problems) == 0


def test_no_outcome_is_refused() -> None:
    with pytest.raises(InvalidInput, match="at least one"):
        sample_average(city(), [STORE], [])


def test_unlike_outcomes_are_all_refused() -> None:
    one, two, three = outcomes(3)
    fewer = replace(two, vehicles=two.vehicles.select(np.array([0, 1])))
    lenient = three.vehicles.envelopes
    loose = replace(three.vehicles, envelopes=replace(lenient, latest_kwh=0.5 * lenient.latest_kwh))
    with pytest.raises(InvalidInput) as refused:
        sample_average(city(), [STORE], [one, fewer, replace(three, vehicles=loose)])
    assert [problem.row for problem in refused.value.problems] == [2, 3]
