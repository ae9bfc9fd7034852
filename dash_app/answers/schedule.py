"""What the page of all schedules says: does everything leave charged, peak against limit, cost against unmanaged."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from dash_app.answers.schedule_badges import GOOD, gap_words
from dash_app.exports.table import Cell, Column, Table
from dash_app.widgets.tone import Tone
from dash_app.words import Words
from twin.report_answers import answer_sentences, missing_kwh
from twin.report_numbers import Lang, energy, minutes, percent, plain, power
from twin.schedule_pages import AtRisk, ChargingOverview, GarageDepartures
from twin.summary_types import DepotFacts, Summary

MISSING_KWH = 1.0


class Order(StrEnum):
    """What garages are sorted by."""

    RISK = "risk"
    COST = "cost"
    PEAK = "peak"
    BUSES = "buses"


def schedule_answer(summary: Summary, words: Words) -> str:
    """Return the sentence a report has too: does everything leave charged, at which cost and peak, what is proved."""
    return answer_sentences(summary, words.lang.value)[1]


def schedule_tone(summary: Summary) -> Tone:
    """Return how unusual the plan is: energy missing, a broken rule, or a status that is no whole plan."""
    abnormal = missing_kwh(summary) >= MISSING_KWH or not summary.certificate.replay_ok
    return Tone.ALERT if abnormal or summary.certificate.status not in GOOD else Tone.CALM


def risk_sentence(charging: ChargingOverview | None, garages: Sequence[DepotFacts], words: Words) -> str:
    """Say how many departures are at risk, and which is the most urgent and until when somebody must act."""
    if charging is None:
        return words("schedule.risk_unknown")
    if not charging.garages:
        return words("schedule.risk_no_garage")
    short, tight = (sum(getattr(g, name) for g in charging.garages) for name in ("short", "tight"))
    total = plain(sum(garage.departures for garage in charging.garages))
    if not charging.at_risk:
        return words("schedule.risk_none", total=total)
    first = charging.at_risk[0]
    told = {
        "total": total,
        "bus": first.bus,
        "depot": garage_name(first.garage, garages, words.lang),
        "leave": first.leave,
        "act_by": first.act_by or words("schedule.too_late"),
    }
    if short:
        return words("schedule.risk_short", count=plain(short), missing=energy(first.short_kwh / 1e3), **told)
    return words("schedule.risk_tight", count=plain(tight), **told)


def garage_name(garage: str, garages: Sequence[DepotFacts], lang: Lang) -> str:
    """Return the name of a garage in the language of the page, its id when the summary does not know it."""
    facts = next((depot for depot in garages if depot.garage == garage), None)
    if facts is None:
        return garage
    return facts.name_local if lang is Lang.KOREAN else facts.name_en


def vehicles_sentence(charging: ChargingOverview | None, words: Words) -> str:
    """Say whether the other vehicles leave charged, and which cohort misses most."""
    if charging is None or not charging.cohorts:
        return words("schedule.vehicles_none")
    sessions = plain(sum(cohort.sessions for cohort in charging.cohorts))
    short = sum(cohort.short for cohort in charging.cohorts)
    if not short:
        return words("schedule.vehicles_all", sessions=sessions)
    worst = max(charging.cohorts, key=lambda cohort: cohort.short_kwh)
    missing = energy(sum(cohort.short_kwh for cohort in charging.cohorts) / 1e3)
    return words(
        "schedule.vehicles_short", sessions=sessions, short=plain(short), missing=missing,
        cohort=words(f"cohort.{worst.cohort}"),
    )  # fmt: skip


def brief_risk_table(rows: Sequence[AtRisk], garages: Sequence[DepotFacts], words: Words) -> Table:
    """Return what the page lists of the departures at risk."""
    table = at_risk_table(rows, garages, words)
    kept = ("bus", "depot", "leave_kst", "soc_of_need", "act_by_kst", "slack_min")
    chosen = [index for index, column in enumerate(table.columns) if column.key in kept]
    return Table(
        table.title, tuple(table.columns[i] for i in chosen), [tuple(row[i] for i in chosen) for row in table.rows]
    )


def at_risk_table(rows: Sequence[AtRisk], garages: Sequence[DepotFacts], words: Words) -> Table:
    """Return the departures at risk, most urgent first."""
    columns = (
        Column("bus", words("depot.bus")),
        Column("depot", words("schedule.depot")),
        Column("leave_kst", words("depot.leaves")),
        Column("state", words("depot.state")),
        Column("soc_of_need", words("depot.soc_of_need")),
        Column("begin_kst", words("depot.begins")),
        Column("act_by_kst", words("depot.act_by_column")),
        Column("slack_min", words("depot.slack")),
    )
    lang = words.lang
    cells: list[tuple[Cell, ...]] = [
        (
            row.bus,
            garage_name(row.garage, garages, lang),
            row.leave,
            words(f"depot.state_{row.state}"),
            words("depot.soc_of_need_cell", soc=percent(row.soc, lang, 0), need=percent(row.need_soc, lang, 0)),
            row.begin or words("depot.not_needed"),
            row.act_by or words("schedule.too_late"),
            minutes(row.slack_h * 60, lang),
        )
        for row in rows
    ]
    return Table(words("schedule.at_risk"), columns, cells, (words("depot.act_note"),))


def garages_in_order(
    summary: Summary, charging: ChargingOverview | None, order: Order, district: str
) -> tuple[DepotFacts, ...]:
    """Return the garages (of one district, when named) in an order: what needs attention first."""
    risk = {garage.garage: garage for garage in charging.garages} if charging else {}

    def key(facts: DepotFacts) -> tuple[float | str, ...]:
        return (*_key(facts, order, risk.get(facts.garage)), facts.garage)

    return tuple(sorted((facts for facts in summary.depots if not district or facts.district == district), key=key))


def _key(facts: DepotFacts, order: Order, departures: GarageDepartures | None) -> tuple[float, ...]:
    if order is Order.RISK:
        return _risk(facts, departures)
    if order is Order.COST:
        return (facts.cost_plan_kkrw - facts.cost_unmanaged_kkrw,)
    return (-facts.peak_plan_kw / max(facts.contract_kw, 1e-9),) if order is Order.PEAK else (-float(facts.buses),)


def _risk(facts: DepotFacts, departures: GarageDepartures | None) -> tuple[float, ...]:
    if departures is None:
        return (float(facts.status in GOOD and not facts.reason), 0.0, 0.0)
    return (-departures.short_kwh, float(facts.status in GOOD and not facts.reason), -departures.tight)


def garages_table(
    summary: Summary, charging: ChargingOverview | None, chosen: Sequence[DepotFacts], words: Words
) -> Table:
    """Return one row a garage: status, gap, peak against its connection, cost against charging on arrival, risk."""
    risk = {garage.garage: garage for garage in charging.garages} if charging else {}
    districts = {d.code: d.name_local if words.lang is Lang.KOREAN else d.name_en for d in summary.districts}
    columns = (
        Column("depot", words("schedule.depot")),
        Column("district", words("schedule.district")),
        Column("status", words("badge.status")),
        Column("gap_percent", words("badge.gap"), "%", 2),
        Column("buses", words("schedule.buses"), "", 0),
        Column("chargers", words("schedule.chargers"), "", 0),
        Column("short", words("schedule.short"), "", 0),
        Column("tight", words("schedule.tight"), "", 0),
        Column("peak_kw", words("schedule.peak"), "kW", 0),
        Column("connection_kw", words("schedule.connection"), "kW", 0),
        Column("cost_kkrw", words("schedule.cost"), words("schedule.kkrw"), 1),
        Column("difference_kkrw", words("schedule.difference"), words("schedule.kkrw"), 1),
    )
    rows: list[tuple[Cell, ...]] = []
    for facts in chosen:
        departures = risk.get(facts.garage)
        status = "fallback" if facts.reason else facts.status
        rows.append(
            (
                garage_name(facts.garage, (facts,), words.lang),
                districts.get(facts.district, facts.district),
                words(f"plan_status.{status}"),
                None if gap_words(facts.gap, words) == words("badge.no_bound") else round(facts.gap * 100, 4),
                facts.buses,
                facts.chargers,
                departures.short if departures else None,
                departures.tight if departures else None,
                round(facts.peak_plan_kw, 1),
                round(facts.contract_kw, 1),
                round(facts.cost_plan_kkrw, 2),
                round(facts.cost_plan_kkrw - facts.cost_unmanaged_kkrw, 2),
            )
        )
    return Table(words("schedule.garages"), columns, rows, (words("schedule.difference_note"),))


def curves_table(summary: Summary, words: Words) -> Table:
    """Return the city's charging and supply, step by step."""
    curves, names = summary.curves, (
        "vehicles_unmanaged_mw", "vehicles_plan_mw", "buses_unmanaged_mw", "buses_plan_mw", "batteries_plan_mw",
        "supplied_unmanaged_mw", "supplied_plan_mw",
    )  # fmt: skip
    columns = (Column("clock_kst", words("depot.clock")), *(Column(n, words(f"curve.{n}"), "MW", 3) for n in names))
    series = [getattr(curves, name) for name in names]
    rows = [(clock, *(values[t] for values in series)) for t, clock in enumerate(summary.run.clock)]
    return Table(words("schedule.curves"), columns, rows)


def charging_sentence(summary: Summary, words: Words) -> str:
    """Say when charging peaks under the plan, and when it would on arrival."""
    curves, clock = summary.curves, summary.run.clock
    plan = [sum(both) for both in zip(curves.vehicles_plan_mw, curves.buses_plan_mw, strict=True)]
    before = [sum(both) for both in zip(curves.vehicles_unmanaged_mw, curves.buses_unmanaged_mw, strict=True)]
    return words(
        "schedule.charging_sentence",
        peak=power(max(plan) * 1e3),
        clock=clock[plan.index(max(plan))],
        before=power(max(before) * 1e3),
        clock_before=clock[before.index(max(before))],
    )


def supply_sentence(summary: Summary, words: Words) -> str:
    """Say how near the city's supply comes to the capacity of its substations."""
    supplied, capacity = summary.curves.supplied_plan_mw, summary.curves.capacity_mw
    peak = max(supplied)
    return words(
        "schedule.supply_sentence",
        peak=power(peak * 1e3),
        clock=summary.run.clock[supplied.index(peak)],
        share=percent(peak / capacity if capacity else 0.0, words.lang, 0),
        capacity=power(capacity * 1e3),
    )
