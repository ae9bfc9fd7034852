"""`python -m benchmarks NAME [--quick]`: run one benchmark (or `all`), print its claims, exit 1 if a bar is missed."""

from __future__ import annotations

import importlib
import platform
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, cast

import click

from benchmarks.claims import HEADING, Claim


class Benchmark(Protocol):
    """What a module of this package offers to be found."""

    def run(self, *, quick: bool) -> Iterable[Claim]:
        """Measure and return the claims, one by one where it takes long."""


def names() -> list[str]:
    """Return the benchmarks there are: the modules with a `run`."""
    found = sorted(path.stem for path in Path(__file__).parent.glob("*.py"))
    return [name for name in found if "\ndef run(" in Path(__file__).with_name(f"{name}.py").read_text("utf-8")]


@click.command()
@click.argument("name")
@click.option("--quick", is_flag=True, help="Small cases, for a smoke run.")
def main(name: str, *, quick: bool) -> None:
    """Run benchmark NAME, or `all` of them."""
    known = names()
    if name != "all" and name not in known:
        raise click.BadParameter(f"{name!r} is none of {', '.join(known)}, all", param_hint="NAME")
    click.echo(f"# {platform.processor() or platform.machine()}, Python {platform.python_version()}")
    click.echo(HEADING)
    missed = 0
    for one in known if name == "all" else [name]:
        module = cast("Benchmark", importlib.import_module(f"benchmarks.{one}"))
        for claim in module.run(quick=quick):
            click.echo(str(claim))
            missed += not claim.ok
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
