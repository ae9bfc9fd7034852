"""`twin depot`: check, plan, re-plan and size a bus depot given as a folder."""

from __future__ import annotations

import asyncio
import dataclasses
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from data.depot_folder import read_depot_folder
from data.depot_folder_template import write_depot_template
from data.depot_state import read_depot_state
from data.durable import write_atomically
from data.errors import InvalidInput, Problem
from optimizers.depot_sizing import Works
from optimizers.lexicographic import Goal
from optimizers.plan import NoPlan
from optimizers.solver import SolveLimits
from twin.cli import exit_codes
from twin.cli.depot_options import (
    FOLDER,
    GAP,
    MEMORY_LIMIT,
    OCPP_FILES,
    OCPP_PERIODS,
    OCPP_PHASES,
    OCPP_UNIT,
    OCPP_VOLTAGE,
    OUT,
    OUT_REPLAN,
    TIME_LIMIT,
)
from twin.cli.depot_protection_options import (
    COLD_DAY,
    COLD_STANDING,
    GOALS,
    LATE_BUSES,
    LATE_MINUTES,
    MAKEUP,
    SPARE_CHARGER,
    protection_of,
)
from twin.cli.interrupt import noted_interrupt
from twin.cli.number import Number
from twin.cli.problem_list import say_problems
from twin.depot_case import DepotCase, depot_case, replan_case
from twin.depot_day import judge_day, verdict_lines
from twin.depot_outputs import json_text, plan_files, require_free, write_folder
from twin.depot_page import plan_page, why_page
from twin.depot_planning import certificate_lines, plan_case, require_plannable, wish_lines
from twin.depot_size import size_depot, size_lines
from twin.depot_tables import clock
from twin.depot_why import reasons_of
from twin.depot_wishes import NO_WISHES, Wishes
from twin.ocpp_delivery import Delivery, serve_until_done, stations
from twin.ocpp_profiles import (
    ProfileOptions,
    RateUnit,
    fed_back_lines,
    profile_requests,
    read_requests,
    requests_document,
)
from twin.ocpp_rules import OcppVersion


@click.group()
def depot() -> None:
    """Plan the charging of a bus depot: cheapest, drivable, and with a proved distance from the best."""


@depot.command()
@click.argument("name")
@click.option("--folder", type=click.Path(path_type=Path), help="Where to write it; ./NAME in lower case by default.")
def new(name: str, folder: Path | None) -> None:
    """Write a commented depot folder NAME: a small example that passes the check and can be planned."""
    target = folder or Path(re.sub(r"\W+", "-", name.lower()).strip("-") or "depot")
    write_depot_template(target, name)
    click.echo(f"Wrote {target}. Fill its tables, then run: twin depot check {target}")


@depot.command()
@FOLDER
@TIME_LIMIT
@click.option("--json", "as_json", is_flag=True, help="Print the problems as a JSON list.")
@click.pass_context
def check(context: click.Context, folder: Path, time_limit_s: float, *, as_json: bool) -> None:
    """Read the depot FOLDER, list all problems at once, and say whether its day works.

    When it does not: which buses, in which window, how many kWh short, and the ways out (more charger time, a larger
    connection, later departures, a swap of duties), cheapest first; the time limit holds for each of them. The exit
    code is 0 for a day that works, 2 when the input has problems, 1 when it cannot work or was not decided in time.
    """
    problems: tuple[Problem, ...] = ()
    case: DepotCase | None = None
    try:
        case = depot_case(read_depot_folder(folder))
        require_plannable(case)
    except InvalidInput as refused:
        problems = refused.problems
    say_problems(problems, folder, as_json=as_json)
    if problems or case is None:
        context.exit(exit_codes.BAD_INPUT)
    if not as_json:
        click.echo(_summary(case))
        verdict = judge_day(case, SolveLimits(time_limit_s))
        click.echo("\n".join(verdict_lines(case, verdict)))
        context.exit(0 if verdict.works is Works.YES else exit_codes.FAILED)


