"""What the page of a garage says, on days whose truth is known, in both languages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dash_app.answers.depot import charger_sentence, departures_table, depot_answer, power_table, tone_of
from dash_app.answers.depot_moves import (
    broken_lines,
    cost_table,
    locks_of,
    move_text,
    moves_of,
    outcome_sentence,
)
from dash_app.answers.depot_replan import replan_lines, replan_tone
from dash_app.answers.depot_rules import PATTERNS, rule_words
from dash_app.answers.depot_sessions import sessions_of_plan
from dash_app.figures.depot import bus_gantt, outlet_gantt, power_figure, soc_figure
from dash_app.view import Theme
from dash_app.widgets.tone import Tone
from dash_app.words import Words, words_of
from optimizers.plan import PlanStatus
from optimizers.replay import replay
from tests.dash_app.depot_days import day, record
from tests.dash_app.job_rows import job
from tests.optimizers.test_replay import BROKEN
from twin.depot_departures import departures
from twin.depot_locks import Lock
from twin.depot_moves import Move, moved
from twin.depot_record import DepotRecord
from twin.report_numbers import Lang

EN, KO = words_of(Lang.ENGLISH), words_of(Lang.KOREAN)

SHORT = {0: {4: 100.0}}
TRUTHS: dict[str, tuple[DepotRecord, str, str]] = {
    "all safe": (
        record(),
        "All 2 buses of Gangnam garage leave with what they need, each with more than",
        "1시간 넘는 여유",
    ),
    "one short": (
        record(powers_kw=SHORT),
        "1 departures from Gangnam garage are short of energy",
        "출발 중 1회가 충전 부족",
    ),
    "who is short": (
        record(powers_kw=SHORT),
        f"First bus {day().buses.id[1]} at 12:00",
        f"버스 {day().buses.id[1]}, 12:00",
    ),
    "by how much": (record(powers_kw=SHORT), "50 % instead of 75 %, 50 kWh missing", "필요 75% 중 50%, 50 kWh 부족"),
    "until when": (record(powers_kw=SHORT), "it must be charging by 11:00", "11:00까지 충전을 시작"),
    "both short": (record(powers_kw={}), "2 departures", "2회가 충전 부족"),
    "tight": (
        record(powers_kw={0: {6: 100.0}, 1: {5: 100.0}}),
        "1 departures could not bear an hour's delay",
        "1회는 1시간 지연",
    ),
    "too late already": (
        record(replace(day(), buses=replace(day().buses, max_charge_kw=np.full(2, 5.0))), {}),
        "even charging from its arrival at 04:00",
        "04:00 도착 즉시 충전해도",
    ),
    "needs no charging": (record(day(need_kwh=90.0), {}), "All 2 buses", "2대 모두"),
    "peak": (record(), "at most 100 kW at 08:00, 25 % of the 400 kW", "08:00 100 kW로 계약 전력 400 kW의 25%"),
    "connection used up": (record(day(limit_kw=100.0)), "100 % of the 100 kW", "100 kW의 100%"),
    "fallback": (record(fallback="no plan in time"), "This is a fallback", "대체 계획"),
}


def answer(kept: DepotRecord, words: Words) -> str:
    return depot_answer(kept, departures(kept.problem, kept.plan), words)


@pytest.mark.parametrize("truth", TRUTHS)
def test_the_answer_is_true_in_both_languages(truth: str) -> None:
    kept, english, korean = TRUTHS[truth]
    assert english in answer(kept, EN)
    assert korean in answer(kept, KO)


def test_no_bus_no_departure() -> None:
    assert "No bus of Gangnam garage leaves" in depot_answer(record(), (), EN)


@pytest.mark.parametrize(
    ("kept", "tone"),
    [
        (record(), Tone.CALM),
        (record(powers_kw={0: {6: 100.0}, 1: {5: 100.0}}), Tone.CALM),
        (record(powers_kw=SHORT), Tone.ALERT),
        (record(fallback="none"), Tone.ALERT),
        (record(powers_kw={0: {4: 100.0}, 1: {4: 100.0}}), Tone.ALERT),
    ],
)
def test_only_the_abnormal_is_marked(kept: DepotRecord, tone: Tone) -> None:
    assert tone_of(kept, departures(kept.problem, kept.plan)) is tone


def test_a_taken_outlet_is_told_apart_from_a_free_one() -> None:
    assert "are taken at times between 08:00 and 09:00" in charger_sentence(record(), record().plan, EN)
    free = record(day(3))
    assert "at least 2 stay free" in charger_sentence(free, free.plan, EN)


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("words", [EN, KO], ids=["en", "ko"])
def test_every_broken_rule_has_words(name: str, words: Words) -> None:
    """Each form of the replay's sentences is known, or it would stand in English on a Korean page."""
    problem, plan = BROKEN[name][0]() if isinstance(BROKEN[name], tuple) else BROKEN[name]()
    for sentence in replay(problem, plan).violations:
        assert any(pattern.fullmatch(sentence) for pattern in PATTERNS.values()), sentence
        told = rule_words(sentence, words)
        assert told
        assert words is EN or told != sentence


def test_a_sentence_of_no_known_form_is_shown_as_it_is() -> None:
    assert rule_words("something else", KO) == "something else"


@pytest.mark.parametrize(
    "move",
    [
        Move("b-1", 4, shift=2),
        Move("b-1", 0, shift=-3),
        Move("b@x", 4, drop=True),
        Move("b", 7, shift=0, charger="100 kW"),
    ],
)
def test_moves_stand_in_addresses(move: Move) -> None:
    problem = day()
    assert moves_of(problem, [move_text(problem, move)]) == (move,)


