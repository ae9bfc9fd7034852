"""What the page of the grid says: what is or will be outside its limits, the worst, where, when, by how much."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dash_app.answers.grid_facts import GridFacts, Standing, standings
from dash_app.widgets.tone import Tone
from dash_app.words import Words
from twin.report_numbers import Lang, minutes, percent, plain, power
from twin.summary_grid_types import LimitKind, PlanIndex

VOLTAGES = (LimitKind.UNDERVOLTAGE, LimitKind.OVERVOLTAGE)


def of_network(kind: LimitKind) -> bool:
    """Whether a limit is one of the medium-voltage network, which the plan keeps; transformers below it are not."""
    return kind is not LimitKind.TRANSFORMER


def grid_answer(facts: GridFacts, now_utc: datetime, words: Words, plan: PlanIndex = PlanIndex.PLAN) -> str:
    """Return the sentence that opens the page.

    Parameters
    ----------
    facts
        The run.
    now_utc
        Now: what is over is not counted.
    words
        Language of the page.
    plan
        Which of the two outcomes.
    """
    return " ".join(part for part in (_network(facts, now_utc, words, plan), _transformers(facts, words, plan)) if part)


def grid_tone(facts: GridFacts, now_utc: datetime, plan: PlanIndex = PlanIndex.PLAN) -> Tone:
    """Return how unusual the grid is: unknown where the power flow failed, abnormal where a limit is broken."""
    if not bool(facts.overview.series.converged[plan].all()):
        return Tone.UNKNOWN
    return Tone.ALERT if ahead(facts, now_utc, plan) else Tone.CALM


def ahead(facts: GridFacts, now_utc: datetime, plan: PlanIndex = PlanIndex.PLAN) -> tuple[Standing, ...]:
    """Return the network's elements that are or will be outside their limits, the worst first."""
    now, steps = facts.step_at(now_utc), len(facts.clock)
    since = now if 0 <= now < steps else 0
    return tuple(s for s in standings(facts.overview, plan) if s.outside and of_network(s.kind) and s.last >= since)


def _network(facts: GridFacts, now_utc: datetime, words: Words, plan: PlanIndex) -> str:
    series = facts.overview.series
    span, steps = facts.span(words.lang), len(facts.clock)
    failed = int((~series.converged[plan]).sum())
    if failed:
        return words("grid.answer_unsolved", span=span, failed=failed, steps=steps)
    found = ahead(facts, now_utc, plan)
    over = words("grid.answer_over") if facts.step_at(now_utc) >= steps else ""
    if not found:
        return _within(facts, words, plan, span) + over
    now = facts.step_at(now_utc)
    current = sum(1 for s in found if s.first <= now <= s.last)
    count = words("grid.answer_outside", span=span, count=plain(len(found)), kinds=kinds_of(found, words))
    present = words("grid.answer_now", count=current) if current else ""
    worst = words("grid.answer_worst", worst=sentence_of(found[0], facts, words))
    return count + present + worst + over


def _within(facts: GridFacts, words: Words, plan: PlanIndex, span: str) -> str:
    near = [s for s in standings(facts.overview, plan) if of_network(s.kind)]
    feeders = [s for s in near if s.kind is LimitKind.FEEDER]
    if not feeders:
        return words("grid.answer_within", span=span)
    closest = max(feeders, key=lambda s: s.use)
    return words(
        "grid.answer_within_worst",
        span=span,
        feeder=closest.element,
        district=facts.district_name(closest.district, words.lang),
        use=percent(closest.use, words.lang, 0),
        clock=facts.at(closest.step),
        spare=power(closest.limit - closest.value),
    )


def _transformers(facts: GridFacts, words: Words, plan: PlanIndex) -> str:
    found = [s for s in standings(facts.overview, plan) if s.kind is LimitKind.TRANSFORMER and s.outside]
    if not found:
        return ""
    worst = max(found, key=lambda s: s.use)
    use = percent(worst.use, words.lang, 0)
    return words("grid.answer_transformers", count=plain(len(found)), use=use)


def kinds_of(found: Sequence[Standing], words: Words) -> str:
    """Return what is outside, counted by kind: "1 feeder, 3 lines"."""
    counted = [(kind, sum(1 for s in found if s.kind is kind)) for kind in LimitKind]
    return ", ".join(words(f"grid.count_{kind.name.lower()}", count=n) for kind, n in counted if n)


def sentence_of(standing: Standing, facts: GridFacts, words: Words) -> str:
    """Say of one element outside its limit where, when, by how much and how long."""
    where = facts.district_name(standing.district, words.lang)
    told = {
        "element": standing.element,
        "district": where,
        "clock": facts.at(standing.step),
        "lasting": minutes(standing.minutes, words.lang),
    }
    if standing.kind in VOLTAGES:
        excess = abs(standing.value - standing.limit)
        return words("grid.worst_voltage", value=plain(standing.value, 3), excess=plain(excess, 3), **told)
    return words(
        "grid.worst_loading",
        kind=words(f"grid.kind_{standing.kind.name.lower()}"),
        use=percent(standing.use, words.lang, 0),
        excess=amount(standing.kind, standing.value - standing.limit),
        **told,
    )


def amount(kind: LimitKind, value: float) -> str:
    """Return a value in the unit of its kind: kW, kVA, A or pu."""
    if kind in VOLTAGES:
        return f"{plain(value, 3)} pu"
    if kind is LimitKind.FEEDER:
        return power(value)
    if kind is LimitKind.LINE:
        return f"{plain(value)} A"
    return power(value).replace("kW", "kVA").replace("MW", "MVA")


def what_is_found(standing: Standing, lang: Lang) -> str:
    """Return what is found: "104 %", or a voltage in pu; a sign marks what is outside its limit."""
    sign = "▲ " if standing.outside else ""
    if standing.kind in VOLTAGES:
        return f"{sign}{plain(standing.value, 3)} pu"
    return f"{sign}{percent(standing.use, lang, 0)}"


def margin_of(standing: Standing, words: Words) -> str:
    """Return what is beyond the limit, or to spare, in the unit of the kind."""
    key = "grid.beyond" if standing.outside else "grid.spare"
    return words(key, amount=amount(standing.kind, abs(standing.value - standing.limit)))


def what_use(use: float, *, outside: bool, lang: Lang) -> str:
    """Return a use of the permitted, with a sign when it is outside."""
    return f"{'▲ ' if outside else ''}{percent(use, lang, 0)}"


def margin_text(margin_kva: float | None, use: float, words: Words) -> str:
    """Return a margin in kVA and percent of the limit; what is beyond it is said so."""
    share = f"{plain(abs(1.0 - use) * 100.0)} %"
    text = share if margin_kva is None else f"{plain(abs(margin_kva))} kVA · {share}"
    return words("grid.beyond" if use > 1.0 else "grid.spare", amount=text)
