"""Dispatch under limits: against one plain linear programme, with its bound, its prices and its refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from data.errors import InvalidInput
from optimizers.batteries import Batteries, cheapest_battery_plan
from optimizers.dispatch import DispatchPlan, lagrangian_bound_krw, solve_dispatch
from optimizers.dispatch_problem import DispatchProblem
from optimizers.dispatch_rows import group_sums
from optimizers.envelopes import Envelopes
from optimizers.plan import PlanStatus

Floats = NDArray[np.float64]
STEP_H = 0.5


def random_problem(seed: int, *, assets: int = 9, steps: int = 10, batteries: int = 2) -> DispatchProblem:
    """Build two feeders and a third one below two banks, with limits that some plan keeps but cheap plans break."""
    random = np.random.default_rng(seed)
    limit = random.uniform(2, 7, (assets, steps)) * (random.random((assets, steps)) < 0.8)
    plan = limit * random.uniform(0, 0.6, (assets, steps))
    drawn = np.concatenate([np.zeros((assets, 1)), np.cumsum(plan * STEP_H, axis=1)], axis=1)
    earliest = np.maximum.accumulate(np.minimum(drawn + random.uniform(0, 4, drawn.shape), drawn[:, -1:]), axis=1)
    latest = np.maximum.accumulate(np.maximum(drawn - random.uniform(0, 4, drawn.shape), 0), axis=1)
    earliest[:, 0] = latest[:, 0] = 0
    latest[:, -1] = earliest[:, -1] = drawn[:, -1]
    group = random.integers(0, 3, assets)
    parent = np.array([3, 3, 4, -1, -1])
    base = np.zeros((5, steps))
    base[:3] = random.uniform(5, 20, (3, steps))
    base[3], base[4] = base[0] + base[1], base[2]
    feasible = base + group_sums(plan, group, parent, 5)
    return DispatchProblem(
        id="area",
        step_h=STEP_H,
        price_krw_per_kwh=random.choice([84.3, 172.0, 259.2], (2, steps)),
        envelopes=Envelopes(limit, latest, earliest),
        envelope_price=random.integers(0, 2, assets),
        envelope_group=group,
        batteries=Batteries(*(np.full(batteries, v) for v in (5.0, 1.0, 20.0, 8.0, 8.0, 0.95, 10.0))),
        battery_price=np.zeros(batteries, dtype=np.int64),
        battery_group=np.arange(batteries) % 3,
        group_parent=parent,
        group_base_kw=base,
        group_limit_kw=feasible + random.uniform(0, 3, feasible.shape),
        overload_krw_per_kwh=5000.0,
    )


def optimum_by_linprog(problem: DispatchProblem) -> float:  # noqa: C901 — one loop a family of rows
    """State the whole problem once more, densely and in powers instead of energies."""
    assets, steps = problem.envelopes.power_limit_kw.shape
    stores, groups = problem.batteries.count, problem.group_parent.size
    sizes = [assets * steps, stores * steps, stores * steps, groups * steps]
    offset = np.concatenate([[0], np.cumsum(sizes)])
    battery_price = problem.price_krw_per_kwh[problem.battery_price]
    cost = np.concatenate(
        [
            (problem.price_krw_per_kwh[problem.envelope_price] * STEP_H).ravel(),
            (battery_price * STEP_H).ravel(),
            ((problem.batteries.wear_krw_per_kwh[:, None] - battery_price) * STEP_H).ravel(),
            np.full(groups * steps, problem.overload_krw_per_kwh * STEP_H),
        ]
    )  # fmt: skip
    rows, bounds = [], []

    def add(entries: dict[int, float], most: float) -> None:
        row = np.zeros(cost.size)
        for column, value in entries.items():
            row[column] += value
        rows.append(row)
        bounds.append(most)

    for a in range(assets):
        for t in range(steps):
            drawn = {a * steps + s: STEP_H for s in range(t + 1)}
            add(drawn, problem.envelopes.earliest_kwh[a, t + 1])
            add({k: -v for k, v in drawn.items()}, -problem.envelopes.latest_kwh[a, t + 1])
    battery = problem.batteries
    for b in range(stores):
        for t in range(steps):
            eta = battery.efficiency[b]
            stored = {offset[1] + b * steps + s: STEP_H * eta for s in range(t + 1)}
            stored |= {offset[2] + b * steps + s: -STEP_H / eta for s in range(t + 1)}
            add(stored, battery.max_kwh[b] - battery.initial_kwh[b])
            floor = battery.terminal_min_kwh[b] if t == steps - 1 else battery.min_kwh[b]
            add({k: -v for k, v in stored.items()}, battery.initial_kwh[b] - floor)
    for g in range(groups):
        below = [c for c in range(groups) if c == g or problem.group_parent[c] == g]
        for t in range(steps):
            entries = {a * steps + t: 1.0 for a in range(assets) if problem.envelope_group[a] in below}
            for b in range(stores):
                if problem.battery_group[b] in below:
                    entries |= {offset[1] + b * steps + t: 1.0, offset[2] + b * steps + t: -1.0}
            entries[offset[3] + g * steps + t] = -1.0
            add(entries, problem.group_limit_kw[g, t] - problem.group_base_kw[g, t])
    upper = np.concatenate(
        [
            problem.envelopes.power_limit_kw.ravel(),
            np.repeat(battery.power_kw, steps),
            np.repeat(battery.power_kw, steps),
        ]
    )
    limits = [(0.0, u) for u in upper] + [(0.0, None)] * sizes[3]
    result = linprog(cost, A_ub=np.array(rows), b_ub=np.array(bounds), bounds=limits, method="highs")
    assert result.success, result.message
    return float(result.fun)


def assert_keeps_every_rule(problem: DispatchProblem, plan: DispatchPlan) -> None:
    drawn = np.cumsum(plan.charge_kw * STEP_H, axis=1)
    assert (plan.charge_kw >= 0).all()
    assert (plan.charge_kw <= problem.envelopes.power_limit_kw + 1e-9).all()
    assert (drawn <= problem.envelopes.earliest_kwh[:, 1:] + 1e-6).all()
    assert (drawn >= problem.envelopes.latest_kwh[:, 1:] - 1e-6).all()
    battery = problem.batteries
    assert (plan.battery.energy_kwh >= battery.min_kwh[:, None] - 1e-6).all()
    assert (plan.battery.energy_kwh <= battery.max_kwh[:, None] + 1e-6).all()
    assert (plan.battery.energy_kwh[:, -1] >= battery.terminal_min_kwh - 1e-6).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_plan_and_bound_meet_the_optimum(seed: int) -> None:
    problem = random_problem(seed)
    plan = solve_dispatch(problem)
    optimum = optimum_by_linprog(problem)
    assert_keeps_every_rule(problem, plan)
    assert plan.lower_bound_krw <= optimum + 1e-6 * abs(optimum)
    assert plan.objective_krw == pytest.approx(optimum, rel=2e-6)
    assert plan.lower_bound_krw == pytest.approx(optimum, rel=2e-6)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), factor=st.floats(0, 3))
def test_any_prices_prove_a_bound(seed: int, factor: float) -> None:
    problem = random_problem(seed, assets=5, steps=6, batteries=1)
    price = factor * np.random.default_rng(seed).uniform(0, 300, problem.group_base_kw.shape)
    assert lagrangian_bound_krw(problem, price, 60.0) <= optimum_by_linprog(problem) + 1e-6


def test_a_wider_limit_never_costs_more() -> None:
    problem = random_problem(11)
    costs = [
        solve_dispatch(replace(problem, group_limit_kw=problem.group_limit_kw + room)).objective_krw
        for room in (0.0, 1.0, 4.0, np.inf)
    ]
    assert costs == sorted(costs, reverse=True)
    assert costs[0] > costs[-1], "the case is meant to have limits that bind"


def test_what_a_binding_limit_is_worth_is_its_price() -> None:
    problem = random_problem(11)
    plan = solve_dispatch(problem)
    group, step = np.unravel_index(np.argmax(plan.group_price_krw_per_kwh), plan.group_price_krw_per_kwh.shape)
    more = problem.group_limit_kw.copy()
    more[group, step] += 1e-3
    saved = plan.objective_krw - solve_dispatch(replace(problem, group_limit_kw=more)).objective_krw
    assert saved == pytest.approx(1e-3 * STEP_H * plan.group_price_krw_per_kwh[group, step], rel=0.05)


def test_an_overload_that_nobody_can_avoid_is_reported_not_refused() -> None:
    problem = random_problem(5, batteries=0)
    limit = problem.group_limit_kw.copy()
    limit[2, 3] = problem.group_base_kw[2, 3] - 4.0
    plan = solve_dispatch(replace(problem, group_limit_kw=limit))
    assert plan.status is PlanStatus.RELAXED
    assert plan.overload_kw[2, 3] >= 4.0 - 1e-6
    assert plan.gap <= 1e-5


def test_limits_out_of_reach_need_no_linear_programme() -> None:
    problem = random_problem(3)
    plan = solve_dispatch(replace(problem, group_limit_kw=np.full_like(problem.group_limit_kw, np.inf)))
    assert plan.method == "best responses"
    assert plan.status is PlanStatus.OPTIMAL
    assert (plan.group_price_krw_per_kwh == 0).all()


@pytest.mark.parametrize("price", [-50.0, 0.0, 100.0])
def test_a_battery_never_charges_and_discharges_at_once(price: float) -> None:
    battery = Batteries(*(np.full(1, v) for v in (10.0, 0.0, 20.0, 10.0, 10.0, 0.9, 1.0)))
    prices = np.array([[price, 80.0, price, 250.0, price, 90.0]])
    plan = cheapest_battery_plan(battery, prices, 1.0, 60.0)
    assert np.minimum(plan.charge_kw, plan.discharge_kw).max() <= 1e-7
    assert plan.energy_kwh.min() >= -1e-7
    assert plan.energy_kwh.max() <= 20.0 + 1e-7
    assert plan.energy_kwh[0, -1] >= 10.0 - 1e-7


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"price_krw_per_kwh": np.full((2, 3), 80.0)}, "prices for 3 of 10 steps"),
        ({"group_parent": np.array([-1, 0, -1, -1, -1])}, "above its parent"),
        ({"group_limit_kw": np.full((5, 10), np.nan)}, "NaN limits"),
        ({"envelope_group": np.full(9, 7)}, "not one valid index"),
        ({"batteries": Batteries(*(np.full(2, v) for v in (5.0, 1.0, 20.0, 30.0, 8.0, 0.95, 10.0)))}, "start outside"),
        ({"batteries": Batteries(*(np.full(2, v) for v in (5.0, 30.0, 20.0, 8.0, 8.0, 0.95, 10.0)))}, "window that is"),
        ({"batteries": Batteries(*(np.full(2, v) for v in (5.0, 1.0, 20.0, 8.0, 28.0, 0.95, 10.0)))}, "end above"),
        ({"batteries": Batteries(*(np.full(2, v) for v in (5.0, 1.0, 20.0, 8.0, 8.0, 1.95, 10.0)))}, "efficiency"),
        ({"batteries": Batteries(*(np.full(2, v) for v in (-5.0, 1.0, 20.0, 8.0, 8.0, 0.95, 10.0)))}, "negative power"),
        ({"batteries": Batteries(*(np.full(2, v) for v in (np.nan, 1.0, 20.0, 8.0, 8.0, 0.95, 1.0)))}, "NaN"),
    ],
)
def test_bad_problems_are_refused_with_the_reason(change: dict[str, object], what: str) -> None:
    problem = replace(random_problem(1), **change)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=what):
        solve_dispatch(problem)
