"""What the page of comparisons says: which run is better on what, district by district, against a named baseline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dash_app.exports.table import Cell, Column, Table
from dash_app.words import Words
from twin.report_answers import broken_minutes, charging_cost_krw, missing_kwh
from twin.report_numbers import Lang, day, percent, plain
from twin.summary_types import DistrictFacts, Summary

SAME = 5e-4
"""Relative difference below which two figures are called the same: what is shown has three digits."""


class Measure(StrEnum):
    """What runs are compared by. Less is better for every one of them."""

    COST = "cost"
    CARBON = "carbon"
    PEAK = "peak"
    VIOLATIONS = "violations"
    LOSSES = "losses"
    MISSING = "missing"


DISTRICT_MEASURES = (Measure.COST, Measure.CARBON, Measure.PEAK, Measure.VIOLATIONS)
UNITS = {
    Measure.COST: "mkrw",
    Measure.CARBON: "t",
    Measure.PEAK: "mw",
    Measure.VIOLATIONS: "min",
    Measure.LOSSES: "mwh",
    Measure.MISSING: "kwh",
}
DECIMALS = {
    Measure.COST: 2,
    Measure.CARBON: 1,
    Measure.PEAK: 1,
    Measure.VIOLATIONS: 0,
    Measure.LOSSES: 1,
    Measure.MISSING: 1,
}
_CITY: Mapping[Measure, Callable[[Summary], float]] = {
    Measure.COST: lambda s: charging_cost_krw(s)[1] / 1e6,
    Measure.CARBON: lambda s: sum(d.co2_t for d in s.districts),
    Measure.PEAK: lambda s: max(s.curves.supplied_plan_mw),
    Measure.VIOLATIONS: lambda s: broken_minutes(s.districts, plan=True),
    Measure.LOSSES: lambda s: s.totals["losses_plan_mwh"],
    Measure.MISSING: missing_kwh,
}
_DISTRICT: Mapping[Measure, Callable[[DistrictFacts], float]] = {
    Measure.COST: lambda d: d.charging_cost_plan_mkrw,
    Measure.CARBON: lambda d: d.co2_t,
    Measure.PEAK: lambda d: d.peak_plan_mw,
    Measure.VIOLATIONS: lambda d: sum(d.violation_minutes_plan.values()),
}


@dataclass(frozen=True)
class Compared:
    """Runs to compare: the baseline and the others, each with its name on this page."""

    base: Summary
    others: tuple[Summary, ...]
    names: Mapping[str, str]

    def name(self, summary: Summary) -> str:
        """Return what a run is called on this page."""
        return self.names[summary.run.run_id]


def compared(base: Summary, others: Sequence[Summary], words: Words) -> Compared:
    """Return runs with names that tell them apart: scenario, date, district, and the end of the id where needed."""
    every = [base, *others]
    names = {s.run.run_id: run_name(s, words) for s in every}
    taken = list(names.values())
    names = {
        run_id: name if taken.count(name) == 1 else f"{name} ({run_id.rsplit('-', 1)[-1]})"
        for run_id, name in names.items()
    }
    return Compared(base, tuple(others), names)


def run_name(summary: Summary, words: Words) -> str:
    """Return scenario and date of a run, and its district when it has one."""
    run = summary.run
    where = next((_name(d, words.lang) for d in summary.districts if d.code == run.district), "")
    return ", ".join(part for part in (run.scenario, run.service_date, where) if part)


def _name(district: DistrictFacts, lang: Lang) -> str:
    return district.name_local if lang is Lang.KOREAN else district.name_en


def value_of(summary: Summary, measure: Measure) -> float:
    """Return a city-wide figure."""
    return _CITY[measure](summary)


def district_value(district: DistrictFacts, measure: Measure) -> float:
    """Return a district's figure."""
    return _DISTRICT[measure](district)


