"""What the page of comparisons says, on runs whose truth is known, in both languages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dash_app.answers.policy import (
    DISTRICT_MEASURES,
    Measure,
    cautions,
    compared,
    curves_table,
    district_differences,
    districts_table,
    map_sentence,
    measures_table,
    policy_answer,
    share,
    value_of,
)
from dash_app.figures.policy import curves_figure, differences_figure, districts_map
from dash_app.view import Theme
from dash_app.words import words_of
from tests.twin.report_builders import certificate, in_run, summary
from twin.report_numbers import Lang
from twin.summary_types import DistrictFacts, Summary

EN, KO = words_of(Lang.ENGLISH), words_of(Lang.KOREAN)
TOTALS = {"losses_plan_mwh": 120.0}


def run(
    name: str, *, cost: float = 1.0, carbon: float = 1.0, peak: float = 1.0, minutes: float = 1.0, **facts: Any
) -> Summary:
    """Return a run whose figures are those of the builders times some factors."""
    base = summary(totals=TOTALS)
    districts = tuple(
        replace(
            d,
            charging_cost_plan_mkrw=d.charging_cost_plan_mkrw * cost,
            co2_t=d.co2_t * carbon,
            violation_minutes_plan={"overload": 60.0 * minutes},
        )
        for d in base.districts
    )
    supplied = tuple(mw * peak for mw in base.curves.supplied_plan_mw)
    return replace(
        base,
        run=in_run(run_id=f"run-{name}", scenario=name, **facts),
        districts=districts,
        curves=replace(base.curves, supplied_plan_mw=supplied),
    )


BASE = run("today")
TRUTHS: dict[str, tuple[tuple[Summary, ...], str, str]] = {
    "no other": ((), "Choose a run to compare it with", "비교할 실행을 고르세요"),
    "the baseline is named": ((run("2035"),), "Baseline: today, ", "기준: today, "),
    "the same": ((run("2035"),), "the same charging cost, the same carbon, the same peak", "충전 비용 같음"),
    "cheaper": ((run("2035", cost=0.9),), "(10.0 %) less charging cost", "(10.0%) 적음"),
    "dearer": ((run("2035", cost=1.2),), "(20.0 %) more charging cost", "(20.0%) 많음"),
    "less carbon": ((run("2035", carbon=0.5),), "(50.0 %) less carbon", "탄소"),
    "higher peak": ((run("2035", peak=1.05),), "(5.0 %) more peak", "최대 전력"),
    "fewer violations": ((run("2035", minutes=0.0),), "(100.0 %) less time outside limits", "한계 초과 시간"),
    "cheapest of two": ((run("a", cost=0.9), run("b", cost=0.8)), "least by measure: b, ", "항목별 최소: b, "),
    "each its own": (
        (run("a", cost=0.9, carbon=1.1), run("b", cost=1.1, carbon=0.9)),
        "b, 2026-08-12: ",
        "b, 2026-08-12: ",
    ),
    "count of others": ((run("a"), run("b"), run("c")), "Of 3 others", "다른 3건"),
    "another date": ((run("2035", service_date="2026-01-05"),), "2035, 2026-01-05", "2035, 2026-01-05"),
}


@pytest.mark.parametrize("truth", TRUTHS)
def test_the_answer_is_true_in_both_languages(truth: str) -> None:
    others, english, korean = TRUTHS[truth]
    if truth == "each its own":
        english = korean = BASE.run.service_date
    assert english in policy_answer(compared(BASE, others, EN), EN)
    assert korean in policy_answer(compared(BASE, others, KO), KO)


def test_a_district_that_pays_more_is_never_hidden_by_the_mean() -> None:
    cheaper = run("2035", cost=0.8)
    first = cheaper.districts[0]
    paying = replace(first, charging_cost_plan_mkrw=BASE.districts[0].charging_cost_plan_mkrw + 3.0)
    mixed = replace(cheaper, districts=(paying, *cheaper.districts[1:]))
    assert value_of(mixed, Measure.COST) < value_of(BASE, Measure.COST)
    told = policy_answer(compared(BASE, (mixed,), EN), EN)
    assert f"is dearer in 1 districts, most in {first.name_en} (+3.00 million KRW)" in told
    assert "dearer" not in policy_answer(compared(BASE, (cheaper,), EN), EN)


def test_violations_from_zero_have_no_share() -> None:
    clean = run("today", minutes=0.0)
    assert share(0.0, 5.0) is None
    assert "from zero" in policy_answer(compared(clean, (run("2035"),), EN), EN)
    row = measures_table(compared(clean, (run("2035"),), EN), EN).rows[3]
    assert row[-1] is None


def test_what_else_differs_is_said() -> None:
    other = run("2035", service_date="2026-01-05", seed=99)
    assert cautions(compared(BASE, (other,), EN), EN) == [
        "These runs also differ in date, seed: differences are not the scenario's alone."
    ]
    bad = replace(run("2035"), certificate=certificate(status="relaxed"))
    assert "relaxed: a rule was bent" in cautions(compared(BASE, (bad,), EN), EN)[0]
    assert cautions(compared(BASE, (run("2035"),), KO), KO) == []


def test_runs_of_one_name_are_told_apart() -> None:
    twin = replace(run("today"), run=replace(BASE.run, run_id="run-today-ab12cd34"))
    runs = compared(BASE, (twin,), EN)
    assert runs.name(twin).endswith("(ab12cd34)")
    assert runs.name(BASE) != runs.name(twin)


def test_difference_columns_add_up() -> None:
    runs = compared(BASE, (run("a", cost=0.9), run("b", cost=1.1)), EN)
    table = measures_table(runs, EN)
    assert [column.key for column in table.columns][3:6] == ["run1", "difference1", "difference1_percent"]
    for row in table.rows:
        assert row[3] == pytest.approx(float(row[2] or 0) + float(row[4] or 0), abs=1e-3)
    by_district = districts_table(runs, Measure.COST, KO)
    assert len(by_district.rows) == len(BASE.districts)
    total = sum(float(row[3] or 0) for row in by_district.rows)
    assert total == pytest.approx(value_of(runs.others[0], Measure.COST) - value_of(BASE, Measure.COST), abs=1e-2)


def test_a_district_that_a_run_lacks_has_no_value() -> None:
    part = replace(run("part"), districts=BASE.districts[1:])
    rows = districts_table(compared(BASE, (part,), EN), Measure.PEAK, EN).rows
    assert rows[0][2:] == (None, None)
    assert BASE.districts[0].code not in district_differences(BASE, part, Measure.PEAK)


def changed(district: DistrictFacts, by: float) -> DistrictFacts:
    return replace(district, peak_plan_mw=district.peak_plan_mw + by)


def test_the_map_names_both_ends() -> None:
    districts = (changed(BASE.districts[0], -7.0), changed(BASE.districts[1], 4.0), *BASE.districts[2:])
    other = replace(run("2035"), districts=districts)
    told = map_sentence(BASE, other, Measure.PEAK, EN)
    assert f"{BASE.districts[0].name_en} (−7.0 MW)" in told
    assert f"{BASE.districts[1].name_en} (+4.0 MW)" in told
    assert map_sentence(BASE, run("2035"), Measure.PEAK, EN) == "No district differs in peak."


@pytest.mark.parametrize("theme", list(Theme))
def test_figures_have_the_same_axes(theme: Theme) -> None:
    runs = compared(BASE, (run("a", cost=0.9), run("b", peak=1.1)), EN)
    bars = differences_figure(runs, EN, theme)
    assert [trace.x[0] for trace in bars.data] == [pytest.approx(-10.0), pytest.approx(0.0)]
    assert len(bars.data[0].y) == len(DISTRICT_MEASURES)
    curves = curves_figure(runs, EN, theme)
    assert len(curves.data) == 3
    assert {len(trace.y) for trace in curves.data} == {len(BASE.run.clock) + 1}
    assert len(curves_table(runs, EN).columns) == 4


def test_the_map_shades_by_difference() -> None:
    codes = [d.code for d in BASE.districts]
    square = [[[0.0, 0.0], [0.1, 0.0], [0.1, 0.1], [0.0, 0.0]]]
    outlines = {
        "type": "FeatureCollection",
        "features": [
            {"id": c, "type": "Feature", "geometry": {"type": "Polygon", "coordinates": square}} for c in codes
        ],
    }
    figure = districts_map(BASE, run("a", cost=0.5), Measure.COST, EN, Theme.LIGHT, outlines, "/resource/x")
    assert figure.data[0].geojson == "/resource/x"
    assert all(value < 0 for value in figure.data[0].z)
    assert figure.data[0].zmin == -figure.data[0].zmax
