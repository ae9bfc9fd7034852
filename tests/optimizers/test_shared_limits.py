"""Limits of a whole city: against one linear programme of everything, and the rules of their prices."""

from __future__ import annotations

from dataclasses import replace

import highspy
import numpy as np
import pytest
from scipy import sparse

from data.errors import InvalidInput
from optimizers.coordination import CoordinationSettings, coordinate
from optimizers.coordination_plan import LimitKind
from optimizers.coordination_problem import CityProblem
from optimizers.highs_arrays import ArrayModel, solve_arrays
from optimizers.mixed_plans import mixed_plan
from optimizers.plan import PlanStatus
from optimizers.shared_limits import coordinate_shared
from optimizers.shared_limits_master import Parts, Prices, supplied_kw
from tests.optimizers.small_city import small_city

GAP = 2e-3
SETTINGS = CoordinationSettings(time_limit_s=60.0, gap=GAP)
INF = highspy.kHighsInf


def stiff_city(seed: int = 0) -> CityProblem:
    """The small city on a network that loses next to nothing, so that what is supplied is the sum of the loads."""
    problem = small_city(seed=seed, rating_a=200.0, car_kw=300.0)
    lines = problem.network.lines
    stiff = replace(lines, r_ohm=lines.r_ohm * 1e-4, x_ohm=lines.x_ohm * 1e-4)
    return replace(problem, network=replace(problem.network, lines=stiff))


def whole_programme_krw(problem: CityProblem, peak_krw_per_kw: float = 0.0) -> float:
    """Return the least cost of all assets in one programme under the caps, without a network."""
    models = [block.model() for block in problem.assets]
    steps, rows, upper = problem.steps, [], []
    drawn = []
    for block, own in zip(problem.assets, models, strict=True):
        assert own is not None
        add = sparse.kron(np.ones((1, len(block.bus))), sparse.eye_array(steps))
        drawn.append(add @ own.kw)
    power = sparse.hstack(drawn)
    base = problem.base_kw.sum(axis=1)
    blocks = sparse.block_diag([own.model.rows for own in models])  # type: ignore[union-attr]
    shared = problem.shared
    emission = shared.carbon_kg_per_kwh * problem.step_h
    rows = sparse.block_array(
        [
            [blocks, None],
            [power, None],
            [power, sparse.csr_array(-np.ones((steps, 1)))],
            [sparse.csr_array((emission @ power)[np.newaxis]), None],
        ],
        format="csr",
    )
    budget = shared.carbon_limit_kg - emission @ base if np.isfinite(shared.carbon_limit_kg) else INF
    upper = [np.minimum(shared.supply_limit_kw - base, INF), -base, [budget]]
    model = ArrayModel(
        cost=np.concatenate([*(own.model.cost for own in models), [peak_krw_per_kw]]),  # type: ignore[union-attr]
        lower=np.concatenate([*(own.model.lower for own in models), [0.0]]),  # type: ignore[union-attr]
        upper=np.concatenate([*(own.model.upper for own in models), [INF]]),  # type: ignore[union-attr]
        rows=rows,
        row_lower=np.concatenate([*(own.model.row_lower for own in models), np.full(2 * steps + 1, -INF)]),  # type: ignore[union-attr]
        row_upper=np.concatenate([*(own.model.row_upper for own in models), *upper]),  # type: ignore[union-attr]
    )
    return solve_arrays(model, 30.0).objective


def with_cap(problem: CityProblem, share: float) -> CityProblem:
    free = supplied_kw(coordinate(problem, SETTINGS).flow).max()
    return replace(problem, shared=replace(problem.shared, supply_limit_kw=np.full(problem.steps, share * free)))


@pytest.mark.parametrize("seed", range(3))
def test_plan_and_bound_bracket_the_programme_of_everything_under_a_cap(seed: int) -> None:
    problem = with_cap(stiff_city(seed), 0.93)
    best = whole_programme_krw(problem)
    found = coordinate_shared(problem, SETTINGS)
    assert found.lower_bound_krw <= best * (1 + 1e-6)
    assert best * (1 - 1e-3) <= found.objective_krw <= best * (1 + 2 * GAP)
    assert supplied_kw(found.flow).max() <= problem.shared.supply_limit_kw[0] * 1.001