def share(base: float, other: float) -> float | None:
    """Return the relative difference to a baseline; None when the baseline is 0 and the other is not."""
    if abs(other - base) <= 1e-9:
        return 0.0
    return (other - base) / abs(base) if base else None


def policy_answer(runs: Compared, words: Words) -> str:
    """Say which run is better than the baseline on cost, carbon, peak and violations, and where districts disagree."""
    base = words("policy.base_named", base=runs.name(runs.base), date=day(runs.base.run.service_date, words.lang))
    if not runs.others:
        return f"{base} {words('policy.choose')}"
    if len(runs.others) == 1:
        said = _against(runs, runs.others[0], words)
    else:
        said = words("policy.best_of", count=plain(len(runs.others)), wins="; ".join(_wins(runs, words)))
    return " ".join([base, said, *_worse_districts(runs, words)])


def _against(runs: Compared, other: Summary, words: Words) -> str:
    parts = [_change(runs.base, other, measure, words) for measure in DISTRICT_MEASURES]
    return words("policy.against", name=runs.name(other), changes=", ".join(parts))


def _change(base: Summary, other: Summary, measure: Measure, words: Words) -> str:
    before, after = value_of(base, measure), value_of(other, measure)
    ratio = share(before, after)
    label = words(f"measure.{measure.value}")
    if ratio is not None and abs(ratio) < SAME:
        return words("policy.same", measure=label)
    amount = f"{plain(abs(after - before), DECIMALS[measure])} {words(f'unit.{UNITS[measure]}')}"
    told = percent(abs(ratio), words.lang) if ratio is not None else words("policy.from_zero")
    return words("policy.less" if after < before else "policy.more", measure=label, amount=amount, share=told)


def _wins(runs: Compared, words: Words) -> list[str]:
    found = []
    for measure in DISTRICT_MEASURES:
        best = min(runs.others, key=lambda summary: value_of(summary, measure))
        change = _change(runs.base, best, measure, words)
        found.append(words("policy.win", name=runs.name(best), change=change))
    return found


def _worse_districts(runs: Compared, words: Words) -> list[str]:
    """Return a sentence when a run is cheaper as a whole and dearer in a district: a mean never hides who pays."""
    for other in runs.others:
        if value_of(other, Measure.COST) >= value_of(runs.base, Measure.COST):
            continue
        known = {d.code: d for d in runs.base.districts}
        rises = [
            (district_value(d, Measure.COST) - district_value(known[d.code], Measure.COST), d)
            for d in other.districts
            if d.code in known
        ]
        worse = sorted((rise for rise in rises if rise[0] > SAME), key=lambda rise: -rise[0])
        if worse:
            amount, district = worse[0]
            return [
                words("policy.dearer", name=runs.name(other), count=plain(len(worse)),
                      district=_name(district, words.lang), amount=f"{plain(amount, 2)} {words('unit.mkrw')}")
            ]  # fmt: skip
    return []


def cautions(runs: Compared, words: Words) -> list[str]:
    """Return what besides the scenario differs between runs, so that nobody reads a change of weather as a policy."""
    facts: dict[str, Callable[[Summary], object]] = {
        "date": lambda s: s.run.service_date,
        "weather": lambda s: s.run.weather,
        "district": lambda s: s.run.district,
        "seed": lambda s: s.run.seed,
        "code": lambda s: s.run.code_version,
    }
    differing = [name for name, read in facts.items() if any(read(other) != read(runs.base) for other in runs.others)]
    said = (
        [words("policy.differ", what=", ".join(words(f"policy.differ_{name}") for name in differing))]
        if differing
        else []
    )
    bad = [s for s in (runs.base, *runs.others) if s.certificate.status not in {"optimal", "feasible"}]
    return said + [
        words("policy.status", name=runs.name(s), status=words(f"plan_status.{s.certificate.status}")) for s in bad
    ]


