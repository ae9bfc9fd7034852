"""Why a plan is as it is, in sentences, English and Korean: binding limits, places to build, limits not kept."""

from __future__ import annotations

from twin.report_numbers import Lang, money, percent, plain, power
from twin.schedule_why import Binding, Investment, LimitName, Place, Shortfall, Why
from twin.schedule_words_sentences import WHY_SENTENCES

VOLTAGES = frozenset({LimitName.LOW_VOLTAGE, LimitName.HIGH_VOLTAGE})
PRICE_UNIT: dict[LimitName, tuple[float, str]] = {
    LimitName.LOW_VOLTAGE: (0.01, "0.01 pu·h"),
    LimitName.HIGH_VOLTAGE: (0.01, "0.01 pu·h"),
    LimitName.CURRENT: (1000.0, "MVA·h"),
    LimitName.FLOW: (1000.0, "MWh"),
    LimitName.SUPPLY: (1000.0, "MWh"),
    LimitName.CARBON: (1000.0, "t"),
}
"""Unit that prices are told per, and how many of the limit's own unit it is."""


def say(lang: Lang, key: str, **values: str) -> str:
    """Return the sentence of a key in a language with its fields filled."""
    english, korean = WHY_SENTENCES[key]
    return (korean if lang is Lang.KOREAN else english).format(**values)


def opening_sentence(why: Why, lang: str) -> str:
    """Return in one sentence what limits of grid and city cost, and whether all are kept."""
    tongue = Lang(lang)
    if why.shortfalls:
        forced = sum(one.forced for one in why.shortfalls)
        return say(tongue, "why.relaxed", count=plain(len(why.shortfalls)), forced=plain(forced))
    if not why.bindings:
        return say(tongue, "why.free")
    return say(tongue, "why.bound", count=plain(len(why.bindings)), krw=money(why.limits_krw, tongue))


def binding_sentences(why: Why, lang: str) -> tuple[str, ...]:
    """Return one sentence for each of `why.bindings`: what binds, when, at what price, what a relief is worth."""
    tongue = Lang(lang)
    return tuple(_binding(binding, tongue) for binding in why.bindings)


def place_sentences(why: Why, lang: str) -> tuple[str, ...]:
    """Return one sentence for each of `why.places`."""
    tongue = Lang(lang)
    return tuple(_place(place, tongue) for place in why.places)


def shortfall_sentences(why: Why, lang: str) -> tuple[str, ...]:
    """Return one sentence for each of `why.shortfalls`: which limit, how much, when, and the smallest relief."""
    tongue = Lang(lang)
    return tuple(_shortfall(one, tongue) for one in why.shortfalls)


def _binding(binding: Binding, lang: Lang) -> str:
    scale, unit = PRICE_UNIT[binding.limit]
    values = {
        "where": where(binding.limit, binding.element, binding.group, lang, head=binding.head),
        "start": binding.start,
        "stop": binding.stop,
        "relief": amount(binding.limit, binding.relief),
        "worth": money(binding.worth_krw, lang),
        "price": money(binding.price_krw_per_unit_h * scale, lang),
        "unit": unit,
    }
    return say(lang, "binding.day" if binding.limit is LimitName.CARBON else "binding.span", **values)


def where(limit: LimitName, element: str, group: str, lang: Lang, *, head: bool = False) -> str:
    """Return a limit as the subject of a sentence."""
    if limit in {LimitName.SUPPLY, LimitName.CARBON}:
        return say(lang, f"where.{limit}")
    if not group:
        return say(lang, f"where.{limit}_alone", element=element)
    if head or limit is LimitName.FLOW:
        return say(lang, "where.head", group=group)
    return say(lang, f"where.{limit}", element=element, group=group)


def amount(limit: LimitName, value: float) -> str:
    """Return an amount of a limit with its unit."""
    if limit in VOLTAGES:
        return f"{plain(value, 4)} pu"
    if limit is LimitName.CARBON:
        return f"{plain(value / 1000.0, 2)} t"
    if limit is LimitName.CURRENT:
        return f"{plain(value)} kVA" if value < 1000 else f"{plain(value / 1000.0, 2)} MVA"
    return power(value)


def _place(place: Place, lang: Lang) -> str:
    values = {
        "element": place.element,
        "group": f" ({place.group})" if place.group else "",
        "size": percent(place.size, lang, 0) if place.investment is Investment.CABLE else power(place.size),
        "worth": money(abs(place.worth_krw), lang),
        "room": power(place.room_kw),
    }
    free = place.investment is Investment.CHARGER and abs(place.worth_krw) < 1.0
    return say(lang, "place.charger_free" if free else f"place.{place.investment}", **values)


def _shortfall(one: Shortfall, lang: Lang) -> str:
    city = one.limit in {LimitName.SUPPLY, LimitName.CARBON}
    values = {
        "where": where(one.limit, one.element, one.group, lang),
        "start": one.start,
        "stop": one.stop,
        "excess": amount(one.limit, one.excess),
        "share": "" if one.limit in VOLTAGES else f" ({percent(one.share, lang)})",
    }
    first = say(lang, "short.day" if one.limit is LimitName.CARBON else "short.span", **values)
    blame = say(lang, "short.forced" if one.forced else "short.dear")
    ways = [say(lang, f"relief.{'cap' if city else 'limit'}", excess=values["excess"])]
    if one.relief_kw < float("inf"):
        ways.append(say(lang, "relief.load", kw=power(one.relief_kw)))
    if one.relief_kvar < float("inf"):
        ways.append(say(lang, "relief.reactive", kvar=f"{plain(one.relief_kvar)} kvar"))
    return f"{first} {blame} {say(lang, 'relief.ways', ways=say(lang, 'relief.or').join(ways))}"
