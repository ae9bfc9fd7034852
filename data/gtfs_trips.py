"""Bus trips of one service day of a GTFS feed: when, from where to where, how far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.errors import ProblemList
from data.gtfs import GtfsFeed
from data.gtfs_distance import DistanceSource, DistanceUnit, along_shape_km, chain_km, infer_unit
from data.gtfs_rows import Listed

Floats = NDArray[np.float64]
Ids = NDArray[np.object_]

TROLLEYBUS = 11
"""GTFS route type; 3 is bus, 700 to 799 are the extended kinds of bus."""

FASTEST_KM_PER_H = 120
"""No bus trip averages more; what does has a stop in the wrong place or wrong times."""


@dataclass(frozen=True)
class DistanceRule:
    """How to measure trips.

    Attributes
    ----------
    unit
        Unit of `shape_dist_traveled`; None to infer it.
    stop_circuity
        Road distance over the straight line between successive stops, for trips without a line; None when the feed
        must do without.
    """

    unit: DistanceUnit | None = None
    stop_circuity: float | None = None


@dataclass(frozen=True, eq=False)
class GtfsTrips:
    """N bus trips that run on one service day, by departure; frequencies are expanded.

    Attributes
    ----------
    id, route
        (N,) name of the trip, repeated ones with ``#1`` and so on, and short name of its route.
    start_h, end_h
        (N,) hours since `zero_utc`; may pass 24.
    first_stop, last_stop
        (N,) row numbers in the feed's table of stops.
    distance_km
        (N,) length.
    source
        (N,) `DistanceSource` of each.
    zero_utc
        Noon minus 12 hours of the service day: local midnight, but for days on which the clocks change.
    other_modes
        Trips of that day that are no bus trips and were left out.
    """

    id: Ids
    route: Ids
    start_h: Floats
    end_h: Floats
    first_stop: NDArray[np.int64]
    last_stop: NDArray[np.int64]
    distance_km: Floats
    source: Ids
    zero_utc: np.datetime64
    other_modes: int


def service_day_zero_utc(day: date, zone: ZoneInfo) -> np.datetime64:
    """Return the instant from which GTFS times of a service day count: local noon minus 12 hours."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=zone).astimezone(UTC)
    return np.datetime64((noon - timedelta(hours=12)).replace(tzinfo=None), "ns")


def is_bus(route_type: Floats) -> NDArray[np.bool_]:
    """Tell which GTFS route types are buses and trolleybuses, basic or extended."""
    return np.isin(route_type, (3, TROLLEYBUS, *range(700, 800)))


def bus_trips(feed: GtfsFeed, day: date, rule: DistanceRule, routes: frozenset[str] = frozenset()) -> GtfsTrips:
    """Return the bus trips of one service day.

    Parameters
    ----------
    feed, day
        The feed and the local service date.
    rule
        How to measure distances.
    routes
        Short names (or ids) of the routes wanted; empty for all.

    Raises
    ------
    InvalidInput
        No bus trip runs that day, a wanted route is not there, a distance cannot be had, or a trip is faster than
        `FASTEST_KM_PER_H`.
    """
    problems = ProblemList()
    chosen, other_modes = _running(feed, day, routes, problems)
    problems.raise_if_any()
    calls = _calls(feed, chosen)
    ends = _ends(calls)
    ends = ends.join(_distances(feed, chosen, calls, rule, problems))
    _check_speed(chosen, ends, problems)
    problems.raise_if_any()
    table = _expanded(feed, chosen.set_index("trip_id").join(ends))
    table = table.sort_values(["start_s", "end_s", "name"], kind="stable")
    return GtfsTrips(
        id=table["name"].to_numpy(dtype=object),
        route=table["route"].to_numpy(dtype=object),
        start_h=table["start_s"].to_numpy(dtype=float) / 3600,
        end_h=table["end_s"].to_numpy(dtype=float) / 3600,
        first_stop=table["first_stop"].to_numpy(dtype=np.int64),
        last_stop=table["last_stop"].to_numpy(dtype=np.int64),
        distance_km=table["distance_km"].to_numpy(dtype=float),
        source=table["source"].to_numpy(dtype=object),
        zero_utc=service_day_zero_utc(day, feed.zone),
        other_modes=other_modes,
    )


