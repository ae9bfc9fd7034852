"""The heuristics keep every rule, and each does what its name says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimizers.baselines import (
    BASELINES,
    cheapest_baseline,
    least_laxity_first,
    night_only,
    peak_shaving,
    plug_on_arrival,
    valley_filling,
)
from optimizers.plan import PlanStatus
from optimizers.problem import Cabinet, DemandCharge, LaneRule
from tests.optimizers.depot_builders import buses, charger, depot, duty, random_depot


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("seed", range(6))
def test_every_baseline_serves_a_depot_with_enough_chargers(name, seed):
    plan = BASELINES[name](random_depot(seed, bus_count=6, charger_count=4))
    assert plan.relaxed == ()
    assert plan.status is PlanStatus.FALLBACK


def test_plug_on_arrival_charges_at_once_at_full_power():
    problem = duty(depot(1, 4), 0, 3, 4, 150.0)
    plan = plug_on_arrival(problem)
    assert plan.charge_kw[0].tolist() == [70.0, 0.0, 0.0, 0.0]
    assert plan.objective_krw == pytest.approx(7000.0)


def test_plug_on_arrival_serves_the_first_to_come():
    problem = duty(duty(depot(2, 6), 0, 0, 1, 0.0), 0, 5, 6, 150.0)
    problem = duty(problem, 1, 5, 6, 150.0)
    plan = plug_on_arrival(problem)
    assert plan.charge_kw[1].tolist() == [70.0, 0, 0, 0, 0, 0]
    assert plan.charge_kw[0].tolist() == [0, 70.0, 0, 0, 0, 0]


def test_night_only_waits_for_the_night_unless_a_bus_could_not_leave():
    prices = {"buy_krw_per_kwh": [200.0, 200.0, 200.0, 200.0, 80.0, 80.0]}
    late = night_only(duty(depot(1, 6, prices=prices), 0, 5, 6, 150.0))
    assert late.charge_kw[0].tolist() == [0, 0, 0, 0, 70.0, 0]
    early = night_only(duty(depot(1, 6, prices=prices), 0, 2, 6, 150.0))
    assert early.charge_kw[0, :2].sum() == pytest.approx(70.0)


def test_valley_filling_is_flat():
    problem = duty(depot(1, 7), 0, 6, 7, 140.0)
    plan = valley_filling(problem)
    assert plan.status is PlanStatus.FALLBACK
    assert plan.grid_kw.max() == pytest.approx(10.0, abs=0.1)


def test_peak_shaving_shaves_only_where_the_tariff_counts():
    problem = duty(depot(1, 5, buses=buses(1, initial_kwh=90.0)), 0, 4, 5, 150.0)
    counted = np.array([0, 1, -1, -1, -1])
    plan = peak_shaving(replace(problem, demand=DemandCharge(1000.0, 1.0, 0.0, 0.0, 0.0, counted)))
    assert plan.grid_kw[:2].max() < 0.1
    assert plan.charge_kw[0, 2:4].sum() == pytest.approx(80.0, abs=0.2)


def test_a_day_that_cannot_work_is_said_to_be_relaxed():
    problem = duty(depot(1, 2), 0, 1, 2, 190.0)
    plan = plug_on_arrival(replace(problem, site=replace(problem.site, import_limit_kw=np.array([10.0, 10.0]))))
    assert plan.status is PlanStatus.RELAXED
    assert any("short" in words for words in plan.relaxed)


def test_baselines_keep_cabinets_minimum_power_handover_and_staff():
    outlets = (charger(2, 60.0, id="twin", min_kw=20.0), charger(1, 40.0, id="single", min_kw=10.0, can_pause=False))
    staff = np.ones(24, dtype=bool)
    staff[8:12] = False
    for seed in range(4):
        problem = replace(
            random_depot(seed, bus_count=4),
            chargers=outlets,
            compatible=np.ones((4, 2), dtype=bool),
            cabinets=(Cabinet("cabinet", (0,), 70.0),),
        )
        rules = replace(problem.rules, handover_steps=1, plug_allowed=staff)
        problem = replace(problem, rules=rules)
        for baseline in BASELINES.values():
            kept = [words for words in baseline(problem).relaxed if "short" not in words]
            assert kept == []


@pytest.mark.parametrize("lane", [LaneRule.FIRST_IN_FIRST_OUT, LaneRule.LAST_IN_FIRST_OUT])
def test_baselines_never_drive_through_a_bus(lane):
    for seed in range(4):
        problem = replace(random_depot(seed, bus_count=4), chargers=(charger(3, 60.0, lane=lane),))
        for baseline in BASELINES.values():
            assert not [words for words in baseline(problem).relaxed if "leaves the lane" in words]


def test_the_cheapest_baseline_is_one_that_works():
    problem = random_depot(1, bus_count=5, charger_count=4)
    best = cheapest_baseline(problem)
    assert best.status is PlanStatus.FALLBACK
    assert best.objective_krw == min(baseline(problem).objective_krw for baseline in BASELINES.values())


def test_least_laxity_takes_the_outlet_from_a_bus_that_can_wait():
    problem = depot(2, 12, chargers=(charger(1, 40.0),))
    problem = duty(problem, 0, 11, 12, 180.0)
    problem = duty(duty(problem, 1, 0, 1, 0.0), 1, 3, 4, 160.0)
    assert least_laxity_first(problem).status is PlanStatus.FALLBACK
    assert plug_on_arrival(problem).status is PlanStatus.RELAXED


def test_baselines_count_sessions():
    night = np.array([True, False, True, False, True, False])
    problem = duty(depot(1, 6, rules={"max_sessions_per_stay": 1}, chargers=(charger(1, 30.0),)), 0, 5, 6, 150.0)
    for plan in (night_only(problem, night), least_laxity_first(problem)):
        assert not [words for words in plan.relaxed if "sessions" in words]


def test_a_nearly_full_bus_does_not_overflow_at_an_outlet_that_cannot_pause():
    problem = depot(1, 4, chargers=(charger(1, min_kw=50.0, can_pause=False),), buses=buses(1, initial_kwh=170.0))
    plan = plug_on_arrival(duty(problem, 0, 3, 4, 175.0))
    assert not [words for words in plan.relaxed if "above the window" in words]
