"""What the page of reasons says, on runs and garages whose truth is known, in both languages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dash_app.answers.why import (
    binding_lines,
    costs_table,
    garages_reason_table,
    limit_sentence,
    limits_table,
    place_lines,
    price_lines,
    reason_words,
    relaxation_lines,
    unkept_lines,
    waits_sentence,
    waits_table,
    why_answer,
    why_tone,
)
from dash_app.widgets.tone import Tone
from dash_app.words import words_of
from optimizers.plan import PlanStatus
from optimizers.solver import SolveLimits
from tests.dash_app.depot_days import GOOD, day, plan, record
from tests.twin.report_builders import certificate, depot, summary
from twin.depot_relax import explained
from twin.report_numbers import Lang
from twin.schedule_why import Binding, Investment, LimitName, Place, Shortfall, Why
from twin.summary_types import BindingLimit, Summary

EN, KO = words_of(Lang.ENGLISH), words_of(Lang.KOREAN)
LIMITS = (
    BindingLimit("F-1", "S-1", "18:30", "21:45", 42.5, 31_000.0),
    BindingLimit("B-2", "S-2", "18:00", "19:00", 420.0, 90_000.0),
)
FALLEN = (depot(1), depot(2, reason="bus 7, 05:15: 10.000 kWh, 3.000 short of 13.000", status="fallback"))

TRUTHS: dict[str, tuple[Summary, str, str]] = {
    "cost and bound": (summary(), "costs 270 million KRW; it is proved that none costs less than 269", "2.70억 원"),
    "gap": (summary(), "gap 0.37 %", "갭 0.37%"),
    "status": (summary(certificate=certificate(status="relaxed")), "relaxed: a rule was bent", "제약 완화됨"),
    "no bound": (summary(certificate=certificate(gap=float("inf"))), "nothing is proved", "증명되지 않았습니다"),
    "no limit": (summary(limits=()), "No limit of the grid binds", "한계는 걸리지 않습니다"),
    "one limit": (summary(limits=LIMITS[:1]), "One limit of the grid binds: F-1, 18:30 to 21:45", "한계 1개"),
    "its price": (summary(limits=LIMITS[:1]), "saved up to 42.5 KRW", "최대 42.5원"),
    "its worth": (summary(limits=LIMITS[:1]), "over the day 31.0 thousand KRW", "하루 3.10만 원"),
    "two limits": (
        summary(limits=LIMITS),
        "2 limits of the grid bind. Dearest: B-2",
        "2개가 걸립니다. 가장 비싼 것: B-2",
    ),
    "a high price": (summary(limits=LIMITS), "up to 420 KRW", "최대 420원"),
    "a garage without plan": (
        summary(depots=FALLEN),
        "1 garages have no plan of their own; first Garage 2",
        "1곳입니다",
    ),
    "its reason": (summary(depots=FALLEN), "3.000 kWh short of the 13.000", "3.000 kWh 부족"),
    "a failed garage": (summary(depots=(depot(1, status="failed"),)), "first Garage 1: failed", "차고지 1: 실패"),
}


@pytest.mark.parametrize("truth", TRUTHS)
def test_the_answer_is_true_in_both_languages(truth: str) -> None:
    run, english, korean = TRUTHS[truth]
    assert english in why_answer(run, EN)
    assert korean in why_answer(run, KO)


def test_prices_of_a_coordinated_plan_are_read_where_a_run_has_them() -> None:
    """One binding, one limit no plan keeps, one place: each with its sentence; a run without them says so."""
    binding = Binding(LimitName.FLOW, "T-1", "B-1", True, "18:00", "19:00", 120.0, 100.0, 9_000.0)
    unkept = Shortfall(LimitName.CURRENT, "F-1", "L-3", "18:00", "18:30", 30.0, 50.0, 0.02, 40.0, float("inf"), False)
    place = Place(Investment.BATTERY, "N-7", "F-1", 500.0, 12_000.0)
    why = Why("optimal", 1e6, 0.0, 9_000.0, (binding,), (place,), ())
    run = summary(why=why)
    assert "9.00 thousand KRW" in why_answer(run, EN)
    assert len(price_lines(run, EN)) == len(place_lines(run, KO)) == 1
    assert limits_table(run, EN).rows == [("T-1", "B-1", "18:00", "19:00", 120.0, 9_000.0)]
    assert "B-1" in price_lines(run, KO)[0]
    assert "N-7" in place_lines(run, EN)[0]
    assert unkept_lines(run, EN) == ()
    short = summary(why=replace(why, shortfalls=(unkept,)))
    assert "F-1" in unkept_lines(short, EN)[0]
    assert price_lines(summary(), EN) == (limit_sentence(summary().limits[0], EN),)
    assert price_lines(summary(limits=()), EN) == place_lines(summary(), EN) == unkept_lines(summary(), EN) == ()


def test_only_the_abnormal_is_marked() -> None:
    assert why_tone(summary()) is Tone.CALM
    assert why_tone(summary(depots=FALLEN)) is Tone.ALERT
    assert why_tone(summary(certificate=certificate(status="fallback"))) is Tone.ALERT


def test_tables_are_whole_and_in_order() -> None:
    assert [row[0] for row in limits_table(summary(limits=LIMITS), EN).rows] == ["B-2", "F-1"]
    costs = costs_table(summary(), EN)
    assert costs.rows[-1] == ("Total", 360.0, 270.0, -90.0)
    assert "demand" not in {row[0] for row in costs.rows}
    garages = garages_reason_table(summary(depots=FALLEN), KO)
    assert garages.rows[0][0] == "차고지 2"
    assert garages.rows[0][1] == "대체 계획(최적화 아님)"
    assert garages.rows[1][-1] == "–"


def test_reasons_of_several_sentences_are_put_into_words_one_by_one() -> None:
    assert reason_words("", EN) == ""
    told = reason_words("site, 04:00: draws 5.0 kW, the connection gives 4.0; something else", KO)
    assert told == "수전점, 04:00: 한계 4.0 kW에 5.0 kW; something else"


def test_what_binds_in_a_garage_is_told() -> None:
    crowded = record(day(limit_kw=100.0, need_kwh=200.0))
    lines = binding_lines(crowded, EN)
    assert lines[0] == "The connection is used up: 08:00–10:00"
    assert any(line.startswith("Every outlet of 100 kW is taken: 08:00–10:00") for line in lines)
    assert any(line.startswith("2 departures leave with no more than they need") for line in lines)
    assert all(binding_lines(crowded, KO))
    assert binding_lines(record(day(3, need_kwh=90.0)), EN) == []


def test_what_buses_wait_for_is_told() -> None:
    kept = record(day(2))
    rows = waits_table(kept, EN).rows
    assert rows[0][1:] == ("04:00", "08:00", 4.0, "cheaper energy")
    assert "cheaper energy: " in waits_sentence(kept, EN)
    assert "더 싼 전력 요금" in waits_sentence(kept, KO)
    at_once = replace(kept, waits=())
    assert waits_sentence(at_once, EN) == "Every bus charges from its arrival on."


RESULT: dict[str, Any] = {
    "works": False,
    "complete": True,
    "bottlenecks": [
        {"scarce": kind, "start": 0, "stop": 8, "buses": ["a", "b"], "needed_kwh": 900.0, "available_kwh": 800.0}
        for kind in ("time", "outlets", "connection")
    ],
    "shortfalls": [{"bus": "a", "step": 8, "short_kwh": 100.0}],
    "remedies": [
        {"kind": kind, "amount": 1.5, "cost_krw": 4500.0, "sentence": ""}
        for kind in ("charger_time", "connection", "later_departure", "swap")
    ],
}


@pytest.mark.parametrize("words", [EN, KO], ids=["en", "ko"])
def test_every_kind_of_conflict_and_remedy_has_words(words: Any) -> None:
    lines = relaxation_lines(RESULT, day(), words)
    assert len(lines) == 8
    assert all("800" in line for line in lines[:3])
    assert "12:00" in lines[3]


def test_the_smallest_way_out_comes_first() -> None:
    assert relaxation_lines(RESULT, day(), EN)[4] == "Smallest way out: 1.50 more outlet hours (4.50 thousand KRW)"
    none = RESULT | {"remedies": [], "complete": False}
    assert relaxation_lines(none, day(), EN)[-2:] == [
        "No single remedy was found that makes the day work.",
        "The search was cut off: there may be smaller ways out.",
    ]
    assert relaxation_lines(RESULT | {"works": True}, day(), EN) == ["The day works: no rule has to give way."]


def test_a_day_that_cannot_work_is_explained_by_the_solver() -> None:
    """Two buses need 100 kWh each by 12:00; the connection gives 15 kW for eight hours, 120 kWh together."""
    result = explained(day(2, need_kwh=200.0, limit_kw=15.0), SolveLimits(10.0))
    assert not result["works"]
    assert any(row["scarce"] == "connection" for row in result["bottlenecks"])
    assert sum(row["short_kwh"] for row in result["shortfalls"]) == pytest.approx(80.0, abs=0.1)
    larger = next(row for row in result["remedies"] if row["kind"] == "connection")
    assert larger["amount"] == pytest.approx(10.0, abs=0.1)
    assert all(relaxation_lines(result, day(), KO))
    assert explained(day(2), SolveLimits(10.0))["works"]
    assert plan(day(), GOOD, status=PlanStatus.OPTIMAL).objective_krw == 20_000.0
