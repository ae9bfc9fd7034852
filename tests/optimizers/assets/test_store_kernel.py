"""The kernel of stores against a linear programme, and its laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from data.errors import InvalidInput
from optimizers.assets.store_kernel import Pieces, Stores, cheapest_pieces_kwh


def random_store(seed: int, steps: int = 10, count: int = 3) -> tuple[Stores, Pieces]:
    """One store whose window is drawn around a way that exists."""
    rng = np.random.default_rng(seed)
    keep = rng.choice([1.0, 0.97, 0.8])
    inflow = rng.normal(0.0, 0.5, steps) * rng.choice([0, 1])
    least = -rng.uniform(0.0, 2.0, steps)
    width = rng.uniform(0.0, 1.5, (steps, count)) * (rng.random((steps, count)) < 0.8)
    price = np.sort(rng.choice([-50.0, 0.0, 84.0, 172.0, 259.0], (steps, count)), axis=1)
    level = [rng.uniform(0.0, 3.0)]
    for t in range(steps):
        level.append(keep * level[-1] + inflow[t] + least[t] + float(width[t] @ rng.random(count)))
    way = np.array(level)
    lower, upper = way - rng.uniform(0.0, 1.0, steps + 1), way + rng.uniform(0.0, 1.0, steps + 1)
    worth = rng.choice([0.0, 100.0])
    stores = Stores(np.array([keep]), inflow[None], lower[None], upper[None], way[:1], np.array([worth]))
    return stores, Pieces(least[None], width[None], price[None])


def levels_kwh(stores: Stores, pieces: Pieces, used: np.ndarray) -> np.ndarray:
    level = [stores.initial_kwh[0]]
    for t in range(used.shape[1]):
        change = pieces.least_kwh[0, t] + used[0, t].sum()
        level.append(stores.keep[0] * level[-1] + stores.inflow_kwh[0, t] + change)
    return np.array(level)


def cost_krw(stores: Stores, pieces: Pieces, used: np.ndarray) -> float:
    end = levels_kwh(stores, pieces, used)[-1] * stores.end_value_krw_per_kwh[0]
    return float((used * pieces.price_krw_per_kwh).sum() - end)


def cost_by_linear_programme(stores: Stores, pieces: Pieces) -> float:
    steps, count = pieces.width_kwh.shape[1:]
    matrix, right = np.zeros((steps, steps * count + steps)), np.zeros(steps)
    for t in range(steps):
        matrix[t, t * count : (t + 1) * count] = -1.0
        matrix[t, steps * count + t] = 1.0
        right[t] = stores.inflow_kwh[0, t] + pieces.least_kwh[0, t]
        if t:
            matrix[t, steps * count + t - 1] = -stores.keep[0]
        else:
            right[t] += stores.keep[0] * stores.initial_kwh[0]
    cost = np.concatenate([pieces.price_krw_per_kwh[0].ravel(), np.zeros(steps)])
    cost[-1] -= stores.end_value_krw_per_kwh[0]
    window = list(zip(stores.lower_kwh[0, 1:], stores.upper_kwh[0, 1:], strict=True))
    bounds = [(0.0, w) for w in pieces.width_kwh[0].ravel()] + window
    result = linprog(cost, A_eq=matrix, b_eq=right, bounds=bounds, method="highs")
    assert result.success, result.message
    return float(result.fun)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**6), steps=st.integers(1, 14), count=st.integers(1, 4))
def test_kernel_costs_what_the_linear_programme_costs(seed: int, steps: int, count: int) -> None:
    stores, pieces = random_store(seed, steps, count)
    used = cheapest_pieces_kwh(stores, pieces)
    level = levels_kwh(stores, pieces, used)
    assert (used >= 0).all()
    assert (used <= pieces.width_kwh + 1e-12).all()
    assert (level[1:] >= stores.lower_kwh[0, 1:] - 1e-6).all()
    assert (level[1:] <= stores.upper_kwh[0, 1:] + 1e-6).all()
    assert cost_krw(stores, pieces, used) == pytest.approx(cost_by_linear_programme(stores, pieces), abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), wider=st.floats(0.0, 2.0))
def test_a_wider_window_never_costs_more(seed: int, wider: float) -> None:
    stores, pieces = random_store(seed)
    wide = Stores(**{**vars(stores), "lower_kwh": stores.lower_kwh - wider, "upper_kwh": stores.upper_kwh + wider})
    narrow_cost = cost_krw(stores, pieces, cheapest_pieces_kwh(stores, pieces))
    assert cost_krw(wide, pieces, cheapest_pieces_kwh(wide, pieces)) <= narrow_cost + 1e-6


def test_equally_cheap_steps_are_filled_from_the_first() -> None:
    stores = Stores(
        np.ones(1),
        np.zeros((1, 4)),
        np.array([[0.0, 0.0, 0.0, 0.0, 5.0]]),
        np.full((1, 5), 9.0),
        np.zeros(1),
        np.zeros(1),
    )
    pieces = Pieces(np.zeros((1, 4)), np.full((1, 4, 1), 2.0), np.full((1, 4, 1), 100.0))
    assert cheapest_pieces_kwh(stores, pieces)[0, :, 0].tolist() == [2.0, 2.0, 1.0, 0.0]


def test_a_store_that_cannot_stay_inside_is_refused() -> None:
    stores, pieces = random_store(1)
    far = Stores(**{**vars(stores), "lower_kwh": stores.lower_kwh + 100.0, "upper_kwh": stores.upper_kwh + 100.0})
    with pytest.raises(InvalidInput, match="cannot stay inside"):
        cheapest_pieces_kwh(far, pieces)
