"""`twin grid`: check a network, solve its power flow."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from data.errors import InvalidInput, Problem
from grid import power_flow
from grid.network_facts import network_facts, require_radial
from grid.network_files import FORMATS, read_network
from twin.cli import exit_codes
from twin.grid_loads import read_step_loads
from twin.grid_report import summary_lines, summary_of, write_flow

_IGNORE = click.option(
    "--ignore", multiple=True, metavar="KIND", help="Leave out this kind of unsupported element (may be repeated)."
)


@click.group(help=f"Check a network or solve its power flow. NET is {FORMATS}.")
def grid() -> None:
    """Check a network or solve its power flow."""


@grid.command()
@click.argument("net")
@_IGNORE
@click.option("--radial", is_flag=True, help="Loops are problems.")
@click.option("--json", "as_json", is_flag=True, help="Print problems, or facts, as JSON.")
@click.pass_context
def check(context: click.Context, net: str, *, ignore: tuple[str, ...], radial: bool, as_json: bool) -> None:
    """Read the network NET, list all its problems at once, and say what it is like.

    The exit code is 0 when there are no problems and 2 when there are some.
    """
    problems: tuple[Problem, ...] = ()
    facts = None
    try:
        network = read_network(net, ignore=ignore)
        facts = network_facts(network)
        if radial:
            require_radial(network)
    except InvalidInput as refused:
        problems = refused.problems
    if as_json:
        found = [dataclasses.asdict(problem) for problem in problems]
        words = list(facts.sentences()) if facts else []
        click.echo(json.dumps({"problems": found, "facts": words}, ensure_ascii=False, indent=1))
    else:
        for line in (*map(str, problems), *(facts.sentences() if facts else ())):
            click.echo(line)
        count = len(problems)
        click.echo(f"{count or 'no'} problem{'' if count == 1 else 's'} in {net}")
    context.exit(exit_codes.BAD_INPUT if problems else 0)


@grid.command()
@click.argument("net")
@click.option(
    "--loads",
    type=click.Path(path_type=Path),
    help="CSV or Parquet with time, bus, p_kw, q_kvar; without it the network's own loads are solved, one step.",
)
@click.option("--out", "folder", type=click.Path(path_type=Path, file_okay=False), help="Folder for the tables.")
@click.option("--full", is_flag=True, help="Write every array too, as flow.nc.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads to use.  [all cores]")
@click.option("--merge", is_flag=True, help="Make buses one that lines without impedance (closed switches) join.")
@_IGNORE
@click.pass_context
def solve(
    context: click.Context,
    /,
    net: str,
    loads: Path | None,
    folder: Path | None,
    threads: int | None,
    ignore: tuple[str, ...],
    *,
    full: bool,
    merge: bool,
) -> None:
    """Solve the power flow of the network NET for every step of the loads, and sum it up.

    The exit code is 0 when every step was solved, 1 when some failed (each says why), 2 when the input has problems.
    """
    if full and folder is None:
        raise click.UsageError("--full needs --out")
    network = read_network(net, ignore=ignore)
    network = network.merge_joined_buses() if merge else network
    load_kw, load_kvar = read_step_loads(loads, network) if loads else (None, None)
    flow = power_flow(network, load_kw, load_kvar, threads=threads)
    summary = write_flow(flow, folder, full=full) if folder else summary_of(flow)
    for line in summary_lines(summary):
        click.echo(line)
    if folder:
        click.echo(f"tables in {folder}")
    context.exit(exit_codes.FAILED if summary["failures"] else 0)
