"""`twin depot`: check, plan, re-plan and size a bus depot given as a folder."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import click

from data.depot_folder import read_depot_folder
from data.depot_folder_template import write_depot_template
from data.errors import InvalidInput, Problem
from optimizers.depot_sizing import Works
from optimizers.plan import NoPlan
from optimizers.solver import SolveLimits
from twin.cli import exit_codes
from twin.depot_case import DepotCase, depot_case
from twin.depot_day import judge_day, verdict_lines
from twin.depot_outputs import plan_files, require_free, write_folder
from twin.depot_planning import certificate_lines, plan_case, require_plannable

FOLDER = click.argument("folder", type=click.Path(path_type=Path))
TIME_LIMIT = click.option(
    "--time-limit",
    "time_limit_s",
    type=click.FloatRange(0.1, 86_400),
    default=60,
    show_default=True,
    help="Seconds of wall time; the best plan by then is given with its true gap.",
)
GAP = click.option(
    "--gap",
    type=click.FloatRange(0, 1),
    default=1e-3,
    show_default=True,
    help="Relative gap at which a plan counts as optimal.",
)
OUT = click.option(
    "--out", type=click.Path(path_type=Path), help="Folder to be written; FOLDER/plan by default. Never overwritten."
)


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

    When it does not: which buses, in which window, how many kWh short, and the cheapest ways out. The exit code is 0
    for a day that works, 2 when the input has problems, 1 when the day cannot work or was not decided in time.
    """
    problems: tuple[Problem, ...] = ()
    case: DepotCase | None = None
    try:
        case = depot_case(read_depot_folder(folder))
        require_plannable(case)
    except InvalidInput as refused:
        problems = refused.problems
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(problem) for problem in problems], ensure_ascii=False, indent=1))
    elif problems:
        for problem in problems:
            click.echo(str(problem))
        click.echo(f"{len(problems)} problem{'' if len(problems) == 1 else 's'} in {folder}")
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
@click.pass_context
def plan(context: click.Context, folder: Path, out: Path | None, time_limit_s: float, gap: float) -> None:
    """Plan the day of the depot FOLDER and write schedule, charts, certificate, reasons and OCPP profiles."""
    target = out or folder / "plan"
    case = depot_case(read_depot_folder(folder))
    require_free(target)
    planned = plan_case(case, SolveLimits(time_limit_s, gap))
    if isinstance(planned, NoPlan):
        _say_no_plan(context, case, planned, time_limit_s)
        return
    write_folder(target, plan_files(planned))
    click.echo("\n".join(certificate_lines(planned)))
    click.echo(f"wrote         {target}")
    context.exit(0 if planned.certificate.replay_ok else exit_codes.DEGRADED)


def _say_no_plan(context: click.Context, case: DepotCase, answer: NoPlan, time_limit_s: float) -> None:
    click.echo(f"status        {answer.status.value}", err=True)
    for reason in answer.reasons:
        click.echo(f"  {reason}", err=True)
    verdict = judge_day(case, SolveLimits(time_limit_s))
    click.echo("\n".join(verdict_lines(case, verdict)), err=True)
    context.exit(exit_codes.FAILED)


def _summary(case: DepotCase) -> str:
    problem = case.problem
    outlets = sum(charger.count for charger in problem.chargers)
    return (
        f"{case.folder.name}: no problems. {problem.bus_count} buses, {len(case.folder.tables['duties'])} duties, "
        f"{outlets} outlets in {len(problem.chargers)} classes, {problem.step_count} steps. "
        f"Content {case.folder.content_sha256[:12]}"
    )
