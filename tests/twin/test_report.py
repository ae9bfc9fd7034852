"""The page as a whole: it stands alone, is well formed, escapes every name, shows every part."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from shapely.geometry import box

from tests.twin.report_builders import (
    certificate,
    curves,
    depot,
    district,
    feeder,
    in_run,
    row,
    squares,
    summary,
)
from tests.twin.report_page import Page, good_page, page
from twin.report import CONTENT_POLICY, render_report
from twin.report_numbers import Lang
from twin.report_tables import cause_text
from twin.report_text import Words
from twin.summary_types import Summary

LANGS = ("ko", "en")
SECTIONS = ("map", "load", "feeders", "depots", "limits", "money", "certificate", "inputs")
BAD = "<script>alert('x')</script>\"&"


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_stands_alone(lang: str) -> None:
    text = good_page(lang)
    made = Page(text)
    assert len(text.encode()) < 1_500_000
    assert text.startswith("<!DOCTYPE html>")
    assert f'content="{CONTENT_POLICY}"' in text
    assert CONTENT_POLICY.startswith("default-src 'none'")
    assert not {"script", "link", "img", "iframe", "object", "a", "form"} & {tag for tag, _ in made.tags}
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", re.sub(r'xmlns(:\w+)?="[^"]*"', "", text))
    assert [part["lang"] for part in made.all("html")] == [lang]


@pytest.mark.parametrize("lang", LANGS)
def test_the_same_summary_gives_the_same_bytes(lang: str) -> None:
    assert render_report(summary(), squares(), lang) == good_page(lang)


@pytest.mark.parametrize("lang", LANGS)
def test_every_part_is_there_in_its_order(lang: str) -> None:
    made = page(lang=lang)
    assert tuple(part["id"] for part in made.all("h2") if "id" in part) == SECTIONS
    assert tuple(part["aria-labelledby"] for part in made.all("section")) == SECTIONS
    assert len(made.all("ol")) == 1
    assert len(made.all("h1")) == 1


def test_ids_are_unique_and_references_resolve() -> None:
    text = good_page("en")
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:url\(|href=")#([^)"]+)', text)) <= set(ids)


def test_tables_and_drawings_are_named() -> None:
    made = page()
    assert len(made.all("caption")) == len(made.all("table"))
    assert all(part.get("scope") in {"row", "col"} for part in made.all("th"))
    for drawing in made.all("svg"):
        assert drawing["role"] == "img"
        assert drawing["aria-label"]
    assert len(made.all("svg")) == 7


def test_the_english_page_has_no_hangul() -> None:
    assert not re.search("[가-힣]", good_page("en"))


def test_the_korean_page_is_korean() -> None:
    made = page(lang="ko")
    for word in ("자치구", "배전선로", "차고지", "검증서", "강남구", "차고지 7", "합성", "현지 시각(KST)"):
        assert word in made.text
    assert [part for part in made.all("span") if part.get("lang") == "en"]


@pytest.mark.parametrize("lang", LANGS)
def test_hostile_names_stay_text(lang: str) -> None:
    run = in_run(run_id=BAD, city=BAD, city_local=BAD, scenario=BAD, scenario_meaning=BAD, weather=BAD)
    run = replace(
        run, weather_kind=BAD, weather_notes=(BAD,), inputs={BAD: BAD}, assumed_rows={BAD: 1}, code_version=BAD
    )
    bad_curves = replace(curves(), demand_mw={BAD: row(5000.0)})
    bad_feeder = feeder(BAD, district=BAD, substation=BAD, cause_kw={BAD: 1.0})
    whole = summary(
        run=run,
        curves=bad_curves,
        feeders=(bad_feeder,),
        districts=(district(name_local=BAD, name_en=BAD, worst_feeder=BAD, violation_minutes_plan={BAD: 1.0}),),
        depots=(depot(name_local=BAD, name_en=BAD, district=BAD, reason=BAD, method=BAD),),
        limits=(replace(summary().limits[0], element=BAD, substation=BAD),),
        certificate=certificate(bound_for=BAD, replay_ok=False, replay_violations=(BAD,), solver_version=BAD),
        cost_mkrw={BAD: (1.0, 2.0)},
        phases_s={BAD: 1.0},
        totals={BAD: 1.0},
    )
    text = render_report(whole, {**squares(), BAD: box(127.2, 37.5, 127.3, 37.6)}, lang)
    made = Page(text)
    assert "<script" not in text
    assert "script" not in {tag for tag, _ in made.tags}
    assert made.text.count("<script>alert('x')</script>") > 20


def bare(**changes: Any) -> Summary:
    return summary(depots=(), limits=(), feeders=(), **changes)


EDGES: dict[str, Summary] = {
    "nothing but districts": bare(),
    "one district": bare(run=in_run(district="11680"), districts=(district(),)),
    "no proof": summary(certificate=certificate(gap=float("inf"), lower_bound_krw=float("-inf"))),
    "no tariffs": summary(cost_mkrw={}, totals={}, phases_s={}),
    "hourly steps": summary(
        run=in_run(step_h=1.0, clock=tuple(f"{(4 + hour) % 24:02d}:00" for hour in range(24))),
        curves=replace(
            curves(),
            demand_mw={name: values[::4] for name, values in curves().demand_mw.items()},
            **{
                name: getattr(curves(), name)[::4]
                for name in vars(curves())
                if isinstance(getattr(curves(), name), tuple)
            },
        ),
    ),
    "exporting": summary(curves=replace(curves(), supplied_plan_mw=row(np.linspace(-200.0, 400.0, 96)))),
    "nothing charges": summary(
        curves=replace(
            curves(),
            vehicles_plan_mw=row(0),
            vehicles_unmanaged_mw=row(0),
            buses_plan_mw=row(0),
            buses_unmanaged_mw=row(0),
            batteries_plan_mw=row(0),
        )
    ),
    "nothing costs": summary(
        districts=(district(charging_cost_unmanaged_mkrw=0.0, charging_cost_plan_mkrw=0.0),),
        depots=(depot(cost_unmanaged_kkrw=0.0, cost_plan_kkrw=0.0, bound_kkrw=0.0, gap=0.0),),
    ),
}


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", EDGES)
def test_edge_cases_make_a_whole_page(name: str, lang: str) -> None:
    made = page(EDGES[name], lang)
    assert tuple(part["id"] for part in made.all("h2") if "id" in part) == SECTIONS
    assert not re.search(r"\b(nan|inf|None)\b", made.text)


def test_missing_parts_are_said() -> None:
    text = page(bare()).text
    for sentence in ("No feeder is part", "No garage is part", "No limit of the grid made"):
        assert sentence in text


def test_the_ten_worst_feeders_come_worst_first() -> None:
    loads = [0.5, 0.93, 0.7, 0.88, 0.6, 0.61, 0.62, 0.63, 0.64, 0.65, 0.66, 0.4]
    text = page(summary(feeders=tuple(feeder(f"Q{number:02d}", load) for number, load in enumerate(loads)))).text
    order = [int(found) for found in re.findall(r"Q(\d\d)", text[text.index("their hour and cause") :])]
    assert order[:10] == sorted(range(12), key=lambda number: -loads[number])[:10]
    assert not {0, 11} & set(order)


def test_the_cause_of_a_feeder_is_what_draws() -> None:
    words = Words(Lang.ENGLISH)
    text = cause_text(
        feeder(cause_kw={"general": 600.0, "vehicles": 1200.0, "buses": 180.0, "night": 20.0, "solar": -50.0}), words
    )
    assert text == "Vehicles 60 %, General 30 %, Buses 9 %, Solar −50 kW"
    assert cause_text(feeder(cause_kw={}), words) == "none"


def test_garages_without_a_plan_come_first_with_their_reason() -> None:
    lost = depot(99, energy_kwh=1.0, status="fallback", reason="no plan in time", bound_kkrw=0.0, gap=1.0)
    bent = depot(98, energy_kwh=2.0, status="relaxed")
    text = page(summary(depots=(*summary().depots, bent, lost))).text
    listed = re.findall(r"(▲ )? ?Garage (\d+)", text[text.index("Garages: cost") :])
    assert [int(number) for _, number in listed[:3]] == [98, 99, 30]
    assert [bool(mark) for mark, _ in listed[:3]] == [True, True, False]
    assert "no plan in time" in text
    assert "no proof" in text
    assert len(listed) == 32


def test_totals_of_garages_add_up() -> None:
    made = page(
        summary(depots=(depot(1), depot(2, cost_unmanaged_kkrw=5400.0, cost_plan_kkrw=5000.0, bound_kkrw=4901.0)))
    ).text
    total = made[made.index("Total (2)") :]
    assert total.split()[2:7] == ["83", "/", "28", "18.0", "MWh"]
    assert [part for part in total.split() if "." in part][1:5] == ["7.80", "6.70", "1.10", "1.55"]


def test_hourly_means_are_means_of_their_hour() -> None:
    plan = np.arange(96.0)
    text = page(summary(curves=replace(curves(), supplied_plan_mw=row(plan)))).text
    rows = re.findall(r"\b(\d\d:00)\s+[\d,.]+\s+([\d,.]+)\s+[\d,.]+\s+[\d,.]+", text[text.index("Hourly means") :])
    assert [clock for clock, _ in rows[:2]] == ["04:00", "05:00"]
    assert [float(value) for _, value in rows] == plan.reshape(24, 4).mean(axis=1).tolist()


def test_energies_are_power_times_time() -> None:
    text = page(summary(curves=replace(curves(), losses_plan_mw=row(2.0)))).text
    assert re.search(r"Losses of the grid\s+48\.0 MWh", text)
    assert re.search(r"Solar power\s+300 MWh", text)
    assert re.search(r"Diesel buses\s+54\.0 t\s+180 kg\s+9 kg", text)


def test_unsolved_steps_mark_the_answer() -> None:
    assert "▲ Grid" in page(summary(certificate=certificate(converged_steps=95))).text
    assert "▲ Grid" not in page().text


def test_broken_rules_and_unsolved_steps_are_marked() -> None:
    broken = certificate(
        replay_ok=False,
        replay_violations=("battery B1: more than its power in step 3",),
        converged_steps=90,
        max_loading_violation=0.2,
    )
    text = page(summary(certificate=broken)).text
    for part in ("▲ failed, broken rules: 1", "battery B1: more than its power in step 3", "▲ 90 / 96", "▲ 20.00 %"):
        assert part in text


def test_a_good_run_marks_nothing_but_its_synthetic_weather() -> None:
    text = page(summary(run=in_run(weather_kind="forecast"))).text
    marks = [text[at : at + 14] for at in (found.start() for found in re.finditer("▲", text))]
    assert [mark for mark in marks if not mark.startswith(("▲ limit", "▲ marks"))] == []
    assert "▲ SYNTHETIC" in page().text


@pytest.mark.parametrize("status", ["relaxed", "fallback", "infeasible", "failed"])
def test_a_bad_status_is_marked_in_the_head(status: str) -> None:
    assert f"▲ {status}" in page(summary(certificate=certificate(status=status))).text


def test_assumptions_are_counted_most_first() -> None:
    text = page().text
    listed = text[text.index("Rows that are assumptions") :]
    assert re.findall(r"\b(garages|tariffs|districts)\b", listed)[:3] == [
        "garages",
        "tariffs",
        "districts",
    ]
    assert re.search(r"Total\s+73\s+52", listed)


def test_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="de"):
        render_report(summary(), squares(), "de")


def test_facts_of_the_run_are_shown() -> None:
    text = page().text
    for part in (
        "seoul-2026-08-12-today-1f3a",
        "24.1 °C / 28.3 °C / 33.0 °C",
        "c" * 64,
        "HiGHS 1.15.1",
        "without voltage limits",
    ):
        assert part in text


@pytest.mark.parametrize("lang", LANGS)
def test_the_foot_names_whom_maps_must_name(lang: str) -> None:
    assert "Outlines: a survey, 2023." in good_page(lang)
    assert "Outlines" not in page(replace(summary(), run=in_run(credits="")), lang=lang).text
