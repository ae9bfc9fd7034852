"""The command `twin`: one group a file, one place where errors become messages and exit codes."""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from importlib.metadata import entry_points

import click

from data.errors import InvalidInput, TwinError
from data.store import AlreadyRunningError
from twin.cli import exit_codes

COMMANDS = {
    "city": ("twin.cli.city", "city"),
    "depot": ("twin.cli.depot", "depot"),
    "grid": ("twin.cli.grid", "grid"),
    "nightly": ("twin.cli.nightly", "nightly"),
    "runs": ("twin.cli.runs", "runs"),
    "schedule": ("twin.cli.schedule", "schedule"),
    "transit": ("twin.cli.transit", "transit"),
    "user": ("twin.cli.user", "user"),
    "worker": ("twin.cli.worker", "worker"),
}
"""Command → (module, name). A module is imported when its command is used, so that `twin --help` is quick."""

PLUGGED_IN = "twin.commands"
"""Entry points of packages above this one (the web app), which this package does not import."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 — click's signature
        return sorted({*COMMANDS, *entry_points(group=PLUGGED_IN).names})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            found = list(entry_points(group=PLUGGED_IN, name=cmd_name))
            return found[0].load() if found else None
        module, name = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), name)
        return command


@click.command(cls=_Commands)
@click.version_option(package_name="seoul-energy-twin")
def twin() -> None:
    """Plan a city's energy: its grid, buildings, solar power, cars and buses.

    Exit codes: 0 done, 1 failed, 2 the input has problems (all of them are listed), 3 the same job is already running,
    4 published, but degraded (a part fell back), 130 stopped by its user.
    """


def main() -> None:
    """Run the command line."""
    # a stop from outside (a service manager, a time-out) ends as tidily as Ctrl-C
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(twin.main(standalone_mode=False) or 0)  # click hands back the code of a command that ended itself
    except click.ClickException as error:
        error.show()
        sys.exit(exit_codes.BAD_INPUT)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        sys.exit(exit_codes.CANCELLED)
    except InvalidInput as refused:
        click.echo(str(refused), err=True)
        sys.exit(exit_codes.BAD_INPUT)
    except AlreadyRunningError as error:
        click.echo(str(error), err=True)
        sys.exit(exit_codes.ALREADY_RUNNING)
    except (TwinError, OSError) as error:
        click.echo(f"{type(error).__name__}: {error}", err=True)
        sys.exit(exit_codes.FAILED)