def _running(feed: GtfsFeed, day: date, routes: frozenset[str], problems: ProblemList) -> tuple[pd.DataFrame, int]:
    """Trips of wanted bus routes that run on the day, with columns `route` and `row`."""
    table = feed.tables["routes"].assign(bus=is_bus(feed.tables["routes"]["route_type"].to_numpy()))
    short = table["route_short_name"].where(table["route_short_name"] != "", table["route_id"])
    table = table.assign(route=short).set_index("route_id")[["route", "bus"]]
    unknown = sorted(routes - set(table["route"]) - set(table.index))
    for name in unknown:
        some = ", ".join(sorted(set(table["route"][table["bus"]]))[:10])
        problems.add("routes.txt", f"there is no route '{name}'", f"choose routes of the feed, as {some}")
    trips = feed.tables["trips"].reset_index().join(table, on="route_id")
    today = trips[trips["service_id"].isin(feed.services(day))]
    wanted = today["route"].isin(routes) | today["route_id"].isin(routes) if routes else today["bus"] | True
    chosen = today[wanted & today["bus"]]
    if chosen.empty and not unknown:
        first, last = feed.days
        what = f"no bus trip runs on {day.isoformat()}"
        problems.add("calendar.txt", what, f"choose a service date; the calendars name {first} to {last}")
    return chosen, int((wanted & ~today["bus"]).sum())


def _calls(feed: GtfsFeed, chosen: pd.DataFrame) -> pd.DataFrame:
    """Return the stops of the chosen trips in their order, with their places."""
    stop_times = feed.tables["stop_times"]
    calls = stop_times[stop_times["trip_id"].isin(chosen["trip_id"])]
    calls = calls.sort_values(["trip_id", "stop_sequence"], kind="stable")
    stops = feed.tables["stops"].reset_index(drop=True).rename_axis("stop").reset_index().set_index("stop_id")
    return calls.join(stops[["stop", "stop_lon", "stop_lat"]], on="stop_id")


def _ends(calls: pd.DataFrame) -> pd.DataFrame:
    first, last = calls.drop_duplicates("trip_id", keep="first"), calls.drop_duplicates("trip_id", keep="last")
    first, last = first.set_index("trip_id"), last.set_index("trip_id")
    return pd.DataFrame(
        {
            "start_s": first["departure_time"].fillna(first["arrival_time"]),
            "end_s": last["arrival_time"].fillna(last["departure_time"]),
            "first_stop": first["stop"],
            "last_stop": last["stop"],
            "stated": last["shape_dist_traveled"] - first["shape_dist_traveled"],
        }
    )


def _distances(
    feed: GtfsFeed, chosen: pd.DataFrame, calls: pd.DataFrame, rule: DistanceRule, problems: ProblemList
) -> pd.DataFrame:
    """Distance and its source, by trip: stated, else along the line, else along the stops."""
    measured = _measured(feed, chosen, calls)
    stated = _ends(calls)["stated"].reindex(measured.index)
    has_stated = stated > 0
    unit = rule.unit
    if has_stated.any() and unit is None:
        lines = has_stated & measured["shape_km"].notna()
        used = lines if lines.any() else has_stated
        reference = measured["shape_km" if lines.any() else "stops_km"][used].to_numpy()
        unit = infer_unit(stated[used].to_numpy(), reference, along_line=bool(lines.any()))
        if unit is None:
            what = "the unit of the distances is not plain from the places of the stops"
            fix = "say it: --distance-unit km, m, mi or ft"
            problems.add("stop_times.txt", what, fix, field="shape_dist_traveled")
    factor = float("nan") if rule.stop_circuity is None else rule.stop_circuity
    from_stops = measured["stops_km"] * factor
    km = measured["shape_km"].fillna(from_stops)
    source = np.where(measured["shape_km"].notna(), DistanceSource.SHAPE, DistanceSource.STOPS)
    if unit is not None:
        km = (stated * unit.km).where(has_stated, km)
        source = np.where(has_stated, DistanceSource.STATED, source)
    lacking = int((source == DistanceSource.STOPS).sum())
    if lacking and rule.stop_circuity is None:
        what = f"{lacking:,} trips have neither a distance nor a line on the map"
        fix = "give --stop-circuity, road distance over straight line between stops (1.2 is common in cities)"
        problems.add("trips.txt", what, fix, field="shape_id")
    return pd.DataFrame({"distance_km": km, "source": source}, index=measured.index)


