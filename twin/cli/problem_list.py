"""The problems of an input as a command prints them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import click

from data.errors import Problem


def say_problems(problems: Sequence[Problem], place: Path, *, as_json: bool) -> None:
    """Print problems, one a line and their number, or as a JSON list; without problems only the empty list is said."""
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(problem) for problem in problems], ensure_ascii=False, indent=1))
    elif problems:
        for problem in problems:
            click.echo(str(problem))
        click.echo(f"{len(problems)} problem{'s' * (len(problems) != 1)} in {place}")
