"""The coordinator: accepted by the power flow, above its bound, with prices that limits are really worth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InvalidInput, ProblemList
from grid.network import Network, Transformers
from grid.powerflow import solve
from optimizers.ac_cuts import Tangents, tangents
from optimizers.assets.charging import Charging
from optimizers.coordination import CoordinationSettings, coordinate
from optimizers.coordination_areas import areas_of, branch_areas
from optimizers.coordination_assets import AssetPlan, BestResponse, BusPrices
from optimizers.coordination_limits import LimitBook, Places
from optimizers.coordination_loads import at_buses, loads_of
from optimizers.coordination_plan import LOADING_TOLERANCE, VOLTAGE_TOLERANCE_PU, CoordinatedPlan, LimitKind
from optimizers.coordination_problem import CityProblem, SharedLimits, limits_of_network
from optimizers.envelopes import Envelopes
from optimizers.highs_arrays import solve_arrays
from optimizers.plan import PlanStatus
from tests.optimizers.small_city import feeder, small_city

QUICK = CoordinationSettings(time_limit_s=60.0, gap=1e-3, threads=1)
TIGHT = {"car_kw": 700.0, "base_kw": 330.0}
"""Cars that break the lower voltage limit when they only look at prices, and need not."""


def worst(problem: CityProblem, plan: CoordinatedPlan) -> tuple[float, float]:
    """Return the worst voltage and loading violation of a plan, by a power flow and limits of our own."""
    flow = solve(problem.network, plan.load_kw, plan.load_kvar)
    v, buses = flow.v_pu.to_numpy(), problem.network.buses
    low, high = (buses.v_min_pu - v).max(), (v - buses.v_max_pu).max()
    return max(low, high, 0.0), max(float(flow.loading.to_numpy().max()) - 1.0, 0.0)


def priced_only(problem: CityProblem) -> tuple[float, tuple[AssetPlan, ...]]:
    """Return the bound and the plans of assets that see no limit."""
    answers = [block.best_response(BusPrices.zero(len(block.bus), problem.steps)) for block in problem.assets]
    return sum(float(a.lower_bound_krw.sum()) for a in answers), tuple(a.plan for a in answers)


def test_without_binding_limits_the_best_responses_are_the_plan() -> None:
    problem = small_city(car_kw=100.0)
    plan = coordinate(problem, QUICK)
    bound, _ = priced_only(problem)
    assert plan.status is PlanStatus.OPTIMAL
    assert len(plan.rounds) == 1
    assert not plan.prices
    assert not plan.violations
    assert plan.objective_krw == pytest.approx(bound, rel=1e-9)
    assert plan.lower_bound_krw == pytest.approx(bound, rel=1e-9)
    assert not plan.marginal.congestion_krw_per_kwh.any()


def test_a_plan_inside_the_voltage_band_where_prices_alone_break_it() -> None:
    problem = small_city(**TIGHT)
    bound, free = priced_only(problem)
    kw, kvar = loads_of(problem, free)
    broken = solve(problem.network, kw, kvar).v_pu.to_numpy().min()
    assert broken < 0.95 - 10 * VOLTAGE_TOLERANCE_PU, "the case must need coordination"
    plan = coordinate(problem, QUICK)
    assert plan.status is PlanStatus.OPTIMAL
    assert worst(problem, plan)[0] <= VOLTAGE_TOLERANCE_PU
    assert worst(problem, plan)[1] <= LOADING_TOLERANCE
    assert plan.objective_krw > bound
    assert plan.lower_bound_krw <= plan.objective_krw
    assert plan.gap <= 1e-4
    assert LimitKind.LOW_VOLTAGE in {price.kind for price in plan.prices}
    assert plan.marginal.voltage_krw_per_kwh.max() > 0


def test_plan_and_loads_agree() -> None:
    problem = small_city(**TIGHT)
    plan = coordinate(problem, QUICK)
    kw, kvar = loads_of(problem, plan.assets)
    np.testing.assert_allclose(plan.load_kw, kw, atol=1e-6)
    np.testing.assert_allclose(plan.load_kvar, kvar, atol=1e-6)
    assert plan.cost_krw == pytest.approx(sum(float(part.cost_krw.sum()) for part in plan.assets))


def test_a_rating_binds_and_its_price_is_what_more_of_it_saves() -> None:
    amperes = 52.0
    problem = replace(small_city(car_kw=500.0, rating_a=amperes), network=feeder(rating_a=amperes, v_min_pu=0.8))
    plan = coordinate(problem, QUICK)
    assert plan.status is PlanStatus.OPTIMAL
    assert worst(problem, plan)[1] <= LOADING_TOLERANCE
    paid = sum(price.price_krw for price in plan.prices if price.kind is LimitKind.CURRENT)
    assert paid > 0
    more_a = 0.05
    relaxed = coordinate(replace(problem, network=feeder(rating_a=amperes + more_a, v_min_pu=0.8)), QUICK)
    saved = plan.objective_krw - relaxed.objective_krw
    assert saved == pytest.approx(paid * np.sqrt(3) * 22.9 * more_a, rel=0.05)


def test_a_limit_on_active_power_is_kept() -> None:
    problem = small_city(car_kw=300.0, rating_a=500.0)
    free = coordinate(problem, QUICK)
    peak = free.flow.solution.flows().from_kw[0].max()
    limits = replace(problem.limits, flow_limit_kw=np.array([0.95 * peak]))
    plan = coordinate(replace(problem, limits=limits), QUICK)
    assert plan.status is PlanStatus.OPTIMAL
    assert plan.flow.solution.flows().from_kw[0].max() <= 0.95 * peak * (1 + LOADING_TOLERANCE)
    assert {price.kind for price in plan.prices} == {LimitKind.FLOW}


def test_what_cannot_be_kept_is_priced_listed_and_relaxed() -> None:
    problem = small_city(car_kw=1500.0, base_kw=330.0)
    plan = coordinate(problem, QUICK)
    assert plan.status is PlanStatus.RELAXED
    assert plan.violation_krw > 0
    assert plan.lower_bound_krw <= plan.objective_krw * (1 + 1e-9)
    assert plan.gap <= 1e-3
    assert all(not violation.unavoidable for violation in plan.violations)
    assert max(v.excess for v in plan.violations if v.kind is LimitKind.LOW_VOLTAGE) == pytest.approx(
        worst(problem, plan)[0]
    )


def test_what_the_base_load_breaks_is_unavoidable_and_not_made_worse() -> None:
    problem = small_city(car_kw=20.0, base_kw=620.0)
    problem = replace(problem, assets=problem.assets[:1])  # no battery that could relieve it
    alone = solve(problem.network, problem.base_kw, problem.base_kvar).v_pu.to_numpy()
    assert alone.min() < 0.95 - VOLTAGE_TOLERANCE_PU
    plan = coordinate(problem, QUICK)
    assert plan.status is PlanStatus.RELAXED
    assert all(violation.unavoidable for violation in plan.violations)
    assert plan.violation_krw == 0.0
    low = np.minimum(alone, 0.95) - VOLTAGE_TOLERANCE_PU
    assert (plan.flow.v_pu.to_numpy() >= low).all()


def test_batteries_that_export_keep_the_upper_voltage_limit() -> None:
    problem = small_city(car_kw=50.0, base_kw=20.0)
    sizes = {"power_kw": 4000.0, "rating_kva": 4000.0, "max_kwh": 9000.0, "initial_kwh": 4000.0}
    strong = {name: np.array([value]) for name, value in (sizes | {"terminal_min_kwh": 4000.0}).items()}
    store = replace(problem.assets[1], **strong)
    network = feeder(rating_a=1e4)
    network = replace(network, buses=replace(network.buses, v_max_pu=np.full(6, 1.01)))
    problem = replace(problem, network=network, assets=(problem.assets[0], store))
    _, free = priced_only(problem)
    assert solve(network, *loads_of(problem, free)).v_pu.to_numpy().max() > 1.02
    plan = coordinate(problem, QUICK)
    assert not plan.violations
    assert worst(problem, plan)[0] <= VOLTAGE_TOLERANCE_PU
    assert plan.lower_bound_krw <= plan.objective_krw
    assert LimitKind.HIGH_VOLTAGE in {price.kind for price in plan.prices}


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_no_accepted_plan_is_below_the_bound(seed: int) -> None:
    """Mixtures of plans that the power flow accepts are plans: none may be cheaper than what is proved."""
    problem = small_city(seed=seed % 7, **TIGHT)
    plan = coordinate(problem, QUICK)
    _, free = priced_only(problem)
    rng = np.random.default_rng(seed)
    for share in [*rng.uniform(0.0, 1.0, 3), 0.0]:
        mixed = tuple(
            AssetPlan(*(share * getattr(a, n) + (1 - share) * getattr(b, n) for n in ("kw", "kvar", "cost_krw")))
            for a, b in zip(free, plan.assets, strict=True)
        )
        flow = solve(problem.network, *loads_of(problem, mixed))
        if flow.v_pu.to_numpy().min() >= 0.95 and flow.loading.to_numpy().max() <= 1.0:
            assert sum(float(part.cost_krw.sum()) for part in mixed) >= plan.lower_bound_krw - 1e-6


def test_an_earlier_plan_saves_rounds_and_changes_nothing() -> None:
    problem = small_city(**TIGHT)
    first = coordinate(problem, QUICK)
    again = coordinate(problem, QUICK, first.state)
    assert len(again.rounds) < len(first.rounds)
    assert again.objective_krw == pytest.approx(first.objective_krw, rel=1e-5)
    assert again.lower_bound_krw == pytest.approx(first.lower_bound_krw, rel=1e-5)


def test_supply_has_a_price_and_so_do_losses() -> None:
    problem = small_city(**TIGHT)
    price = 80.0 + 40.0 * np.sin(np.arange(problem.steps))
    priced = replace(problem, supply_krw_per_kwh=price)
    plan = coordinate(priced, QUICK)
    supplied = plan.flow.solution.sums.slack_kw.sum(axis=0)
    assets = sum(float(part.cost_krw.sum()) for part in plan.assets)
    assert plan.cost_krw == pytest.approx(assets + float(price @ supplied) * problem.step_h)
    assert plan.lower_bound_krw <= plan.objective_krw
    assert plan.gap < 2e-3
    step = int(plan.load_kw.sum(axis=1).argmax())
    more_kw = plan.load_kw.copy()
    more_kw[step, 5] += 1.0
    extra = solve(problem.network, more_kw, plan.load_kvar).solution.sums.slack_kw.sum(axis=0) - supplied
    assert plan.marginal.loss_krw_per_kwh[step, 5] == pytest.approx(price[step] * (extra[step] - 1.0), rel=1e-2)


# ---- assets that are planned by whole plans ----


@dataclass(frozen=True, eq=False)
class Menus:
    """Assets that choose one of a few load curves, as depots do: (A, plans, T) powers and (A, plans) costs."""

    bus: np.ndarray
    kw: np.ndarray
    cost: np.ndarray
    step_h: float
    kind: str = "menus"
    by_columns: bool = True

    def select(self, assets: np.ndarray) -> Menus:
        return replace(self, bus=self.bus[assets], kw=self.kw[assets], cost=self.cost[assets])

    def check(self, steps: int, step_h: float, problems: ProblemList) -> None:
        """Nothing can be wrong here."""

    def best_response(self, prices: BusPrices) -> BestResponse:
        paid = self.cost + np.einsum("apt,at->ap", self.kw, prices.kw_krw_per_kwh[prices.row]) * self.step_h
        best, row = paid.argmin(axis=1), np.arange(len(self.bus))
        kw = self.kw[row, best]
        plan = AssetPlan(kw, np.zeros_like(kw), self.cost[row, best], best.tolist())
        return BestResponse(plan, paid[row, best])

    def power_range_kw(self) -> tuple[np.ndarray, np.ndarray]:
        return self.kw.min(axis=1), self.kw.max(axis=1)

    def model(self) -> None:
        return None

    def plan_of(self, columns: np.ndarray) -> AssetPlan:
        raise TypeError(columns)


def menus(steps: int, step_h: float) -> Menus:
    """Two assets whose cheapest curve draws at noon and whose dearer ones draw earlier or later."""
    step = np.arange(steps)
    kw = np.array([[900.0 * ((step // 4) == block) for block in (2, 0, 5)]] * 2)
    return Menus(np.array([5, 4]), kw, np.array([[1e5, 1.3e5, 1.6e5], [1e5, 1.4e5, 1.5e5]]), step_h)


def test_whole_plans_answer_the_prices_of_limits() -> None:
    problem = small_city(car_kw=350.0, base_kw=330.0)
    block = menus(problem.steps, problem.step_h)
    problem = replace(problem, assets=(*problem.assets, block))
    plan = coordinate(problem, QUICK)
    assert not plan.violations
    best = np.inf
    for first in range(3):
        for second in range(3):
            fixed = replace(
                block, kw=block.kw[[0, 1], [first, second]][:, None], cost=block.cost[[0, 1], [first, second]][:, None]
            )
            other = coordinate(replace(problem, assets=(*problem.assets[:2], fixed)), QUICK)
            best = min(best, other.objective_krw)
    assert plan.lower_bound_krw <= best * (1 + 1e-6)
    assert plan.objective_krw == pytest.approx(best, rel=2e-3)
    assert plan.assets[2].detail != [0, 0], "limits must have moved them"


# ---- tangents, areas, numbering ----


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.floats(0.2, 2.0))
def test_tangents_meet_the_power_flow_and_undervoltage_never_overstates_it(seed: int, scale: float) -> None:
    problem = small_city()
    book, rng = LimitBook.of(problem), np.random.default_rng(seed)
    kw = problem.base_kw * rng.uniform(0.2, 2.0, problem.base_kw.shape)
    kvar = 0.3 * kw
    flow = solve(problem.network, kw, kvar)
    size = len(problem.network.buses)
    limit = np.array([size - 1, 2 * size + 1, book.starts[3]])
    places = book.beyond(flow, np.full(len(book.kind), np.inf))
    wanted = places.take(np.isin(places.limit, limit) & (places.step == 7))
    away = np.ones((size - 1, problem.steps), dtype=bool)
    rows = tangents(book, flow, wanted, kw, kvar, away)
    np.testing.assert_allclose(rows.at(kw, kvar), wanted.excess, atol=1e-9)
    other_kw, other_kvar = scale * kw, scale * kvar
    there = book.beyond(solve(problem.network, other_kw, other_kvar), np.full(len(book.kind), np.inf))
    true = there.excess[np.isin(there.limit, limit) & (there.step == 7)]
    assert rows.outer.all()
    assert (rows.at(other_kw, other_kvar) <= true + 1e-5 * np.maximum(book.size[rows.limit], 1.0)).all()


def test_newer_tangents_replace_those_that_may_cut_off_plans() -> None:
    row = Tangents.none(3)
    one = replace(
        row, limit=np.array([4, 5]), step=np.array([1, 1]), constant=np.zeros(2), outer=np.array([True, False]),
        by_kw=np.ones((2, 3)), by_kvar=np.ones((2, 3)),
    )  # fmt: skip
    assert one.stale_beside(one).tolist() == [False, True]


def test_areas_share_only_slack_buses() -> None:
    parts = feeder(5)
    lines = parts.lines
    network = replace(parts, lines=replace(lines, from_bus=np.array([0, 1, 0, 3])))
    area = areas_of(network)
    assert area[0] == -1
    assert area[1] == area[2] != area[3] == area[4]
    np.testing.assert_array_equal(branch_areas(network, area), area[[1, 2, 3, 4]])


def test_limits_without_a_number_are_left_out() -> None:
    problem = small_city()
    lines = replace(problem.network.lines, rating_a=np.array([60.0, np.inf, 60.0, 60.0, 60.0]))
    problem = replace(
        problem,
        network=replace(problem.network, lines=lines),
        limits=replace(problem.limits, flow_limit_kw=np.array([np.inf])),
    )
    book = LimitBook.of(problem)
    assert np.bincount(book.kind, minlength=4).tolist() == [6, 6, 4, 0]
    assert book.name(int(book.starts[2])) == (LimitKind.CURRENT, "l1", "F1")
    assert book.size[book.starts[2]] == pytest.approx(np.sqrt(3) * 22.9 * 60.0)


def test_places_and_sums() -> None:
    places = Places(np.array([1, 2]), np.array([0, 0]), np.array([0.1, 0.2]))
    assert len(places.take(places.excess > 0.15)) == 1
    assert at_buses(np.array([[1.0], [2.0], [4.0]]), np.array([1, 1, 0]), 3).tolist() == [[4.0, 3.0, 0.0]]


# ---- bad input ----


def test_everything_that_is_wrong_is_told_at_once() -> None:
    problem = small_city()
    wrong = replace(
        problem,
        base_kw=np.full_like(problem.base_kw, np.nan),
        base_kvar=problem.base_kvar[:, :-1],
        supply_krw_per_kwh=np.zeros(3),
        limits=replace(
            problem.limits,
            overload_krw_per_kwh=0.0,
            flow_limit_kw=np.array([-1.0]),
            bus_group=np.full(6, 9),
            group_feed=np.array([77]),
        ),
        shared=SharedLimits(np.full(problem.steps, np.nan), np.zeros(problem.steps), -1.0),
    )
    with pytest.raises(InvalidInput) as caught:
        coordinate(wrong, QUICK)
    fields = {found.field for found in caught.value.problems}
    assert {"base_kw", "base_kvar", "supply_krw_per_kwh", "overload_krw_per_kwh", "flow_limit_kw"} <= fields
    assert {"bus_group", "group_feed", "supply_limit_kw", "carbon_limit_kg"} <= fields


def test_limits_of_the_whole_city_are_not_for_this_function() -> None:
    problem = small_city()
    shared = SharedLimits(np.full(problem.steps, 1e4), np.zeros(problem.steps))
    with pytest.raises(InvalidInput, match="shared"):
        coordinate(replace(problem, shared=shared), QUICK)


def charging(**changes: object) -> Charging:
    """Two sessions of four steps."""
    limit = np.full((2, 4), 10.0)
    earliest = np.tile(np.array([0.0, 10.0, 20.0, 20.0, 20.0]), (2, 1))
    latest = np.tile(np.array([0.0, 0.0, 0.0, 10.0, 20.0]), (2, 1))
    block = Charging(np.array([1, 2]), Envelopes(limit, latest, earliest), np.ones((1, 4)), np.zeros(2, int), 0.2, 1.0)
    return replace(block, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("block", "what"),
    [
        (charging(price_krw_per_kwh=np.ones((1, 3))), "prices for 3 of 4 steps"),
        (charging(price_krw_per_kwh=np.full((1, 4), np.inf)), "NaN or infinite prices"),
        (charging(price_row=np.array([0, 5])), "not one valid price row"),
        (charging(step_h=0.5), "another horizon"),
        (
            charging(envelopes=Envelopes(np.full((2, 4), 10.0), np.tile([0.0, 5, 5, 5, 5], (2, 1)), np.zeros((2, 5)))),
            "latest curve above its earliest",
        ),
    ],
)
def test_bad_sessions_are_refused(block: Charging, what: str) -> None:
    problems = ProblemList()
    block.check(4, 1.0, problems)
    with pytest.raises(InvalidInput, match=what):
        problems.raise_if_any()


def test_the_compact_model_of_sessions_has_the_optimum_of_the_best_response() -> None:
    rng = np.random.default_rng(3)
    block = charging(price_krw_per_kwh=rng.uniform(50, 200, (1, 4)))
    answer = block.best_response(BusPrices.zero(2, 4))
    compact = block.model()
    solution = solve_arrays(compact.model, 10.0)
    assert solution.objective == pytest.approx(float(answer.lower_bound_krw.sum()))
    plan = block.plan_of(solution.columns)
    assert float(plan.cost_krw.sum()) == pytest.approx(solution.objective)
    np.testing.assert_allclose((compact.kw @ solution.columns).reshape(2, 4), plan.kw, atol=1e-9)
    np.testing.assert_allclose(plan.kvar, 0.2 * plan.kw)


def test_limits_of_a_plain_network_are_one_group() -> None:
    network: Network = replace(feeder(3), transformers=Transformers())
    limits = limits_of_network(network, 1e4, 1e8)
    assert limits.group.tolist() == ["network"]
    assert limits.branch_group.tolist() == [0, 0]