def _measured(feed: GtfsFeed, chosen: pd.DataFrame, calls: pd.DataFrame) -> pd.DataFrame:
    """Length along the line (NaN without one) and along the stops, by trip; equal patterns are measured once."""
    shapes = feed.tables.get("shapes")
    lines: dict[str, tuple[Floats, Floats]] = {}
    if shapes is not None:
        used = shapes[shapes["shape_id"].isin(chosen["shape_id"])]
        for name, points in used.sort_values(["shape_id", "shape_pt_sequence"]).groupby("shape_id", sort=False):
            lines[str(name)] = (points["shape_pt_lon"].to_numpy(float), points["shape_pt_lat"].to_numpy(float))
    shape_of = dict(zip(chosen["trip_id"], chosen["shape_id"], strict=True))
    known: dict[tuple[str, tuple[int, ...]], tuple[float, float]] = {}
    found = {}
    for trip, own in calls.groupby("trip_id", sort=False):
        pattern = (shape_of[trip], tuple(own["stop"]))
        if pattern not in known:
            lon, lat = own["stop_lon"].to_numpy(float), own["stop_lat"].to_numpy(float)
            line = lines.get(pattern[0])
            shape_km = float("nan")
            if line is not None and len(line[0]) > 1:
                shape_km = along_shape_km(*line, (lon[0], lat[0]), (lon[-1], lat[-1]))
            known[pattern] = shape_km, chain_km(lon, lat)
        found[trip] = known[pattern]
    return pd.DataFrame.from_dict(found, orient="index", columns=["shape_km", "stops_km"])


def _check_speed(chosen: pd.DataFrame, ends: pd.DataFrame, problems: ProblemList) -> None:
    table = chosen.set_index("trip_id").join(ends)
    hours = (table["end_s"] - table["start_s"]) / 3600
    speed = table["distance_km"] / hours
    listed = Listed(problems, "trips.txt")
    fast = table.assign(speed=speed)[speed > FASTEST_KM_PER_H]
    for trip, row, km, value in zip(fast.index, fast["row"], fast["distance_km"], fast["speed"], strict=True):
        what = f"trip {trip} runs {km:,.1f} km at {value:,.0f} km/h"
        fix = "correct the places of its stops, its times, or the unit of its distances"
        listed.add(what, fix, row=int(row), field="trip_id")
    listed.close()


def _expanded(feed: GtfsFeed, table: pd.DataFrame) -> pd.DataFrame:
    """Replace trips that stand for a headway by one trip a departure; `name` names each."""
    table = table.assign(name=table.index)
    headways = feed.tables.get("frequencies")
    if headways is None:
        return table
    own = headways[headways["trip_id"].isin(table.index)].sort_values(["trip_id", "start_time"], kind="stable")
    parts = [table[~table.index.isin(own["trip_id"])]]
    for trip, rows in own.groupby("trip_id", sort=False):
        starts = np.concatenate(
            [
                np.arange(begin, end, step)
                for begin, end, step in zip(rows["start_time"], rows["end_time"], rows["headway_secs"], strict=True)
            ]
        )
        copies = table.loc[[trip] * len(starts)]
        parts.append(
            copies.assign(
                name=[f"{trip}#{number + 1}" for number in range(len(starts))],
                end_s=starts + copies["end_s"].to_numpy() - copies["start_s"].to_numpy(),
                start_s=starts,
            )
        )
    return pd.concat(parts)
