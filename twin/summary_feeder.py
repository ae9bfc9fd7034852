"""One feeder of a published run: its topology and its day, read without touching the rest of the run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from data.errors import InvalidInput, Problem
from grid.synthesis_grid import SyntheticGrid
from grid.synthesis_tables import BusKind

Singles = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Ids = NDArray[np.str_]
Flags = NDArray[np.bool_]

ARRAYS = "grid.zarr"


@dataclass(frozen=True, eq=False)
class FeederBuses:
    """Buses of a feeder (n), the busbar that feeds it first, parents before children.

    Attributes
    ----------
    id, x, y
        Name and place in degrees.
    parent
        Position of the bus it is fed from, -1 for the busbar.
    kind
        `BusKind` codes.
    distance_km
        Circuit length from the substation.
    rating_kva
        Rating of the MV/LV transformer, 0 where there is none.
    contract_class, customer, critical
        Whom it serves.
    """

    id: Ids
    x: Floats
    y: Floats
    parent: Ints
    kind: Ints
    distance_km: Floats
    rating_kva: Floats
    contract_class: Ids
    customer: Ids
    critical: Flags


@dataclass(frozen=True, eq=False)
class FeederLines:
    """Sections of a feeder (m): the section at position i feeds bus i + 1. `from_bus`, `to_bus` are positions."""

    id: Ids
    from_bus: Ints
    to_bus: Ints
    conductor: Ids
    underground: Flags
    trunk: Flags
    length_km: Floats
    rating_a: Floats


@dataclass(frozen=True)
class FeederTie:
    """A normally-open switch to another feeder: `bus` is its end here, `other_bus` the one there."""

    id: str
    bus: int
    other_bus: str
    other_feeder: str
    length_km: float


@dataclass(frozen=True, eq=False)
class FeederDay:
    """A day of a feeder for both plans (2, T, …): at its buses (n) and in its sections (m).

    Loads consumption positive; `loading` is the share of the rated current.
    """

    v_pu: Singles
    load_kw: Singles
    load_kvar: Singles
    loading: Singles


@dataclass(frozen=True, eq=False)
class FeederSlice:
    """A feeder with its day."""

    id: str
    district: str
    substation: str
    bank: str
    rating_kw: float
    emergency_kw: float
    v_min_pu: float
    v_max_pu: float
    base_kv: float
    buses: FeederBuses
    lines: FeederLines
    ties: tuple[FeederTie, ...]
    day: FeederDay

    @property
    def transformer_use(self) -> Floats:
        """(2, T, n) loading of each MV/LV transformer, 0 where there is none."""
        drawn = np.hypot(self.day.load_kw, self.day.load_kvar).astype(np.float64)
        rated = self.buses.rating_kva > 0
        return np.where(rated, drawn / np.where(rated, self.buses.rating_kva, 1.0), 0.0)


def read_feeder(
    run_folder: Path, grid: SyntheticGrid, feeder: str, series: Callable[[Path, str, Ints], Singles] | None = None
) -> FeederSlice:
    """Read one feeder of a run.

    Parameters
    ----------
    run_folder
        Folder of a published run.
    grid
        Its network (`network.npz` of the folder).
    feeder
        Id of the feeder.
    series
        Gives a stored array at some buses or branches; `series_of` when absent.

    Raises
    ------
    InvalidInput
        When the run has no such feeder.
    """
    read = series or series_of
    found = np.flatnonzero(grid.feeders.id == feeder)
    if not len(found):
        what = f"the run has no feeder '{feeder[:40]}'"
        raise InvalidInput([Problem("grid", 0, "feeder", what, "choose one of its feeders")])
    number = int(found[0])
    busbar = int(grid.banks.busbar[grid.feeders.bank[number]])
    own = np.flatnonzero(grid.buses.feeder == number)
    at, sections = np.r_[busbar, own], np.flatnonzero(grid.lines.feeder == number)
    network = grid.network
    return FeederSlice(
        id=feeder,
        district=str(grid.feeders.district[number]),
        substation=str(grid.substations.id[grid.feeders.substation[number]]),
        bank=str(grid.banks.id[grid.feeders.bank[number]]),
        rating_kw=float(grid.feeders.rating_kw[number]),
        emergency_kw=float(grid.feeders.emergency_kw[number]),
        v_min_pu=float(network.buses.v_min_pu[own[0]]),
        v_max_pu=float(network.buses.v_max_pu[own[0]]),
        base_kv=float(network.buses.base_kv[own[0]]),
        buses=_buses(grid, at, sections),
        lines=_lines(grid, at, sections),
        ties=_ties(grid, at, number),
        day=FeederDay(
            **{name: read(run_folder, name, at) for name in ("v_pu", "load_kw", "load_kvar")},
            loading=read(run_folder, "loading", sections),
        ),
    )


def series_of(run_folder: Path, name: str, at: Ints) -> Singles:
    """Return (2, T, len(at)) of one stored array at some buses or branches, reading only the chunks they lie in."""
    array: Any = zarr.open_array(str(run_folder / ARRAYS / name), mode="r")
    values = np.empty((array.shape[0], array.shape[1], len(at)), dtype=np.float32)
    edges = np.flatnonzero(np.diff(at) != 1) + 1
    for part in np.split(np.arange(len(at)), edges):
        if len(part):
            values[:, :, part] = array[:, :, int(at[part[0]]) : int(at[part[-1]]) + 1]
    return values


def _buses(grid: SyntheticGrid, at: Ints, sections: Ints) -> FeederBuses:
    buses, facts, lines = grid.network.buses, grid.buses, grid.network.lines
    place = {int(bus): position for position, bus in enumerate(at)}
    parent = np.full(len(at), -1, dtype=np.int64)
    for section in sections:
        parent[place[int(lines.to_bus[section])]] = place[int(lines.from_bus[section])]
    rating = np.where(facts.kind[at] == BusKind.LOAD, facts.rating_kva[at], 0.0)
    return FeederBuses(
        id=buses.id[at],
        x=buses.x[at],
        y=buses.y[at],
        parent=parent,
        kind=facts.kind[at],
        distance_km=facts.distance_km[at],
        rating_kva=rating,
        contract_class=facts.contract_class[at],
        customer=facts.customer[at],
        critical=facts.critical[at],
    )


def _lines(grid: SyntheticGrid, at: Ints, sections: Ints) -> FeederLines:
    lines, facts = grid.network.lines, grid.lines
    place = np.full(len(grid.network.buses.id), -1, dtype=np.int64)
    place[at] = np.arange(len(at))
    return FeederLines(
        id=lines.id[sections],
        from_bus=place[lines.from_bus[sections]],
        to_bus=place[lines.to_bus[sections]],
        conductor=facts.conductor[sections],
        underground=facts.underground[sections],
        trunk=facts.trunk[sections],
        length_km=facts.length_km[sections],
        rating_a=lines.rating_a[sections],
    )


def _ties(grid: SyntheticGrid, at: Ints, feeder: int) -> tuple[FeederTie, ...]:
    lines, ties, found = grid.network.lines, grid.ties, []
    place = {int(bus): position for position, bus in enumerate(at)}
    for number in np.flatnonzero((ties.feeder_a == feeder) | (ties.feeder_b == feeder)):
        line = int(ties.line[number])
        ends = (int(lines.from_bus[line]), int(lines.to_bus[line]))
        here, there = ends if ends[0] in place else ends[::-1]
        other = grid.buses.feeder[there]
        found.append(
            FeederTie(
                id=str(lines.id[line]),
                bus=place[here],
                other_bus=str(grid.network.buses.id[there]),
                other_feeder=str(grid.feeders.id[other]) if other >= 0 else "",
                length_km=float(grid.lines.length_km[line]),
            )
        )
    return tuple(found)
