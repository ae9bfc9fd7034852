"""The grid of a small town as pages read it, with loads drawn from a seed so that limits are broken or kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

from dash_app.answers.grid_facts import GridFacts
from tests.twin.report_builders import certificate, curves, district, feeder, in_run, summary
from tests.twin.whatif_town import STEPS, town_day
from twin.grid_check import GridState, check_grid
from twin.summary_feeder import FeederSlice, read_feeder
from twin.summary_grid import grid_overview

CLOCK = tuple(f"{(4 + hour) % 24:02d}:00" for hour in range(STEPS))
NAMES = {"west": ("서구", "West-gu"), "east": ("동구", "East-gu")}


@dataclass(frozen=True, eq=False)
class Town:
    """Facts as pages read them, beside the states of the grid they were made from."""

    facts: GridFacts
    states: tuple[GridState, GridState]
    loads_kva: tuple[Any, Any]


@cache
def town(seed: int, highest: float = 1.0) -> Town:
    """Return the town with its loads scaled by up to `highest` in random hours and feeders."""
    day, rng = town_day(), np.random.default_rng(seed)
    grid = day.grid
    outcomes = []
    for _ in range(2):
        of_feeder = rng.uniform(0.3, 1.0, len(grid.feeders.id)) ** 0.5 * highest
        hours = rng.uniform(0.7, 1.0, STEPS)
        scale = np.where(grid.buses.feeder >= 0, of_feeder[grid.buses.feeder], 0.0)
        kw, kvar = (part * hours[:, np.newaxis] * scale for part in (day.loads.kw, day.loads.kvar))
        state = check_grid(grid, kw, kvar)
        outcomes.append(
            SimpleNamespace(plan=SimpleNamespace(load_kw=kw, load_kvar=kvar, session_kw=kw[:, :1].T), state=state)
        )
    overview = grid_overview(_day(grid), *outcomes)  # type: ignore[arg-type]
    codes = tuple(NAMES)
    districts = tuple(
        replace(district("11680"), code=code, name_local=NAMES[code][0], name_en=NAMES[code][1]) for code in codes
    )
    converged = int(outcomes[1].state.converged.sum())
    whole = summary(
        run=in_run(clock=CLOCK, step_h=1.0, service_date="2026-08-12"),
        districts=districts,
        feeders=(feeder(str(grid.feeders.id[0]), 0.9, district="west"),),
        certificate=certificate(converged_steps=converged, steps=STEPS),
        curves=curves(),
    )
    states = tuple(outcome.state for outcome in outcomes)
    loads = tuple(np.hypot(outcome.plan.load_kw, outcome.plan.load_kvar) for outcome in outcomes)
    return Town(GridFacts(whole, overview, outlines()), states, loads)  # type: ignore[arg-type]


def _day(grid: Any) -> Any:
    """Return what `grid_overview` reads of a day."""
    city = SimpleNamespace(
        grid=grid,
        garage_bus={"g1": int(np.flatnonzero(grid.buses.feeder == 0)[-1])},
        folder=SimpleNamespace(parameter=lambda name: 0.98),
        districts=("west", "east"),
        solar=SimpleNamespace(dc_kw=np.array([500.0, 500.0]), district=np.array(["west", "east"])),
    )
    batteries = SimpleNamespace(batteries=SimpleNamespace(efficiency=np.zeros(0)))
    return SimpleNamespace(
        city=city, garages={"g1": None}, step_h=1.0, solar_kw=np.full((STEPS, 2), 100.0), batteries=batteries
    )


def outlines() -> dict[str, Any]:
    """Return two squares that were planned, and one that was not."""

    def square(code: str, ko: str, en: str, west: float) -> dict[str, Any]:
        corners = [[west, 37.29], [west + 0.025, 37.29], [west + 0.025, 37.33], [west, 37.33], [west, 37.29]]
        return {
            "type": "Feature",
            "id": code,
            "properties": {"name_ko": ko, "name_en": en},
            "geometry": {"type": "Polygon", "coordinates": [corners]},
        }

    return {
        "type": "FeatureCollection",
        "features": [
            square("west", *NAMES["west"], 127.199),
            square("east", *NAMES["east"], 127.224),
            square("north", "북구", "North-gu", 127.249),
        ],
    }


def feeder_slice(seed: int, highest: float, number: int) -> tuple[FeederSlice, Town]:
    """Return one feeder of the town with its day, read from arrays as a page does."""
    made = town(seed, highest)
    grid = made.states[0].grid
    name = str(grid.feeders.id[number])
    arrays = {
        "v_pu": np.stack([state.v_pu for state in made.states]),
        "loading": np.stack([state.loading for state in made.states]),
        "load_kw": np.stack([kva / np.hypot(1.0, 0.3) for kva in made.loads_kva]),
        "load_kvar": np.stack([kva * 0.3 / np.hypot(1.0, 0.3) for kva in made.loads_kva]),
    }

    def series(_: Any, array: str, at: Any) -> Any:
        return arrays[array][:, :, at].astype(np.float32)

    return read_feeder(None, grid, name, series), made  # type: ignore[arg-type]
