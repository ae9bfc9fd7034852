"""The greedy best response of an envelope is exact, and valley filling costs nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from data.errors import ProblemList
from optimizers.envelopes import Envelopes, best_response_kw, fill_valleys_kw

Floats = NDArray[np.float64]
STEP_H = 0.25


def random_envelopes(seed: int, assets: int, steps: int, *, fixed_energy: bool) -> Envelopes:
    """Build envelopes around a random feasible plan, as the sum of sessions would be."""
    random = np.random.default_rng(seed)
    limit = random.uniform(0, 7, (assets, steps)) * (random.random((assets, steps)) < 0.7)
    plan = limit * random.random((assets, steps))
    drawn = np.concatenate([np.zeros((assets, 1)), np.cumsum(plan * STEP_H, axis=1)], axis=1)
    earlier = np.maximum.accumulate(drawn + random.uniform(0, 3, drawn.shape), axis=1)
    later = np.maximum.accumulate(np.maximum(drawn - random.uniform(0, 3, drawn.shape), 0), axis=1)
    earlier[:, 0] = later[:, 0] = 0.0
    if fixed_energy:
        earlier = np.minimum(earlier, drawn[:, -1:])
        later[:, -1] = drawn[:, -1]
    return Envelopes(limit, later, earlier)


def cheapest_by_linear_program(envelopes: Envelopes, asset: int, price: Floats) -> float:
    steps = price.size
    summing = np.tril(np.full((steps, steps), STEP_H))
    result = linprog(
        price * STEP_H,
        A_ub=np.concatenate([summing, -summing]),
        b_ub=np.concatenate([envelopes.earliest_kwh[asset, 1:], -envelopes.latest_kwh[asset, 1:]]),
        bounds=list(zip(np.zeros(steps), envelopes.power_limit_kw[asset], strict=True)),
        method="highs",
    )
    assert result.success, result.message
    return float(result.fun)


def assert_inside(plan_kw: Floats, envelopes: Envelopes) -> None:
    drawn = np.cumsum(plan_kw * STEP_H, axis=1)
    assert (plan_kw >= 0).all()
    assert (plan_kw <= envelopes.power_limit_kw + 1e-9).all()
    assert (drawn <= envelopes.earliest_kwh[:, 1:] + 1e-9).all()
    assert (drawn >= envelopes.latest_kwh[:, 1:] - 1e-9).all()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    steps=st.integers(1, 14),
    fixed=st.booleans(),
    prices=st.lists(st.sampled_from([-40.0, 0.0, 84.3, 172.0, 259.2]), min_size=14, max_size=14),
)
def test_greedy_costs_what_the_linear_program_costs(seed: int, steps: int, fixed: bool, prices: list[float]) -> None:
    envelopes = random_envelopes(seed, 4, steps, fixed_energy=fixed)
    price = np.array([prices[:steps]])
    plan = best_response_kw(envelopes, price, np.zeros(4, dtype=np.int64), STEP_H)
    assert_inside(plan, envelopes)
    for asset in range(4):
        expected = cheapest_by_linear_program(envelopes, asset, price[0])
        assert plan[asset] @ price[0] * STEP_H == pytest.approx(expected, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_valley_filling_without_caps_costs_nothing_and_flattens(seed: int) -> None:
    envelopes = random_envelopes(seed, 12, 24, fixed_energy=True)
    price = np.repeat([[84.3, 172.0, 84.3]], 8, axis=1).reshape(1, -1)
    row, group = np.zeros(12, dtype=np.int64), np.arange(12) % 3
    cheapest = best_response_kw(envelopes, price, row, STEP_H)
    base = np.random.default_rng(seed).uniform(0, 40, (3, 24))
    filled = fill_valleys_kw(envelopes, price, row, group, base, np.full((3, 24), np.inf), STEP_H)
    assert_inside(filled, envelopes)
    assert (filled @ price[0]).sum() == pytest.approx((cheapest @ price[0]).sum(), rel=1e-9)

    def squares(plan: Floats) -> float:
        return float(sum(((base[g] + plan[group == g].sum(axis=0)) ** 2).sum() for g in range(3)))

    assert squares(filled) <= squares(cheapest) + 1e-6


def test_valley_filling_keeps_under_a_cap_that_leaves_room() -> None:
    steps = 8
    envelopes = Envelopes(
        power_limit_kw=np.full((3, steps), 4.0),
        latest_kwh=np.tile(np.r_[np.zeros(steps), 2.0], (3, 1)),
        earliest_kwh=np.tile(np.r_[0.0, np.full(steps, 2.0)], (3, 1)),
    )
    price = np.r_[[1.0, 1.0], np.full(steps - 2, 5.0)][np.newaxis]
    row = np.zeros(3, dtype=np.int64)
    cap = np.full((1, steps), 4.0)
    plan = fill_valleys_kw(envelopes, price, row, row, np.zeros((1, steps)), cap, STEP_H)
    assert_inside(plan, envelopes)
    assert plan.sum(axis=0).max() <= 4.0 + 1e-9
    np.testing.assert_allclose(plan.sum(axis=0)[:2], 4.0)


def test_the_same_input_gives_the_same_bits() -> None:
    envelopes = random_envelopes(3, 50, 96, fixed_energy=True)
    price, row = np.random.default_rng(1).choice([84.3, 172.0], (1, 96)), np.zeros(50, dtype=np.int64)
    base, cap = np.zeros((5, 96)), np.full((5, 96), 30.0)
    first, second = (
        fill_valleys_kw(envelopes, price, row, np.arange(50) % 5, base, cap, STEP_H).tobytes() for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"power_limit_kw": np.array([[-1.0, 4.0]])}, "negative power limit"),
        ({"latest_kwh": np.array([[0.0, 2.0, 2.0]])}, "above its earliest"),
        ({"earliest_kwh": np.array([[0.0, 2.0, 1.0]])}, "falls"),
        ({"power_limit_kw": np.array([[0.1, 0.1]])}, "more energy than its power limit"),
        ({"power_limit_kw": np.array([[np.nan, 4.0]])}, "NaN"),
        ({"latest_kwh": np.array([[0.0, 1.0]])}, "one value more"),
    ],
)
def test_impossible_envelopes_are_named(change: dict[str, Floats], what: str) -> None:
    good = {
        "power_limit_kw": np.array([[4.0, 4.0]]),
        "latest_kwh": np.array([[0.0, 0.0, 1.0]]),
        "earliest_kwh": np.array([[0.0, 1.0, 1.0]]),
    }
    problems = ProblemList()
    Envelopes(**good).check(STEP_H, problems)
    assert not len(problems)
    Envelopes(**(good | change)).check(STEP_H, problems)
    assert any(what in problem.what for problem in problems)
