"""Aims of a city: what they mean, what contradicts what, and that plans keep them at no less cost than without."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InvalidInput, ProblemList
from optimizers.assets.power_circle import PowerCircle
from optimizers.assets.solar import SolarInverters
from optimizers.coordination import CoordinationSettings
from optimizers.coordination_problem import CityProblem
from optimizers.plan import PlanStatus
from optimizers.shared_limits_master import supplied_kw
from tests.optimizers.small_city import small_city
from twin.aims import Aims, DemandCall, Objective, clock, demand_call
from twin.aims_plan import AimedPlan, plan_aims
from twin.aims_problem import SystemPrices, aimed, unserved_kwh, without_tariff

SETTINGS = CoordinationSettings(time_limit_s=60.0, gap=2e-3)
LABELS = tuple(f"{hour:02d}:00" for hour in range(24))
HOUR = np.arange(24)
SYSTEM = SystemPrices(
    wholesale_krw_per_kwh=110.0 + 30.0 * np.cos((HOUR - 19.0) / 12.0 * np.pi),
    carbon_kg_per_kwh=0.4 + 0.1 * np.cos((HOUR - 20.0) / 12.0 * np.pi),
    unserved_krw_per_kwh=1000.0,
    network_peak_krw_per_kw=300.0,
)


def city() -> CityProblem:
    return small_city(rating_a=200.0, car_kw=300.0)


def planned(aims: Aims, problem: CityProblem | None = None) -> AimedPlan:
    return plan_aims(problem or city(), aims, SYSTEM, LABELS, SETTINGS)


def problems_of(aims: Aims) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        planned(aims)
    return [problem.field for problem in refused.value.problems]


def test_cap_is_kept_and_costs_no_less() -> None:
    free = planned(Aims())
    capped = planned(Aims(peak_cap_kw=0.92 * free.peak_kw))
    assert capped.peak_kw <= 0.92 * free.peak_kw * 1.001
    assert capped.plan.status is not PlanStatus.RELAXED
    assert capped.plan.cost_krw >= free.plan.lower_bound_krw
    assert {price.kind.name for price in capped.plan.prices} >= {"SUPPLY"}


def test_cap_that_does_not_bind_changes_nothing() -> None:
    free = planned(Aims())
    assert planned(Aims(peak_cap_kw=2 * free.peak_kw)).plan.cost_krw == pytest.approx(free.plan.cost_krw, rel=1e-6)


def test_lowest_peak_is_lower_than_any_other_aims_peak() -> None:
    lowest = planned(Aims(objective=Objective.PEAK))
    for objective in (Objective.COST, Objective.SYSTEM, Objective.CARBON):
        assert lowest.peak_kw <= planned(Aims(objective=objective)).peak_kw * 1.002
    assert lowest.least_gap < 5e-3
    assert lowest.plan.cost_krw >= planned(Aims()).plan.lower_bound_krw


def test_least_emissions_are_least() -> None:
    lowest = planned(Aims(objective=Objective.CARBON))
    assert lowest.least == pytest.approx(lowest.emitted_kg, rel=3e-3)
    for objective in (Objective.COST, Objective.SYSTEM, Objective.PEAK):
        assert lowest.emitted_kg <= planned(Aims(objective=objective)).emitted_kg * (1 + 2e-3)


def test_system_cost_is_least_under_the_systems_aim() -> None:
    def system_krw(found: AimedPlan) -> float:
        bare = [without_tariff(block) for block in found.problem.assets]
        wear = sum(np.maximum(-plan.kw, 0.0).sum() * 5.0 for plan in found.plan.assets[1:])  # type: ignore[attr-defined]
        assert len(bare) == 2
        peak = SYSTEM.network_peak_krw_per_kw * found.peak_kw
        return float(supplied_kw(found.plan.flow) @ SYSTEM.wholesale_krw_per_kwh + peak + wear)

    own = planned(Aims(objective=Objective.SYSTEM))
    assert system_krw(own) == pytest.approx(own.plan.cost_krw, rel=1e-6)
    assert system_krw(own) <= system_krw(planned(Aims())) * (1 + 1e-3)


def test_carbon_price_never_raises_emissions() -> None:
    emitted = [planned(Aims(carbon_krw_per_kg=price)).emitted_kg for price in (0.0, 50.0, 500.0)]
    assert emitted[0] >= emitted[1] - 1e-3 >= emitted[2] - 2e-3


def test_carbon_budget_is_kept() -> None:
    free, least = planned(Aims()), planned(Aims(objective=Objective.CARBON))
    budget = 0.5 * (free.emitted_kg + least.emitted_kg)
    found = planned(Aims(carbon_limit_kg=budget))
    assert found.emitted_kg <= budget * 1.001
    assert found.plan.status is not PlanStatus.RELAXED


def test_call_sheds_its_power_against_the_plan_without_it() -> None:
    free = planned(Aims())
    step = int((free.plan.load_kw - city().base_kw).sum(axis=1).argmax())
    called = planned(Aims(calls=(DemandCall(step * 60, step * 60 + 60, 100.0),)))
    shed = supplied_kw(free.plan.flow)[step] - supplied_kw(called.plan.flow)[step]
    assert shed >= 100.0 * 0.98
    assert called.calls_krw >= -1e-3 * free.plan.cost_krw


def test_lower_service_level_serves_no_less_than_its_share_and_counts_what_is_missing() -> None:
    problem = city()
    full = planned(Aims(), problem)
    found = planned(Aims(service_level=0.8, peak_cap_kw=0.9 * full.peak_kw), problem)
    cars = problem.assets[0]
    served = found.plan.assets[0].kw.sum(axis=1)
    need = cars.latest_kwh[:, -1]  # type: ignore[attr-defined]
    assert (served >= 0.8 * need - 1e-6).all()
    unserved = unserved_kwh(problem, found.plan.assets)
    tariff = float((found.plan.assets[0].kw * cars.price_krw_per_kwh).sum())  # type: ignore[attr-defined]
    paid = tariff + 1000.0 * unserved + float(found.plan.assets[1].cost_krw.sum())
    assert found.plan.cost_krw + found.constant_krw == pytest.approx(paid)


def test_nobody_goes_short_as_long_as_there_is_room() -> None:
    problem = city()
    assert unserved_kwh(problem, planned(Aims(service_level=0.5), problem).plan.assets) == pytest.approx(0.0, abs=1e-6)


def test_fair_share_bounds_every_inverters_curtailment() -> None:
    problem = city()
    sun = np.maximum(0.0, np.sin((HOUR - 6.0) / 12.0 * np.pi))
    solar = SolarInverters(
        bus=np.array([4, 5]),
        step_h=1.0,
        price_krw_per_kwh=np.full((2, 24), -50.0),
        available_kw=np.outer([300.0, 200.0], sun),
        curtailment_krw_per_kwh=np.zeros(2),
        rating_kva=np.array([300.0, 200.0]),
        circle=PowerCircle(edges=8, reactive_share=0.0),
    )
    sunny = replace(problem, assets=(*problem.assets, solar))
    built = aimed(sunny, Aims(fair_share=0.2), SYSTEM)
    found = planned(Aims(fair_share=0.2), sunny)
    kept = problem.base_kw - built.problem.base_kw
    fed = kept.sum() - found.plan.assets[2].kw.sum()
    assert kept.sum() == pytest.approx(0.8 * solar.available_kw.sum())
    assert 0.8 <= fed / solar.available_kw.sum() <= 1.0
    assert built.constant_krw == pytest.approx(50.0 * kept.sum())


def test_contradictions_are_all_listed_at_once() -> None:
    aims = Aims(
        objective=Objective.CARBON,
        carbon_krw_per_kg=50.0,
        service_level=0.7,
        fair_share=0.1,
        calls=(DemandCall(1080, 1200, 100.0), DemandCall(1140, 1260, 200.0)),
    )
    assert problems_of(aims) == ["carbon-price", "fair", "demand-response"]


@pytest.mark.parametrize(
    ("aims", "field"),
    [
        (Aims(peak_cap_kw=-1.0), "peak-cap"),
        (Aims(carbon_limit_kg=0.0), "carbon-budget"),
        (Aims(carbon_krw_per_kg=-3.0), "carbon-price"),
        (Aims(carbon_krw_per_kg=float("nan")), "carbon-price"),
        (Aims(service_level=0.0), "service-level"),
        (Aims(service_level=1.2), "service-level"),
        (Aims(fair_share=-0.1), "fair"),
        (Aims(calls=(DemandCall(60, 60, 10.0),)), "demand-response"),
        (Aims(calls=(DemandCall(60, 120, 0.0),)), "demand-response"),
        (Aims(calls=(DemandCall(1080, 1140, 5000.0),)), "demand-response"),
        (Aims(peak_cap_kw=500.0), "peak-cap"),
        (Aims(carbon_limit_kg=100.0), "carbon-budget"),
    ],
)
def test_aims_that_cannot_be_are_refused(aims: Aims, field: str) -> None:
    assert problems_of(aims) == [field]


def test_cap_and_budget_below_what_cannot_move_are_told_together() -> None:
    assert problems_of(Aims(peak_cap_kw=500.0, carbon_limit_kg=100.0)) == ["peak-cap", "carbon-budget"]


@pytest.mark.parametrize("text", ["18:00-19:00", "18-19=5", "25:00-26:00=5", "18:00-19:70=5", "a", "18:00-19:00=1.2.3"])
def test_calls_that_cannot_be_read_are_noted(text: str) -> None:
    problems = ProblemList()
    assert demand_call(text, 1, problems) is None
    assert len(problems) == 1


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(1, 500))
def test_a_call_reads_back(start: int, stop: int, megawatts: int) -> None:
    call = DemandCall(start, stop, megawatts * 1e3)
    problems = ProblemList()
    assert demand_call(call.words, 1, problems) == call
    assert len(problems) == 0
    assert clock(start) == f"{start // 60:02d}:{start % 60:02d}"


def test_call_past_midnight_covers_both_ends_of_the_day() -> None:
    steps = DemandCall(23 * 60, 2 * 60, 1.0).steps(LABELS)
    assert np.flatnonzero(steps).tolist() == [0, 1, 23]


def test_words_name_every_aim() -> None:
    aims = Aims(Objective.SYSTEM, 5e3, (DemandCall(1080, 1140, 500.0),), 2e3, 10.0, 0.9, 0.1)
    assert aims.words() == (
        "least cost of the system",
        "at most 5 MW drawn",
        "0.5 MW less from 18:00 to 19:00",
        "at most 2 t CO2",
        "10 KRW for each kg CO2",
        "at least 90% of every vehicle's energy",
        "no district loses more than 10%",
    )
