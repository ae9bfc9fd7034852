"""Tables of what the plan does: districts, feeders, garages, limits, cost and carbon."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from optimizers.plan import PlanStatus
from twin.grid_check import LOADING_TOLERANCE
from twin.report_answers import MISSING_KWH, charging_cost_krw, missing_kwh, used_mwh, without_plan
from twin.report_figures import moved_mw
from twin.report_html import Html, element, join
from twin.report_map import broken
from twin.report_numbers import (
    KRW_PER_KKRW,
    KRW_PER_MKRW,
    energy,
    known,
    mass,
    minutes,
    money,
    money_in_column,
    percent,
    plain,
    power,
)
from twin.report_table import Column, Kind, abnormal, folded, table
from twin.report_text import Words
from twin.summary_types import DepotFacts, DistrictFacts, FeederFacts, Summary

FEEDERS_SHOWN = 10
DEPOTS_SHOWN = 20
CAUSES_SHOWN = 3


NAMES = ("district", "worst_feeder", "feeder", "substation", "hour", "garage", "element", "hours", "tariff", "quantity")
PROSE = ("cause", "status", "broken", "broken_before")


def _columns(words: Words, *keys: str) -> list[Column]:
    return [Column(words(f"column.{key}"), _kind(key)) for key in keys]


def _kind(key: str) -> Kind:
    return Kind.NAMES if key in NAMES else Kind.PROSE if key in PROSE else Kind.FIGURES


def district_table(summary: Summary, words: Words) -> Html:
    """Return the districts with peak, worst feeder, voltage, broken limits and cost."""
    columns = _columns(
        words,
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
    columns = _columns(words, *keys, "lowest_voltage", "cause")
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


def depot_tables(summary: Summary, words: Words) -> Html:
    """Return every garage; those past the first screen are folded."""
    if not summary.depots:
        return element("p", words("depots.none"))
    columns = _columns(
        words,
        "garage",
        "district",
        "fleet",
        "energy",
        "peak_before",
        "peak_plan",
        "contract",
        "cost_before",
        "cost_plan",
        "saved",
        "gap",
        "soc",
        "status",
    )
    names = {district.code: words.name(district) for district in summary.districts}
    ordered = sorted(summary.depots, key=lambda depot: (not without_plan(depot), -depot.energy_kwh))
    rows = [_depot_row(depot, names.get(depot.district, depot.district), words) for depot in ordered]
    total = _depot_total(summary.depots, words)
    parts = [table(words("table.depots"), columns, rows[:DEPOTS_SHOWN], total)]
    if rows[DEPOTS_SHOWN:]:
        title = words("table.depots_rest", count=len(rows) - DEPOTS_SHOWN)
        parts.append(folded(title, table(title, columns, rows[DEPOTS_SHOWN:])))
    return join([*parts, element("p", words("depots.note"), class_="note")])


def _depot_row(depot: DepotFacts, district: str, words: Words) -> list[str]:
    lang, unusual = words.lang, without_plan(depot)
    status = abnormal(words(f"status.{PlanStatus(depot.status).value}"), when=unusual)
    if depot.reason:
        status = join([status, element("small", words.foreign(depot.reason))])
    saved = (depot.cost_unmanaged_kkrw - depot.cost_plan_kkrw) * KRW_PER_KKRW
    return [
        abnormal(words.name(depot), when=unusual),
        district,
        f"{depot.buses} / {depot.chargers}",
        energy(depot.energy_kwh / 1e3),
        power(depot.peak_unmanaged_kw),
        abnormal(power(depot.peak_plan_kw), when=depot.peak_plan_kw > depot.contract_kw * (1 + LOADING_TOLERANCE)),
        power(depot.contract_kw),
        money_in_column(depot.cost_unmanaged_kkrw * KRW_PER_KKRW, lang),
        money_in_column(depot.cost_plan_kkrw * KRW_PER_KKRW, lang),
        money_in_column(saved, lang),
        gap_text(math.inf if depot.bound_kkrw <= 0 < depot.gap else depot.gap, words),
        percent(depot.lowest_soc, lang, 0),
        status,
    ]


def gap_text(gap: float, words: Words) -> str:
    """Return a gap in percent, or that there is no proof."""
    return percent(gap, words.lang, 2) if known(gap) else words("value.unproved")


def _depot_total(depots: tuple[DepotFacts, ...], words: Words) -> list[str]:
    before = sum(depot.cost_unmanaged_kkrw for depot in depots) * KRW_PER_KKRW
    after = sum(depot.cost_plan_kkrw for depot in depots) * KRW_PER_KKRW
    bound = sum(depot.bound_kkrw for depot in depots) * KRW_PER_KKRW
    gap = max(after - bound, 0.0) / abs(after) if after else 0.0
    return [
        f"{words('row.total')} ({len(depots)})",
        "",
        f"{sum(depot.buses for depot in depots):,} / {sum(depot.chargers for depot in depots):,}",
        energy(sum(depot.energy_kwh for depot in depots) / 1e3),
        "",
        "",
        "",
        money_in_column(before, words.lang),
        money_in_column(after, words.lang),
        money_in_column(before - after, words.lang),
        gap_text(gap, words),
        percent(min(depot.lowest_soc for depot in depots), words.lang, 0),
        "",
    ]


def limit_table(summary: Summary, words: Words) -> Html:
    """Return the limits that made the plan dearer, the dearest first."""
    if not summary.limits:
        return element("p", words("limits.none"))
    columns = _columns(words, "element", "substation", "hours", "price", "value")
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


def cost_table(summary: Summary, words: Words) -> Html:
    """Return the cost by tariff, before and after."""
    columns = _columns(words, "tariff", "cost_before", "cost_plan", "saved")
    rows = [
        _cost_row(words.label("tariff", name), before, after, words)
        for name, (before, after) in summary.cost_mkrw.items()
    ]
    whole = np.array(list(summary.cost_mkrw.values())).reshape(-1, 2).sum(axis=0).tolist()
    total = _cost_row(words("row.total"), whole[0], whole[1], words)
    return table(words("table.cost"), columns, rows, total)


def _cost_row(name: str, before_mkrw: float, after_mkrw: float, words: Words) -> list[str]:
    amounts = (before_mkrw, after_mkrw, before_mkrw - after_mkrw)
    return [name, *(money_in_column(amount * KRW_PER_MKRW, words.lang) for amount in amounts)]


def carbon_tables(summary: Summary, words: Words) -> Html:
    """Return energy and carbon of the day, and what electric buses avoid."""
    step_h, districts, lang = summary.run.step_h, summary.districts, words.lang
    before, after = charging_cost_krw(summary)
    missing = missing_kwh(summary)
    rows = [
        (words("row.energy"), energy(used_mwh(summary))),
        (words("row.losses"), energy(sum(summary.curves.losses_plan_mw) * step_h)),
        (words("row.solar"), energy(sum(district.solar_mwh for district in districts))),
        (words("row.co2"), mass(sum(district.co2_t for district in districts) * 1e3)),
        (words("row.demand_cost"), money(sum(d.demand_cost_mkrw for d in districts) * KRW_PER_MKRW, lang)),
        (words("row.charging_before"), money(before, lang)),
        (words("row.charging"), money(after, lang)),
        (words("row.bus_km"), f"{plain(sum(district.bus_km for district in districts))} km"),
        (words("row.unserved"), abnormal(energy(missing / 1e3), when=missing >= MISSING_KWH)),
    ]
    columns = _columns(words, "quantity", "figure")
    whole = table(words("table.carbon"), columns, rows)
    note = element("p", words("carbon.note"), class_="note")
    return element("div", whole, element("div", _avoided_table(summary, words), note), class_="pair")


def _avoided_table(summary: Summary, words: Words) -> Html:
    def total(amount: Callable[[DistrictFacts], float]) -> str:
        return mass(sum(amount(district) for district in summary.districts))

    columns = [Column(words("column.avoided"), Kind.NAMES), *(Column(name) for name in ("CO₂", "NOx", "PM"))]
    cng = [total(lambda d: d.avoided_cng_co2_kg), total(lambda d: d.avoided_cng_nox_kg)]
    diesel = [total(lambda d: d.avoided_diesel_co2_kg), total(lambda d: d.avoided_diesel_nox_kg)]
    rows = [
        [words("column.cng"), *cng, total(lambda d: d.avoided_cng_pm_kg)],
        [words("column.diesel"), *diesel, total(lambda d: d.avoided_diesel_pm_kg)],
    ]
    return table(words("table.avoided"), columns, rows)


def hour_table(summary: Summary, words: Words) -> Html:
    """Return the curves as hourly means, for those who read figures rather than lines."""
    curves, step_h = summary.curves, summary.run.step_h
    moved_before, moved_plan = moved_mw(summary)
    columns = _columns(words, "time", "load_before", "load_plan", "moved_before", "moved_plan")
    series = (np.array(curves.supplied_unmanaged_mw), np.array(curves.supplied_plan_mw), moved_before, moved_plan)
    length = max(round(1 / step_h), 1)
    rows = [
        [summary.run.clock[start], *(plain(float(s[start : start + length].mean()), 1) for s in series)]
        for start in range(0, len(summary.run.clock), length)
    ]
    return table(words("figure.values"), columns, rows)