def measures_table(runs: Compared, words: Words) -> Table:
    """Return one row a measure: the baseline, and each other run with its difference and share."""
    columns = [Column("measure", words("policy.measure")), Column("unit", words("policy.unit"))]
    columns.append(Column("base", words("policy.base_column", name=runs.name(runs.base)), "", 2))
    for number, other in enumerate(runs.others, 1):
        columns += [
            Column(f"run{number}", runs.name(other), "", 2),
            Column(f"difference{number}", words("policy.difference"), "", 2),
            Column(f"difference{number}_percent", words("policy.difference"), "%", 1),
        ]
    rows = []
    for measure in Measure:
        before = value_of(runs.base, measure)
        row: list[Cell] = [words(f"measure.{measure.value}"), words(f"unit.{UNITS[measure]}"), round(before, 4)]
        for other in runs.others:
            after = value_of(other, measure)
            ratio = share(before, after)
            row += [round(after, 4), round(after - before, 4), None if ratio is None else round(ratio * 100, 3)]
        rows.append(tuple(row))
    return Table(words("policy.measures"), tuple(columns), rows, (words("policy.note"),))


def districts_table(runs: Compared, measure: Measure, words: Words) -> Table:
    """Return one row a district: the baseline's figure, and each other run's with its difference."""
    columns = [Column("district", words("schedule.district"))]
    unit = words(f"unit.{UNITS[measure]}")
    columns.append(Column("base", runs.name(runs.base), unit, DECIMALS[measure]))
    for number, other in enumerate(runs.others, 1):
        columns += [
            Column(f"run{number}", runs.name(other), unit, DECIMALS[measure]),
            Column(f"difference{number}", words("policy.difference"), unit, DECIMALS[measure]),
        ]
    known = [{d.code: district_value(d, measure) for d in s.districts} for s in runs.others]
    rows = []
    for district in runs.base.districts:
        before = district_value(district, measure)
        row: list[Cell] = [_name(district, words.lang), round(before, 4)]
        for values in known:
            after = values.get(district.code)
            row += [None, None] if after is None else [round(after, 4), round(after - before, 4)]
        rows.append(tuple(row))
    return Table(words("policy.districts", measure=words(f"measure.{measure.value}")), tuple(columns), rows)


def district_differences(base: Summary, other: Summary, measure: Measure) -> dict[str, float]:
    """Return by district what a run has more than the baseline; districts that one of them lacks are left out."""
    known = {d.code: district_value(d, measure) for d in base.districts}
    return {d.code: district_value(d, measure) - known[d.code] for d in other.districts if d.code in known}


def map_sentence(base: Summary, other: Summary, measure: Measure, words: Words) -> str:
    """Say where a run differs most from the baseline, both ways."""
    differences = district_differences(base, other, measure)
    names = {d.code: _name(d, words.lang) for d in other.districts}
    unit = words(f"unit.{UNITS[measure]}")
    if not differences or max(map(abs, differences.values())) < 10.0 ** -DECIMALS[measure] / 2:
        return words("policy.map_same", measure=words(f"measure.{measure.value}"))
    low, high = min(differences, key=lambda c: differences[c]), max(differences, key=lambda c: differences[c])

    def told(code: str) -> str:
        amount = differences[code]
        sign = "+" if amount > 0 else ""
        return f"{names[code]} ({sign}{plain(amount, DECIMALS[measure])} {unit})"

    return words("policy.map_sentence", measure=words(f"measure.{measure.value}"), low=told(low), high=told(high))


def curves_table(runs: Compared, words: Words) -> Table:
    """Return the supply of every run, step by step; steps of runs with another clock are left empty."""
    every = (runs.base, *runs.others)
    columns = [Column("clock_kst", words("depot.clock"))]
    columns += [Column(f"supplied{n}_mw", runs.name(s), "MW", 3) for n, s in enumerate(every)]
    rows = []
    for t, clock in enumerate(runs.base.run.clock):
        cells = [s.curves.supplied_plan_mw[t] if t < len(s.run.clock) else None for s in every]
        rows.append((clock, *cells))
    return Table(words("policy.curves"), tuple(columns), rows)
