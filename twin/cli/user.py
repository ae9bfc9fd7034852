"""`twin user`: who may use the web app."""

from __future__ import annotations

from pathlib import Path

import click

from data.audit import AuditLog
from data.sessions import SessionStore
from data.users import Role, UserStore
from twin.cli.run_options import runs_option
from twin.cli.worker import STATE_FOLDER

OPERATOR = "(command line)"


@click.group()
def user() -> None:
    """Add, list, disable users of the web app, and reset their passwords."""


@user.command()
@click.argument("name")
@click.option(
    "--role", type=click.Choice([role.value for role in Role]), default=Role.VIEWER.value, show_default=True,
    help="viewer looks; scheduler also changes schedules; engineer also plans; admin also administers.",
)  # fmt: skip
@runs_option
def add(name: str, role: str, runs: Path) -> None:
    """Add the user NAME and print a password that works once."""
    folder = runs / STATE_FOLDER
    password = UserStore(folder).add(name, Role(role))
    AuditLog(folder).add(OPERATOR, "user.add", name, role=role)
    click.echo(f"{name} ({role}); one-time password: {password}")


@user.command("list")
@runs_option
def list_users(runs: Path) -> None:
    """List everybody."""
    users = UserStore(runs / STATE_FOLDER).users()
    if not users:
        click.echo("There are no users yet; `twin serve` adds an admin at its first start.")
    for one in users:
        state = "disabled" if one.disabled else "one-time password" if one.must_change else "active"
        click.echo(f"{one.name:<32} {one.role:<10} {state:<18} since {one.created_utc:%Y-%m-%d}")


@user.command()
@click.argument("name")
@runs_option
def disable(name: str, runs: Path) -> None:
    """Let the user NAME in no more, and end the user's sessions."""
    folder = runs / STATE_FOLDER
    UserStore(folder).disable(name)
    SessionStore(folder).end_all(name)
    AuditLog(folder).add(OPERATOR, "user.disable", name)
    click.echo(f"{name} is disabled")


@user.command()
@click.argument("name")
@runs_option
def reset(name: str, runs: Path) -> None:
    """Give the user NAME a new password that works once, enable the user, and end old sessions."""
    folder = runs / STATE_FOLDER
    password = UserStore(folder).reset(name)
    SessionStore(folder).end_all(name)
    AuditLog(folder).add(OPERATOR, "user.reset", name)
    click.echo(f"{name}; one-time password: {password}")
