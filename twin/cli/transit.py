"""`twin transit`: check a GTFS feed, import a timetable into depot folders."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from data.depot_settings import SHIPPED_SEOUL
from data.errors import InvalidInput, Problem
from data.gtfs import read_gtfs
from data.gtfs_distance import DistanceUnit
from data.gtfs_trips import DistanceRule
from twin.cli import exit_codes
from twin.cli.number import Number
from twin.cli.problem_list import say_problems
from twin.transit_import import FeedRules, Imported, ImportRules, TableRules, import_feed, import_route_table
from twin.transit_timetable import RouteLength
from twin.transit_trips import LinkRules

SEOUL = Path(__file__).parents[2] / "data" / "seoul"


class _Hours(click.ParamType[tuple[float, float]]):
    """Hours of the day, FROM-TO."""

    name = "FROM-TO"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        match = re.fullmatch(r"(\d{1,2}(?:\.\d+)?)-(\d{1,2}(?:\.\d+)?)", str(value))
        begin, end = (float(match[1]), float(match[2])) if match else (0.0, 0.0)
        if not 0 <= begin < end <= 24:
            self.fail(f"{value!r} is not a stretch of hours; write it as 7-9 or 17.5-20.", param, ctx)
        return begin, end


class _Day(click.ParamType[date]):
    """A date, YYYY-MM-DD."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007 — a date has no zone
        except ValueError:
            self.fail(f"{value!r} is not a date YYYY-MM-DD.", param, ctx)


@click.group()
def transit() -> None:
    """Turn timetables (GTFS, Korean route tables) into duties of electric buses."""


@transit.command()
@click.argument("feed", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the problems as a JSON list.")
@click.pass_context
def check(context: click.Context, feed: Path, *, as_json: bool) -> None:
    """Read the GTFS zip or folder FEED and list all problems at once.

    The exit code is 0 when there are none and 2 when there are some.
    """
    problems: tuple[Problem, ...] = ()
    summary = ""
    try:
        read = read_gtfs(feed)
        first, last = read.days
        sizes = ", ".join(f"{len(table):,} {name}" for name, table in read.tables.items())
        summary = f"{read.name}: no problems. {sizes}. {first} to {last}, {read.zone.key}"
    except InvalidInput as refused:
        problems = refused.problems
    say_problems(problems, feed, as_json=as_json)
    if summary and not as_json:
        click.echo(summary)
    context.exit(exit_codes.BAD_INPUT if problems else 0)


@transit.command("import")
@click.argument("timetable", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--date", "service_date", type=_Day(), required=True, help="Local service date to import.")
@click.option(
    "--depot",
    type=click.Path(path_type=Path),
    required=True,
    help="Depot folder (`twin depot new`) whose chargers, site and prices every garage gets.",
)
@click.option(
    "--city",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder with bus_types.csv, "
    "bus_speeds.csv, bus_climate.csv and garages.csv, or 'seoul' for the tables of the program.",
)
@click.option("--bus-type", required=True, help="Type of the buses, a row of bus_types.csv.")
@click.option("--temperature", "temp_c", type=Number(-60, 60), required=True, help="Outdoor temperature, °C.")
@click.option("--layover", type=Number(0, 600), required=True, help="Least time between two trips, min.")
@click.option("--longest-wait", type=Number(0, 1440), required=True, help="Longest wait on the street, min.")
@click.option("--garage-layover", type=Number(0, 1440), required=True, help="Least stay in the garage, min.")
@click.option(
    "--charge-kw",
    type=Number(0, 1000),
    required=True,
    help="Power a bus can count on in the garage by day; 0 when it charges at night only.",
)
@click.option("--route", "routes", multiple=True, help="Route to import; may be repeated; all routes without it.")
@click.option("--circuity", type=Number(1, 3), help="GTFS: road distance over straight line, for empty trips.")
@click.option(
    "--stop-circuity",
    type=Number(1, 3),
    help="GTFS: the same from stop to stop, for trips that have neither a distance nor a line on the map.",
)
@click.option(
    "--distance-unit",
    type=click.Choice([unit.value for unit in DistanceUnit]),
    help="GTFS: unit of shape_dist_traveled, where it is not plain.",
)
@click.option("--garages", type=click.Path(path_type=Path), help="GTFS: table of garages: id, longitude, latitude.")
@click.option(
    "--route-length",
    type=click.Choice([length.value for length in RouteLength]),
    help="Route table: what its lengths measure.",
)
@click.option("--garage-km", type=Number(0, 100), help="Route table: road distance from garage to first terminal.")
@click.option(
    "--rush",
    "rush",
    type=_Hours(),
    multiple=True,
    help="Route table: hours of the shortest headway, as 7-9; may be repeated.",
)
def import_(timetable: Path, target: Path, **options: Any) -> None:
    """Make depot folders below TARGET from TIMETABLE: a GTFS zip or folder, or a route table (.csv).

    Trips are linked to the fewest buses, with layovers in the garage, and cut into duties that the battery carries.
    Every garage becomes a folder for `twin depot plan`. TARGET appears complete and checked, or not at all.
    """
    city = Path(options["city"])
    rules = ImportRules(
        service_date=options["service_date"],
        depot=options["depot"],
        city=SEOUL if str(city) == SHIPPED_SEOUL else city,
        bus_type=options["bus_type"],
        temp_c=options["temp_c"],
        routes=frozenset(options["routes"]),
        link=LinkRules(options["layover"] / 60, options["longest_wait"] / 60, options["garage_layover"] / 60),
        charge_kw=options["charge_kw"],
    )
    if timetable.suffix.lower() == ".csv":
        _need(options, "route_length", "garage_km", kind="a route table")
        how = TableRules(RouteLength(options["route_length"]), options["rush"], options["garage_km"])
        imported = import_route_table(timetable, target, rules, how)
    else:
        _need(options, "circuity", kind="a GTFS feed")
        unit = options["distance_unit"]
        distance = DistanceRule(DistanceUnit(unit) if unit else None, options["stop_circuity"])
        imported = import_feed(timetable, target, rules, FeedRules(distance, options["circuity"], options["garages"]))
    for line in _summary(imported, target):
        click.echo(line)


def _need(options: dict[str, Any], *names: str, kind: str) -> None:
    missing = [f"--{name.replace('_', '-')}" for name in names if options[name] is None]
    if missing:
        raise click.UsageError(f"{kind} needs {' and '.join(missing)}")


def _summary(imported: Imported, target: Path) -> list[str]:
    lines = [
        f"{day.garage}: {len(day.trips):,} trips in {len(day.duties):,} duties of {day.bus_count} "
        f"bus{'es' * (day.bus_count != 1)} (at least {day.fewest_buses} whatever the battery), "
        f"{day.energy_kwh:,.0f} kWh, {day.distance_km:,.0f} km"
        for day in imported.days
    ]
    return [*lines, *imported.notes, f"Wrote {target}. Plan a garage with: twin depot plan {target}/GARAGE"]
