"""`twin runs`: list, show, verify, compare and export the runs of a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from data.errors import InvalidInput, Problem
from data.ledger import RunRecord
from data.store import RunStore, export_netcdf
from twin.cli import exit_codes
from twin.cli.run_options import runs_option
from twin.nightly import SUMMARY_FILE
from twin.run_diff import differences


@click.group()
def runs() -> None:
    """Look at the runs of a folder."""


@runs.command("list")
@runs_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_runs(runs: Path, *, as_json: bool) -> None:
    """List all runs, newest first."""
    records = RunStore(runs).ledger.runs()
    if as_json:
        click.echo(json.dumps([_plain(record) for record in records], ensure_ascii=False, indent=1))
        return
    if not records:
        click.echo(f"There are no runs in {runs} yet; `twin nightly` makes one.")
    for record in records:
        click.echo(f"{record.run_id:<52} {record.state:<10} {record.started_utc:%Y-%m-%d %H:%M} UTC  {record.message}")


@runs.command()
@click.argument("run_id")
@runs_option
def show(run_id: str, runs: Path) -> None:
    """Show the state, the certificate and the files of one run."""
    store = RunStore(runs)
    record = _record(store, run_id)
    document = _plain(record)
    if record.state.shown:
        folder = store.folder_of(run_id)
        document["folder"] = str(folder)
        document["certificate"] = json.loads((folder / SUMMARY_FILE).read_bytes())["certificate"]
        document["reports"] = sorted(str(path) for path in folder.glob("report.*.html"))
    click.echo(json.dumps(document, ensure_ascii=False, indent=1))


@runs.command()
@click.argument("run_id")
@runs_option
@click.pass_context
def verify(context: click.Context, run_id: str, runs: Path) -> None:
    """Read a run whole and compare it with its manifest; exit code 1 when anything differs."""
    store = RunStore(runs)
    _record(store, run_id)
    found = store.verify(run_id)
    for difference in found:
        click.echo(difference)
    if found:
        context.exit(exit_codes.FAILED)
    click.echo(f"{run_id} is what it was when it was published")


@runs.command()
@click.argument("first")
@click.argument("second")
@runs_option
def diff(first: str, second: str, runs: Path) -> None:
    """Compare two runs: inputs that differ, figures that differ, and by how much."""
    store = RunStore(runs)
    summaries = [_summary(store, run_id) for run_id in (first, second)]
    lines = differences(*summaries)
    click.echo("\n".join(lines) if lines else "the two runs have the same inputs and figures")


@runs.command()
@click.argument("run_id")
@click.argument("target", type=click.Path(path_type=Path, file_okay=False))
@runs_option
def export(run_id: str, target: Path, runs: Path) -> None:
    """Write the arrays of a run as NetCDF files, and its tables as CSV, into the folder TARGET."""
    store = RunStore(runs)
    folder = store.folder_of(_shown(store, run_id).run_id)
    target.mkdir(parents=True, exist_ok=True)
    for name in ("grid", "schedule"):
        with store.open_arrays(run_id, name) as arrays:
            export_netcdf(arrays.load(), target / f"{name}.nc")
        click.echo(str(target / f"{name}.nc"))
    for path in sorted(folder.glob("*.csv")):
        (target / path.name).write_bytes(path.read_bytes())
        click.echo(str(target / path.name))


def _record(store: RunStore, run_id: str) -> RunRecord:
    record = store.ledger.get(run_id)
    if record is None:
        raise InvalidInput([Problem(str(store.root), 0, "", f"there is no run {run_id}", "see `twin runs list`")])
    return record


def _shown(store: RunStore, run_id: str) -> RunRecord:
    record = _record(store, run_id)
    if not record.state.shown:
        what = f"{run_id} is {record.state}: {record.message}"
        raise InvalidInput([Problem(str(store.root), 0, "", what, "choose a run that was published")])
    return record


def _summary(store: RunStore, run_id: str) -> dict[str, Any]:
    folder = store.folder_of(_shown(store, run_id).run_id)
    document: dict[str, Any] = json.loads((folder / SUMMARY_FILE).read_bytes())
    return document


def _plain(record: RunRecord) -> dict[str, Any]:
    return {
        "run_id": record.run_id,
        "kind": record.key.kind,
        "city": record.key.city,
        "service_date": record.key.service_date.isoformat(),
        "inputs_sha256": record.key.inputs_sha256,
        "state": record.state.value,
        "message": record.message,
        "started_utc": record.started_utc.isoformat(),
        "ended_utc": record.ended_utc.isoformat() if record.ended_utc else None,
    }
