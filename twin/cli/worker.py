"""`twin worker`: do the jobs that users of the web app ask for."""

from __future__ import annotations

import logging
from pathlib import Path

import click

import data
from data.jobs import JobLedger, Lane
from twin.cli.run_options import runs_option
from twin.job_supervisor import Supervisor, worker_command
from twin.job_worker import LaneWorker
from twin.stopping import StopRequest

EMBEDDED_SEOUL = Path(data.__file__).parent / "seoul"
STATE_FOLDER = "web"


@click.command()
@runs_option
@click.option("--city", type=click.Path(path_type=Path), default=EMBEDDED_SEOUL, help="City folder.  [embedded Seoul]")
@click.option("--lane", type=click.Choice([lane.value for lane in Lane]), hidden=True)
def worker(runs: Path, city: Path, lane: str | None) -> None:
    """Do jobs until stopped: one process for short jobs, one for plans of districts and cities.

    `twin serve` starts one by itself. Only one can look after a folder of runs.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    folder = runs / STATE_FOLDER
    if lane is not None:
        LaneWorker(runs, folder, city, Lane(lane)).run()
        return
    supervisor = Supervisor(JobLedger(folder), lambda chosen: worker_command(runs, city, chosen))
    with StopRequest() as stop:
        try:
            supervisor.run(stop)
        except KeyboardInterrupt:
            click.echo("worker stopped", err=True)
