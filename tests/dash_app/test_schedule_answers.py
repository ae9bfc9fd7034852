"""What the page of all schedules says, on runs whose truth is known, in both languages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dash_app.answers.schedule import (
    Order,
    at_risk_table,
    brief_risk_table,
    charging_sentence,
    curves_table,
    garages_in_order,
    garages_table,
    risk_sentence,
    schedule_answer,
    schedule_tone,
    supply_sentence,
    vehicles_sentence,
)
from dash_app.answers.schedule_badges import gap_words, saved_words, status_tone
from dash_app.figures.schedule import charging_figure, supply_figure
from dash_app.view import Theme
from dash_app.widgets.tone import Tone
from dash_app.words import words_of
from data.errors import InvalidInput
from tests.twin.report_builders import certificate, depot, summary
from twin.report_answers import answer_sentences
from twin.report_numbers import Lang
from twin.schedule_pages import AtRisk, ChargingOverview, CohortFacts, GarageDepartures, charging_from_json
from twin.summary_types import Summary

EN, KO = words_of(Lang.ENGLISH), words_of(Lang.KOREAN)


def garage(name: str = "G001", short: int = 0, tight: int = 0, short_kwh: float = 0.0) -> GarageDepartures:
    return GarageDepartures(name, 100, short, tight, short_kwh, 2)


def risk(state: str = "tight", **changes: object) -> AtRisk:
    row = AtRisk("G001", "G001-007", state, "05:15", "03:00", "03:30", 0.5, 0.61, 0.6, 0.0)
    return replace(row, **changes)  # type: ignore[arg-type]


def charging(
    garages: tuple[GarageDepartures, ...] = (garage(),),
    at_risk: tuple[AtRisk, ...] = (),
    cohorts: tuple[CohortFacts, ...] = (CohortFacts("taxi", 50, 900.0, 0, 0.0),),
) -> ChargingOverview:
    return ChargingOverview(garages, at_risk, cohorts)


RUNS: dict[str, tuple[Summary, str, str]] = {
    "charged": (summary(), "every other vehicle leave charged", "충전을 마치고 출발합니다"),
    "short": (summary(certificate=certificate(shortfall_kwh=2500.0)), "2.50 MWh is missing at departure", "부족합니다"),
    "replay broken": (
        summary(certificate=certificate(replay_ok=False, replay_violations=("x",))),
        "not proved that all leave charged",
        "확인되지 않았습니다",
    ),
    "no garage": (summary(depots=()), "no garage is part", "차고지가 없습니다"),
    "a garage fell back": (summary(depots=(depot(1), depot(2, reason="no plan"))), "1", "1"),
    "relaxed": (summary(certificate=certificate(status="relaxed")), "a rule had to be bent", "완화했으므로"),
    "unproved": (
        summary(certificate=certificate(lower_bound_krw=float("-inf"), gap=float("inf"))),
        "charging costs",
        "충전 비용",
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_the_answer_is_the_report_s_and_true(name: str) -> None:
    run, english, korean = RUNS[name]
    assert schedule_answer(run, EN) == answer_sentences(run, "en")[1]
    assert english in schedule_answer(run, EN)
    assert korean in schedule_answer(run, KO)


@pytest.mark.parametrize(
    ("run", "tone"),
    [
        (summary(), Tone.CALM),
        (summary(certificate=certificate(status="feasible")), Tone.CALM),
        (summary(certificate=certificate(status="fallback")), Tone.ALERT),
        (summary(certificate=certificate(shortfall_kwh=9.0)), Tone.ALERT),
        (summary(certificate=certificate(replay_ok=False)), Tone.ALERT),
    ],
)
def test_only_the_abnormal_is_marked(run: Summary, tone: Tone) -> None:
    assert schedule_tone(run) is tone


RISKS: dict[str, tuple[ChargingOverview | None, str, str]] = {
    "an old run": (None, "make it again", "다시 만드세요"),
    "no garage": (charging(garages=()), "No garage", "차고지가 없습니다"),
    "nothing at risk": (charging(), "All 100 departures of buses have more than an hour", "100회 모두"),
    "tight": (charging((garage(tight=3),), (risk(),)), "3 of 100 departures", "100회 중 3회"),
    "who is tight": (
        charging((garage(tight=1),), (risk(),)),
        "bus G001-007 (Garage 1), leaving at 05:15",
        "G001-007(차고지 1)",
    ),
    "until when": (charging((garage(tight=1),), (risk(),)), "must be charging by 03:30", "03:30까지"),
    "short": (
        charging((garage(short=2, short_kwh=9.0), garage("G002", tight=5)), (risk("short", short_kwh=7.0),)),
        "2 of 200 departures leave short",
        "200회 중 2회가 충전 부족",
    ),
    "how much": (charging((garage(short=1),), (risk("short", short_kwh=7.0),)), "7 kWh missing", "7 kWh 부족"),
    "too late": (charging((garage(short=1),), (risk("short", act_by=""),)), "act by too late at arrival", "이미 늦음"),
}


@pytest.mark.parametrize("name", RISKS)
def test_departures_at_risk_are_told(name: str) -> None:
    overview, english, korean = RISKS[name]
    assert english in risk_sentence(overview, summary().depots, EN)
    assert korean in risk_sentence(overview, summary().depots, KO)


@pytest.mark.parametrize(
    ("overview", "english", "korean"),
    [
        (None, "No other vehicle", "없습니다"),
        (charging(cohorts=()), "No other vehicle", "없습니다"),
        (charging(), "All 50 charging sessions", "50건 모두"),
        (
            charging(cohorts=(CohortFacts("taxi", 50, 900.0, 2, 30.0), CohortFacts("work", 10, 90.0, 1, 5.0))),
            "3 of 60 charging sessions of other vehicles miss 35 kWh, most of it: taxis",
            "60건 중 3건이 35 kWh 부족합니다. 가장 큰 부족: 택시",
        ),
    ],
)
def test_other_vehicles_are_told(overview: ChargingOverview | None, english: str, korean: str) -> None:
    assert english in vehicles_sentence(overview, EN)
    assert korean in vehicles_sentence(overview, KO)


def test_garages_are_sorted_and_chosen() -> None:
    run = summary(depots=(depot(1), depot(2, status="fallback", reason="x"), depot(3, district="11650", buses=99)))
    overview = charging((garage("G001", tight=4), garage("G002"), garage("G003", short=1, short_kwh=5.0)))

    def order(by: Order, district: str = "") -> list[str]:
        return [facts.garage for facts in garages_in_order(run, overview, by, district)]

    assert order(Order.RISK) == ["G003", "G002", "G001"]
    assert order(Order.BUSES) == ["G003", "G002", "G001"]
    assert order(Order.COST) == order(Order.PEAK) == ["G001", "G002", "G003"]
    assert order(Order.RISK, "11650") == ["G003"]
    assert [facts.garage for facts in garages_in_order(run, None, Order.RISK, "")] == ["G002", "G001", "G003"]
    table = garages_table(run, overview, garages_in_order(run, overview, Order.RISK, ""), EN)
    assert table.rows[0][6:8] == (1, 0)
    assert table.rows[1][2] == "fallback: not optimised"
    assert garages_table(run, None, run.depots, KO).rows[0][6] is None


def test_tables_hold_everything() -> None:
    rows = tuple(risk(bus=f"b{number}") for number in range(30))
    assert len(at_risk_table(rows, summary().depots, EN).rows) == 30
    assert brief_risk_table(rows, (), EN).columns[0].key == "bus"
    curves = curves_table(summary(), EN)
    assert len(curves.rows) == len(summary().run.clock)
    assert all(len(row) == len(curves.columns) for row in curves.rows)


def test_an_overview_reads_back_and_another_version_is_refused() -> None:
    overview = charging((garage(short=1),), (risk(),))
    assert charging_from_json(overview.as_json()) == overview
    with pytest.raises(InvalidInput, match="schema version 9"):
        charging_from_json(overview.as_json() | {"schema_version": 9})


def test_badges_say_what_is_not_known() -> None:
    assert gap_words(float("inf"), EN) == "no bound"
    assert status_tone("relaxed") is Tone.ALERT
    assert "the same as on arrival" in saved_words(100.0, 100.0, EN)
    assert "20.0 %) less" in saved_words(100.0, 80.0, EN)
    assert "10.0%) 많음" in saved_words(100.0, 110.0, KO)


@pytest.mark.parametrize("theme", list(Theme))
def test_figures_show_plan_and_arrival(theme: Theme) -> None:
    run = summary()
    figure = charging_figure(run, EN, theme)
    assert len(figure.data) == 3
    assert len(figure.data[0].y) == len(run.run.clock) + 1
    names = {trace.name for trace in supply_figure(run, EN, theme).data}
    near = max(run.curves.supplied_plan_mw) > 0.6 * run.curves.capacity_mw
    assert ("capacity of substations" in names) is near
    assert "peaks with" in charging_sentence(run, EN)
    assert "변전소 용량" in supply_sentence(run, KO)
