"""A what-if on a published run: reads the substations it touches, solves them before and after."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import zarr
from numpy.typing import NDArray

from data.errors import InvalidInput, Problem
from data.store import RunStore
from grid.synthesis_grid import SyntheticGrid
from twin.summary_feeder import series_of
from twin.summary_grid_file import NETWORK_FILE, OVERVIEW_FILE, read_overview
from twin.summary_grid_types import PlanIndex
from twin.whatif import part_of, touched_buses, what_if
from twin.whatif_change import Change, change_from_json
from twin.whatif_loads import Loads, clock_of
from twin.whatif_result import WhatIfResult

Floats = NDArray[np.float64]

SCHEDULE = "schedule.zarr"


class Work(Protocol):
    """What the worker gives a job (see its handlers)."""

    @property
    def store(self) -> RunStore:
        """The runs."""

    def note(self, share: float, phase: str) -> None:
        """Say how far the job is."""


def run_job(parameters: Mapping[str, Any], work: Work) -> dict[str, Any]:
    """Answer a what-if asked as a job: `{"run_id": …, "change": …}` gives the JSON of a `WhatIfResult`.

    Raises
    ------
    InvalidInput
        With everything that is wrong with the change, or when there is no such run.
    """
    change = change_from_json(parameters["change"])
    try:
        folder = work.store.folder_of(str(parameters["run_id"]))
    except KeyError as error:
        raise InvalidInput([Problem("job", 0, "run_id", "there is no such run", "choose a published run")]) from error
    work.note(0.1, "power flow")
    return what_if_of_run(folder, change).as_json()


def what_if_of_run(run_folder: Path, change: Change) -> WhatIfResult:
    """Return what a change does to the plan of a published run.

    Parameters
    ----------
    run_folder
        Folder of the run.
    change
        What is changed.

    Raises
    ------
    InvalidInput
        With every id that the run does not have, or when it was stored by another version of the program.
    """
    facts = json.loads((run_folder / "summary.json").read_bytes())["run"]
    grid = SyntheticGrid.load(run_folder / NETWORK_FILE)
    levers = read_overview((run_folder / OVERVIEW_FILE).read_bytes()).levers
    keep = touched_buses(grid, change, levers)
    at = np.flatnonzero(keep)
    plan = PlanIndex.PLAN
    loads = Loads.of(*(series_of(run_folder, n, at)[plan].astype(np.float64) for n in ("load_kw", "load_kvar")))
    garages = _garage_kw(run_folder, change)
    clock = clock_of(tuple(facts["clock"]), float(facts["step_h"]))
    return what_if(str(facts["run_id"]), part_of(grid, keep), loads, change, garages, levers, clock)


def _garage_kw(run_folder: Path, change: Change) -> dict[str, Floats]:
    """Return the planned power of every garage that is moved and that the run knows."""
    if not change.garages:
        return {}
    power: Any = zarr.open_array(str(run_folder / SCHEDULE / "garage_kw"), mode="r")
    names: Any = zarr.open_array(str(run_folder / SCHEDULE / "garage"), mode="r")[:]
    wanted = {move.garage for move in change.garages}
    return {
        str(name): np.asarray(power[number], dtype=np.float64) for number, name in enumerate(names) if name in wanted
    }
