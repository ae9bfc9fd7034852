"""What the page of a garage says: is any bus or charger at risk, and until when must somebody act."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dash_app.answers.depot_sessions import SessionFacts, clock_of
from dash_app.exports.table import Column, Table
from dash_app.widgets.tone import Tone
from dash_app.words import Words
from optimizers.plan import DepotPlan
from twin.depot_departures import Departure, DepartureState, count_of
from twin.depot_record import DepotRecord
from twin.report_numbers import Lang, energy, minutes, money, percent, plain, power

NEAR_LIMIT = 0.98
"""Share of the connection from which on it is said to be used up."""


def name_of(record: DepotRecord, lang: Lang) -> str:
    """Return the name of a garage in the language of the page."""
    return record.name_local if lang is Lang.KOREAN else record.name_en


def tone_of(record: DepotRecord, found: Sequence[Departure]) -> Tone:
    """Return how unusual a garage's plan is: a bus that leaves short, a broken rule, or no plan of its own."""
    abnormal = bool(count_of(found, DepartureState.SHORT)) or bool(record.violations) or bool(record.fallback)
    return Tone.ALERT if abnormal else Tone.CALM


def depot_answer(record: DepotRecord, found: Sequence[Departure], words: Words) -> str:
    """Say which bus is at risk, until when somebody must act, and how near the connection is to its limit.

    Parameters
    ----------
    record
        The garage.
    found
        Its departures, most urgent first.
    words
        Language of the page.
    """
    parts = [_charged(record, found, words), _peak(record, words)]
    if record.fallback:
        parts.append(words("depot.answer_fallback"))
    return " ".join(parts)


def _charged(record: DepotRecord, found: Sequence[Departure], words: Words) -> str:
    named = {"depot": name_of(record, words.lang), "buses": plain(record.problem.bus_count)}
    if not found:
        return words("depot.answer_none", **named)
    first, short = found[0], count_of(found, DepartureState.SHORT)
    told = {
        "bus": first.bus,
        "leave": clock_of(record.problem.labels, first.leave, words),
        "soc": percent(first.soc, words.lang, 0),
        "need": percent(first.need_soc, words.lang, 0),
        "missing": energy(first.short_kwh / 1e3),
        "act": act_sentence(record, first, words),
    }
    if short:
        return words("depot.answer_short", count=plain(short), **named, **told)
    if count_of(found, DepartureState.TIGHT):
        tight = plain(count_of(found, DepartureState.TIGHT))
        return words("depot.answer_tight", count=tight, **named, **told)
    return words("depot.answer_safe", **named)


def act_sentence(record: DepotRecord, departure: Departure, words: Words) -> str:
    """Say until when somebody can still help a departure."""
    if departure.act_by is None:
        key = "depot.act_too_late" if departure.state is DepartureState.SHORT else "depot.act_none"
        return words(key, arrive=clock_of(record.problem.labels, departure.arrive, words))
    return words("depot.act_by", clock=clock_of(record.problem.labels, departure.act_by, words))


def _peak(record: DepotRecord, words: Words) -> str:
    step = int(record.plan.grid_kw.argmax())
    peak, limit = float(record.plan.grid_kw[step]), float(record.problem.site.import_limit_kw[step])
    return words(
        "depot.answer_peak",
        peak=power(peak),
        clock=clock_of(record.problem.labels, step, words),
        share=percent(peak / limit if limit > 0 else 0.0, words.lang, 0),
        limit=power(limit),
    )


def spare_outlets(record: DepotRecord, plan: DepotPlan) -> tuple[tuple[str, int, int, tuple[int, int] | None], ...]:
    """Return for each charger class its name, its outlets, the fewest free, and the steps in which none is free.

    The steps are the first and the last one, or None when an outlet is always free.
    """
    found = []
    for c, charger in enumerate(record.problem.chargers):
        free = charger.count - (plan.plugged_class == c).sum(axis=0)
        none = np.flatnonzero(free <= 0)
        span = (int(none[0]), int(none[-1])) if len(none) else None
        found.append((charger.id, charger.count, int(free.min(initial=charger.count)), span))
    return tuple(found)


def charger_sentence(record: DepotRecord, plan: DepotPlan, words: Words) -> str:
    """Say whether one broken outlet would hurt: when none is free."""
    parts = []
    for name, count, free, span in spare_outlets(record, plan):
        if span is None:
            parts.append(words("depot.outlets_free", charger=name, count=plain(count), free=plain(free)))
        else:
            first, last = (clock_of(record.problem.labels, step, words) for step in span)
            parts.append(words("depot.outlets_taken", charger=name, count=plain(count), first=first, last=last))
    return " ".join(parts)


