"""`twin city`: check a city folder, write a new one."""

from __future__ import annotations

import re
from pathlib import Path

import click

from data.city_folder import CityFolder, read_city_folder
from data.city_folder_template import write_template
from data.errors import InvalidInput, Problem
from twin.cli import exit_codes
from twin.cli.problem_list import say_problems


@click.group()
def city() -> None:
    """Check a city folder, or write a new one from a template."""


@city.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the problems as a JSON list.")
@click.pass_context
def check(context: click.Context, path: Path, *, as_json: bool) -> None:
    """Read every file of the city folder PATH and list all problems at once.

    The exit code is 0 when there are none and 2 when there are some.
    """
    problems: tuple[Problem, ...] = ()
    summary = ""
    try:
        summary = _summary(read_city_folder(path))
    except InvalidInput as refused:
        problems = refused.problems
    say_problems(problems, path, as_json=as_json)
    if summary and not as_json:
        click.echo(summary)
    context.exit(exit_codes.BAD_INPUT if problems else 0)


@city.command()
@click.argument("name")
@click.option("--folder", type=click.Path(path_type=Path), help="Where to write it; ./NAME in lower case by default.")
def new(name: str, folder: Path | None) -> None:
    """Write a commented city folder for the city NAME: a small invented town that passes the check."""
    target = folder or Path(re.sub(r"\W+", "-", name.lower()).strip("-") or "city")
    write_template(target, name)
    click.echo(f"Wrote {target}. Fill its tables, then run: twin city check {target}")


def _summary(folder: CityFolder) -> str:
    rows = sum(len(table) for table in folder.tables.values())
    assumed = sum(int(table["assumed"].sum()) for table in folder.tables.values() if "assumed" in table)
    return (
        f"{folder.settings.name}: no problems. {len(folder.boundaries)} districts, {len(folder.tables)} tables,"
        f" {rows:,} rows, {assumed:,} of them assumptions. Content {folder.content_sha256[:12]}"
    )