@pytest.mark.parametrize("text", ["", "b@", "b@x:1", "b@4", "b@4:1.5", "@4:1", "b@4:+1:c9x"])
def test_what_is_no_move_is_left_out(text: str) -> None:
    assert moves_of(day(), [text]) == ()


MOVES = {
    "dearer": (record(), 0, {"shift": -2}, "costs 10.0 thousand KRW more", "1.00만 원 더", "breaks nothing"),
    "cheaper and short": (record(), 1, {"drop": True}, "costs 10.0 thousand KRW less", "1.00만 원 덜", "It breaks"),
    "the same": (record(day(2)), 0, {"shift": 2}, "costs nothing more", "비용은 그대로", "breaks nothing"),
    "crowded": (record(), 0, {"shift": 1}, "costs nothing more", "비용은 그대로", "It breaks 1 rules"),
}


@pytest.mark.parametrize("name", MOVES)
def test_a_change_is_priced_in_words(name: str) -> None:
    kept, bus, change, english, korean, rules = MOVES[name]
    outcome = moved(kept, [Move(str(kept.problem.buses.id[bus]), 4 + bus, **change)])
    assert english in outcome_sentence(outcome, EN)
    assert rules in outcome_sentence(outcome, EN)
    assert korean in outcome_sentence(outcome, KO)
    assert bool(broken_lines(kept, outcome, KO)) is not outcome.keeps_rules


def test_an_overload_of_the_feeder_is_named_first() -> None:
    kept = record(day(2), feeder_kw=550.0)
    outcome = moved(kept, [Move(str(kept.problem.buses.id[0]), 4, shift=1)])
    assert broken_lines(kept, outcome, EN)[0] == "F-1, 09:00: 650 kW where 600 kW are allowed"


def test_the_bill_of_a_change_adds_up() -> None:
    kept = record()
    outcome = moved(kept, [Move(str(kept.problem.buses.id[0]), 4, shift=-2)])
    table = cost_table(outcome.cost_before, outcome.cost_after, EN)
    assert table.rows[-1][1:] == (
        outcome.cost_before.total_krw,
        outcome.cost_after.total_krw,
        pytest.approx(outcome.extra_krw),
    )


def test_locks_are_where_the_sessions_end_up() -> None:
    kept = record(day(2))
    name = str(kept.problem.buses.id[0])
    assert locks_of(kept, [Move(name, 4, shift=1), Move(name, 5, shift=1)]) == (Lock(name, 6, 7, "100 kW"),)
    assert locks_of(kept, [Move(name, 4, drop=True)]) == ()


def test_sessions_without_an_outlet_get_a_row_of_their_own() -> None:
    crowded = record(powers_kw={0: {4: 100.0}, 1: {4: 100.0}})
    found = departures(crowded.problem, crowded.plan)
    sessions = sessions_of_plan(crowded.problem, crowded.plan, found)
    assert [(s.outlet, s.free) for s in sessions] == [(1, True), (2, False)]
    figure = outlet_gantt(crowded, sessions, EN, Theme.LIGHT)
    assert any("no outlet" in row for row in figure.layout.yaxis.categoryarray)


@pytest.mark.parametrize("theme", list(Theme))
def test_figures_show_what_the_record_holds(theme: Theme) -> None:
    kept = record(powers_kw=SHORT)
    found = departures(kept.problem, kept.plan)
    sessions = sessions_of_plan(kept.problem, kept.plan, found)
    gantt = outlet_gantt(kept, sessions, KO, theme, sessions[0].name)
    bars = [bar for trace in gantt.data for bar in zip(trace.base, trace.x, strict=True)]
    assert bars == [(4, 1)]
    assert {trace.name for trace in bus_gantt(kept, sessions, EN, theme).data} >= {"on duty"}
    names = {trace.name for trace in soc_figure(kept, found, EN, theme).data}
    assert {"Needed", "leaves short", "leaves charged"} <= names
    power = power_figure(kept, kept.plan, EN, theme, kept.plan.grid_kw)
    assert len(power.data) == 4
    assert max(power.data[1].y) == 100.0


def test_tables_hold_every_departure_and_step() -> None:
    kept = record()
    found = departures(kept.problem, kept.plan)
    assert len(departures_table(kept, found, EN).rows) == len(found) == 4
    assert len(power_table(kept, kept.plan, KO).rows) == kept.problem.step_count


REPLANS = {
    "running": (job(state="running", share=0.4), "running, 40 %", Tone.CALM),
    "failed": (job(state="failed", message="out of memory"), "out of memory", Tone.ALERT),
    "no plan": (
        job(state="done", result={"status": "infeasible", "reasons": ["too few outlets"], "before_krw": 1.0}),
        "There is no plan around these sessions (infeasible)",
        Tone.ALERT,
    ),
    "dearer": (
        job(state="done", result={"status": "optimal", "record": "x", "cost_krw": 12e3, "before_krw": 10e3,
                                  "bound_krw": 11.9e3, "gap": 0.0083}),
        "2.00 thousand KRW more (proved: at least 1.90 thousand KRW more",
        Tone.CALM,
    ),
    "cheaper": (
        job(state="done", result={"status": "optimal", "record": "x", "cost_krw": 9e3, "before_krw": 10e3,
                                  "bound_krw": 8.9e3, "gap": 0.0083}),
        "1.00 thousand KRW less",
        Tone.CALM,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REPLANS)
def test_a_replan_is_told(name: str) -> None:
    asked, said, tone = REPLANS[name]
    assert said in " ".join(replan_lines(asked, EN))
    assert replan_lines(asked, KO)
    assert replan_tone(asked) is tone


def test_without_a_job_nothing_is_told() -> None:
    assert replan_lines(None, EN) == []
    assert replan_tone(None) is Tone.CALM
    assert record(status=PlanStatus.OPTIMAL).plan.status is PlanStatus.OPTIMAL
