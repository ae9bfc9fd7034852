"""What must hold between the values of a depot folder: links, batteries, duties, chargers, and a day without gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from data.depot_clock import Times, read_hours_of_day
from data.depot_settings import DEPOT_SETTINGS_FILE, DepotSettings
from data.depot_tables import BUS_TYPES, BUSES, CABINETS, CHARGERS, DEPOT_TABLES, DUTIES, OUTLETS, PRICES, SITE, STAFF
from data.errors import ProblemList


@dataclass(frozen=True)
class DepotInput:
    """What could be read of a depot folder; tables with wrong cells are absent, wrong times are NaT."""

    settings: DepotSettings
    tables: Mapping[str, pd.DataFrame]
    times_utc: Mapping[str, Times]
    edges_utc: Times | None


def check_depot(depot: DepotInput, problems: ProblemList) -> None:
    """Note everything that does not fit together."""
    _check_links(depot.tables, problems)
    _check_types(depot.tables, problems)
    _check_buses(depot, problems)
    _check_duty_energy(depot.tables, problems)
    _check_duty_times(depot, problems)
    _check_chargers(depot.tables, problems)
    _check_outlets(depot.tables, problems)
    for schema, whole in ((PRICES, True), (SITE, False)):
        _check_stretches(depot, schema.name, problems, cover=whole)
    if "staff" in depot.tables:
        read_hours_of_day(depot.tables["staff"], STAFF.filename, problems)


def _rows(table: pd.DataFrame) -> list[tuple[int, dict[str, Any]]]:
    """Return each row with the line it stands in."""
    records: list[dict[str, Any]] = [
        {str(key): value for key, value in row.items()} for row in table.to_dict("records")
    ]
    return list(zip([int(line) for line in table.index], records, strict=True))


def _check_links(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    for schema in DEPOT_TABLES:
        for column in schema.columns:
            target, _, key = column.refers_to.partition(".")
            if schema.name not in tables or not target:
                continue
            values = tables[schema.name][column.name]
            if target not in tables and target != CABINETS.name:
                continue
            known = set(tables[target][key]) if target in tables else set()
            for row, value in values[(values != "") & ~values.isin(known)].items():
                what, fix = f"there is no {key} '{value}'", f"add it to {target}.csv or correct the name"
                problems.add(schema.filename, what, fix, row=int(str(row)), field=column.name)


def _check_types(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    if "bus_types" not in tables:
        return
    for line, kind in _rows(tables["bus_types"]):

        def wrong(field: str, what: str, fix: str, row: int = line) -> None:
            problems.add(BUS_TYPES.filename, what, fix, row=row, field=field)

        low, high, start = kind["min_soc"], kind["max_soc"], kind["taper_from_soc"]
        if low >= high:
            wrong("min_soc", f"min_soc {low:g} is not below max_soc {high:g}", "give the lower first")
        has_from, has_end = not np.isnan(start), not np.isnan(kind["taper_end_share"])
        if has_from != has_end:
            fix = "fill both cells, or none for a battery without taper"
            wrong("taper_end_share" if has_from else "taper_from_soc", "half of the taper is missing", fix)
        if has_from and start >= high:
            fix = "let it begin below max_soc, or leave both cells empty"
            wrong("taper_from_soc", f"the taper begins at {start:g}, above the window", fix)


def _by_bus(tables: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, Any]] | None:
    """Return buses with the columns of their types, by name; buses of unknown types are left out."""
    if "buses" not in tables or "bus_types" not in tables:
        return None
    buses = tables["buses"].reset_index()
    joined = buses.merge(tables["bus_types"], on="type", how="inner", validate="many_to_one")
    return {row["bus"]: row for _, row in _rows(joined)}


def _check_buses(depot: DepotInput, problems: ProblemList) -> None:
    buses = _by_bus(depot.tables)
    if buses is None:
        return
    end_soc = depot.settings.number("planning.end_soc")
    for name, bus in buses.items():
        low, high, row = bus["min_soc"], bus["max_soc"], int(bus["row"])
        if not low <= bus["soc"] <= high:
            what = f"bus {name} starts at {bus['soc']:g}, its type may be between {low:g} and {high:g}"
            problems.add(BUSES.filename, what, "correct the state of charge or the window", row=row, field="soc")
        own = not np.isnan(bus["end_soc"])
        if (bus["end_soc"] if own else end_soc) > high:
            what = f"bus {name} must end with {bus['end_soc'] if own else end_soc:g}, its type goes up to {high:g}"
            file, field = (BUSES.filename, "end_soc") if own else (DEPOT_SETTINGS_FILE, "planning.end_soc")
            problems.add(file, what, "ask for less at the end", row=row if own else 0, field=field)


def _check_duty_energy(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    buses = _by_bus(tables)
    if buses is None or "duties" not in tables:
        return
    for row, duty in _rows(tables["duties"]):
        if duty["bus"] not in buses:
            continue
        bus = buses[duty["bus"]]
        most = float(bus["battery_kwh"] * (bus["max_soc"] - bus["min_soc"]))
        if duty["energy_kwh"] > most:
            what = (
                f"duty {duty['duty']} takes {duty['energy_kwh']:g} kWh, the battery of bus {duty['bus']} gives {most:g}"
            )
            problems.add(DUTIES.filename, what, "split the duty, or use a larger battery", row=row, field="energy_kwh")
        if duty["departure_soc"] > bus["max_soc"]:
            what = f"{duty['duty']} asks for {duty['departure_soc']:g}, bus {duty['bus']} goes up to {bus['max_soc']:g}"
            problems.add(DUTIES.filename, what, "ask for less", row=row, field="departure_soc")


def _check_duty_times(depot: DepotInput, problems: ProblemList) -> None:
    if "duties" not in depot.tables:
        return
    duties = depot.tables["duties"].assign(
        leaves=depot.times_utc["duties.departure"], back=depot.times_utc["duties.return"]
    )
    sound = duties[duties["leaves"].notna() & duties["back"].notna()]
    for place, duty in _rows(sound):
        if duty["back"] <= duty["leaves"]:
            what = f"duty {duty['duty']} is back at {duty['return']}, not after its departure at {duty['departure']}"
            fix = "correct the times; a return after midnight has the next day's date"
            problems.add(DUTIES.filename, what, fix, row=place, field="return")
        elif depot.edges_utc is not None and (
            duty["back"] <= depot.edges_utc[0] or duty["leaves"] >= depot.edges_utc[-1]
        ):
            what = f"duty {duty['duty']} ({duty['departure']} to {duty['return']}) is outside the horizon"
            fix = "remove it, or change planning.start and planning.hours in depot.toml"
            problems.add(DUTIES.filename, what, fix, row=place, field="departure")
    forward = sound[sound["back"] > sound["leaves"]]
    for name, own in forward.sort_values(["leaves", "back"], kind="stable").groupby("bus", sort=False):
        _check_overlaps(str(name), own, problems)


def _check_overlaps(bus: str, duties: pd.DataFrame, problems: ProblemList) -> None:
    """Note each duty of one bus, sorted by departure, that begins before an earlier one has ended."""
    latest: dict[str, Any] | None = None
    for row, duty in _rows(duties):
        if latest is not None and duty["leaves"] < latest["back"]:
            what = (
                f"bus {bus} is on duty {duty['duty']} from {duty['departure']} while it drives "
                f"duty {latest['duty']} until {latest['return']}"
            )
            fix = "give one of the two to another bus, or correct the times"
            problems.add(DUTIES.filename, what, fix, row=row, field="bus")
        if latest is None or duty["back"] > latest["back"]:
            latest = duty


def _check_chargers(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    if "chargers" not in tables:
        return
    for line, charger in _rows(tables["chargers"]):

        def wrong(field: str, what: str, fix: str, row: int = line) -> None:
            problems.add(CHARGERS.filename, what, fix, row=row, field=field)

        if charger["min_kw"] > charger["max_kw"]:
            what = f"min_kw {charger['min_kw']:g} is above max_kw {charger['max_kw']:g}"
            wrong("min_kw", what, "give the lower power first")
        if charger["max_discharge_kw"] > 0 and not charger["can_pause"]:
            fix = "write true: between the two directions it stands at 0 kW"
            wrong("can_pause", "the charger feeds back but cannot pause", fix)
    if "compatibility" not in tables or "buses" not in tables:
        return
    fits = set(tables["compatibility"]["type"])
    buses = tables["buses"]
    for row, name, kind in zip(buses.index, buses["bus"], buses["type"], strict=True):
        if kind not in fits:
            what = f"bus {name} of type {kind} fits no charger"
            problems.add(BUSES.filename, what, "add a row to compatibility.csv", row=int(row), field="type")


def _check_outlets(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    if "outlets" not in tables or "chargers" not in tables:
        return
    counts = dict(zip(tables["chargers"]["charger"], tables["chargers"]["outlets"], strict=True))
    taken: dict[tuple[str, int], int] = {}
    for line, outlet in _rows(tables["outlets"]):
        count = counts.get(outlet["charger"])
        if count is not None and outlet["outlet"] > count:
            what = f"{outlet['charger']} has {count} outlets, there is no number {outlet['outlet']}"
            problems.add(OUTLETS.filename, what, "correct the number", row=line, field="outlet")
        first = taken.setdefault((outlet["station"], outlet["connector"]), line)
        if first != line:
            what = f"station {outlet['station']}, connector {outlet['connector']} stands already in row {first}"
            problems.add(OUTLETS.filename, what, "give every outlet its own", row=line, field="connector")
    listed = set(zip(tables["outlets"]["charger"], tables["outlets"]["outlet"], strict=True))
    for charger, count in counts.items():
        missing = [str(number) for number in range(1, count + 1) if (charger, number) not in listed]
        if missing:
            what = f"outlets {', '.join(missing)} of {charger} are missing"
            problems.add(OUTLETS.filename, what, "list every outlet, or remove the file", field="outlet")


def _check_stretches(depot: DepotInput, table: str, problems: ProblemList, *, cover: bool) -> None:
    """Require stretches that run forward, do not overlap and, with `cover`, leave no gap in the horizon."""
    if table not in depot.tables:
        return
    file, frame = f"{table}.csv", depot.tables[table]
    begin, end = depot.times_utc[f"{table}.from"], depot.times_utc[f"{table}.to"]
    rows = frame.index.to_numpy()
    backward = end <= begin  # comparisons with NaT are False
    for row, start, stop in zip(rows[backward], frame["from"][backward], frame["to"][backward], strict=True):
        fix = "let it end after it begins; after midnight the date is that of the next day"
        problems.add(file, f"the stretch from {start} to {stop} runs backward", fix, row=int(row), field="to")
    if backward.any() or np.isnat(begin).any() or np.isnat(end).any() or depot.edges_utc is None:
        return
    order = np.argsort(begin, kind="stable")
    for early, late in pairwise(order):
        if begin[late] < end[early]:
            what = f"the stretch overlaps that of row {rows[early]}"
            problems.add(file, what, "let one end where the next begins", row=int(rows[late]), field="from")
    if cover:
        _check_cover(depot, table, order, problems)


def _check_cover(depot: DepotInput, table: str, order: np.ndarray, problems: ProblemList) -> None:
    """Note each part of the horizon in no stretch: a tariff must cover the day."""
    if depot.edges_utc is None:
        return
    frame = depot.tables[table]
    begin, end = depot.times_utc[f"{table}.from"], depot.times_utc[f"{table}.to"]
    reached, words = depot.edges_utc[0], "the start of the horizon"
    last = depot.edges_utc[-1]
    for place in order:
        if begin[place] > reached and reached < last:
            _add_gap(table, words, str(frame["from"].iloc[place]), problems)
        if end[place] > reached:
            reached, words = end[place], str(frame["to"].iloc[place])
    if reached < last:
        _add_gap(table, words, "the end of the horizon", problems)


def _add_gap(table: str, begin: str, end: str, problems: ProblemList) -> None:
    what = f"there is nothing from {begin} to {end}: the tariff does not cover the horizon"
    problems.add(f"{table}.csv", what, "add the missing stretch", field="from, to")
