"""Why a day cannot work: counting proves it, the elastic model measures it, and each remedy makes the day work."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimizers.baselines import plug_on_arrival
from optimizers.bottlenecks import Scarce, bottlenecks
from optimizers.depot import Method, solve_depot
from optimizers.infeasibility import explain_infeasibility
from optimizers.plan import NoPlan, PlanStatus
from optimizers.problem import SiteBattery
from optimizers.remedies import RemedyKind, RemedyPrices, shortfalls_of
from optimizers.remedy_search import search_remedies, working_plan
from optimizers.replay_shortfall import missing_kwh
from optimizers.solver import SolveLimits
from tests.optimizers.depot_builders import buses, charger, depot, duty, random_depot

LIMITS = SolveLimits(20.0, 1e-6)
PRICES = RemedyPrices(outlet_hour_krw=5000, connection_krw_per_kw=700, late_krw_per_h=20000, swap_krw=3000)


def crowded():
    """Three buses need 60 kWh each in two hours from one outlet of 60 kW; a fourth, full one is in no hurry."""
    problem = depot(4, 5, chargers=(charger(1, 60.0),), buses=buses(4, initial_kwh=np.array([100.0, 100, 100, 200])))
    for bus in range(3):
        problem = duty(problem, bus, 2, 3, 140.0)
    return duty(problem, 3, 2, 3, 20.0)


def test_counting_finds_too_few_outlets():
    (found,) = bottlenecks(crowded())
    assert found.scarce is Scarce.OUTLETS
    assert (found.start, found.stop, found.buses) == (0, 2, (0, 1, 2))
    assert found.short_kwh == pytest.approx(60)
    assert "3.0 outlet hours, the 1 outlets of slow have 2.0: 60.0 kWh short" in found.sentence


def test_counting_finds_too_little_time_and_names_the_bus():
    problem = duty(depot(2, 3, chargers=(charger(2, 30.0),)), 1, 1, 2, 120.0)
    (found,) = bottlenecks(problem)
    assert (found.scarce, found.buses, found.stop) == (Scarce.TIME, (1,), 1)
    assert found.short_kwh == pytest.approx(10)


def test_counting_finds_too_small_a_connection():
    problem = duty(duty(depot(2, 3, chargers=(charger(2),)), 0, 2, 3, 130.0), 1, 2, 3, 130.0)
    site = replace(problem.site, import_limit_kw=np.full(3, 40.0), base_kw=np.full(3, 10.0), pv_kw=np.full(3, 5.0))
    (found,) = bottlenecks(replace(problem, site=site))
    assert found.scarce is Scarce.CONNECTION
    assert found.short_kwh == pytest.approx(100 - 70)
    battery = SiteBattery(0.0, 30.0, 30.0, 0.0, 30.0, 30.0, 1.0, 1.0, 0.0)
    assert bottlenecks(replace(problem, site=replace(site, battery=battery))) == ()
    over = replace(site, base_kw=np.full(3, 60.0))
    (load,) = bottlenecks(replace(problem, site=over))
    assert "the site's own load is 15.0 kW above" in load.sentence


def test_counting_looks_at_buses_confined_to_a_class():
    outlets = (charger(1, 60.0), charger(3, 60.0, id="other"))
    problem = replace(crowded(), chargers=outlets)
    fits = np.array([[True, False], [True, False], [True, False], [True, True]])
    (found,) = bottlenecks(replace(problem, compatible=fits))
    assert found.short_kwh == pytest.approx(60)
    assert bottlenecks(replace(problem, compatible=np.ones((4, 2), dtype=bool))) == ()


@pytest.mark.parametrize("seed", range(6))
def test_counting_never_accuses_a_day_that_works(seed):
    problem = random_depot(seed, bus_count=5, step_count=16, charger_count=1 + seed % 3)
    answer = solve_depot(problem, time_limit_s=20, gap=0.05, method=Method.COMPACT)
    if not isinstance(answer, NoPlan):
        assert bottlenecks(problem) == ()
    elif answer.method == "counting":
        explained = explain_infeasibility(problem, PRICES, SolveLimits(5.0, 0.05))
        assert explained.shortfalls


def test_the_explanation_measures_what_is_short():
    explained = explain_infeasibility(crowded(), PRICES, LIMITS)
    assert explained.complete
    assert sum(s.short_kwh for s in explained.shortfalls) == pytest.approx(60)
    assert {s.step for s in explained.shortfalls} == {2}
    assert {s.bus for s in explained.shortfalls} <= {0, 1, 2}
    assert explained.bottlenecks


def test_remedies_come_cheapest_first_and_each_works():
    explained = explain_infeasibility(crowded(), PRICES, LIMITS)
    kinds = [remedy.kind for remedy in explained.remedies]
    assert kinds == [RemedyKind.SWAP, RemedyKind.CHARGER_TIME, RemedyKind.LATER_DEPARTURE]
    swap, time, later = explained.remedies
    assert swap.cost_krw == 3000
    assert "bus 3" in swap.sentence
    assert (time.amount, time.cost_krw) == pytest.approx((1.0, 5000))
    assert later.cost_krw == pytest.approx(20000 * later.amount)
    assert later.sentence.startswith("later departure: bus")


def test_a_larger_connection_is_measured():
    problem = duty(duty(depot(2, 3, chargers=(charger(2),)), 0, 2, 3, 130.0), 1, 2, 3, 130.0)
    site = replace(problem.site, import_limit_kw=np.full(3, 40.0))
    explained = explain_infeasibility(replace(problem, site=site), PRICES, LIMITS)
    larger = next(r for r in explained.remedies if r.kind is RemedyKind.CONNECTION)
    assert larger.amount == pytest.approx(10)
    assert larger.cost_krw == pytest.approx(7000)
    assert not any(r.kind is RemedyKind.CHARGER_TIME for r in explained.remedies)


def test_a_day_that_works_needs_no_explanation():
    explained = explain_infeasibility(duty(depot(1, 4), 0, 3, 4, 150.0), PRICES, LIMITS)
    assert (explained.bottlenecks, explained.shortfalls, explained.remedies) == ((), (), ())
    assert explained.complete


def test_the_answer_to_an_impossible_day_says_why():
    answer = solve_depot(crowded(), time_limit_s=10)
    assert isinstance(answer, NoPlan)
    assert answer.status is PlanStatus.INFEASIBLE
    assert "kWh short" in answer.reasons[0]


def test_the_search_finds_the_same_ways_out_as_the_elastic_model():
    exact = explain_infeasibility(crowded(), PRICES, LIMITS)
    searched = search_remedies(crowded(), PRICES, LIMITS, exact.shortfalls)
    for remedy in exact.remedies:
        (found,) = [other for other in searched if other.kind is remedy.kind]
        assert found.amount >= remedy.amount - 1e-6
        if remedy.kind is not RemedyKind.CHARGER_TIME:
            assert found.amount == pytest.approx(remedy.amount)
            assert found.cost_krw == pytest.approx(remedy.cost_krw)


def test_the_search_rounds_a_larger_connection_up_and_never_promises_what_fails():
    problem = duty(duty(depot(2, 3, chargers=(charger(2),)), 0, 2, 3, 130.0), 1, 2, 3, 130.0)
    tight = replace(problem, site=replace(problem.site, import_limit_kw=np.full(3, 43.0)))
    shortfalls = explain_infeasibility(tight, PRICES, LIMITS).shortfalls
    (larger,) = [r for r in search_remedies(tight, PRICES, LIMITS, shortfalls) if r.kind is RemedyKind.CONNECTION]
    assert larger.amount == pytest.approx(10)  # 7 kW are missing, and 5 kW are too few
    for more_kw, works in ((10.0, True), (5.0, False)):
        site = replace(tight.site, import_limit_kw=tight.site.import_limit_kw + more_kw)
        assert (working_plan(replace(tight, site=site), LIMITS) is not None) is works


def test_no_time_finds_no_way_out_and_claims_none():
    shortfalls = explain_infeasibility(crowded(), PRICES, LIMITS).shortfalls
    assert search_remedies(crowded(), PRICES, SolveLimits(0.0), shortfalls) == []


def test_shortfalls_of_a_plan_are_what_its_buses_would_have_to_be_given():
    """Idle, the bus has 100 kWh, its duties take 150 and 10, and 20 must be kept: 70 kWh are missing, then 10 more."""
    problem = duty(duty(depot(1, 8), 0, 2, 4, 150.0), 0, 6, 7, 10.0)
    idle = plug_on_arrival(replace(problem, chargers=(charger(0),)))
    found = shortfalls_of(problem, idle)
    assert [(short.step, short.short_kwh) for short in found] == [(2, pytest.approx(70)), (6, pytest.approx(10))]
    assert missing_kwh(problem, idle) == pytest.approx(80)
    assert missing_kwh(problem, solve_depot(problem, time_limit_s=10)) == 0.0
