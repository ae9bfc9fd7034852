"""Import of a timetable: a GTFS feed or a route table becomes depot folders that can be planned."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from data.depot_settings import DEPOT_SETTINGS_FILE, read_depot_settings
from data.errors import InvalidInput, ProblemList
from data.gtfs import GtfsFeed, read_gtfs
from data.gtfs_trips import DistanceRule, GtfsTrips, bus_trips, service_day_zero_utc
from data.route_table import read_route_table
from twin.buses_model import BusType
from twin.transit_blocks import GarageDay, garage_day
from twin.transit_buses import Battery
from twin.transit_city import CityBus, city_bus, garage_places
from twin.transit_folder import DepotModel, ImportDay, write_depot_folders
from twin.transit_garages import by_garage
from twin.transit_timetable import RouteLength, TimetableRules, timetable
from twin.transit_trips import LinkRules, Places, Trips


@dataclass(frozen=True)
class ImportRules:
    """What both kinds of timetable need.

    Attributes
    ----------
    service_date
        Local date whose trips are imported.
    depot
        Depot folder whose chargers, site and prices every garage gets.
    city
        Folder with the tables bus_types, bus_speeds, bus_climate and garages of a city folder.
    bus_type
        Type of every bus, a row of bus_types.
    temp_c
        Outdoor temperature of the day.
    routes
        Routes wanted; empty for all.
    link
        When one bus may run one trip after another.
    charge_kw
        Power at the inlet that a bus can count on while it stands in the garage by day.
    """

    service_date: date
    depot: Path
    city: Path
    bus_type: str
    temp_c: float
    routes: frozenset[str]
    link: LinkRules
    charge_kw: float


@dataclass(frozen=True)
class FeedRules:
    """What a GTFS feed needs besides: how to measure trips, empty trips, and a table of garages of one's own."""

    distance: DistanceRule
    circuity: float
    garages: Path | None


@dataclass(frozen=True)
class TableRules:
    """What a route table needs besides: what its lengths measure, rush hours, and the way from garage to terminal."""

    length: RouteLength
    rush_h: tuple[tuple[float, float], ...]
    garage_km: float