def state_words(departure: Departure, words: Words) -> str:
    """Return the state of a departure in words, with the sign of the abnormal."""
    return words(f"depot.state_{departure.state.value}")


def departures_table(record: DepotRecord, found: Sequence[Departure], words: Words) -> Table:
    """Return every departure, most urgent first."""
    labels = record.problem.labels

    def clock(step: int | None) -> str | None:
        return None if step is None else clock_of(labels, step, words)

    columns = (
        Column("bus", words("depot.bus")),
        Column("arrive_kst", words("depot.arrives")),
        Column("leave_kst", words("depot.leaves")),
        Column("state", words("depot.state")),
        Column("soc_percent", words("depot.soc"), "%"),
        Column("need_percent", words("depot.need"), "%"),
        Column("short_kwh", words("depot.short"), "kWh"),
        Column("begin_kst", words("depot.begins")),
        Column("act_by_kst", words("depot.act_by_column")),
        Column("slack_min", words("depot.slack"), "min", 0),
    )
    rows = [
        (
            d.bus,
            clock(d.arrive),
            clock(d.leave),
            state_words(d, words),
            round(d.soc * 100, 2),
            round(d.need_soc * 100, 2),
            round(d.short_kwh, 3) if d.state is DepartureState.SHORT else 0.0,
            clock(d.begin),
            clock(d.act_by),
            None if d.slack_h is None else d.slack_h * 60,
        )
        for d in found
    ]
    return Table(words("depot.departures"), columns, rows, (words("depot.act_note"),))


def sessions_table(record: DepotRecord, found: Sequence[SessionFacts], words: Words) -> Table:
    """Return every session, by outlet and time."""
    labels = record.problem.labels
    columns = (
        Column("charger", words("depot.charger")),
        Column("outlet", words("depot.outlet"), "", 0),
        Column("bus", words("depot.bus")),
        Column("from_kst", words("depot.from")),
        Column("to_kst", words("depot.to")),
        Column("energy_kwh", words("depot.energy"), "kWh"),
        Column("largest_kw", words("depot.most"), "kW"),
        Column("soc_before_percent", words("depot.soc_before"), "%"),
        Column("soc_after_percent", words("depot.soc_after"), "%"),
    )
    rows = [
        (
            s.charger,
            s.outlet,
            s.bus,
            clock_of(labels, s.start, words),
            clock_of(labels, s.stop, words),
            round(s.energy_kwh, 3),
            round(s.most_kw, 3),
            round(s.soc_before * 100, 2),
            round(s.soc_after * 100, 2),
        )
        for s in found
    ]
    return Table(words("depot.sessions"), columns, rows)


def power_table(record: DepotRecord, plan: DepotPlan, words: Words) -> Table:
    """Return the power through the connection, step by step."""
    problem = record.problem
    columns = (
        Column("clock_kst", words("depot.clock")),
        Column("plan_kw", words("depot.power_plan"), "kW"),
        Column("on_arrival_kw", words("depot.power_before"), "kW"),
        Column("limit_kw", words("depot.power_limit"), "kW"),
        Column("buy_krw_per_kwh", words("depot.price"), "KRW/kWh", 2),
    )
    rows = [
        (
            clock_of(problem.labels, t, words),
            round(float(plan.grid_kw[t]), 3),
            round(float(record.on_arrival_kw[t]), 3),
            float(problem.site.import_limit_kw[t]),
            float(problem.prices.buy_krw_per_kwh[t]),
        )
        for t in range(problem.step_count)
    ]
    return Table(words("depot.power"), columns, rows)


def power_sentence(record: DepotRecord, plan: DepotPlan, words: Words) -> str:
    """Say the peak of the plan against charging on arrival and the limit, and what both cost."""
    lang = words.lang
    step = int(plan.grid_kw.argmax())
    return words(
        "depot.power_sentence",
        peak=power(float(plan.grid_kw[step])),
        clock=clock_of(record.problem.labels, step, words),
        before=power(float(record.on_arrival_kw.max())),
        limit=power(float(record.problem.site.import_limit_kw.max())),
        cost=money(plan.objective_krw, lang),
        cost_before=money(record.on_arrival_krw, lang),
    )


def soc_sentence(found: Sequence[Departure], words: Words) -> str:
    """Say how many departures are short, tight and safe."""
    counts = {state.value: plain(count_of(found, state)) for state in DepartureState}
    return words("depot.soc_sentence", total=plain(len(found)), **counts)


def slack_words(departure: Departure, words: Words) -> str:
    """Return the spare time of a departure."""
    if departure.slack_h is None:
        return words("depot.slack_none")
    return minutes(departure.slack_h * 60, words.lang)
