"""Laws every plan obeys, and a second formulation that must find the same cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyomo.environ as pyo
import pytest

from optimizers.baselines import BASELINES
from optimizers.depot import Method, solve_depot
from optimizers.depot_model.compose import build_depot_model
from optimizers.plan import DepotPlan, PlanStatus
from optimizers.problem import Degradation, DepotProblem, SiteBattery
from optimizers.replay import replay
from optimizers.solver import SolveLimits, solve_model
from tests.optimizers.depot_builders import buses, charger, depot, random_depot
from tests.optimizers.depot_enumeration import enumerated_cost_krw

GAP = 1e-5


def plan_of(problem: DepotProblem, gap: float = GAP) -> DepotPlan:
    plan = solve_depot(problem, time_limit_s=60, gap=gap, method=Method.COMPACT)
    assert isinstance(plan, DepotPlan), plan
    assert plan.status is PlanStatus.OPTIMAL
    return plan


def no_dearer(relaxed: DepotPlan, plan: DepotPlan) -> None:
    assert relaxed.objective_krw <= plan.objective_krw * (1 + 2 * GAP) + 1e-3


def tiny_depot(seed: int) -> DepotProblem:
    """Three buses, seven steps, two outlets: small enough to list every pattern."""
    rng = np.random.default_rng(seed)
    steps, count = 7, 3
    present = np.ones((count, steps), dtype=bool)
    trip_kwh = np.zeros((count, steps))
    for bus in range(count):
        present[bus, int(rng.integers(5, 7)) :] = False
        present[bus, : int(rng.integers(0, 2))] = False
        trip_kwh[bus] = np.where(present[bus], 0.0, rng.uniform(10, 30))
    outlets = (charger(1 + seed % 2, 50.0, efficiency=0.95),)
    rules = {
        "start_krw": 200.0 * (seed % 3),
        "min_plug_steps": 1 + seed % 2,
        "max_sessions_per_stay": 1 + seed % 3,
        "handover_steps": int(seed % 4 == 3),
        "plug_allowed": rng.random(steps) < 0.85,
    }
    bus = buses(count, initial_kwh=rng.uniform(45, 80, count), charge_efficiency=0.93, standing_loss_kw=0.5)
    problem = depot(count, steps, 0.5, buses=bus, chargers=outlets, rules=rules, present=present, trip_kwh=trip_kwh)
    prices = replace(problem.prices, buy_krw_per_kwh=rng.uniform(50, 150, steps))
    site = replace(problem.site, base_kw=rng.uniform(0, 8, steps), import_limit_kw=np.full(steps, 85.0))
    demand = random_depot(0).demand
    assert demand is not None
    demand = replace(demand, interval=np.arange(steps) // 2)
    terminal = np.minimum(bus.initial_kwh, 50.0)
    return replace(problem, prices=prices, site=site, demand=demand, buses=replace(bus, terminal_min_kwh=terminal))


@pytest.mark.parametrize("seed", range(12))
def test_a_second_formulation_finds_the_same_cost(seed):
    problem = tiny_depot(seed)
    other = enumerated_cost_krw(problem)
    answer = solve_depot(problem, time_limit_s=60, gap=1e-7, method=Method.COMPACT)
    if np.isinf(other):
        assert answer.status is PlanStatus.INFEASIBLE
    else:
        assert answer.objective_krw == pytest.approx(other, rel=1e-5)


def test_most_of_the_small_depots_work():
    assert sum(np.isfinite(enumerated_cost_krw(tiny_depot(seed))) for seed in range(12)) >= 8


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_relaxing_a_limit_never_raises_the_cost(seed):
    problem = random_depot(seed, bus_count=3, step_count=16)
    tight = replace(problem, rules=replace(problem.rules, handover_steps=1))
    plan = plan_of(tight)
    rules, site = tight.rules, tight.site
    looser = {
        "handover": replace(tight, rules=replace(rules, handover_steps=0)),
        "shorter sessions": replace(tight, rules=replace(rules, min_plug_steps=1)),
        "more sessions": replace(tight, rules=replace(rules, max_sessions_per_stay=9)),
        "free starts": replace(tight, rules=replace(rules, start_krw=0.0)),
        "one more outlet": replace(tight, chargers=(replace(tight.chargers[0], count=3),)),
        "stronger outlets": replace(tight, chargers=(replace(tight.chargers[0], max_kw=80.0),)),
        "smaller need": replace(tight, need_kwh=0.9 * tight.need_kwh),
        "larger battery": replace(
            tight, buses=replace(tight.buses, battery_kwh=np.full(3, 250.0), max_kwh=np.full(3, 250.0))
        ),
        "no standing loss": replace(tight, buses=replace(tight.buses, standing_loss_kw=np.zeros(3))),
        "PV": replace(tight, site=replace(site, pv_kw=np.full(16, 10.0))),
        "larger paid peak": replace(tight, demand=replace(tight.demand, ratchet_kw=40.0)),
        "stationary battery": replace(
            tight, site=replace(site, battery=SiteBattery(0, 60, 30, 30, 20, 20, 0.95, 0.95, 1.0))
        ),
        "cheaper energy": replace(
            tight, prices=replace(tight.prices, buy_krw_per_kwh=0.9 * tight.prices.buy_krw_per_kwh)
        ),
        "cheaper peak": replace(tight, demand=replace(tight.demand, share=tight.demand.share / 2)),
    }
    for name, problem_with in looser.items():
        relaxed = plan_of(problem_with)
        assert relaxed.objective_krw <= plan.objective_krw * (1 + 2 * GAP) + 1e-3, name


def test_the_order_of_the_buses_is_irrelevant():
    problem = random_depot(3, bus_count=4, step_count=16)
    order = np.array([2, 0, 3, 1])
    columns = {name: getattr(problem.buses, name)[order] for name in problem.buses.__dataclass_fields__}
    turned = replace(
        problem,
        buses=type(problem.buses)(**columns),
        present=problem.present[order],
        trip_kwh=problem.trip_kwh[order],
        need_kwh=problem.need_kwh[order],
    )
    assert plan_of(turned).objective_krw == pytest.approx(plan_of(problem).objective_krw, rel=3 * GAP)


def test_splitting_every_step_in_two_never_raises_the_cost():
    problem = random_depot(2, bus_count=3, step_count=12)
    problem = replace(problem, rules=replace(problem.rules, min_plug_steps=1))

    def twice(array):
        return np.repeat(array, 2, axis=-1)

    need_kwh = np.zeros((3, 24))
    need_kwh[:, ::2] = problem.need_kwh
    fine = replace(
        problem,
        step_h=twice(problem.step_h) / 2,
        present=twice(problem.present),
        trip_kwh=twice(problem.trip_kwh) / 2,
        need_kwh=need_kwh,
        prices=type(problem.prices)(
            **{name: twice(getattr(problem.prices, name)) for name in problem.prices.__dataclass_fields__}
        ),
        site=replace(
            problem.site,
            **{
                name: twice(getattr(problem.site, name))
                for name in ("base_kw", "pv_kw", "import_limit_kw", "export_limit_kw")
            },
        ),
        rules=replace(problem.rules, plug_allowed=twice(problem.rules.plug_allowed)),
        demand=replace(problem.demand, interval=twice(problem.demand.interval)),
    )
    no_dearer(plan_of(fine), plan_of(problem))


@pytest.mark.parametrize("seed", range(3))
def test_the_plan_conserves_energy_and_is_never_dearer_than_a_baseline(seed):
    problem = random_depot(seed + 1, bus_count=4, step_count=16, charger_count=3)
    plan = plan_of(problem, gap=1e-3)
    bus_bar_kwh = (plan.grid_kw - problem.site.base_kw) @ problem.step_h
    inlet_kwh = bus_bar_kwh * problem.chargers[0].efficiency
    stored = plan.energy_kwh[:, -1] - plan.energy_kwh[:, 0] + problem.trip_kwh.sum(axis=1)
    standing = (problem.present @ problem.step_h) * problem.buses.standing_loss_kw
    assert inlet_kwh * 0.96 == pytest.approx((stored + standing).sum(), rel=1e-6)
    assert replay(problem, plan).ok
    for baseline in BASELINES.values():
        other = baseline(problem)
        if other.status is PlanStatus.FALLBACK:
            assert plan.lower_bound_krw <= other.objective_krw + 1e-6
            assert plan.objective_krw <= other.objective_krw * (1 + 1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_with_every_feature_on_the_replay_agrees(seed):
    rng = np.random.default_rng(seed)
    problem = random_depot(seed, bus_count=3, step_count=14)
    lines = {"taper_kw": np.tile([[200.0, 400.0]], (3, 1)), "taper_kw_per_kwh": np.tile([[-0.8, -1.9]], (3, 1))}
    fleet = replace(problem.buses, max_discharge_kw=np.full(3, 40.0), discharge_limit_kwh=np.full(3, 30.0), **lines)
    wear = Degradation(
        np.tile([[60.0, 60.0, 60.0]], (3, 1)), np.tile([[5.0, 15.0, 30.0]], (3, 1)), np.full(3, 0.05), np.full(3, 100.0)
    )
    reward = np.where(np.arange(14) < 5, 200.0, 0.0)
    everything = replace(
        problem,
        buses=fleet,
        chargers=(
            charger(1, 60.0, id="fast", max_discharge_kw=40.0, min_kw=10.0, efficiency=0.95),
            charger(1, 40.0, id="slow", efficiency=0.93),
        ),
        compatible=np.ones((3, 2), dtype=bool),
        degradation=wear,
        prices=replace(problem.prices, v2g_reward_krw_per_kwh=reward, sell_krw_per_kwh=rng.uniform(0, 60, 14)),
        site=replace(
            problem.site,
            pv_kw=rng.uniform(0, 20, 14),
            battery=SiteBattery(5, 60, 30, 30, 20, 20, 0.95, 0.95, 2.0),
        ),
    )
    plan = plan_of(everything, gap=1e-3)
    report = replay(everything, plan)
    assert report.violations == ()
    assert report.cost.total_krw == pytest.approx(plan.objective_krw, abs=0.01)
    assert plan.objective_krw == pytest.approx(plan.lower_bound_krw, rel=1.1e-3)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_covers_cut_off_no_plan_and_tighten_the_relaxation(seed):
    problem = random_depot(seed, bus_count=3, step_count=16)
    bounds = []
    for with_covers in (True, False):
        model = build_depot_model(problem)
        if not with_covers:
            model.session_cover.deactivate()
            model.step_cover.deactivate()
        whole = solve_model(model, SolveLimits(30.0, GAP))
        pyo.TransformationFactory("core.relax_integer_vars").apply_to(model)
        bounds.append((whole.objective, solve_model(model, SolveLimits(30.0)).objective))
    assert bounds[0][0] == pytest.approx(bounds[1][0], rel=3 * GAP)
    assert bounds[0][1] > bounds[1][1] + 1
