"""The tables of the page of a feeder: its limits, buses, sections, switches, its day, its loading by duration."""

from __future__ import annotations

import numpy as np

from dash_app.answers.grid import amount, margin_text, what_use
from dash_app.answers.grid_facts import GridFacts
from dash_app.answers.grid_feeder import duration_curves, head_kva, limits_of
from dash_app.answers.grid_layers import WHOLE_DAY
from dash_app.exports.table import Cell, Column, Table
from dash_app.words import Words
from grid.synthesis_tables import BusKind
from twin.report_numbers import minutes
from twin.summary_feeder import FeederSlice
from twin.summary_grid_types import PlanIndex


def feeder_limits_table(feeder: FeederSlice, facts: GridFacts, plan: PlanIndex, words: Words) -> Table:
    """Return each kind of limit of a feeder with its margin, the one used most first."""
    columns = (
        Column("limit", words("feeder.col_limit")),
        Column("use", words("grid.col_found")),
        Column("margin", words("feeder.col_margin")),
        Column("at_kst", words("grid.col_worst")),
        Column("outside", words("grid.col_outside")),
        Column("value_of_limit", words("feeder.col_of")),
        Column("element", words("grid.col_element")),
    )
    rows: list[tuple[Cell, ...]] = []
    for limit in limits_of(feeder, facts, plan):
        margin = limit.margin_kva if not np.isnan(limit.margin_kva) else None
        rows.append(
            (
                words(f"feeder.limit_{limit.kind.name.lower()}"),
                what_use(limit.use, outside=limit.outside, lang=words.lang),
                margin_text(margin, limit.use, words),
                facts.clock[limit.step],
                minutes(limit.minutes, words.lang) if limit.outside else words("grid.kept"),
                f"{amount(limit.kind, limit.value)} / {amount(limit.kind, limit.limit)}",
                limit.element,
            )
        )
    return Table(words("feeder.limits"), columns, rows, (words("feeder.note_margin"), words("grid.note_transformers")))


def buses_table(feeder: FeederSlice, _facts: GridFacts, plan: PlanIndex, step: int, words: Words) -> Table:
    """Return every bus: where it hangs, whom it serves, its voltages, its transformer's loading."""
    volts = np.asarray(feeder.day.v_pu[plan], dtype=np.float64)
    use, buses = feeder.transformer_use[plan], feeder.buses
    at = slice(None) if step == WHOLE_DAY else slice(step, step + 1)
    columns = (
        Column("bus", words("feeder.col_bus")),
        Column("fed_from", words("feeder.col_fed_from")),
        Column("distance_km", words("feeder.col_distance"), "km", 3),
        Column("kind", words("grid.col_kind")),
        Column("contract_class", words("feeder.col_class")),
        Column("lowest_pu", words("feeder.day_lowest"), "pu", 4),
        Column("highest_pu", words("feeder.day_highest"), "pu", 4),
        Column("rating_kva", words("grid.col_rating"), "kVA", 0),
        Column("transformer_percent", words("feeder.col_transformer_use"), "%"),
        Column("load_kw", words("feeder.col_load"), "kW"),
        Column("critical", words("feeder.col_critical")),
    )
    rows: list[tuple[Cell, ...]] = []
    for n in range(len(buses.id)):
        rated = buses.rating_kva[n] > 0
        rows.append(
            (
                str(buses.id[n]),
                str(buses.id[buses.parent[n]]) if buses.parent[n] >= 0 else None,
                round(float(buses.distance_km[n]), 4),
                words(f"feeder.kind_{BusKind(int(buses.kind[n])).name.lower()}"),
                words.label("class", str(buses.contract_class[n])) if buses.contract_class[n] else None,
                round(float(np.nanmin(volts[at, n])), 5),
                round(float(np.nanmax(volts[at, n])), 5),
                float(buses.rating_kva[n]) if rated else None,
                round(float(use[at, n].max()) * 100.0, 1) if rated else None,
                round(float(np.max(feeder.day.load_kw[plan][at, n])), 2) if n else None,
                words("feeder.yes") if buses.critical[n] else words("feeder.no"),
            )
        )
    return Table(words("feeder.buses"), columns, rows)