@depot.command()
@FOLDER
@OUT
@TIME_LIMIT
@GAP
@MEMORY_LIMIT
@LATE_BUSES
@LATE_MINUTES
@MAKEUP
@COLD_DAY
@COLD_STANDING
@SPARE_CHARGER
@GOALS
@OCPP_UNIT
@OCPP_VOLTAGE
@OCPP_PHASES
@OCPP_PERIODS
@click.pass_context
def plan(context: click.Context, /, folder: Path, out: Path | None, goals: tuple[Goal, ...], **options: Any) -> None:
    """Plan the day of the depot FOLDER and write schedule, charts, certificate, reasons and OCPP profiles.

    The reasons (what more of something is worth) take as long again at the most. Ctrl-C ends the search: the best plan
    so far is written with its true gap. With a protection, what it costs is said, each alone and all together.

    The exit code is 0 for a plan that keeps every rule, 1 when there is none, 2 when the input has problems, 4 when the
    plan bends a rule.
    """
    case = depot_case(read_depot_folder(folder))
    wishes = Wishes(protection_of(options, case.folder.settings.step_min), goals)
    _plan_and_write(context, case, out or folder / "plan", options, wishes)


@depot.command()
@FOLDER
@click.option("--state", "state_file", required=True, type=click.Path(path_type=Path), help="Where every bus is now.")
@click.option("--peak-kw", type=Number(min=0), help="Peak of the month so far, when it has grown.")
@click.option("--battery-kwh", type=Number(min=0), help="Energy in the stationary battery now.")
@OUT_REPLAN
@click.option("--time-limit", "time_limit_s", type=Number(0.1, 86_400), default=2, show_default=True)
@GAP
@MEMORY_LIMIT
@OCPP_UNIT
@OCPP_VOLTAGE
@OCPP_PHASES
@OCPP_PERIODS
@click.pass_context
def replan(
    context: click.Context,
    /,
    folder: Path,
    state_file: Path,
    peak_kw: float | None,
    battery_kwh: float | None,
    out: Path | None,
    **options: Any,
) -> None:
    """Plan the rest of the day of the depot FOLDER anew, from where its buses are now.

    What is under way is kept: a bus that is plugged stays at its outlet, and its session counts. Delays are passed on
    to the next duty of a bus that is not back in time.
    """
    depot_folder = read_depot_folder(folder)
    state = read_depot_state(state_file, depot_folder)
    case = replan_case(depot_folder, state, peak_kw=peak_kw, battery_kwh=battery_kwh)
    now = clock(case, 0)[:16].replace(":", "")
    _plan_and_write(context, case, out or folder / f"plan-{now}", options, NO_WISHES, why=False)


@depot.command()
@FOLDER
@click.option(
    "--time-limit",
    "time_limit_s",
    type=Number(0.1, 86_400),
    default=10,
    show_default=True,
    help="Seconds for each size that is tried.",
)
@click.option("--out", type=click.Path(path_type=Path), help="JSON file to be written as well. Never overwritten.")
@click.pass_context
def size(context: click.Context, folder: Path, time_limit_s: float, out: Path | None) -> None:
    """Find the fewest outlets, the smallest grid connection and the smallest batteries with which the day works.

    Each is found with the others as they are, and with the reason why less fails.
    """
    case = depot_case(read_depot_folder(folder))
    require_plannable(case)
    if out is not None:
        require_free(out)
    sized = size_depot(case.problem, tuple(case.folder.tables["buses"]["type"]), SolveLimits(time_limit_s))
    for line in size_lines(sized):
        click.echo(line)
    if out is not None:
        write_atomically(out, json_text(dataclasses.asdict(sized)).encode())
    context.exit(0 if sized.works else exit_codes.FAILED)


