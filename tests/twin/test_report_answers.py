"""The three sentences say what the summary says: twelve stories with a known truth, and figures read back."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from tests.twin.report_builders import (
    DISTRICTS,
    NO_VIOLATION,
    certificate,
    curves,
    depot,
    district,
    feeder,
    in_run,
    row,
    summary,
)
from twin.report_answers import answer_sentences
from twin.summary_types import Summary

OVERLOAD = {**NO_VIOLATION, "line_overload": 45.0}
UNDERVOLTAGE = {**NO_VIOLATION, "undervoltage": 30.0}
OVERVOLTAGE = {**NO_VIOLATION, "overvoltage": 15.0}


def overloaded() -> Summary:
    return summary(
        feeders=(feeder(), feeder("F-11140-03", 1.083, district="11140", clock="18:30", substation="S-11140-01")),
        districts=(district("11680"), district("11140", violation_minutes_plan=OVERLOAD)),
        certificate=certificate(max_loading_violation=0.083),
    )


def low_voltage() -> Summary:
    low = district("11170", lowest_voltage_pu=0.8731, violation_minutes_plan=UNDERVOLTAGE)
    return summary(districts=(district("11680"), low), certificate=certificate(max_voltage_violation_pu=0.0361))


def high_voltage() -> Summary:
    high = district("11200", highest_voltage_pu=1.071, violation_minutes_plan=OVERVOLTAGE)
    return summary(
        districts=(district("11680", lowest_voltage_pu=0.95), high),
        certificate=certificate(max_voltage_violation_pu=0.021),
    )


def fallen_back() -> Summary:
    lost = depot(9, buses=77, status="fallback", reason="no plan in time", bound_kkrw=0.0, gap=1.0)
    return summary(depots=(depot(1), lost), certificate=certificate(status="fallback"))


STORIES: dict[str, tuple[Summary, int, tuple[str, ...], tuple[str, ...]]] = {
    "within limits": (
        summary(),
        0,
        (
            "stays within its limits",
            "F-11680-00",
            "Gangnam-gu",
            "93 %",
            "19:15 KST",
            "700 kW to spare",
            "0.962 and 1.018 pu",
            "Wed 12 Aug 2026",
        ),
        ("will not", "plugging in"),
    ),
    "saved by the plan": (
        summary(districts=(district("11680", violation_minutes_unmanaged={**OVERLOAD, "undervoltage": 30.0}),)),
        0,
        ("stays within its limits", "plugging in on arrival would break limits for 75 min"),
        ("will not",),
    ),
    "feeder overloaded": (
        overloaded(),
        0,
        (
            "will not stay within",
            "F-11140-03",
            "Jung-gu",
            "S-11140-01",
            "108 %",
            "18:30 KST",
            "8.3 % (830 kW)",
            "for 45 min",
        ),
        ("F-11680", "line or transformer", "voltage"),
    ),
    "transformer overloaded": (
        summary(certificate=certificate(max_loading_violation=0.121)),
        0,
        ("will not stay within", "worst line or transformer is 12.1 % over"),
        ("feeder F", "voltage"),
    ),
    "low voltage": (
        low_voltage(),
        0,
        ("will not stay within", "0.0361 pu outside", "0.873 and 1.018", "Yongsan-gu", "30 min"),
        ("feeder F", "line or transformer"),
    ),
    "high voltage": (high_voltage(), 0, ("0.0210 pu outside", "and 1.071 pu", "Seongdong-gu"), ("Gangnam",)),
    "steps without solution": (
        summary(certificate=certificate(converged_steps=93)),
        0,
        ("not known", "in 3 of 96 steps"),
        ("to spare", "will not stay"),
    ),
    "all charged and cheaper": (
        summary(),
        1,
        (
            "All 1,665 buses (garages: 30)",
            "270 million KRW instead of 360 million KRW",
            "90.0 million KRW (25.0 %) less",
            "0.37 %",
            "proved that no other plan",
        ),
        ("missing", "fallback", "not proved", "Not everything"),
    ),
    "energy missing": (
        summary(certificate=certificate(shortfall_kwh=1234.0)),
        1,
        ("Not everything leaves charged", "1.23 MWh"),
        ("All 1,665",),
    ),
    "a garage fell back": (
        fallen_back(),
        1,
        ("All 41 buses of garages with a plan", "1 of 2 garages (77 buses)", "part of this is a fallback"),
        ("All 118",),
    ),
    "no proof, dearer than nothing": (
        summary(
            certificate=certificate(gap=float("inf"), lower_bound_krw=float("-inf"), status="feasible"),
            districts=(district(charging_cost_unmanaged_mkrw=100.0, charging_cost_plan_mkrw=112.0),),
        ),
        1,
        ("112 million KRW, which is 12.0 million KRW (12.0 %) more than the 100 million KRW", "not proved"),
        ("less", "it is proved"),
    ),
    "what it rests on": (
        summary(),
        2,
        (
            "SYNTHETIC",
            "73 of the 125",
            "“optimal”",
            "50.4 GWh",
            "21,000 t of CO₂",
            "avoid 66.0 t of CO₂ and 72 kg of NOx",
        ),
        ("measured",),
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_the_sentences_say_the_truth(story: str) -> None:
    whole, at, said, unsaid = STORIES[story]
    sentence = answer_sentences(whole, "en")[at]
    for words in said:
        assert words in sentence
    for words in unsaid:
        assert words not in sentence


@pytest.mark.parametrize("story", STORIES)
def test_both_languages_give_the_same_figures(story: str) -> None:
    def figures(sentence: str) -> set[str]:
        return set(re.findall(r"\d+(?:\.\d+)? ?%|\d\d:\d\d|\d\.\d{3,4}", sentence.replace(" %", "%")))

    whole, at, _, _ = STORIES[story]
    english, korean = answer_sentences(whole, "en")[at], answer_sentences(whole, "ko")[at]
    assert figures(english) == figures(korean)
    assert re.search("[가-힣]", korean)
    assert not re.search("[가-힣]", english)


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("story", STORIES)
def test_answers_are_finished_sentences(story: str, lang: str) -> None:
    for sentence in answer_sentences(STORIES[story][0], lang):
        assert sentence.endswith(".")
        assert not re.search(r"[{}]|\binf\b|\bnan\b|\.\.|  ", sentence)


@pytest.mark.parametrize("seed", range(12))
def test_cost_and_peak_are_those_of_the_summary(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before, after = rng.uniform(1.0, 60.0, 6), rng.uniform(1.0, 60.0, 6)
    load_before, load_after = rng.uniform(1000.0, 9000.0, 96), rng.uniform(1000.0, 9000.0, 96)
    whole = summary(
        districts=tuple(
            district(code, charging_cost_unmanaged_mkrw=float(b), charging_cost_plan_mkrw=float(a))
            for code, b, a in zip(DISTRICTS, before, after, strict=True)
        ),
        curves=replace(curves(), supplied_unmanaged_mw=row(load_before), supplied_plan_mw=row(load_after)),
    )
    sentence = answer_sentences(whole, "en")[1]
    share = abs(before.sum() - after.sum()) / before.sum()
    assert f"({share * 100:.1f} %) {'less' if after.sum() < before.sum() else 'more'}" in sentence
    assert f"from {load_before.max():,.0f} MW to {load_after.max():,.0f} MW" in sentence


def test_equal_costs_are_called_equal() -> None:
    same = district(charging_cost_unmanaged_mkrw=100.0, charging_cost_plan_mkrw=99.99)
    sentence = answer_sentences(summary(districts=(same,)), "en")[1]
    assert "as when everything plugs in" in sentence
    assert "less" not in sentence


def test_a_broken_replay_takes_the_promise_back() -> None:
    broken = certificate(replay_ok=False, replay_violations=("garage G001: two buses at one charger",))
    sentence = answer_sentences(summary(certificate=broken), "en")[1]
    assert "not proved that all leave charged" in sentence
    assert "found broken rules (1)" in sentence
    assert "All " not in sentence


def test_energy_missing_in_a_district_counts() -> None:
    sentence = answer_sentences(summary(districts=(district(unserved_kwh=50.0),)), "en")[1]
    assert "50 kWh is missing" in sentence


@pytest.mark.parametrize(
    ("status", "said"),
    [("relaxed", "a rule had to be bent"), ("infeasible", "no plan that keeps every rule"), ("failed", "(failed)")],
)
def test_a_bad_status_is_said(status: str, said: str) -> None:
    assert said in answer_sentences(summary(certificate=certificate(status=status)), "en")[1]


def test_without_garages_none_are_praised() -> None:
    sentence = answer_sentences(summary(depots=()), "en")[1]
    assert "no garage is part of this run" in sentence
    assert "buses" not in sentence


def test_only_fallbacks_leave_the_buses_unpraised() -> None:
    lost = depot(status="fallback", reason="no plan", bound_kkrw=0.0, gap=1.0)
    assert "Every vehicle other than the buses" in answer_sentences(summary(depots=(lost,)), "en")[1]


def test_weather_that_is_not_synthetic_is_named() -> None:
    sentence = answer_sentences(summary(run=in_run(weather_kind="forecast")), "en")[2]
    assert "forecast" in sentence
    assert "SYNTHETIC" not in sentence


def test_emissions_that_rise_are_not_called_avoided() -> None:
    worse = summary(districts=(district(avoided_cng_co2_kg=-410.0),))
    assert "cause 410 kg of CO₂ more than CNG buses" in answer_sentences(worse, "en")[2]


def test_a_city_without_electric_buses_claims_nothing_for_them() -> None:
    assert "buses" not in answer_sentences(summary(districts=(district(bus_km=0.0),)), "en")[2]


def test_a_run_of_one_district_is_named_so() -> None:
    whole = summary(run=in_run(district="11680"), districts=(district("11680"),))
    assert "grid of Gangnam-gu, Seoul" in answer_sentences(whole, "en")[0]
    assert "서울 강남구 전력망" in answer_sentences(whole, "ko")[0]


def test_a_run_without_feeders_has_an_answer() -> None:
    sentence = answer_sentences(summary(feeders=()), "en")[0]
    assert "stays within its limits; voltages" in sentence


def test_unknown_language_and_status_are_refused() -> None:
    with pytest.raises(ValueError, match="fr"):
        answer_sentences(summary(), "fr")
    with pytest.raises(ValueError, match="superb"):
        answer_sentences(summary(certificate=certificate(status="superb")), "en")
