"""The job that says why a garage's day cannot work, and what the smallest way out is."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from data.depot_folder_template import EXAMPLE
from data.depot_settings import DEPOT_SETTINGS_FILE
from optimizers.infeasibility import explain_infeasibility
from optimizers.problem import DepotProblem
from optimizers.remedies import RemedyPrices
from optimizers.solver import SolveLimits
from twin.depot_replan import DepotWork, stored_record

TIME_LIMIT_S = 20.0
"""For each solve; a handful are made."""


def remedy_prices() -> RemedyPrices:
    """Return the prices of remedies that the example of a depot folder begins with: assumptions, to rank them by."""
    settings = tomllib.loads((EXAMPLE / DEPOT_SETTINGS_FILE).read_text(encoding="utf-8"))
    return RemedyPrices(**{name: float(value) for name, value in settings["remedies"].items()})


def run_job(parameters: Mapping[str, Any], work: DepotWork) -> dict[str, Any]:
    """Explain the day of the garage `garage` of the run `run`.

    Returns
    -------
    dict
        As :func:`explained`.

    Raises
    ------
    InvalidInput
        When there is no such run or garage.
    """
    record = stored_record(work.store, str(parameters["run"]), str(parameters["garage"]))
    work.note(0.1, "explain")
    return explained(record.problem, SolveLimits(TIME_LIMIT_S))


def explained(problem: DepotProblem, limits: SolveLimits) -> dict[str, Any]:
    """Return what is scarce, who is short, and the ways out, cheapest first, as plain values."""
    found = explain_infeasibility(problem, remedy_prices(), limits)
    return {
        "works": not found.shortfalls and not found.bottlenecks and found.complete,
        "complete": found.complete,
        "bottlenecks": [
            {
                "scarce": bottleneck.scarce.name.lower(),
                "start": bottleneck.start,
                "stop": bottleneck.stop,
                "buses": [str(problem.buses.id[b]) for b in bottleneck.buses],
                "needed_kwh": bottleneck.needed_kwh,
                "available_kwh": bottleneck.available_kwh,
            }
            for bottleneck in found.bottlenecks
        ],
        "shortfalls": [
            {"bus": str(problem.buses.id[s.bus]), "step": s.step, "short_kwh": s.short_kwh} for s in found.shortfalls
        ],
        "remedies": [asdict(remedy) | {"kind": remedy.kind.name.lower()} for remedy in found.remedies],
    }