@depot.command()
@click.argument("plan_folder", type=click.Path(path_type=Path))
@click.option("--ocpp", type=click.Choice([version.value for version in OcppVersion]), default="1.6", show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), default=9000, show_default=True)
@click.option("--time-limit", "time_limit_s", type=Number(0.1, 86_400), default=300, show_default=True)
@click.pass_context
def send(context: click.Context, plan_folder: Path, ocpp: str, host: str, port: int, time_limit_s: float) -> None:
    """Hand the charging profiles of PLAN_FOLDER to the stations that connect, until each one has answered.

    The exit code is 0 when every station accepted its profiles, 1 when one rejected them or did not come in time.
    """
    version = OcppVersion(ocpp)
    delivery = Delivery(read_requests(plan_folder / OCPP_FILES[version], version))
    click.echo(f"waiting for {len(stations(delivery.requests))} stations at ws://{host}:{port}/STATION")
    asyncio.run(serve_until_done(delivery, version, host, port, time_limit_s))
    for request in delivery.requests:
        if request.left_out_kwh > 0:
            left_out = f"{request.left_out_kwh:.1f} kWh fed back in the plan are not in this profile"
            click.echo(f"{request.station}, {request.connector}: {left_out}; OCPP {ocpp} cannot ask for them")
    for place, request in enumerate(delivery.requests):
        reason = delivery.reasons.get(place, "")
        click.echo(f"{request.station}, {request.connector}: {delivery.state(place).value} {reason}".rstrip())
    context.exit(0 if delivery.done and not delivery.reasons else exit_codes.FAILED)


def _plan_and_write(
    context: click.Context,
    case: DepotCase,
    target: Path,
    options: Mapping[str, Any],
    wishes: Wishes,
    *,
    why: bool = True,
) -> None:
    require_free(target)
    memory_gb = options["memory_limit_gb"] or math.inf
    with noted_interrupt() as interrupt:
        limits = SolveLimits(options["time_limit_s"], options["gap"], 1, memory_gb, interrupt)
        planned = plan_case(case, limits, wishes)
        if isinstance(planned, NoPlan):
            _say_no_plan(context, case, planned, limits)
            return
        files = plan_files(planned) | {"plan.html": plan_page(planned)}
        if why:
            each = _each(limits, len(case.problem.chargers) + 1)
            files["why.html"] = why_page(planned, reasons_of(planned, each))
        for version, name in OCPP_FILES.items():
            files[name] = json_text(requests_document(profile_requests(planned, _profiles(version, options)), version))
        write_folder(target, files)
    if interrupt():
        click.echo("interrupted   this is the best plan so far")
    not_said = [f"not in OCPP   {line}" for line in fed_back_lines(planned)]
    click.echo("\n".join([*certificate_lines(planned), *wish_lines(planned), *not_said]))
    click.echo(f"wrote         {target}")
    context.exit(0 if planned.certificate.replay_ok else exit_codes.DEGRADED)


def _profiles(version: OcppVersion, options: Mapping[str, Any]) -> ProfileOptions:
    unit = RateUnit(options["unit"])
    return ProfileOptions(version, unit, options["voltage_v"], options["phases"], options["max_periods"])


def _each(limits: SolveLimits, solves: int) -> SolveLimits:
    """Return the limits of each of some solves that together take as long as the plan."""
    return dataclasses.replace(limits, time_limit_s=limits.time_limit_s / solves)


def _say_no_plan(context: click.Context, case: DepotCase, answer: NoPlan, limits: SolveLimits) -> None:
    click.echo(f"status        {answer.status.value}", err=True)
    for reason in answer.reasons:
        click.echo(f"  {reason}", err=True)
    verdict = judge_day(case, limits)
    click.echo("\n".join(verdict_lines(case, verdict)), err=True)
    context.exit(exit_codes.FAILED)


def _summary(case: DepotCase) -> str:
    problem = case.problem
    outlets = sum(charger.count for charger in problem.chargers)
    return (
        f"{case.folder.name}: no problems. {problem.bus_count} buses, {len(case.folder.tables['duties'])} duties, "
        f"{outlets} outlet{'s' * (outlets != 1)}, {problem.step_count} steps. "
        f"Content {case.folder.content_sha256[:12]}"
    )
