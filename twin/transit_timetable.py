"""From a route table to trips: departures by headway, running times by table or by speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isnan

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.errors import ProblemList
from twin.buses_energy import travel_time_h
from twin.transit_trips import Places, Trips

NEEDED = {
    "length_km": ("length", "add the column 거리 or length_km: energy goes by distance"),
    "first_h": ("first and last departure", "add 첫차시간 and 막차시간, or first and last"),
}
"""Columns that every route needs: what they hold, and what to do without."""

FEW_ROUTES = 10
"""In a table of more routes a column that all of them lack is one problem, not one a route."""

Floats = NDArray[np.float64]


class RouteLength(StrEnum):
    """What length and running time of a route table measure."""

    ROUND_TRIP = "round-trip"
    """From the first terminal back to it: what Seoul states."""
    ONE_WAY = "one-way"
    """From one terminal to the other."""


@dataclass(frozen=True, eq=False)
class TimetableRules:
    """How headways become departures.

    Attributes
    ----------
    length
        What the table measures.
    rush_h
        Local hours, (from, to), in which the shortest headway runs; the longest at other times.
    layover_h
        Least layover after a trip; with the running time it sets the headway of a route that states none.
    garage_km
        Road distance between the first terminal and the garage.
    speed_km_per_h
        (24,) speed in service by local hour, for routes without a running time.
    """

    length: RouteLength
    rush_h: Sequence[tuple[float, float]]
    layover_h: float
    garage_km: float
    speed_km_per_h: Floats


def timetable(routes: pd.DataFrame, rules: TimetableRules, file: str) -> tuple[Trips, Places]:
    """Return the trips of all routes of a table, and their terminals.

    A round trip begins and ends at the first terminal; one-way trips leave both terminals at the same times. A route of
    several companies (several rows) is one pool of buses. Terminals of two routes are linked by way of the garage only:
    the table says nothing about the roads between them.

    Parameters
    ----------
    routes
        As `data.route_table.read_route_table` returns it.
    rules
        How headways become departures.
    file
        What its user calls the table.

    Raises
    ------
    InvalidInput
        With every route that lacks a length, hours, or both headway and buses.
    """
    problems = ProblemList()
    empty = _empty_columns(routes, file, problems)
    for row, route in routes.drop(columns=empty).iterrows():
        _check(route, int(str(row)), file, rules, problems)
    problems.raise_if_any()
    parts: list[tuple[str, str, float, float, str, str, float]] = []
    for number, rows in routes.groupby("route", sort=False):
        parts += _trips_of(str(number), rows, rules)
    return _as_arrays(parts, rules)


def _empty_columns(routes: pd.DataFrame, file: str, problems: ProblemList) -> list[str]:
    """List each needed column that no route of a long table has once, not route by route; return them."""
    empty = [field for field in NEEDED if len(routes) > FEW_ROUTES and routes[field].isna().all()]
    for field in empty:
        what, fix = NEEDED[field]
        problems.add(file, f"none of the {len(routes)} routes has a {what}", fix, field=field)
    return empty


def _check(route: pd.Series, row: int, file: str, rules: TimetableRules, problems: ProblemList) -> None:
    def lacks(field: str, what: str, fix: str) -> None:
        problems.add(file, f"route {route['route']} has {what}", fix, row=row, field=field)

    for field, (what, fix) in NEEDED.items():
        if field in route and isnan(route[field]):
            lacks(field, f"no {what}", fix)
    several = not isnan(route["headway_shortest_min"]) and not isnan(route["headway_longest_min"])
    if several and route["headway_shortest_min"] < route["headway_longest_min"] and not rules.rush_h:
        lacks("headway_shortest_min", "two headways", "say when the shorter one runs: --rush 7-9 --rush 17-20")
    if not several and isnan(route["headway_min"]) and not route["authorised_buses"] > 0:
        lacks("headway_min", "neither headway nor buses", "add 배차간격 (headway_min) or 인가대수 (authorised_buses)")
    if rules.length is RouteLength.ONE_WAY and route["start"] == route["end"]:
        lacks("end", "one terminal only, so its trips are round trips", "take it with --route-length round-trip")


def _trips_of(
    number: str, rows: pd.DataFrame, rules: TimetableRules
) -> list[tuple[str, str, float, float, str, str, float]]:
    """(id, route, start, end, from, to, km) of one route."""
    route = rows.iloc[0]
    departs = _departures(route, float(rows["authorised_buses"].sum()), rules)
    runs = _run_h(route, departs, rules)
    there, back = f"{number}: {route['start']}", f"{number}: {route['end']}"
    ways = [("", there, there)] if rules.length is RouteLength.ROUND_TRIP else [(">", there, back), ("<", back, there)]
    return [
        (f"{number}{sign}{place + 1}", number, float(start), float(start + run), begin, end, float(route["length_km"]))
        for sign, begin, end in ways
        for place, (start, run) in enumerate(zip(departs, runs, strict=True))
    ]


def _departures(route: pd.Series, buses: float, rules: TimetableRules) -> Floats:
    """Return departures from the first to the last, the last included."""
    first, last = float(route["first_h"]), float(route["last_h"])
    short, long = float(route["headway_shortest_min"]) / 60, float(route["headway_longest_min"]) / 60
    if isnan(short) or isnan(long):
        short = long = float(route["headway_min"]) / 60
    if isnan(short):
        ways = 1 if rules.length is RouteLength.ROUND_TRIP else 2
        cycle = ways * (float(_run_h(route, np.array([12.0]), rules)[0]) + rules.layover_h)
        short = long = cycle / buses
    departs = [first]
    while True:
        clock = departs[-1] % 24
        rush = any(begin <= clock < end for begin, end in rules.rush_h)
        following = departs[-1] + (short if rush else long)
        if following >= last - 1e-9:
            break
        departs.append(following)
    return np.array([*departs, last]) if last > first else np.array([first])


def _run_h(route: pd.Series, departs: Floats, rules: TimetableRules) -> Floats:
    if not isnan(route["run_min"]):
        return np.full(len(departs), float(route["run_min"]) / 60)
    return travel_time_h(departs, np.full(len(departs), float(route["length_km"])), rules.speed_km_per_h)


def _as_arrays(
    parts: list[tuple[str, str, float, float, str, str, float]], rules: TimetableRules
) -> tuple[Trips, Places]:
    parts = sorted(parts, key=lambda part: (part[2], part[3], part[0]))
    names, routes, starts, ends, begins, turns, km = zip(*parts, strict=True)
    terminals = sorted(set(begins) | set(turns))
    index = {terminal: place for place, terminal in enumerate(terminals)}
    trips = Trips(
        id=np.array(names, dtype=object),
        route=np.array(routes, dtype=object),
        start_h=np.array(starts),
        end_h=np.array(ends),
        start_place=np.array([index[name] for name in begins]),
        end_place=np.array([index[name] for name in turns]),
        distance_km=np.array(km),
    )
    garage_km = np.full(len(terminals), rules.garage_km)
    between = garage_km[:, None] + garage_km[None, :]
    np.fill_diagonal(between, 0.0)
    return trips, Places(np.array(terminals, dtype=object), garage_km, between)
