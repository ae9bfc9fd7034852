"""Words, numbers and markup: both languages complete, figures as people read them, text that cannot become markup."""

from __future__ import annotations

import re
from html import unescape
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.contract_class import CONTRACT_CLASSES
from data.weather import WeatherKind
from optimizers.plan import PlanStatus
from tests.twin.report_builders import depot
from twin.kpi_violations import ViolationKind
from twin.report_html import Html, element
from twin.report_numbers import Lang, day, energy, mass, minutes, money, money_in_column, percent, plain, power
from twin.report_text import CATALOGUE, Words

HANGUL = re.compile("[가-힣]")
WITHOUT_HANGUL = {"column.fingerprint"}
"""Keys whose Korean text is a sign only."""


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", CATALOGUE)
def test_every_text_stands_in_both_languages(key: str) -> None:
    english, korean = CATALOGUE[key]
    assert english.strip()
    assert not HANGUL.search(english)
    assert HANGUL.search(korean) or key in WITHOUT_HANGUL
    assert fields(english) == fields(korean)


def test_every_state_has_its_words() -> None:
    groups = {"status": PlanStatus, "weather": WeatherKind, "violation": ViolationKind}
    for group, states in groups.items():
        for state in states:
            assert f"{group}.{state.value}" in CATALOGUE
    assert all(f"demand.{name}" in CATALOGUE for name in CONTRACT_CLASSES)


def test_a_missing_field_is_an_error() -> None:
    with pytest.raises(KeyError):
        Words(Lang.ENGLISH)("title", date="today")


def test_names_follow_the_script_of_the_page() -> None:
    assert Words(Lang.KOREAN).name(depot(1)) == "차고지 1"
    assert Words(Lang.ENGLISH).name(depot(1)) == "Garage 1"
    assert Words(Lang.ENGLISH).name(depot(1, name_en="")) == "차고지 1"
    assert Words(Lang.KOREAN).name(depot(1, name_local="")) == "Garage 1"


def test_a_member_without_label_keeps_its_name() -> None:
    assert Words(Lang.KOREAN).label("tariff", "ev_own_lv_1") == "ev_own_lv_1"
    assert Words(Lang.KOREAN).label("tariff", "demand") == "그 밖의 고객"


@pytest.mark.parametrize(
    ("krw", "english", "korean"),
    [
        (999.0, "999 KRW", "999원"),
        (45_600.0, "45.6 thousand KRW", "4.56만 원"),
        (1.359e7, "13.6 million KRW", "1,359만 원"),
        (4.5e8, "450 million KRW", "4.50억 원"),
        (1.08e9, "1.08 billion KRW", "10.8억 원"),
        (2.5e12, "2.50 trillion KRW", "2.50조 원"),
        (-3.2e7, "−32.0 million KRW", "−3,200만 원"),
        (0.0, "0 KRW", "0원"),
    ],
)
def test_money(krw: float, english: str, korean: str) -> None:
    assert money(krw, Lang.ENGLISH) == english
    assert money(krw, Lang.KOREAN) == korean


def test_money_in_a_column_has_one_unit() -> None:
    assert money_in_column(12_345_678.0, Lang.ENGLISH) == "12.35"
    assert money_in_column(12_345_678.0, Lang.KOREAN) == "1,235"


def test_quantities() -> None:
    assert [power(kw) for kw in (842.0, 1234.0, 91_234.0, 8_123_400.0, -386.0)] == [
        "842 kW",
        "1.23 MW",
        "91.2 MW",
        "8,123 MW",
        "−386 kW",
    ]
    assert [energy(mwh) for mwh in (0.25, 12.34, 164_000.0)] == ["250 kWh", "12.3 MWh", "164 GWh"]
    assert [mass(kg) for kg in (410.0, 53_400.0, 68_020_000.0)] == ["410 kg", "53.4 t", "68,020 t"]
    assert [minutes(m, Lang.ENGLISH) for m in (45.0, 119.0, 135.0)] == ["45 min", "119 min", "2 h 15 min"]
    assert minutes(135.0, Lang.KOREAN) == "2시간 15분"
    assert plain(-0.0004, 2) == "0.00"


def test_a_share_that_is_not_zero_is_not_shown_as_zero() -> None:
    assert percent(0.0, Lang.ENGLISH) == "0.0 %"
    assert percent(0.00004, Lang.ENGLISH, 2) == "< 0.01 %"
    assert percent(-0.00004, Lang.KOREAN, 2) == "> −0.01%"
    assert percent(0.2346, Lang.KOREAN) == "23.5%"


def test_dates_name_their_weekday() -> None:
    assert day("2026-08-12", Lang.ENGLISH) == "Wed 12 Aug 2026"
    assert day("2026-08-16", Lang.KOREAN) == "2026년 8월 16일(일)"


@given(st.text())
def test_text_never_becomes_markup(text: str) -> None:
    made = element("b", text, title=text)
    inside = made.removeprefix('<b title="').removesuffix("</b>")
    given_title, _, child = inside.partition('">')
    assert "<" not in given_title + child
    assert '"' not in given_title + child
    assert unescape(child) == unescape(given_title)


def test_markup_inside_markup_is_kept() -> None:
    assert element("p", Html("<b>x</b>"), " & y", class_="a", lang=None) == '<p class="a"><b>x</b> &amp; y</p>'
