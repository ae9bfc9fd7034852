"""What the page of reasons says: how good a plan is, what binds it and at which price, and what its buses wait for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash_app.answers.depot_rules import rule_words
from dash_app.answers.depot_sessions import clock_of
from dash_app.answers.schedule import garage_name
from dash_app.answers.schedule_badges import GOOD, gap_words
from dash_app.exports.table import Cell, Column, Table
from dash_app.widgets.tone import Tone
from dash_app.words import Words
from optimizers.explain import Binding, Limit, WaitsFor
from optimizers.problem import DepotProblem
from twin.depot_record import DepotRecord
from twin.report_numbers import energy, money, plain
from twin.schedule_words import binding_sentences, opening_sentence, place_sentences, shortfall_sentences
from twin.summary_types import BindingLimit, DepotFacts, Summary

MOST_SHORT = 6


def why_answer(summary: Summary, words: Words) -> str:
    """Say how near the plan is to the best, which limit costs most, and which garages have no plan of their own."""
    return " ".join([_proof(summary, words), _dearest(summary, words), *_without_plan(summary, words)])


def why_tone(summary: Summary) -> Tone:
    """Return how unusual the plan is."""
    return Tone.CALM if summary.certificate.status in GOOD and not without_plan(summary) else Tone.ALERT


def _proof(summary: Summary, words: Words) -> str:
    certificate, lang = summary.certificate, words.lang
    return words(
        "why.proof" if gap_words(certificate.gap, words) != words("badge.no_bound") else "why.no_proof",
        status=words(f"plan_status.{certificate.status}"),
        cost=money(certificate.objective_krw, lang),
        bound=money(certificate.lower_bound_krw, lang),
        gap=gap_words(certificate.gap, words),
    )


def _dearest(summary: Summary, words: Words) -> str:
    if summary.why is not None:
        return opening_sentence(summary.why, words.lang.value)
    limits = summary.limits
    if not limits:
        return words("why.no_limit")
    first = max(limits, key=lambda limit: limit.value_krw)
    key = "why.limits" if len(limits) > 1 else "why.one_limit"
    return words(key, count=plain(len(limits)), sentence=limit_sentence(first, words))


def price_lines(summary: Summary, words: Words) -> tuple[str, ...]:
    """Return one sentence for each limit of grid or city that binds, dearest first; none when nothing binds."""
    if summary.why is not None:
        return binding_sentences(summary.why, words.lang.value)
    return tuple(limit_sentence(limit, words) for limit in sorted(summary.limits, key=lambda one: -one.value_krw))


def unkept_lines(summary: Summary, words: Words) -> tuple[str, ...]:
    """Return one sentence for each limit that no plan keeps: how much, when, and the smallest way out."""
    return () if summary.why is None else shortfall_sentences(summary.why, words.lang.value)


def place_lines(summary: Summary, words: Words) -> tuple[str, ...]:
    """Return one sentence for each place where something would be worth building, by the prices of this day."""
    return () if summary.why is None else place_sentences(summary.why, words.lang.value)


def limit_sentence(limit: BindingLimit, words: Words) -> str:
    """Say what one more kWh through a limit would have been worth."""
    return words(
        "why.limit",
        element=limit.element,
        first=limit.first_clock,
        last=limit.last_clock,
        price=plain(limit.highest_krw_per_kwh, 0 if limit.highest_krw_per_kwh >= 100 else 1),
        value=money(limit.value_krw, words.lang),
    )


def without_plan(summary: Summary) -> tuple[DepotFacts, ...]:
    """Return the garages whose plan is not one that keeps every rule of its own optimisation."""
    return tuple(depot for depot in summary.depots if depot.reason or depot.status not in GOOD)


def _without_plan(summary: Summary, words: Words) -> list[str]:
    found = without_plan(summary)
    if not found:
        return []
    first = found[0]
    reason = reason_words(first.reason, words) or words(f"plan_status.{first.status}")
    name = garage_name(first.garage, found, words.lang)
    return [words("why.without_plan", count=plain(len(found)), depot=name, reason=reason)]


def reason_words(reason: str, words: Words) -> str:
    """Return why a garage has no plan of its own, sentence by sentence in the language of the page."""
    return "; ".join(rule_words(part, words) for part in reason.split("; ")) if reason else ""


def limits_table(summary: Summary, words: Words) -> Table:
    """Return the limits of grid and city that bind, dearest first, with what they were worth on the day."""
    columns = (
        Column("element", words("why.element")),
        Column("group", words("why.substation")),
        Column("from_kst", words("depot.from")),
        Column("to_kst", words("depot.to")),
        Column("price_krw_per_unit_h", words("why.price"), "KRW/(unit·h)", 1),
        Column("value_krw", words("why.value"), "KRW", 0),
    )
    if summary.why is not None:
        rows = [
            (b.element or words("why.whole_city"), b.group, b.start, b.stop, b.price_krw_per_unit_h, b.worth_krw)
            for b in summary.why.bindings
        ]
    else:
        rows = [
            (one.element, one.substation, one.first_clock, one.last_clock, one.highest_krw_per_kwh, one.value_krw)
            for one in sorted(summary.limits, key=lambda limit: -limit.value_krw)
        ]
    return Table(words("why.limits_title"), columns, rows, (words("why.limits_note"),))


def costs_table(summary: Summary, words: Words) -> Table:
    """Return the objective by tariff: charging on arrival, plan, difference."""
    columns = (
        Column("tariff", words("why.tariff")),
        Column("on_arrival_krw", words("why.on_arrival"), words("why.mkrw"), 3),
        Column("plan_krw", words("why.plan"), words("why.mkrw"), 3),
        Column("difference_krw", words("cost.difference"), words("why.mkrw"), 3),
    )
    rows: list[tuple[Cell, ...]] = [
        (words.label("tariff", name), before, after, round(after - before, 6))
        for name, (before, after) in summary.cost_mkrw.items()
        if name != "demand"
    ]
    before, after = (sum(float(row[index] or 0) for row in rows) for index in (1, 2))
    rows.append((words("cost.total"), before, after, round(after - before, 6)))
    return Table(words("why.costs_title"), columns, rows)


def garages_reason_table(summary: Summary, words: Words) -> Table:
    """Return every garage with its status, gap, method and, when it has no plan of its own, the reason."""
    columns = (
        Column("depot", words("schedule.depot")),
        Column("status", words("badge.status")),
        Column("gap_percent", words("badge.gap"), "%", 2),
        Column("cost_kkrw", words("schedule.cost"), words("schedule.kkrw")),
        Column("bound_kkrw", words("why.bound"), words("schedule.kkrw")),
        Column("method", words("why.method")),
        Column("reason", words("why.reason")),
    )
    ordered = sorted(summary.depots, key=lambda depot: (depot.status in GOOD and not depot.reason, -depot.gap))
    rows: list[tuple[Cell, ...]] = [
        (
            garage_name(depot.garage, (depot,), words.lang),
            words(f"plan_status.{'fallback' if depot.reason else depot.status}"),
            None if gap_words(depot.gap, words) == words("badge.no_bound") else round(depot.gap * 100, 4),
            round(depot.cost_plan_kkrw, 2),
            round(depot.bound_kkrw, 2) if depot.bound_kkrw > 0 else None,
            depot.method,
            reason_words(depot.reason, words) or "–",
        )
        for depot in ordered
    ]
    return Table(words("why.garages_title"), columns, rows)


def binding_lines(record: DepotRecord, words: Words) -> list[str]:
    """Return one sentence for each thing that binds in a garage, its times together."""
    windows: dict[tuple[Limit, str], list[str]] = {}
    for binding in record.bindings:
        windows.setdefault((binding.limit, binding.what), []).append(_window(record.problem, binding, words))
    order = [Limit.CONNECTION, Limit.BILLING_DEMAND, Limit.OUTLETS, Limit.DEPARTURE]
    found = sorted(windows.items(), key=lambda entry: order.index(entry[0][0]))
    lines = [
        words(f"binding.{limit.name.lower()}", what=what, times=", ".join(times[:4]) + (" …" if len(times) > 4 else ""))
        for (limit, what), times in found
        if limit is not Limit.DEPARTURE
    ]
    departures = [what for (limit, what), _ in found if limit is Limit.DEPARTURE]
    if departures:
        count = sum(len(times) for (limit, _), times in found if limit is Limit.DEPARTURE)
        named = ", ".join(departures[:5]) + (" …" if len(departures) > 5 else "")
        lines.append(words("binding.departures", count=plain(count), buses=named))
    return lines


def _window(problem: DepotProblem, binding: Binding, words: Words) -> str:
    first = clock_of(problem.labels, binding.start, words)
    return first if binding.stop - binding.start <= 1 else f"{first}–{clock_of(problem.labels, binding.stop, words)}"


def waits_table(record: DepotRecord, words: Words) -> Table:
    """Return the reason of each bus: what it waits for between arrival and first charging, stay by stay."""
    problem = record.problem
    columns = (
        Column("bus", words("depot.bus")),
        Column("from_kst", words("why.arrived")),
        Column("to_kst", words("why.began")),
        Column("hours", words("why.waited"), "h", 2),
        Column("waits_for", words("why.waits_for")),
    )
    rows = [
        (
            str(problem.buses.id[wait.bus]),
            clock_of(problem.labels, wait.start, words),
            clock_of(problem.labels, wait.stop, words),
            float(problem.step_h[wait.start : wait.stop].sum()),
            words(f"waits.{wait.waits_for.name.lower()}"),
        )
        for wait in record.waits
    ]
    return Table(words("why.waits_title"), columns, rows)


def waits_sentence(record: DepotRecord, words: Words) -> str:
    """Say what the buses of a garage together wait for most."""
    hours = dict.fromkeys(WaitsFor, 0.0)
    for wait in record.waits:
        hours[wait.waits_for] += float(record.problem.step_h[wait.start : wait.stop].sum())
    hours.pop(WaitsFor.NEVER)
    most = max(hours, key=lambda reason: hours[reason])
    if hours[most] <= 0:
        return words("why.no_waits")
    return words("why.waits", hours=plain(hours[most], 1), reason=words(f"waits.{most.name.lower()}"))


def relaxation_lines(result: Mapping[str, Any], problem: DepotProblem, words: Words) -> list[str]:
    """Return the conflict of a day that cannot work, who is short, and the ways out, cheapest first.

    Parameters
    ----------
    result
        As `twin.depot_relax.explained` makes it.
    problem
        Of the garage, for its clock.
    words
        Language of the page.
    """
    if result["works"]:
        return [words("relax.works")]
    labels = problem.labels
    lines = [
        words(
            f"relax.scarce_{row['scarce']}",
            first=clock_of(labels, int(row["start"]), words),
            last=clock_of(labels, int(row["stop"]), words),
            buses=_some(row["buses"]),
            needed=energy(float(row["needed_kwh"]) / 1e3),
            available=energy(float(row["available_kwh"]) / 1e3),
        )
        for row in result["bottlenecks"]
    ]
    lines += [
        words(
            "relax.short",
            bus=row["bus"],
            clock=clock_of(labels, int(row["step"]), words),
            missing=energy(float(row["short_kwh"]) / 1e3),
        )
        for row in result["shortfalls"][:MOST_SHORT]
    ]
    for number, row in enumerate(result["remedies"]):
        amount = plain(float(row["amount"]), 2)
        said = words(f"relax.{row['kind']}", amount=amount, cost=money(float(row["cost_krw"]), words.lang))
        lines.append(words("relax.smallest", remedy=said) if number == 0 else words("relax.or", remedy=said))
    if not result["remedies"]:
        lines.append(words("relax.no_remedy"))
    if not result["complete"]:
        lines.append(words("relax.cut_off"))
    return lines


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" … ({len(names)})" if len(names) > 5 else "")
