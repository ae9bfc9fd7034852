"""Every kind of asset: its answer against the reference model, its compact model, its rules, its refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import ProblemList
from optimizers.assets.power_circle import PowerCircle
from optimizers.coordination_assets import BusPrices
from optimizers.highs_arrays import solve_arrays
from tests.optimizers.assets.asset_builders import (
    KINDS,
    STEPS,
    added_prices,
    block_of,
    reference_cost_krw,
    with_negative_prices,
)


def paid_krw(block, plan, prices: BusPrices) -> float:
    return float((plan.cost_krw + prices.paid_krw(plan.kw, plan.kvar, block.step_h)).sum())


def model_cost(block, prices: BusPrices) -> tuple[np.ndarray, float]:
    """Columns and objective of the compact model with added prices."""
    m = block.model()
    kw, kvar = (
        table[prices.row].ravel() * block.step_h for table in (prices.kw_krw_per_kwh, prices.kvar_krw_per_kvarh)
    )
    cost = m.model.cost + m.kw.T @ kw + m.kvar.T @ kvar
    solved = solve_arrays(replace(m.model, cost=cost), 30.0)
    return solved.columns, solved.objective + m.fixed_krw + kw @ m.fixed_kw + kvar @ m.fixed_kvar


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_answer_costs_what_the_reference_model_costs(kind: str, seed: int) -> None:
    block = block_of(kind, seed)
    prices = added_prices(seed, len(block.bus))
    answer = block.best_response(prices)
    cost, least = paid_krw(block, answer.plan, prices), reference_cost_krw(block, prices)
    assert cost == pytest.approx(least, rel=1e-6, abs=1e-3)
    assert answer.lower_bound_krw.sum() <= least + 1e-6 * abs(least) + 1e-3


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_compact_model_is_a_relaxation_whose_plan_keeps_the_rules(kind: str, seed: int) -> None:
    block = block_of(kind, seed)
    prices = added_prices(seed, len(block.bus))
    columns, objective = model_cost(block, prices)
    least = paid_krw(block, block.best_response(prices).plan, prices)
    assert objective <= least + 1e-6 * abs(least) + 1e-3
    plan = block.plan_of(columns)
    assert paid_krw(block, plan, prices) >= least - 1e-6 * abs(least) - 1e-3
    low, high = block.power_range_kw()
    assert (plan.kw >= low - 1e-9).all()
    assert (plan.kw <= high + 1e-9).all()


@pytest.mark.parametrize("kind", ["batteries", "solar"])
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_active_and_reactive_power_stay_inside_the_true_circle(kind: str, seed: int) -> None:
    block = block_of(kind, seed)
    plan = block.best_response(added_prices(seed, len(block.bus))).plan
    assert (np.hypot(plan.kw, plan.kvar) <= block.rating_kva[:, None] * (1 + 1e-12)).all()
    assert (np.abs(plan.kvar) <= block.circle.reactive_share * block.rating_kva[:, None] + 1e-9).all()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), reactive=st.booleans())
def test_prices_far_below_zero_never_charge_and_discharge_at_once(seed: int, reactive: bool) -> None:
    block = with_negative_prices(block_of("batteries", seed), seed)
    prices = added_prices(seed, len(block.bus), reactive=reactive)
    answer = block.best_response(prices)
    detail = answer.plan.detail
    assert (np.minimum(detail.charge_kw, detail.discharge_kw) == 0).all()
    least = reference_cost_krw(block, prices)
    assert paid_krw(block, answer.plan, prices) == pytest.approx(least, rel=1e-6)
    assert answer.lower_bound_krw.sum() == pytest.approx(least, rel=1e-6)


def test_wasting_energy_pays_in_the_relaxation_and_there_only() -> None:
    """The case the search is for: without it the linear model charges and discharges at once."""
    block = block_of("batteries", 3)
    block = replace(block, price_krw_per_kwh=np.full_like(block.price_krw_per_kwh, -900.0))
    prices = BusPrices.zero(len(block.bus), STEPS)
    _, relaxed = model_cost(block, prices)
    assert relaxed < paid_krw(block, block.best_response(prices).plan, prices) - 1.0


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), order=st.permutations([0, 1]))
def test_order_of_the_assets_is_irrelevant(kind: str, seed: int, order: list[int]) -> None:
    block = block_of(kind, seed)
    prices, rows = added_prices(seed, 2), np.array(order)
    plan = block.best_response(prices).plan
    turned = block.select(rows).best_response(prices.select(rows)).plan
    assert np.array_equal(turned.kw, plan.kw[rows])
    assert np.array_equal(turned.cost_krw, plan.cost_krw[rows])


@pytest.mark.parametrize("kind", ["buildings", "hot water"])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_flat_prices_give_nothing_to_gain_from_losses(kind: str, seed: int) -> None:
    """What is stored leaks: at one price for all steps no plan is better than storing nothing ahead."""
    block = block_of(kind, seed)
    block = replace(block, price_krw_per_kwh=np.full_like(block.price_krw_per_kwh, 100.0))
    if kind == "buildings":
        block = replace(block, less_k=np.zeros_like(block.less_k))
    answer = block.best_response(BusPrices.zero(len(block.bus), STEPS))
    if kind == "buildings":
        assert answer.plan.cost_krw == pytest.approx(0.0, abs=1e-6)
        assert block.beyond_target_k(answer.plan) == pytest.approx(0.0, abs=1e-9)
    level = answer.plan.detail.level_kwh
    assert (level[:, 1:-1] <= np.maximum(level[:, [0]], level[:, [-1]]) + 1e-6).all()


def test_rooms_stay_inside_their_comfort_band() -> None:
    block = block_of("buildings", 8)
    plan = block.best_response(added_prices(8, 2)).plan
    beyond = block.beyond_target_k(plan)
    assert (beyond >= -block.less_k - 1e-9).all()
    assert (beyond <= block.more_k + 1e-9).all()
    keep = np.exp(-block.step_h / block.time_constant_h)[:, None]
    steady = plan.kw / block.kw_per_k[:, None]
    assert beyond[:, 1:] == pytest.approx(keep * beyond[:, :-1] + (1 - keep) * steady)


def nan_first(values: np.ndarray) -> np.ndarray:
    out = values.copy()
    out.flat[0] = np.nan
    return out


REFUSALS = [
    ("vehicles", "latest_kwh", lambda v: v + 1e4, "latest curve above"),
    ("vehicles", "power_limit_kw", lambda v: -v - 1, "negative power"),
    ("vehicles", "power_limit_kw", lambda v: v * 0, "cannot stay inside their window"),
    ("lent vehicles", "discharge_limit_kw", lambda v: -v - 1, "negative power"),
    ("lent vehicles", "return_efficiency", lambda v: v + 1, "efficiency outside"),
    ("lent vehicles", "wear_krw_per_kwh", lambda v: -v - 1, "negative wear"),
    ("batteries", "initial_kwh", lambda v: v * 0, "start outside"),
    ("batteries", "min_kwh", lambda v: v + 1e4, "window that is empty"),
    ("batteries", "terminal_min_kwh", lambda v: v + 1e4, "end above the window"),
    ("batteries", "charge_efficiency", lambda v: v * 0, "efficiency outside"),
    ("batteries", "discharge_efficiency", lambda v: v + 1, "efficiency outside"),
    ("batteries", "standing_loss_per_h", lambda v: v + 1, "standing loss"),
    ("batteries", "wear_krw_per_kwh", lambda v: -v - 1, "negative wear"),
    ("batteries", "power_kw", lambda v: v * 9, "more active power than the inverter"),
    ("batteries", "power_kw", lambda v: -v, "negative power"),
    ("batteries", "circle", lambda v: PowerCircle(10, 0.5), "circle of 10 edges"),
    ("batteries", "circle", lambda v: PowerCircle(16, 1.5), "reactive share of 1.5"),
    ("buildings", "less_k", lambda v: -v, "comfort band"),
    ("buildings", "more_k", lambda v: -v, "comfort band"),
    ("buildings", "most_kw", lambda v: v * 0, "too small for its own baseline"),
    ("buildings", "baseline_kw", lambda v: -v, "negative power"),
    ("buildings", "kw_per_k", lambda v: v * 0, "no power per kelvin"),
    ("buildings", "time_constant_h", lambda v: v * 0, "no time constant"),
    ("hot water", "draw_kwh", lambda v: -v, "negative draw"),
    ("hot water", "draw_kwh", lambda v: v * 100, "cannot stay inside their window"),
    ("hot water", "baseline_kw", lambda v: -v, "negative power"),
    ("hot water", "power_kw", lambda v: -v, "negative power"),
    ("hot water", "initial_kwh", lambda v: v * 100, "start outside the tank"),
    ("hot water", "terminal_min_kwh", lambda v: v * 100, "end above the tank"),
    ("hot water", "standing_loss_per_h", lambda v: v - 1, "standing loss"),
    ("solar", "available_kw", lambda v: -v - 1, "negative values"),
    ("solar", "rating_kva", nan_first, "NaN"),
    ("solar", "price_krw_per_kwh", lambda v: v[:, 1:], "has shape"),
    ("solar", "circle", lambda v: PowerCircle(4, 0.5), "circle of 4 edges"),
    *((kind, "price_krw_per_kwh", lambda v: v[:, 1:], "has shape|prices of shape") for kind in KINDS),
    *((kind, "price_krw_per_kwh", nan_first, "NaN") for kind in KINDS),
    *((kind, "step_h", lambda v: 2 * v, "steps of") for kind in KINDS),
]


@pytest.mark.parametrize(("kind", "field", "change", "message"), REFUSALS)
def test_what_makes_no_sense_is_named(kind: str, field: str, change, message: str) -> None:
    block = block_of(kind, 4)
    problems = ProblemList()
    block.check(STEPS, block.step_h, problems)
    assert not len(problems)
    wrong = replace(block, **{field: change(getattr(block, field))})
    wrong.check(STEPS, block.step_h, problems)
    with pytest.raises(Exception, match=message):
        problems.raise_if_any()