def test_plan_and_bound_bracket_the_programme_under_a_budget_and_at_a_price_of_the_peak() -> None:
    problem = stiff_city()
    carbon = 0.4 + 0.2 * np.cos(np.arange(24) / 12 * np.pi)
    emitted = supplied_kw(coordinate(problem, SETTINGS).flow) @ carbon
    shared = replace(problem.shared, carbon_kg_per_kwh=carbon, carbon_limit_kg=0.97 * emitted)
    budgeted = replace(problem, shared=shared)
    best, found = whole_programme_krw(budgeted), coordinate_shared(budgeted, SETTINGS)
    assert found.lower_bound_krw <= best * (1 + 1e-6)
    assert found.objective_krw == pytest.approx(best, rel=2 * GAP)
    assert {price.kind for price in found.prices} == {LimitKind.CARBON}
    best, peaky = whole_programme_krw(problem, 2000.0), coordinate_shared(problem, SETTINGS, None, 2000.0)
    assert peaky.lower_bound_krw <= best * (1 + 1e-6)
    assert peaky.objective_krw == pytest.approx(best, rel=2 * GAP)


def test_price_of_a_cap_is_what_a_little_more_saves() -> None:
    problem = with_cap(stiff_city(), 0.93)
    found = coordinate_shared(problem, SETTINGS)
    told = sum(price.price_krw for price in found.prices if price.kind is LimitKind.SUPPLY)
    wider = replace(problem, shared=replace(problem.shared, supply_limit_kw=problem.shared.supply_limit_kw + 5.0))
    saved = (whole_programme_krw(problem) - whole_programme_krw(wider)) / 5.0
    assert told == pytest.approx(saved, rel=0.5)


def test_cap_that_losses_alone_exceed_is_relaxed_and_listed() -> None:
    problem = small_city(rating_a=200.0, car_kw=10.0, base_kw=400.0)
    low, _ = problem.assets[1].power_range_kw()
    least = problem.base_kw.sum(axis=1) + low.sum(axis=0)
    cap = np.where(np.arange(24) == 19, least[19] + 0.5, np.inf)
    found = coordinate_shared(replace(problem, shared=replace(problem.shared, supply_limit_kw=cap)), SETTINGS)
    assert found.status is PlanStatus.RELAXED
    assert [(one.kind, one.step) for one in found.violations] == [(LimitKind.SUPPLY, 19)]
    assert found.violation_krw > 0


def test_warm_start_needs_no_more_turns() -> None:
    problem = with_cap(stiff_city(), 0.93)
    first = coordinate_shared(problem, SETTINGS)
    again = coordinate_shared(problem, SETTINGS, first.state)
    assert again.objective_krw == pytest.approx(first.objective_krw, rel=2 * GAP)
    assert len(again.rounds) <= len(first.rounds) + 3


def test_impossible_limits_are_told_together() -> None:
    problem = stiff_city()
    shared = replace(
        problem.shared,
        supply_limit_kw=np.full(24, 100.0),
        carbon_kg_per_kwh=np.full(24, 0.4),
        carbon_limit_kg=1.0,
    )
    with pytest.raises(InvalidInput) as refused:
        coordinate_shared(replace(problem, shared=shared), SETTINGS)
    assert [one.field for one in refused.value.problems] == ["supply_limit_kw", "carbon_limit_kg"]


def test_mixtures_keep_every_rule_of_their_assets() -> None:
    problem = stiff_city()
    prices = [np.linspace(-50.0, 50.0, 24), np.linspace(50.0, -50.0, 24)]
    plans = [coordinate(replace(problem, supply_krw_per_kwh=one), SETTINGS).assets for one in prices]
    for number, block in enumerate(problem.assets):
        share = np.full((2, len(block.bus)), 0.5)
        mixed = mixed_plan(block, [plan[number] for plan in plans], share)
        stores = block.storage().stores  # type: ignore[attr-defined]
        level = mixed.detail.level_kwh  # type: ignore[attr-defined]
        assert (level >= stores.lower_kwh - 1e-6).all()
        assert (level <= stores.upper_kwh + 1e-6).all()
        mean = 0.5 * (plans[0][number].cost_krw + plans[1][number].cost_krw)
        assert (mixed.cost_krw <= mean + 1e-6).all()


def test_parts_are_finer_than_feeders_and_hold_every_asset_once() -> None:
    problem = stiff_city()
    parts, feeders = Parts.finer(problem, 64), Parts.of_feeders(problem)
    assert parts.count >= 60 > feeders.count
    for part, block in zip(parts.of_block, problem.assets, strict=True):
        assert part.shape == block.bus.shape
        assert (part < parts.count).all()


def test_prices_of_the_peak_go_to_the_caps_where_the_peak_is_free() -> None:
    problem = with_cap(stiff_city(), 0.93)
    legal = Prices(np.zeros(24), np.full(24, 10.0), 3.0).legal(problem, 60.0)
    assert legal.peak.sum() == pytest.approx(60.0)
    assert (legal.peak + legal.cap).sum() == pytest.approx(240.0)
    assert legal.carbon == 0.0
