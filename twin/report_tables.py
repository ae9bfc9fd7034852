"""Tables of the grid: districts, feeders, limits, and the city's load by hour."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from twin.grid_check import LOADING_TOLERANCE
from twin.report_figures import moved_mw
from twin.report_html import Html, element, join
from twin.report_map import broken
from twin.report_numbers import (
    KRW_PER_MKRW,
    minutes,
    money_in_column,
    percent,
    plain,
    power,
)
from twin.report_table import Column, Kind, abnormal, table
from twin.report_text import Words
from twin.summary_types import DistrictFacts, FeederFacts, Summary

FEEDERS_SHOWN = 10
CAUSES_SHOWN = 3

DISTRICT_COLUMNS = (
    "district",
    "peak_before",
    "peak_plan",
    "worst_feeder",
    "loading_before",
    "loading",
    "voltage",
    "broken_before",
    "broken",
    "charging_cost_before",
    "charging_cost",
)
NAMES = ("district", "worst_feeder", "feeder", "substation", "hour", "garage", "element", "hours", "tariff", "quantity")
PROSE = ("cause", "status", "broken", "broken_before")


def titled_columns(words: Words, *keys: str) -> list[Column]:
    """Return the columns of a table by their keys."""
    return [Column(words(f"column.{key}"), _kind(key)) for key in keys]


def _kind(key: str) -> Kind:
    return Kind.NAMES if key in NAMES else Kind.PROSE if key in PROSE else Kind.FIGURES


def district_table(summary: Summary, words: Words) -> Html:
    """Return the districts with peak, worst feeder, voltage, broken limits and cost."""
    columns = titled_columns(words, *DISTRICT_COLUMNS)
    rows = [_district_row(district, words) for district in summary.districts]
    return table(words("table.districts"), columns, rows)


def _district_row(district: DistrictFacts, words: Words) -> list[str]:
    lang = words.lang
    over = district.worst_loading_plan > 1.0 + LOADING_TOLERANCE
    return [
        abnormal(words.name(district), when=broken(district)),
        power(district.peak_unmanaged_mw * 1e3),
        power(district.peak_plan_mw * 1e3),
        district.worst_feeder,
        percent(district.worst_loading_unmanaged, lang, 0),
        abnormal(percent(district.worst_loading_plan, lang, 0), when=over),
        f"{plain(district.lowest_voltage_pu, 3)}–{plain(district.highest_voltage_pu, 3)}",
        _broken(district.violation_minutes_unmanaged, words),
        _broken(district.violation_minutes_plan, words),
        money_in_column(district.charging_cost_unmanaged_mkrw * KRW_PER_MKRW, lang),
        money_in_column(district.charging_cost_plan_mkrw * KRW_PER_MKRW, lang),
    ]


def _broken(by_kind: Mapping[str, float], words: Words) -> str:
    found = {kind: amount for kind, amount in by_kind.items() if amount > 0}
    if not found:
        return "–"
    parts = [f"{words.label('violation', kind)} {minutes(amount, words.lang)}" for kind, amount in found.items()]
    return element("span", abnormal(", ".join(parts), when=True))


def feeder_table(summary: Summary, words: Words) -> Html:
    """Return the ten most loaded feeders with hour and cause."""
    if not summary.feeders:
        return element("p", words("feeders.none"))
    keys = ("feeder", "district", "substation", "hour", "loading", "loading_before", "head", "headroom", "over")
    columns = titled_columns(words, *keys, "lowest_voltage", "cause")
    worst = sorted(summary.feeders, key=lambda feeder: -feeder.loading_plan)[:FEEDERS_SHOWN]
    names = {district.code: words.name(district) for district in summary.districts}
    rows = [_feeder_row(feeder, names.get(feeder.district, feeder.district), summary, words) for feeder in worst]
    return join([table(words("table.feeders"), columns, rows), element("p", words("feeders.note"), class_="note")])


def _feeder_row(feeder: FeederFacts, district: str, summary: Summary, words: Words) -> list[str]:
    lang, over = words.lang, feeder.loading_plan > 1.0 + LOADING_TOLERANCE
    return [
        abnormal(feeder.feeder, when=over),
        district,
        feeder.substation,
        words.clock(feeder.clock, summary.run),
        abnormal(percent(feeder.loading_plan, lang, 0), when=over),
        percent(feeder.loading_unmanaged, lang, 0),
        f"{power(feeder.head_kw)} / {power(feeder.rating_kw)}",
        abnormal(power(feeder.headroom_kw), when=feeder.headroom_kw < 0),
        minutes(feeder.minutes_over, lang) if feeder.minutes_over > 0 else "–",
        plain(feeder.lowest_voltage_pu, 3),
        cause_text(feeder, words),
    ]


def cause_text(feeder: FeederFacts, words: Words) -> str:
    """Return what loads a feeder at its worst step: the largest parts, as shares of all that draws."""
    drawn = {name: kw for name, kw in feeder.cause_kw.items() if kw > 0}
    whole = sum(drawn.values())
    largest = sorted(drawn.items(), key=lambda part: -part[1])[:CAUSES_SHOWN]
    parts = [f"{words.label('demand', name)} {percent(kw / whole, words.lang, 0)}" for name, kw in largest]
    given = {name: kw for name, kw in feeder.cause_kw.items() if kw < 0}
    parts += [f"{words.label('demand', name)} {power(kw)}" for name, kw in given.items()]
    return ", ".join(parts) or words("value.none")


def limit_table(summary: Summary, words: Words) -> Html:
    """Return the limits that made the plan dearer, the dearest first."""
    if not summary.limits:
        return element("p", words("limits.none"))
    columns = titled_columns(words, "element", "substation", "hours", "price", "value")
    rows = [
        [
            limit.element,
            limit.substation,
            words.clock(f"{limit.first_clock}–{limit.last_clock}", summary.run),
            plain(limit.highest_krw_per_kwh, 1),
            plain(limit.value_krw),
        ]
        for limit in sorted(summary.limits, key=lambda limit: -limit.value_krw)
    ]
    return join([table(words("table.limits"), columns, rows), element("p", words("limits.note"), class_="note")])


def hour_table(summary: Summary, words: Words) -> Html:
    """Return the curves as hourly means, for those who read figures rather than lines."""
    curves, step_h = summary.curves, summary.run.step_h
    moved_before, moved_plan = moved_mw(summary)
    columns = titled_columns(words, "time", "load_before", "load_plan", "moved_before", "moved_plan")
    series = (np.array(curves.supplied_unmanaged_mw), np.array(curves.supplied_plan_mw), moved_before, moved_plan)
    length = max(round(1 / step_h), 1)
    rows = [
        [summary.run.clock[start], *(plain(float(s[start : start + length].mean()), 1) for s in series)]
        for start in range(0, len(summary.run.clock), length)
    ]
    return table(words("figure.values"), columns, rows)
