"""Tables of a GTFS feed that say when and where vehicles run: names, columns, kinds, keys.

After the General Transit Feed Specification, https://gtfs.org/documentation/schedule/reference/. A feed holds more
tables and columns (fares, translations, colours); they are not read, so they cannot be wrong here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from data.gtfs_cells import date_cell, plain_cell, time_cell
from data.schema_types import Column, Kind

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class GtfsField:
    """One column of a GTFS table and how its cells are read."""

    column: Column
    read: Callable[[Column, str], object] = plain_cell

    @property
    def name(self) -> str:
        """Heading in the file."""
        return self.column.name


@dataclass(frozen=True)
class GtfsTable:
    """One file of a GTFS feed.

    Attributes
    ----------
    name
        File name without ``.txt``.
    fields
        The columns this project reads; others are allowed and passed over.
    key
        Columns that together name a row; empty when rows have no name.
    required
        Whether every feed must have the file. Of `calendar` and `calendar_dates` one is enough.
    file
        How the file is called; ``<name>.txt`` when empty.
    """

    name: str
    fields: tuple[GtfsField, ...]
    key: tuple[str, ...] = ()
    required: bool = True
    file: str = ""

    def __post_init__(self) -> None:
        if not self.file:
            object.__setattr__(self, "file", f"{self.name}.txt")


def _text(name: str, meaning: str, *, required: bool = True) -> GtfsField:
    return GtfsField(Column(name, Kind.TEXT, meaning, required=required))


def _number(name: str, meaning: str, lower: float, upper: float, unit: str = "", *, required: bool = True) -> GtfsField:
    return GtfsField(Column(name, Kind.NUMBER, meaning, unit=unit, lower=lower, upper=upper, required=required))


def _whole(name: str, meaning: str, lower: float, upper: float, *, required: bool = True) -> GtfsField:
    return GtfsField(Column(name, Kind.INTEGER, meaning, lower=lower, upper=upper, required=required))


def _time(name: str, meaning: str, *, required: bool = True) -> GtfsField:
    return GtfsField(Column(name, Kind.TEXT, meaning, required=required), time_cell)


def _date(name: str, meaning: str) -> GtfsField:
    return GtfsField(Column(name, Kind.TEXT, meaning), date_cell)


AGENCY = GtfsTable(
    "agency",
    (_text("agency_timezone", "Time zone of all times of the feed, a name of the tz database."),),
)
STOPS = GtfsTable(
    "stops",
    (
        _text("stop_id", "Name of the stop in this feed."),
        _text("stop_name", "Name for people.", required=False),
        _number("stop_lat", "Latitude, WGS 84.", -90, 90, "°", required=False),
        _number("stop_lon", "Longitude, WGS 84.", -180, 180, "°", required=False),
    ),
    key=("stop_id",),
)
ROUTES = GtfsTable(
    "routes",
    (
        _text("route_id", "Name of the route in this feed."),
        _text("route_short_name", "Number of the route.", required=False),
        _whole("route_type", "Means of transport: 3 bus, 11 trolleybus, 700 to 799 kinds of bus.", 0, 1799),
    ),
    key=("route_id",),
)
TRIPS = GtfsTable(
    "trips",
    (
        _text("route_id", "Route the trip belongs to."),
        _text("service_id", "Days on which it runs."),
        _text("trip_id", "Name of the trip in this feed."),
        _text("shape_id", "Line on the map it follows.", required=False),
    ),
    key=("trip_id",),
)
STOP_TIMES = GtfsTable(
    "stop_times",
    (
        _text("trip_id", "Trip that stops."),
        _time("arrival_time", "Arrival.", required=False),
        _time("departure_time", "Departure.", required=False),
        _text("stop_id", "Stop."),
        _whole("stop_sequence", "Order of the stops of a trip.", 0, 1e6),
        _number("shape_dist_traveled", "Distance so far.", 0, 1e8, required=False),
    ),
    key=("trip_id", "stop_sequence"),
)
CALENDAR = GtfsTable(
    "calendar",
    (
        _text("service_id", "Name of the set of days."),
        *(_whole(day, f"1 when it runs on a {day}, else 0.", 0, 1) for day in WEEKDAYS),
        _date("start_date", "First day."),
        _date("end_date", "Last day."),
    ),
    key=("service_id",),
    required=False,
)
CALENDAR_DATES = GtfsTable(
    "calendar_dates",
    (
        _text("service_id", "Name of the set of days."),
        _date("date", "Day that is an exception."),
        _whole("exception_type", "1 it runs in addition, 2 it does not run.", 1, 2),
    ),
    key=("service_id", "date"),
    required=False,
)
FREQUENCIES = GtfsTable(
    "frequencies",
    (
        _text("trip_id", "Trip that is repeated."),
        _time("start_time", "First departure of this headway."),
        _time("end_time", "End of this headway; no departure at or after it."),
        _whole("headway_secs", "Time between departures.", 1, 86_400),
    ),
    key=("trip_id", "start_time"),
    required=False,
)
SHAPES = GtfsTable(
    "shapes",
    (
        _text("shape_id", "Name of the line."),
        _number("shape_pt_lat", "Latitude, WGS 84.", -90, 90, "°"),
        _number("shape_pt_lon", "Longitude, WGS 84.", -180, 180, "°"),
        _whole("shape_pt_sequence", "Order of the points.", 0, 1e7),
    ),
    key=("shape_id", "shape_pt_sequence"),
    required=False,
)

TABLES = (AGENCY, STOPS, ROUTES, TRIPS, STOP_TIMES, CALENDAR, CALENDAR_DATES, FREQUENCIES, SHAPES)
