"""Districts put side by side: one network, and tie switches across the borders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from grid.elements import Ids, Ints
from grid.synthesis_assembly import tie_lines
from grid.synthesis_conductors import trunk_conductor
from grid.synthesis_plane import Plane
from grid.synthesis_spec import GridSpec
from grid.synthesis_tables import BusKind, GridTables
from grid.synthesis_ties import border_ties

POSITIONS_OF = {
    "network.lines.from_bus": "bus",
    "network.lines.to_bus": "bus",
    "network.transformers.from_bus": "bus",
    "network.transformers.to_bus": "bus",
    "network.slacks.bus": "bus",
    "buses.feeder": "feeder",
    "buses.bank": "bank",
    "buses.substation": "substation",
    "lines.feeder": "feeder",
    "substations.bus": "bus",
    "banks.substation": "substation",
    "banks.busbar": "bus",
    "banks.transformer": "transformer",
    "feeders.substation": "substation",
    "feeders.bank": "bank",
    "feeders.head_line": "line",
    "ties.line": "line",
    "ties.feeder_a": "feeder",
    "ties.feeder_b": "feeder",
}
"""Columns that hold positions, and what they count."""


def side_by_side(parts: Sequence[GridTables]) -> GridTables:
    """One grid of several that share nothing; ties are moved behind the lines in service."""
    offsets = [
        dict.fromkeys(("bus", "line", "transformer", "feeder", "bank", "substation"), 0),
    ]
    for part in parts:
        sizes = {
            "bus": len(part.buses.kind),
            "line": len(part.lines.feeder),
            "transformer": len(part.network.transformers.id),
            "feeder": len(part.feeders.id),
            "bank": len(part.banks.id),
            "substation": len(part.substations.id),
        }
        offsets.append({name: offsets[-1][name] + size for name, size in sizes.items()})
    whole: GridTables = _stacked(parts, offsets, "")
    return _ties_last(whole)


def _stacked(parts: Sequence[Any], offsets: Sequence[dict[str, int]], prefix: str) -> Any:
    columns: dict[str, Any] = {}
    for item in fields(parts[0]):
        members = [getattr(part, item.name) for part in parts]
        name = f"{prefix}{item.name}"
        if is_dataclass(members[0]):
            columns[item.name] = _stacked(members, offsets, f"{name}.")
        elif isinstance(members[0], float):
            columns[item.name] = members[0]
        else:
            counted = POSITIONS_OF.get(name)
            if counted:
                members = [_moved(column, offset[counted]) for column, offset in zip(members, offsets, strict=False)]
            columns[item.name] = np.concatenate(members)
    return type(parts[0])(**columns)


def _moved(column: Ints, offset: int) -> Ints:
    moved: Ints = np.where(column >= 0, column + offset, -1)
    return moved


def _ties_last(grid: GridTables) -> GridTables:
    in_service = grid.network.lines.in_service
    order = np.argsort(~in_service, kind="stable")
    position = np.empty(len(order), dtype=np.int64)
    position[order] = np.arange(len(order))
    return replace(
        grid,
        network=replace(grid.network, lines=_reordered(grid.network.lines, order)),
        lines=_reordered(grid.lines, order),
        feeders=replace(grid.feeders, head_line=position[grid.feeders.head_line]),
        ties=replace(grid.ties, line=position[grid.ties.line]),
    )


def _reordered(table: Any, order: Ints) -> Any:
    return type(table)(**{item.name: getattr(table, item.name)[order] for item in fields(table)})


def with_border_ties(grid: GridTables, spec: GridSpec) -> GridTables:
    """Add normally-open ties between feeders of neighbouring districts."""
    buses = grid.network.buses
    loads = np.flatnonzero(grid.buses.kind == BusKind.LOAD)
    plane = Plane(float(np.mean(buses.x)), float(np.mean(buses.y)))
    xy = plane.to_km(np.column_stack([buses.x, buses.y]))
    _, district = np.unique(grid.buses.district, return_inverse=True)
    found = border_ties(xy[loads], grid.buses.feeder[loads], district[loads])
    a, b = loads[found.a], loads[found.b]
    if not len(a):
        return grid
    cable_of_bus = np.zeros(len(buses.id), dtype=bool)
    in_service = grid.network.lines.in_service
    cable_of_bus[grid.network.lines.to_bus[in_service]] = grid.lines.underground[in_service]
    choice = {kind: trunk_conductor(spec.conductors, spec.rules, underground=kind) for kind in (False, True)}
    conductors = [choice[bool(kind)] for kind in cable_of_bus[a] | cable_of_bus[b]]
    columns = replace(
        tie_lines(found.length_km, conductors, spec.rules.route_factor),
        id=_tie_ids(grid.buses.district[a], grid.buses.district[b]),
        from_bus=a,
        to_bus=b,
        g_us=np.zeros(len(a)),
        in_service=np.zeros(len(a), dtype=bool),
    )
    facts = type(grid.lines)(
        feeder=np.full(len(a), -1, dtype=np.int64),
        conductor=np.array([c.name for c in conductors]),
        underground=np.array([c.underground for c in conductors]),
        trunk=np.ones(len(a), dtype=bool),
        length_km=found.length_km * spec.rules.route_factor,
    )
    ties = type(grid.ties)(
        line=len(in_service) + np.arange(len(a)), feeder_a=grid.buses.feeder[a], feeder_b=grid.buses.feeder[b]
    )
    nothing: list[dict[str, int]] = []
    return replace(
        grid,
        network=replace(grid.network, lines=_stacked([grid.network.lines, columns], nothing, "new.")),
        lines=_stacked([grid.lines, facts], nothing, "new."),
        ties=_stacked([grid.ties, ties], nothing, "new."),
    )


def _tie_ids(one: Ids, other: Ids) -> Ids:
    """Ids of border ties, numbered along each border."""
    count: dict[str, int] = {}
    ids: list[str] = []
    for pair in zip(one.tolist(), other.tolist(), strict=True):
        border = "-".join(sorted(pair))
        count[border] = count.get(border, 0) + 1
        ids.append(f"{border}-T{count[border]:03d}")
    return np.array(ids)
