"""What the page of what-ifs says: what was changed, what it does to the feeder, which limits appear and disappear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dash_app.answers.grid import amount
from dash_app.answers.grid_facts import GridFacts
from dash_app.exports.table import Cell, Column, Table
from dash_app.widgets.tone import Tone
from dash_app.words import Words
from twin.report_numbers import minutes, percent, plain, power
from twin.summary_grid_types import LimitKind
from twin.whatif_change import Addition, Change, PlaceKind, Resource
from twin.whatif_result import Curves, FeederChange, LimitFinding, WhatIfResult

SAME = 5e-4
"""Change of a loading that is shown as none: half of the last digit on the page."""


def change_words(change: Change, facts: GridFacts, words: Words) -> str:
    """Return a change in words: "2,000 kW of chargers at bus X; open X-L; close T3; garage G to bus Y"."""
    parts = [_addition(addition, facts, words) for addition in change.additions]
    parts += [words("whatif.closing" if move.closed else "whatif.opening", line=move.line) for move in change.switches]
    parts += [words("whatif.moving", garage=move.garage, bus=move.bus) for move in change.garages]
    return "; ".join(parts) if parts else words("whatif.nothing")


def _addition(addition: Addition, facts: GridFacts, words: Words) -> str:
    name = addition.id
    if addition.place is PlaceKind.DISTRICT:
        name = facts.district_name(name, words.lang)
    told = {
        "power": power(addition.power_kw),
        "energy": f"{plain(addition.energy_kwh)} kWh",
        "what": words(f"whatif.resource_{addition.resource}"),
        "place": words(f"whatif.at_{addition.place}", name=name),
    }
    return words("whatif.adding_battery" if addition.resource is Resource.BATTERY else "whatif.adding", **told)


def whatif_answer(result: WhatIfResult, facts: GridFacts, words: Words) -> str:
    """Return the sentence that answers a what-if.

    Parameters
    ----------
    result
        What the power flow found before and after.
    facts
        The run it was asked of.
    words
        Language of the page.
    """
    if result.after.converged_steps < result.steps:
        failed = result.steps - result.after.converged_steps
        return words("whatif.answer_unsolved", change=change_words(result.change, facts, words), failed=failed)
    parts = [
        words("whatif.answer", change=change_words(result.change, facts, words), effect=_effect(result, facts, words))
    ]
    parts.append(_limits(result, words))
    if result.after.unserved_buses:
        lost = power(result.after.unserved_kw)
        parts.append(words("whatif.answer_unserved", buses=plain(result.after.unserved_buses), power=lost))
    if result.after.rings > result.before.rings:
        parts.append(words("whatif.answer_ring"))
    return " ".join(parts)


def _effect(result: WhatIfResult, facts: GridFacts, words: Words) -> str:
    changed = main_feeder(result)
    if changed is None:
        return words("whatif.effect_none")
    before, after = changed.before, changed.after
    key = "whatif.effect_same" if abs(after.loading - before.loading) < SAME else "whatif.effect"
    return words(
        key,
        feeder=changed.feeder,
        before=percent(before.loading, words.lang, 0),
        after=percent(after.loading, words.lang, 0),
        clock=facts.at(after.loading_step),
        low_before=plain(before.lowest_v_pu, 3),
        low_after=plain(after.lowest_v_pu, 3),
    )


def main_feeder(result: WhatIfResult) -> FeederChange | None:
    """Return the feeder a what-if is about: the first of its curves, else the one that changed most."""
    by_name = {change.feeder: change for change in result.feeders}
    named = [by_name[curve.feeder] for curve in result.curves if curve.feeder in by_name]
    return named[0] if named else (result.feeders[0] if result.feeders else None)


def _limits(result: WhatIfResult, words: Words) -> str:
    if not (result.appeared or result.disappeared or result.remaining):
        return words("whatif.limits_none")
    counts = [_count(result, kind) for kind in LimitKind]
    new, gone = (sum(pair[index] for pair in counts) for index in (0, 1))
    stay = sum(_after(result, kind) for kind in LimitKind) - new
    return words("whatif.limits", new=plain(new), gone=plain(gone), stay=plain(max(stay, 0)))


def _count(result: WhatIfResult, kind: LimitKind) -> tuple[int, int]:
    new = sum(1 for finding in result.appeared if finding.kind == kind)
    return new, sum(1 for finding in result.disappeared if finding.kind == kind)


def _after(result: WhatIfResult, kind: LimitKind) -> int:
    return int(result.after.outside.get(kind.name.lower(), 0))


def whatif_tone(result: WhatIfResult) -> Tone:
    """Return how unusual the result is: a new violation, or customers without supply."""
    if result.after.converged_steps < result.steps:
        return Tone.UNKNOWN
    return Tone.ALERT if result.appeared or result.after.unserved_buses else Tone.CALM


def totals_table(result: WhatIfResult, words: Words) -> Table:
    """Return what was solved before and after, with the difference."""
    before, after = result.before, result.after
    columns = (
        Column("figure", words("whatif.col_figure")),
        Column("before", words("whatif.col_before")),
        Column("after", words("whatif.col_after")),
        Column("difference", words("whatif.col_difference")),
    )
    rows: list[tuple[Cell, ...]] = [
        _figures(words("whatif.peak"), before.peak_kw / 1e3, after.peak_kw / 1e3, "MW", 2),
        _figures(words("whatif.energy"), before.energy_mwh, after.energy_mwh, "MWh", 1),
        _figures(words("whatif.losses"), before.losses_mwh, after.losses_mwh, "MWh", 2),
    ]
    changed = main_feeder(result)
    if changed is not None:
        old, new, points = changed.before, changed.after, words("whatif.points")
        name = {"feeder": changed.feeder}
        rows += [
            _figures(words("whatif.loading", **name), old.loading * 100, new.loading * 100, "%", 1, points),
            _figures(words("whatif.lowest", **name), old.lowest_v_pu, new.lowest_v_pu, "pu", 4),
            _figures(words("whatif.highest", **name), old.highest_v_pu, new.highest_v_pu, "pu", 4),
            _figures(words("whatif.over", **name), old.minutes_over, new.minutes_over, "min", 0),
        ]
    for kind in LimitKind:
        name_of_kind = kind.name.lower()
        counts = int(before.outside[name_of_kind]), int(after.outside[name_of_kind])
        if any(counts):
            label = words("whatif.outside", kind=words(f"grid.kind_{name_of_kind}"))
            rows.append(_figures(label, float(counts[0]), float(counts[1]), "", 0))
    rows.append(_figures(words("whatif.unserved"), before.unserved_kw, after.unserved_kw, "kW", 0))
    return Table(words("whatif.totals"), columns, rows)


def _figures(name: str, before: float, after: float, unit: str, digits: int, points: str = "") -> tuple[Cell, ...]:
    """Return a row; a difference of percentages is told in `points`."""
    difference = after - before
    sign = "+" if round(difference, digits) > 0 else ""
    tail = f" {unit}" if unit else ""
    return (
        name,
        f"{plain(before, digits)}{tail}",
        f"{plain(after, digits)}{tail}",
        f"{sign}{plain(difference, digits)}{f' {points}' if points else tail}",
    )


def findings_in_sight(result: WhatIfResult, facts: GridFacts, words: Words) -> Table:
    """Return `findings_table` without the transformers that were overloaded before: they hide what changes."""
    kept = tuple(finding for finding in result.remaining if finding.kind != LimitKind.TRANSFORMER)
    return findings_table(replace(result, remaining=kept), facts, words)


def findings_table(result: WhatIfResult, facts: GridFacts, words: Words) -> Table:
    """Return the elements outside limits: new first, then gone, then those that stay."""
    columns = (
        Column("state", words("whatif.col_state")),
        Column("element", words("grid.col_element")),
        Column("kind", words("grid.col_kind")),
        Column("use_percent", words("grid.col_found"), "%"),
        Column("found", words("grid.col_value")),
        Column("limit", words("grid.col_limit")),
        Column("at_kst", words("grid.col_worst")),
        Column("outside", words("grid.col_outside")),
    )
    rows = [
        row
        for key, findings in (
            ("new", result.appeared), ("gone", result.disappeared), ("stays", result.remaining)
        )
        for row in _findings(findings, words(f"whatif.state_{key}"), facts, words)
    ]  # fmt: skip
    return Table(words("whatif.findings"), columns, rows, (words("grid.note_use"),))


def _findings(findings: Sequence[LimitFinding], state: str, facts: GridFacts, words: Words) -> list[tuple[Cell, ...]]:
    return [
        (
            state,
            finding.element,
            words(f"grid.kind_{LimitKind(finding.kind).name.lower()}"),
            round(finding.use * 100.0, 1),
            amount(LimitKind(finding.kind), finding.value),
            amount(LimitKind(finding.kind), finding.limit),
            facts.clock[finding.step],
            minutes(finding.minutes, words.lang),
        )
        for finding in findings
    ]


def feeders_table(result: WhatIfResult, facts: GridFacts, words: Words) -> Table:
    """Return every feeder that changes, before and after."""
    columns = (
        Column("feeder", words("grid.col_feeder")),
        Column("district", words("grid.col_district")),
        Column("loading_before_percent", words("whatif.col_loading_before"), "%"),
        Column("loading_after_percent", words("whatif.col_loading_after"), "%"),
        Column("lowest_before_pu", words("whatif.col_low_before"), "pu", 4),
        Column("lowest_after_pu", words("whatif.col_low_after"), "pu", 4),
        Column("transformer_before_percent", words("whatif.col_transformer_before"), "%"),
        Column("transformer_after_percent", words("whatif.col_transformer_after"), "%"),
    )
    rows = [
        (
            change.feeder,
            facts.district_name(change.district, words.lang),
            round(change.before.loading * 100.0, 2),
            round(change.after.loading * 100.0, 2),
            change.before.lowest_v_pu,
            change.after.lowest_v_pu,
            round(change.before.transformer * 100.0, 1),
            round(change.after.transformer * 100.0, 1),
        )
        for change in result.feeders
    ]
    return Table(words("whatif.feeders"), columns, rows, (words("grid.note_loading"),))


def curves_table(result: WhatIfResult, facts: GridFacts, words: Words) -> Table:
    """Return power, loading and lowest voltage of the feeder at every step, before and after."""
    columns = (
        Column("start_kst", words("grid.col_clock")),
        Column("before_kw", words("whatif.col_before"), "kW"),
        Column("after_kw", words("whatif.col_after"), "kW"),
        Column("before_percent", words("whatif.col_loading_before"), "%"),
        Column("after_percent", words("whatif.col_loading_after"), "%"),
        Column("before_pu", words("whatif.col_low_before"), "pu", 4),
        Column("after_pu", words("whatif.col_low_after"), "pu", 4),
    )
    if not result.curves:
        return Table(words("whatif.curves"), columns, ())
    curve: Curves = result.curves[0]
    rows = [
        (
            clock, curve.before_kw[t], curve.after_kw[t], round(curve.before_loading[t] * 100.0, 3),
            round(curve.after_loading[t] * 100.0, 3), curve.before_v_pu[t], curve.after_v_pu[t],
        )
        for t, clock in enumerate(facts.clock)
    ]  # fmt: skip
    return Table(f"{words('whatif.curves')}: {curve.feeder}", columns, rows, (words("feeder.sign"),))
