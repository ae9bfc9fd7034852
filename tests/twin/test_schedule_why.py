"""Why a plan is as it is: prices in words against plans made again with the limit relieved."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from grid.powerflow import solve
from optimizers.coordination import CoordinationSettings, coordinate
from optimizers.coordination_plan import CoordinatedPlan, LimitKind, Violation
from optimizers.coordination_problem import CityProblem
from tests.optimizers.small_city import small_city
from twin.schedule_places import Builds, battery_worth_krw, feeding_branches, places
from twin.schedule_reasons import Clock, Span, spans, why_of
from twin.schedule_relief import relief_powers
from twin.schedule_why import Investment, LimitName, Why, why_from_json
from twin.schedule_words import binding_sentences, opening_sentence, place_sentences, shortfall_sentences

SETTINGS = CoordinationSettings(time_limit_s=30.0, gap=1e-5)
BUILDS = Builds(1000.0, 2000.0, 0.95, 5.0, 100.0, 0.5)
LABELS = tuple(f"{hour:02d}:00" for hour in range(24))
TIGHT = {"rating_a": 38.0, "car_kw": 300.0}


def planned(**changes: float) -> tuple[CityProblem, CoordinatedPlan]:
    problem = small_city(**(TIGHT | changes))  # type: ignore[arg-type]
    return problem, coordinate(problem, SETTINGS)


def explained(**changes: float) -> tuple[CityProblem, CoordinatedPlan, Why]:
    problem, plan = planned(**changes)
    return problem, plan, why_of(problem, plan, LABELS, BUILDS, ("cost by tariffs",))


def with_rating(problem: CityProblem, factor: float) -> CityProblem:
    lines = problem.network.lines
    thicker = replace(lines, rating_a=lines.rating_a * factor)
    return replace(problem, network=replace(problem.network, lines=thicker))


def test_prices_of_a_rating_tell_what_a_little_more_of_it_saves() -> None:
    problem, plan, why = explained()
    rating_kva = np.sqrt(3) * 22.9 * problem.network.lines.rating_a[0]
    saved = plan.cost_krw - coordinate(with_rating(problem, 1.0 + 1.0 / rating_kva), SETTINGS).cost_krw
    assert sum(price.price_krw for price in plan.prices) == pytest.approx(saved, rel=0.05)
    told = sum(binding.price_krw_per_unit_h for binding in why.bindings if binding.start == "17:00") * 5
    assert 0.9 * saved < told <= saved * 1.05


def test_no_relief_is_worth_more_than_all_limits_cost() -> None:
    problem, plan, why = explained()
    assert why.limits_krw == pytest.approx(plan.objective_krw - plan.unlimited_bound_krw)
    assert why.bindings
    assert all(0 < binding.worth_krw <= why.limits_krw for binding in why.bindings)
    saved = plan.cost_krw - coordinate(with_rating(problem, 1.5), SETTINGS).cost_krw
    best = max(place.worth_krw for place in why.places if place.investment is Investment.CABLE)
    assert best >= saved * (1 - 1e-6)


def test_binding_says_feeder_span_and_price() -> None:
    _, _, why = explained()
    first = binding_sentences(why, "en")[0]
    assert first.startswith("Feeder F1 binds 17:00–22:00 at ")
    assert "relieving it by 500 kVA is worth up to" in first
    assert binding_sentences(why, "ko")[0].startswith("배전선로 F1: 17:00~22:00 구속")
    assert "bind" in opening_sentence(why, "en")


def test_plan_without_limits_says_so() -> None:
    _, _, why = explained(rating_a=200.0)
    assert why.bindings == ()
    assert opening_sentence(why, "en").startswith("No limit")
    assert not [place for place in why.places if place.investment is not Investment.CHARGER]


def test_battery_earns_what_its_best_plan_saves_at_the_prices() -> None:
    problem = small_city()
    price = np.zeros((24, 6))
    price[12:14, 4] = 100.0
    worth = battery_worth_krw(problem, price, Builds(100.0, 400.0, 1.0, 0.0, 100.0, 0.5))
    assert worth == pytest.approx([0.0, 0.0, 0.0, 0.0, 100.0 * 2 * 100.0, 0.0])


def test_best_battery_stands_behind_the_binding_section() -> None:
    problem, plan = planned()
    best = next(place for place in places(problem, plan, BUILDS, 1e9) if place.investment is Investment.BATTERY)
    assert best.element != "b0"
    assert best.worth_krw > 0


def test_no_charger_is_told_where_its_feeder_has_no_room() -> None:
    problem, plan = planned()
    assert not [place for place in places(problem, plan, BUILDS, 1e9) if place.investment is Investment.CHARGER]


def test_every_bus_is_fed_through_the_branch_before_it() -> None:
    assert feeding_branches(small_city()) == [(-1, -1), (0, 0), (1, 1), (2, 2), (3, 3), (4, 4)]


def test_thicker_cable_is_worth_what_voltages_behind_it_cost() -> None:
    problem, plan, _ = explained(rating_a=500.0, base_kw=300.0, car_kw=900.0)
    assert {price.kind for price in plan.prices} == {LimitKind.LOW_VOLTAGE}
    cables = [p for p in places(problem, plan, BUILDS, 1e12) if p.investment is Investment.CABLE]
    lines = problem.network.lines
    thicker = replace(lines, r_ohm=lines.r_ohm / np.r_[1.001, np.ones(len(lines) - 1)])
    eased = coordinate(replace(problem, network=replace(problem.network, lines=thicker)), SETTINGS)
    small = places(problem, plan, replace(BUILDS, cable_share=0.001), 1e12)
    told = {place.element: place.worth_krw for place in small if place.investment is Investment.CABLE}
    assert told["l1"] == pytest.approx(plan.objective_krw - eased.objective_krw, rel=0.15)
    assert cables[0].worth_krw >= cables[-1].worth_krw


def test_shortfall_says_what_no_plan_avoids_and_the_smallest_relief() -> None:
    problem, _, why = explained(base_kw=400.0)
    worst = why.shortfalls[0]
    assert worst.limit is LimitName.CURRENT
    assert worst.excess == pytest.approx(worst.share * np.sqrt(3) * 22.9 * 38.0)
    relieved = coordinate(with_rating(problem, 1.0 + worst.share + 1e-3), SETTINGS)
    assert not relieved.violations
    told = shortfall_sentences(why, "en")[0]
    assert "What can be moved is not enough" in told
    assert "The smallest relief: a limit relaxed by" in told
    assert "조정할 수 있는 부하가 부족" in shortfall_sentences(why, "ko")[0]


def test_shortfall_of_loads_that_nobody_plans_says_so() -> None:
    problem = small_city(base_kw=420.0, car_kw=0.001, rating_a=38.0)
    bare = replace(problem, assets=problem.assets[:1])
    why = why_of(bare, coordinate(bare, SETTINGS), LABELS, BUILDS)
    assert all(one.forced for one in why.shortfalls)
    assert "Loads that nobody plans" in shortfall_sentences(why, "en")[0]


def test_less_load_by_the_told_amount_ends_the_violation() -> None:
    problem, plan, _ = explained(base_kw=400.0)
    worst = max(plan.violations, key=lambda one: one.excess)
    kw, kvar = relief_powers(problem, plan, [worst])[0]
    assert 0 < kw < kvar
    last = len(problem.network.buses) - 1
    eased = problem.base_kw.copy()
    eased[worst.step, last] -= kw * 1.02
    flow = solve(problem.network, plan.load_kw + eased - problem.base_kw, plan.load_kvar)
    assert flow.memory("loading")[0, worst.step] == pytest.approx(1.0, abs=0.03)


def test_supply_violation_is_its_own_relief() -> None:
    problem, plan = planned(rating_a=200.0)
    shared = replace(problem.shared, supply_limit_kw=np.full(24, 1000.0))
    violation = Violation(LimitKind.SUPPLY, "", "", 3, 0.2, unavoidable=True)
    kw, kvar = relief_powers(replace(problem, shared=shared), plan, [violation])[0]
    assert kw == pytest.approx(200.0)
    assert kvar == np.inf


@pytest.mark.parametrize("changes", [{}, {"base_kw": 400.0}, {"rating_a": 200.0}])
def test_part_survives_json(changes: dict[str, float]) -> None:
    _, _, why = explained(**changes)
    text = json.dumps(why.as_json(), allow_nan=False)
    assert why_from_json(json.loads(text)) == why


def test_another_version_is_refused() -> None:
    _, _, why = explained(rating_a=200.0)
    with pytest.raises(ValueError, match="version 99"):
        why_from_json({**why.as_json(), "version": 99})


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_every_row_has_a_sentence_without_open_fields(lang: str) -> None:
    for changes in ({}, {"base_kw": 400.0}, {"rating_a": 500.0, "car_kw": 900.0}):
        _, _, why = explained(**changes)
        told = (
            *binding_sentences(why, lang),
            *place_sentences(why, lang),
            *shortfall_sentences(why, lang),
            opening_sentence(why, lang),
        )
        assert len(told) == len(why.bindings) + len(why.places) + len(why.shortfalls) + 1
        assert not [line for line in told if "{" in line or "}" in line]


def test_spans_join_neighbouring_steps() -> None:
    assert spans(np.array([5, 3, 4, 9])) == [Span(3, 5), Span(9, 9)]


def test_last_step_ends_at_the_end_of_the_day() -> None:
    clock = Clock(LABELS, 1.0)
    assert clock.stop(Span(20, 23)) == "00:00"
    assert clock.start(Span(-1, -1)) == "00:00"
    assert clock.minutes(Span(-1, -1)) == 24 * 60
