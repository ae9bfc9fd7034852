"""Sentences of the independent replay in the language of the page.

The replay speaks English, in a closed set of forms. Each form has a pattern here and a text in the catalogues; a test
holds every form of the replay against them.
"""

from __future__ import annotations

import re

from dash_app.words import Words

_N = r"-?[\d,.]+"
_T = r"(?P<clock>[^,]+)"
_B = r"bus (?P<bus>.+)"
PATTERNS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern)
    for name, pattern in {
        "short": rf"{_B}, {_T}: (?P<has>{_N}) kWh, (?P<missing>{_N}) short of (?P<need>{_N})",
        "above_window": rf"{_B}, {_T}: (?P<has>{_N}) kWh is above the window's (?P<most>{_N})",
        "energy_differs": rf"{_B}, {_T}: the plan says (?P<plan>{_N}) kWh, the replay (?P<own>{_N})",
        "fed_too_much": rf"{_B}: feeds back (?P<fed>{_N}) kWh, warranted are (?P<most>{_N})",
        "taper": rf"{_B}, {_T}: charges at (?P<kw>{_N}) kW, at (?P<has>{_N}) kWh it takes (?P<most>{_N})",
        "negative": rf"{_B}, {_T}: negative power (?P<charge>{_N}) / (?P<feed>{_N}) kW",
        "both_ways": rf"{_B}, {_T}: charges (?P<charge>{_N}) kW and feeds back (?P<feed>{_N}) kW at once",
        "not_plugged": rf"{_B}, {_T}: power (?P<kw>{_N}) kW without being plugged",
        "away": rf"{_B}, {_T}: plugged to (?P<charger>.+) while away",
        "does_not_fit": rf"{_B}, {_T}: plugged to (?P<charger>.+), which does not fit",
        "over_power": rf"{_B}, {_T}: charges at (?P<kw>{_N}) kW, more than bus or (?P<charger>.+) can",
        "over_feed": rf"{_B}, {_T}: feeds back (?P<kw>{_N}) kW, more than bus or (?P<charger>.+) can",
        "under_power": rf"{_B}, {_T}: charges at (?P<kw>{_N}) kW, (?P<charger>.+) starts at (?P<least>{_N})",
        "no_staff": rf"{_B}, session from (?P<clock>.+): nobody is there to plug it in",
        "too_brief": rf"{_B}, session from (?P<clock>.+): (?P<steps>\d+) steps long, the least is (?P<least>\d+)",
        "too_often": rf"{_B}, stay from (?P<clock>.+): (?P<count>\d+) sessions, at most (?P<most>\d+) are allowed",
        "outlets": rf"(?P<charger>.+), {_T}: (?P<used>\d+) buses plugged and (?P<left>\d+) outlets in handover, "
        rf"there are (?P<count>\d+)",
        "lane": rf"(?P<charger>.+), {_T}: {_B} leaves the lane through bus (?P<other>.+)",
        "cabinet": rf"cabinet (?P<cabinet>.+), {_T}: (?P<kw>{_N}) kW, it gives (?P<most>{_N})",
        "site_differs": rf"site, {_T}: the plan says (?P<plan>{_N}) kW, the replay (?P<own>{_N})",
        "site_import": rf"site, {_T}: draws (?P<kw>{_N}) kW, the connection gives (?P<most>{_N})",
        "site_export": rf"site, {_T}: exports (?P<kw>{_N}) kW, the connection takes (?P<most>{_N})",
        "site_pv": rf"site, {_T}: uses (?P<kw>{_N}) kW of PV, there are (?P<most>{_N})",
        "battery_none": "site battery: used, but there is none",
        "battery_power": rf"site battery, {_T}: (?P<kw>{_N}) kW is outside its power",
        "battery_energy": rf"site battery, {_T}: (?P<has>{_N}) kWh is outside its window",
        "battery_end": rf"site battery, end: (?P<has>{_N}) kWh, needed are (?P<need>{_N})",
        "cost_differs": rf"cost, (?P<term>\w+): the plan says (?P<plan>{_N}), the replay (?P<own>{_N})",
    }.items()
}


def rule_words(sentence: str, words: Words) -> str:
    """Return a sentence of the replay in the language of the page; one of no known form stays as it is."""
    for name, pattern in PATTERNS.items():
        match = pattern.fullmatch(sentence)
        if match:
            fields = match.groupdict()
            if fields.get("clock") == "end":
                fields["clock"] = words("rule.end_of_day")
            return words(f"rule.{name}", **fields)
    return sentence
