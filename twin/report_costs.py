"""Tables of garages, cost and carbon."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from optimizers.plan import PlanStatus
from twin.grid_check import LOADING_TOLERANCE
from twin.report_answers import MISSING_KWH, charging_cost_krw, missing_kwh, used_mwh, without_plan
from twin.report_html import Html, element, join
from twin.report_numbers import (
    KRW_PER_KKRW,
    KRW_PER_MKRW,
    energy,
    known,
    mass,
    money,
    money_in_column,
    percent,
    plain,
    power,
)
from twin.report_table import Column, Kind, abnormal, folded, table
from twin.report_tables import titled_columns
from twin.report_text import Words
from twin.summary_types import DepotFacts, DistrictFacts, Summary

DEPOTS_SHOWN = 20
DEPOT_COLUMNS = (
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


def depot_tables(summary: Summary, words: Words) -> Html:
    """Return every garage; those past the first screen are folded."""
    if not summary.depots:
        return element("p", words("depots.none"))
    columns = titled_columns(words, *DEPOT_COLUMNS)
    names = {district.code: words.name(district) for district in summary.districts}
    ordered = sorted(summary.depots, key=lambda depot: (not without_plan(depot), -depot.energy_kwh))
    rows = [_depot_row(depot, names.get(depot.district, depot.district), words) for depot in ordered]
    total = _depot_total(summary.depots, words)
    parts = [table(words("table.depots"), columns, rows[:DEPOTS_SHOWN], total)]
    if rows[DEPOTS_SHOWN:]:
        title = words("table.depots_rest", count=len(rows) - DEPOTS_SHOWN)
        parts.append(folded(title, table(title, columns, rows[DEPOTS_SHOWN:])))
    methods = ", ".join(sorted({depot.method for depot in summary.depots if depot.method}))
    note = element("p", f"{words('depots.note')} {words('column.method')}: ", words.foreign(methods), class_="note")
    return join([*parts, note])


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


def cost_table(summary: Summary, words: Words) -> Html:
    """Return the cost by tariff, before and after."""
    columns = titled_columns(words, "tariff", "cost_before", "cost_plan", "saved")
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
    columns = titled_columns(words, "quantity", "figure")
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
