"""Random timetables of one garage, and model depots, made in code."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from data.depot_folder_template import write_depot_template
from twin.transit_trips import Driving, LinkRules, Places, Trips

CITY = Path(__file__).parents[2] / "data" / "seoul"
DRIVING = Driving(1.0, 5.0, np.full(24, 20.0))
RULES = LinkRules(layover_h=0.1, longest_wait_h=1.0, garage_layover_h=0.25)


def random_day(seed: int, count: int, places: int = 3, *, distances: bool = True) -> tuple[Trips, Places]:
    """Draw trips between places on a map of a few kilometres; without distances every empty trip is free."""
    rng = np.random.default_rng(seed)
    start_h = np.sort(rng.uniform(5, 12, count))
    xy = rng.uniform(0, 8, (places + 1, 2)) * distances
    km = np.hypot(*(xy[:, None] - xy[None, :]).transpose(2, 0, 1))
    trips = Trips(
        id=np.array([f"t{number}" for number in range(count)], dtype=object),
        route=np.array(["100"] * count, dtype=object),
        start_h=start_h,
        end_h=start_h + rng.uniform(0.3, 1.5, count),
        start_place=rng.integers(0, places, count),
        end_place=rng.integers(0, places, count),
        distance_km=rng.uniform(5, 20, count),
    )
    return trips, Places(np.arange(places).astype(object), km[0, 1:], km[1:, 1:])


def trips_at(times: list[tuple[float, float]], km: float = 10.0) -> Trips:
    """Trips with given hours, all from place 0 to place 0."""
    count = len(times)
    return Trips(
        id=np.array([f"t{number}" for number in range(count)], dtype=object),
        route=np.array(["100"] * count, dtype=object),
        start_h=np.array([start for start, _ in times], dtype=float),
        end_h=np.array([end for _, end in times], dtype=float),
        start_place=np.zeros(count, dtype=np.int64),
        end_place=np.zeros(count, dtype=np.int64),
        distance_km=np.full(count, km),
    )


def one_place(garage_km: float) -> Places:
    """Return one terminal at some distance from the garage."""
    return Places(np.array(["terminal"], dtype=object), np.array([garage_km]), np.zeros((1, 1)))


def model_depot(folder: Path) -> Path:
    """Write the example depot of `twin depot new`."""
    path = folder / "model"
    write_depot_template(path, "Model")
    return path