@dataclass(frozen=True, eq=False)
class Imported:
    """What an import has made: the days of all garages, and notes in words."""

    days: tuple[GarageDay, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Prepared:
    """The bus, the model depot and the battery of an import."""

    bus: CityBus
    model: DepotModel
    battery: Battery


def import_feed(path: Path, target: Path, rules: ImportRules, feed_rules: FeedRules) -> Imported:
    """Import the bus trips of one day of a GTFS feed into depot folders below `target`, one a garage.

    Raises
    ------
    InvalidInput
        With every problem of the feed, of the tables and of the folders; nothing is written then.
    """
    problems = ProblemList()
    ready = _prepared(rules, problems)
    garages = garage_places(rules.city, feed_rules.garages, problems)
    feed = None
    try:
        feed = read_gtfs(path)
    except InvalidInput as refused:
        problems.extend(refused.problems)
    problems.raise_if_any()
    if ready is None or garages is None or feed is None:
        raise AssertionError("a reader returned nothing without saying why")
    trips = bus_trips(feed, rules.service_date, feed_rules.distance, rules.routes)
    parts = by_garage(feed, trips, garages, feed_rules.circuity)
    days = _days(parts, ready, rules)
    notes = _feed_notes(feed, trips, feed_rules)
    clock = ImportDay(ready.bus.type, feed.zone, trips.zero_utc)
    inputs = {"feed": feed.name, "sha256": feed.sha256, "circuity": feed_rules.circuity}
    record = _record(rules, inputs, days, notes)
    write_depot_folders(target, days, ready.model, clock, record)
    return Imported(days, notes)


def import_route_table(path: Path, target: Path, rules: ImportRules, table_rules: TableRules) -> Imported:
    """Import a route table into depot folders below `target`: every first terminal is taken for a garage.

    Raises
    ------
    InvalidInput
        With every problem of the table and of the folders; nothing is written then.
    """
    problems = ProblemList()
    ready = _prepared(rules, problems)
    routes = read_route_table(path, problems)
    if routes is not None and rules.routes:
        for name in sorted(rules.routes - set(routes["route"])):
            problems.add(path.name, f"there is no route '{name}'", "choose routes of the table", field="route")
        routes = routes[routes["route"].isin(rules.routes)]
    problems.raise_if_any()
    if ready is None or routes is None:
        raise AssertionError("a reader returned nothing without saying why")
    how = TimetableRules(
        table_rules.length,
        table_rules.rush_h,
        rules.link.layover_h,
        table_rules.garage_km,
        ready.bus.driving.speed_km_per_h,
    )
    timetable(routes, how, path.name)  # all routes at once first, so that every problem is listed
    parts = {str(name): timetable(own, how, path.name) for name, own in routes.groupby("start", sort=True)}
    days = _days(parts, ready, rules)
    notes = _table_notes(routes, days)
    zone = ready.model.settings.zone
    clock = ImportDay(ready.bus.type, zone, service_day_zero_utc(rules.service_date, zone))
    inputs = {
        "route_table": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "route_length": str(table_rules.length),
        "rush_h": table_rules.rush_h,
        "garage_km": table_rules.garage_km,
    }
    write_depot_folders(target, days, ready.model, clock, _record(rules, inputs, days, notes))
    return Imported(days, notes)


def battery_of(kind: BusType, reserve_soc: float, charge_kw: float) -> Battery:
    """Return what the battery of a bus type can do, with a reserve and the power at the inlet it can count on."""
    return Battery(
        usable_kwh=(kind.max_soc - kind.min_soc) * kind.battery_kwh,
        reserve_kwh=reserve_soc * kind.battery_kwh,
        charge_kw=min(charge_kw, kind.max_charge_kw) * kind.charge_efficiency,
    )


def _prepared(rules: ImportRules, problems: ProblemList) -> _Prepared | None:
    bus = city_bus(rules.city, rules.bus_type, rules.temp_c, problems)
    settings_problems = ProblemList()
    settings = read_depot_settings(rules.depot / DEPOT_SETTINGS_FILE, settings_problems)
    problems.extend(settings_problems)
    if bus is None or settings is None:
        return None
    battery = battery_of(bus.type, settings.number("planning.reserve_soc"), rules.charge_kw)
    return _Prepared(bus, DepotModel(rules.depot, settings), battery)


def _days(parts: Mapping[str, tuple[Trips, Places]], ready: _Prepared, rules: ImportRules) -> tuple[GarageDay, ...]:
    days: list[GarageDay] = []
    problems = ProblemList()
    for garage, (trips, places) in parts.items():
        try:
            days.append(garage_day(garage, trips, places, ready.bus.driving, rules.link, ready.battery))
        except InvalidInput as refused:
            problems.extend(refused.problems)
    problems.raise_if_any()
    return tuple(days)


def _feed_notes(feed: GtfsFeed, trips: GtfsTrips, feed_rules: FeedRules) -> tuple[str, ...]:
    counts = pd.Series(trips.source).value_counts(sort=True)
    notes = [f"{count:,} trips: distance {source}" for source, count in counts.items()]
    if trips.other_modes:
        notes.append(f"{trips.other_modes:,} trips of other means of transport were left out")
    notes.append(f"empty trips: great-circle distance times {feed_rules.circuity:g}; times in {feed.zone.key}")
    return tuple(notes)


def _table_notes(routes: pd.DataFrame, days: tuple[GarageDay, ...]) -> tuple[str, ...]:
    """Compare the buses needed with those authorised, garage by garage."""
    allowed = routes.groupby("start")["authorised_buses"].agg(lambda own: own.sum(min_count=1))
    notes = ["every first terminal is taken for a garage; buses of different routes change there only"]
    for day in days:
        authorised = allowed[day.garage]
        if day.bus_count > authorised:
            notes.append(f"{day.garage}: the timetable needs {day.bus_count} buses, {authorised:g} are authorised")
    return tuple(notes)


def _record(
    rules: ImportRules, inputs: Mapping[str, object], days: tuple[GarageDay, ...], notes: tuple[str, ...]
) -> dict[str, object]:
    garages = [
        {
            "garage": day.garage,
            "trips": len(day.trips),
            "duties": len(day.duties),
            "buses": day.bus_count,
            "fewest_buses_whatever_the_battery": day.fewest_buses,
            "energy_kwh": round(day.energy_kwh, 1),
            "distance_km": round(day.distance_km, 1),
        }
        for day in days
    ]
    return {
        **inputs,
        "service_date": rules.service_date.isoformat(),
        "bus_type": rules.bus_type,
        "temp_c": rules.temp_c,
        "charge_kw": rules.charge_kw,
        **asdict(rules.link),
        "routes": sorted(rules.routes),
        "garages": garages,
        "notes": list(notes),
    }
