"""Cutting a part out of a synthetic grid, and finding buses on the map."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from data.errors import InvalidInput, Problem
from grid.elements import Flags, Floats, Ids, Ints, Slacks
from grid.synthesis_plane import EARTH_KM_PER_DEGREE
from grid.synthesis_tables import BusKind, GridTables

Table = TypeVar("Table")


def select_district(grid: GridTables, district_id: str) -> GridTables:
    """Part of the grid in one district; raises `InvalidInput` for an unknown one."""
    keep = grid.buses.district == district_id
    if not keep.any():
        raise _unknown("district", district_id, np.unique(grid.buses.district))
    return select_buses(grid, keep)


def select_substation(grid: GridTables, substation_id: str) -> GridTables:
    """One substation with its banks and feeders; raises `InvalidInput` for an unknown one."""
    return select_buses(grid, grid.buses.substation == _position("substation", substation_id, grid.substations.id))


def select_feeder(grid: GridTables, feeder_id: str, sending_pu: float) -> GridTables:
    """One feeder with its busbar, held at `sending_pu` per unit; raises `InvalidInput` for an unknown feeder."""
    feeder = _position("feeder", feeder_id, grid.feeders.id)
    keep = grid.buses.feeder == feeder
    busbar = grid.banks.busbar[grid.feeders.bank[feeder]]
    keep[busbar] = True
    part = select_buses(grid, keep)
    slack = Slacks(
        id=grid.network.buses.id[[busbar]],
        bus=np.flatnonzero(part.buses.kind == BusKind.BUSBAR),
        v_pu=np.array([sending_pu]),
        angle_deg=np.zeros(1),
    )
    return replace(part, network=replace(part.network, slacks=slack))


def select_buses(grid: GridTables, keep: Flags) -> GridTables:
    """Part of the grid with the buses of a mask: branches and ties with both ends in it, and the rows they belong to.

    References to rows that are cut away become -1.
    """
    net = grid.network
    lines = keep[net.lines.from_bus] & keep[net.lines.to_bus]
    transformers = keep[net.transformers.from_bus] & keep[net.transformers.to_bus]
    feeders = lines[grid.feeders.head_line]
    ties = lines[grid.ties.line]
    bus_at, line_at, transformer_at = _new_positions(keep), _new_positions(lines), _new_positions(transformers)
    substations = keep[grid.substations.bus]
    banks = keep[grid.banks.busbar]
    substation_at, bank_at, feeder_at = (_new_positions(mask) for mask in (substations, banks, feeders))
    references = {"bank": bank_at, "substation": substation_at, "feeder": feeder_at}
    ends = {"from_bus": bus_at, "to_bus": bus_at}
    network = replace(
        net,
        buses=_rows(net.buses, keep),
        lines=_rows(net.lines, lines, **ends),
        transformers=_rows(net.transformers, transformers, **ends),
        slacks=_rows(net.slacks, keep[net.slacks.bus], bus=bus_at),
    )
    return GridTables(
        network=network,
        buses=_rows(grid.buses, keep, **references),
        lines=_rows(grid.lines, lines, feeder=feeder_at),
        substations=_rows(grid.substations, substations, bus=bus_at),
        banks=_rows(grid.banks, banks, substation=substation_at, busbar=bus_at, transformer=transformer_at),
        feeders=_rows(grid.feeders, feeders, substation=substation_at, bank=bank_at, head_line=line_at),
        ties=_rows(grid.ties, ties, line=line_at, feeder_a=feeder_at, feeder_b=feeder_at),
    )


def nearest_buses(grid: GridTables, x: Floats, y: Floats, contract_class: str | None = None) -> Ints:
    """Position of the MV/LV transformer bus nearest to each point (degrees), of one contract class if one is given.

    Raises `InvalidInput` when the grid has no such bus.
    """
    wanted = grid.buses.kind == BusKind.LOAD
    if contract_class is not None:
        wanted &= grid.buses.contract_class == contract_class
    candidates = np.flatnonzero(wanted)
    if not len(candidates):
        raise _unknown("contract_class", str(contract_class), np.unique(grid.buses.contract_class))
    buses = grid.network.buses
    km_per_degree = EARTH_KM_PER_DEGREE * np.array([np.cos(np.radians(np.mean(buses.y[candidates]))), 1.0])
    tree = cKDTree(np.column_stack([buses.x[candidates], buses.y[candidates]]) * km_per_degree)
    _, found = tree.query(np.column_stack([x, y]) * km_per_degree)
    nearest: Ints = candidates[found]
    return nearest


def _rows(table: Table, keep: Flags, **references: Ints) -> Table:
    """Rows of a table of columns, with the positions in the named columns translated (-1 stays -1)."""
    columns: dict[str, NDArray[Any]] = {}
    for item in fields(table):  # type: ignore[arg-type]
        column = getattr(table, item.name)[keep]
        if item.name in references:
            column = np.where(column >= 0, references[item.name][column], -1)
        columns[item.name] = column
    return type(table)(**columns)


def _new_positions(keep: Flags) -> Ints:
    """Map from old to new position, -1 for what goes; one entry more, so that -1 maps to -1."""
    positions = np.full(len(keep) + 1, -1, dtype=np.int64)
    positions[:-1][keep] = np.arange(np.count_nonzero(keep))
    return positions


def _position(what: str, name: str, names: Ids) -> int:
    found = np.flatnonzero(names == name)
    if not len(found):
        raise _unknown(what, name, names)
    return int(found[0])


def _unknown(what: str, name: str, names: Ids) -> InvalidInput:
    some = ", ".join(str(known) for known in names[:5])
    fix = f"Choose one of its {len(names)}: {some}{', …' if len(names) > 5 else ''}"
    return InvalidInput([Problem("grid", 0, what, f"the grid has no {what} '{name}'", fix)])
