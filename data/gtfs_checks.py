"""What must hold between the tables of a GTFS feed: references, times that run forward, stops with a place."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import available_timezones

import numpy as np
import pandas as pd

from data.errors import ProblemList
from data.gtfs_rows import Listed

Tables = Mapping[str, pd.DataFrame]

REFERENCES = (
    ("trips", "route_id", "routes"),
    ("stop_times", "trip_id", "trips"),
    ("stop_times", "stop_id", "stops"),
    ("frequencies", "trip_id", "trips"),
    ("trips", "shape_id", "shapes"),
)
"""Column of a table → table in which its values must exist; empty cells refer to nothing."""


def check_gtfs(tables: Tables, problems: ProblemList) -> None:
    """Note everything that does not fit together in tables whose cells are sound."""
    _check_zone(tables["agency"], problems)
    _check_references(tables, problems)
    _check_services(tables, problems)
    _check_trips(tables, problems)
    _check_times(tables["stop_times"], problems)
    _check_distances(tables["stop_times"], problems)
    _check_frequencies(tables, problems)
    _check_places(tables, problems)


def _check_zone(agency: pd.DataFrame, problems: ProblemList) -> None:
    listed = Listed(problems, "agency.txt")
    known = available_timezones()
    for row, zone in agency["agency_timezone"].items():
        if zone not in known:
            fix = "write a name of the tz database, as in Asia/Seoul"
            listed.add(f"there is no time zone '{zone}'", fix, row=int(str(row)), field="agency_timezone")
    zones = agency["agency_timezone"].unique()
    if len(zones) > 1:
        what = f"the feed has {len(zones)} time zones: {', '.join(map(str, zones[:5]))}"
        problems.add("agency.txt", what, "all agencies of one feed must have the same", field="agency_timezone")
    if agency.empty:
        problems.add("agency.txt", "there is no agency", "add one row with the time zone", field="agency_timezone")


def _check_references(tables: Tables, problems: ProblemList) -> None:
    for table, column, target in REFERENCES:
        if table not in tables:
            continue
        values = tables[table][column]
        known = tables[target][column] if target in tables else pd.Series(dtype=object)
        listed = Listed(problems, f"{table}.txt")
        for row, value in values[(values != "") & ~values.isin(known)].items():
            fix = f"add it to {target}.txt or correct the name"
            listed.add(f"there is no {column} '{value}'", fix, row=int(str(row)), field=column)
        listed.close()


def _check_services(tables: Tables, problems: ProblemList) -> None:
    known: set[object] = set()
    for name in ("calendar", "calendar_dates"):
        if name in tables:
            known |= set(tables[name]["service_id"])
    listed = Listed(problems, "trips.txt")
    trips = tables["trips"]
    for row, service in trips["service_id"][~trips["service_id"].isin(known)].items():
        fix = "add it to calendar.txt or calendar_dates.txt"
        listed.add(f"there is no service_id '{service}'", fix, row=int(str(row)), field="service_id")
    listed.close()
    if "calendar" in tables:
        calendar = tables["calendar"]
        for row in calendar.index[calendar["end_date"] < calendar["start_date"]]:
            what, fix = "the service ends before it starts", "exchange start_date and end_date"
            problems.add("calendar.txt", what, fix, row=int(row), field="end_date")


def _check_trips(tables: Tables, problems: ProblemList) -> None:
    """Require two stops of every trip, with a time at the first and the last."""
    trips, stop_times = tables["trips"], tables["stop_times"]
    listed = Listed(problems, "trips.txt")
    stops = trips["trip_id"].map(stop_times["trip_id"].value_counts()).fillna(0).astype(int)
    few = stops < 2
    for row, name, count in zip(trips.index[few], trips["trip_id"][few], stops[few], strict=True):
        what = f"trip {name} has {'no stops' if count == 0 else 'one stop only'}"
        fix = "add its stops to stop_times.txt, at least two, or remove the trip"
        listed.add(what, fix, row=int(row), field="trip_id")
    listed.close()
    ordered = stop_times.sort_values(["trip_id", "stop_sequence"], kind="stable")
    listed = Listed(problems, "stop_times.txt")
    for end, columns in (("first", ("departure_time", "arrival_time")), ("last", ("arrival_time", "departure_time"))):
        place = ~ordered.duplicated("trip_id", keep=end)  # type: ignore[arg-type]
        untimed = ordered[place & ordered[list(columns)].isna().all(axis=1)]
        for row, trip in untimed["trip_id"].items():
            what = f"the {end} stop of trip {trip} has no time"
            listed.add(what, f"give its {columns[0]}", row=int(str(row)), field=columns[0])
    listed.close()


def _check_times(stop_times: pd.DataFrame, problems: ProblemList) -> None:
    """Require times that never run backward along a trip."""
    listed = Listed(problems, "stop_times.txt")
    for row in stop_times.index[stop_times["departure_time"] < stop_times["arrival_time"]]:
        what, fix = "the departure is before the arrival", "correct one of them; after midnight count on: 24:05:00"
        listed.add(what, fix, row=int(row), field="departure_time")
    ordered = stop_times.sort_values(["trip_id", "stop_sequence"], kind="stable")
    arrival = ordered["arrival_time"].fillna(ordered["departure_time"])
    left = ordered["departure_time"].fillna(ordered["arrival_time"])
    before = left.groupby(ordered["trip_id"], sort=False).ffill().groupby(ordered["trip_id"], sort=False).shift()
    for row in ordered.index[arrival < before]:
        what = f"trip {ordered['trip_id'][row]} arrives before it has left the stop before"
        fix = "correct the time or the stop_sequence; after midnight count on: 24:05:00"
        listed.add(what, fix, row=int(row), field="arrival_time")
    trip = ordered["trip_id"]
    begin, end = left.groupby(trip, sort=False).transform("first"), arrival.groupby(trip, sort=False).transform("last")
    still = ordered[(end <= begin) & ~trip.duplicated(keep="last") & trip.duplicated(keep=False)]
    for row, name in still["trip_id"].items():
        fix = "correct the times of its stops"
        listed.add(f"trip {name} takes no time at all", fix, row=int(str(row)), field="arrival_time")
    listed.close()


def _check_distances(stop_times: pd.DataFrame, problems: ProblemList) -> None:
    ordered = stop_times.sort_values(["trip_id", "stop_sequence"], kind="stable")
    known = ordered[ordered["shape_dist_traveled"].notna()]
    backward = known.groupby("trip_id", sort=False)["shape_dist_traveled"].diff() < 0
    listed = Listed(problems, "stop_times.txt")
    for row in known.index[backward]:
        fix = "correct the distance or the stop_sequence, or leave the column out"
        listed.add("the distance so far falls", fix, row=int(row), field="shape_dist_traveled")
    listed.close()


def _check_frequencies(tables: Tables, problems: ProblemList) -> None:
    if "frequencies" not in tables:
        return
    ordered = tables["frequencies"].sort_values(["trip_id", "start_time"], kind="stable")
    listed = Listed(problems, "frequencies.txt")
    for row in ordered.index[ordered["end_time"] <= ordered["start_time"]]:
        fix = "correct one of them; after midnight count on: 25:00:00"
        listed.add("the headway ends before it begins", fix, row=int(row), field="end_time")
    before = ordered.groupby("trip_id", sort=False)["end_time"].shift()
    for row in ordered.index[ordered["start_time"] < before]:
        fix = "let one headway of a trip end where the next begins"
        listed.add("the headway overlaps the one before", fix, row=int(row), field="start_time")
    listed.close()


def _check_places(tables: Tables, problems: ProblemList) -> None:
    stops = tables["stops"]
    used = stops["stop_id"].isin(tables["stop_times"]["stop_id"])
    nowhere = np.isnan(stops["stop_lat"]) | np.isnan(stops["stop_lon"])
    null_island = (stops["stop_lat"] == 0) & (stops["stop_lon"] == 0)
    listed = Listed(problems, "stops.txt")
    for row, stop in stops["stop_id"][used & (nowhere | null_island)].items():
        fix = "give its latitude and longitude"
        listed.add(f"stop {stop} is served but has no place", fix, row=int(str(row)), field="stop_lat")
    listed.close()