def sections_table(feeder: FeederSlice, facts: GridFacts, plan: PlanIndex, words: Words) -> Table:
    """Return every section and tie with its switch state, conductor and loading."""
    loading = np.nan_to_num(np.asarray(feeder.day.loading[plan], dtype=np.float64))
    lines, buses = feeder.lines, feeder.buses.id
    columns = (
        Column("section", words("feeder.col_section")),
        Column("from_bus", words("feeder.col_from")),
        Column("to_bus", words("feeder.col_to")),
        Column("switch", words("feeder.col_switch")),
        Column("conductor", words("feeder.col_conductor")),
        Column("length_km", words("grid.col_length"), "km", 3),
        Column("rating_a", words("grid.col_rating"), "A", 0),
        Column("loading_percent", words("feeder.col_loading"), "%"),
        Column("at_kst", words("grid.col_worst")),
        Column("leads_to", words("feeder.col_leads_to")),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            str(lines.id[n]),
            str(buses[lines.from_bus[n]]),
            str(buses[lines.to_bus[n]]),
            words("feeder.closed"),
            str(lines.conductor[n]),
            round(float(lines.length_km[n]), 4),
            float(lines.rating_a[n]),
            round(float(loading[:, n].max()) * 100.0, 2),
            facts.clock[int(loading[:, n].argmax())],
            None,
        )
        for n in range(len(lines.id))
    ]
    rows += [
        (
            tie.id, str(buses[tie.bus]), tie.other_bus, words("feeder.open"), None,
            round(tie.length_km, 4), None, 0.0, None, tie.other_feeder,
        )
        for tie in feeder.ties
    ]  # fmt: skip
    return Table(words("feeder.sections"), columns, rows)


def ties_table(feeder: FeederSlice, facts: GridFacts, plan: PlanIndex, words: Words) -> Table:
    """Return the open ties and how loaded the feeder behind each is at most."""
    columns = (
        Column("other_feeder", words("feeder.col_leads_to")),
        Column("tie", words("feeder.col_tie")),
        Column("bus", words("feeder.col_bus")),
        Column("switch", words("feeder.col_switch")),
        Column("their_use", words("feeder.col_their_use")),
        Column("their_spare", words("feeder.col_their_spare"), "kW", 0),
    )
    rows: list[tuple[Cell, ...]] = []
    for tie in feeder.ties:
        number = facts.feeder_number(tie.other_feeder)
        if number < 0:
            rows.append((tie.other_feeder, tie.id, str(feeder.buses.id[tie.bus]), words("feeder.open"), None, None))
            continue
        kw = np.abs(np.asarray(facts.overview.series.feeder_kw[plan, :, number], dtype=np.float64))
        rating = float(facts.overview.feeders.rating_kw[number])
        use = float(kw.max()) / rating
        rows.append(
            (
                tie.other_feeder,
                tie.id,
                str(feeder.buses.id[tie.bus]),
                words("feeder.open"),
                what_use(use, outside=use > 1.001, lang=words.lang),
                round(rating - float(kw.max()), 1),
            )
        )
    return Table(words("feeder.ties"), columns, rows)


def day_table(feeder: FeederSlice, facts: GridFacts, plan: PlanIndex, words: Words) -> Table:
    """Return the head of the feeder at every step: power, loading, voltages along it."""
    number, series = facts.feeder_number(feeder.id), facts.overview.series
    active, apparent = head_kva(feeder, facts, plan)
    columns = (
        Column("start_kst", words("grid.col_clock")),
        Column("head_kw", words("grid.col_head"), "kW"),
        Column("head_kva", words("feeder.col_head_kva"), "kVA"),
        Column("loading_percent", words("grid.layer_loading"), "%"),
        Column("unmanaged_kw", words("grid.shown_unmanaged"), "kW"),
        Column("lowest_pu", words("feeder.day_lowest"), "pu", 4),
        Column("highest_pu", words("feeder.day_highest"), "pu", 4),
    )
    rows = [
        (
            clock,
            round(float(active[t]), 1),
            round(float(apparent[t]), 1),
            round(float(series.feeder_loading[plan, t, number]) * 100.0, 2),
            round(float(series.feeder_kw[PlanIndex.UNMANAGED, t, number]), 1),
            round(float(series.lowest_v_pu[plan, t, number]), 5),
            round(float(series.highest_v_pu[plan, t, number]), 5),
        )
        for t, clock in enumerate(facts.clock)
    ]
    return Table(words("feeder.day"), columns, rows, (words("grid.note_loading"), words("feeder.note_kva")))


def duration_table(feeder: FeederSlice, facts: GridFacts, plan: PlanIndex, words: Words) -> Table:
    """Return loading by duration: what is reached for so many hours of the day."""
    curves = duration_curves(feeder, facts, plan, words)
    keys = ("feeder_percent", "section_percent", "transformer_percent")
    names = zip(keys, curves, strict=True)
    columns = (Column("hours", words("feeder.axis_hours"), "h", 2), *(Column(key, name, "%") for key, name in names))
    ordered = [np.sort(use)[::-1] for use in curves.values()]
    rows = [
        (round((n + 1) * facts.summary.run.step_h, 4), *(round(float(use[n]) * 100.0, 2) for use in ordered))
        for n in range(len(facts.clock))
    ]
    return Table(words("feeder.duration"), columns, rows)
