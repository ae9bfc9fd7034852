"""The tables of the page of the grid: the ten worst, all feeders, all elements near their limits, the day."""

from __future__ import annotations

import numpy as np

from dash_app.answers.grid import margin_of, of_network, what_is_found
from dash_app.answers.grid_facts import GridFacts, Standing, standings
from dash_app.answers.grid_layers import Layer, layer_values
from dash_app.answers.grid_strip import worst_over_day
from dash_app.exports.table import Cell, Column, Table
from dash_app.words import Words
from twin.report_numbers import minutes
from twin.summary_grid_types import LimitKind, PlanIndex

LISTED = 10
UNITS = {
    LimitKind.FEEDER: "kW",
    LimitKind.BANK: "kVA",
    LimitKind.LINE: "A",
    LimitKind.TRANSFORMER: "kVA",
    LimitKind.UNDERVOLTAGE: "pu",
    LimitKind.OVERVOLTAGE: "pu",
}


def worst_table(
    facts: GridFacts, plan: PlanIndex, district: str, words: Words, *, transformers: bool
) -> tuple[Table, tuple[str, ...]]:
    """Return the ten worst by severity × duration, then those closest to their limit; and the feeder of each row."""
    found = [
        s
        for s in standings(facts.overview, plan)
        if of_network(s.kind) != transformers and (not district or s.district == district)
    ][:LISTED]
    columns = (
        Column("element", words("grid.col_element")),
        Column("kind", words("grid.col_kind")),
        Column("district", words("grid.col_district")),
        Column("found", words("grid.col_found")),
        Column("margin", words("grid.col_margin")),
        Column("worst", words("grid.col_worst")),
        Column("outside", words("grid.col_outside")),
    )
    rows = [_worst_row(facts, s, words) for s in found]
    return Table(words("grid.worst"), columns, rows), tuple(s.feeder for s in found)


def _worst_row(facts: GridFacts, standing: Standing, words: Words) -> tuple[Cell, ...]:
    kept = words("grid.kept")
    return (
        standing.element,
        words(f"grid.kind_{standing.kind.name.lower()}"),
        facts.district_name(standing.district, words.lang),
        what_is_found(standing, words.lang),
        margin_of(standing, words),
        facts.clock[standing.step],
        minutes(standing.minutes, words.lang) if standing.outside else kept,
    )


def limits_table(facts: GridFacts, plan: PlanIndex, words: Words) -> Table:
    """Return every element outside its limit, and of each kind those nearest to one."""
    columns = (
        Column("element", words("grid.col_element")),
        Column("kind", words("grid.col_kind")),
        Column("feeder", words("grid.col_feeder")),
        Column("substation", words("grid.col_substation")),
        Column("district", words("grid.col_district")),
        Column("use_percent", words("grid.col_use"), "%"),
        Column("value", words("grid.col_value"), decimals=3),
        Column("limit", words("grid.col_limit"), decimals=3),
        Column("value_unit", words("grid.col_unit")),
        Column("worst_kst", words("grid.col_worst")),
        Column("outside_min", words("grid.col_outside"), "min", 0),
        Column("from_kst", words("grid.col_from")),
        Column("until_kst", words("grid.col_until")),
        Column("severity_percent_h", words("grid.col_severity"), "%·h", 2),
    )
    rows = [_limit_row(facts, s, words) for s in standings(facts.overview, plan)]
    notes = (words("grid.note_use"), words("grid.note_severity"), words("grid.note_transformers"))
    return Table(words("grid.limits"), columns, rows, notes)


def _limit_row(facts: GridFacts, standing: Standing, words: Words) -> tuple[Cell, ...]:
    return (
        standing.element,
        words(f"grid.kind_{standing.kind.name.lower()}"),
        standing.feeder or None,
        standing.substation or None,
        facts.district_name(standing.district, words.lang),
        round(standing.use * 100.0, 2),
        standing.value,
        standing.limit,
        UNITS[standing.kind],
        facts.clock[standing.step],
        standing.minutes,
        facts.clock[standing.first] if standing.outside else None,
        facts.clock[standing.last] if standing.outside else None,
        round(standing.severity_h * 100.0, 3),
    )


def feeders_table(facts: GridFacts, plan: PlanIndex, step: int, words: Words) -> Table:
    """Return every feeder with its loading, voltage and transformers at a step, or at the worst of the day."""
    feeders, series = facts.overview.feeders, facts.overview.series
    values = {layer: layer_values(facts.overview, layer, plan, step) for layer in Layer}
    columns = (
        Column("feeder", words("grid.col_feeder")),
        Column("district", words("grid.col_district")),
        Column("substation", words("grid.col_substation")),
        Column("loading_percent", words("grid.layer_loading"), "%"),
        Column("loading_kst", words("grid.col_worst")),
        Column("head_kw", words("grid.col_head"), "kW"),
        Column("rating_kw", words("grid.col_rating"), "kW"),
        Column("voltage_pu", words("grid.layer_voltage"), "pu", 4),
        Column("voltage_use_percent", words("grid.col_voltage_use"), "%"),
        Column("transformer_percent", words("grid.layer_transformers"), "%"),
        Column("length_km", words("grid.col_length"), "km"),
        Column("transformers", words("grid.col_transformers")),
    )
    loading, voltage, below = (values[layer] for layer in Layer)
    stations = facts.overview.stations.id
    rows: list[tuple[Cell, ...]] = []
    for n in np.argsort(-np.nan_to_num(loading.feeder), kind="stable").tolist():
        at = int(loading.feeder_step[n])
        rows.append(
            (
                str(feeders.id[n]),
                facts.district_name(str(feeders.district[n]), words.lang),
                str(stations[feeders.substation[n]]),
                _number(loading.feeder[n] * 100.0, 2),
                facts.clock[at],
                _number(series.feeder_kw[plan, at, n], 1),
                float(feeders.rating_kw[n]),
                _number(voltage.value[n], 5),
                _number(voltage.feeder[n] * 100.0, 2),
                _number(below.feeder[n] * 100.0, 2),
                round(float(feeders.length_km[n]), 3),
                int(feeders.transformers[n]),
            )
        )
    return Table(words("grid.feeders"), columns, rows, (words("grid.note_use"), words("grid.note_loading")))


def strip_table(facts: GridFacts, layer: Layer, district: str, words: Words) -> Table:
    """Return the worst use of the permitted at every step, for both outcomes."""
    columns = [Column("start_kst", words("grid.col_clock"))]
    series = []
    for plan in (PlanIndex.PLAN, PlanIndex.UNMANAGED):
        name = plan.name.lower()
        columns += [
            Column(f"use_{name}_percent", words(f"grid.shown_{name}"), "%"),
            Column(f"feeder_{name}", f"{words('grid.col_feeder')} ({words(f'grid.shown_{name}')})"),
        ]
        series.append(worst_over_day(facts, layer, plan, district))
    rows = [
        (
            clock,
            *(
                cell
                for values, feeder in series
                for cell in (_number(values[step] * 100.0, 2), str(facts.overview.feeders.id[feeder[step]]))
            ),
        )
        for step, clock in enumerate(facts.clock)
    ]
    return Table(words("grid.strip"), tuple(columns), rows, (words("grid.note_use"),))


def _number(value: float, digits: int) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None
