"""Buses joined by lines without impedance made one bus, for solvers that need an impedance everywhere."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TypeVar

import numpy as np
from scipy import sparse

from grid.elements import Flags, Ints, Lines, Shunts, Table
from grid.network_tables import NetworkTables

T = TypeVar("T", bound=Table)


def merge_joined_buses(network: NetworkTables) -> NetworkTables:
    """Return the network with all buses that in-service lines without impedance join made one: the first of them.

    Lines that then begin where they end are left out, and shunts draw their charging. All else keeps its id.
    """
    lines, n = network.lines, len(network.buses)
    joining = lines.in_service & (lines.r_ohm == 0) & (lines.x_ohm == 0)
    ends = (lines.from_bus[joining], lines.to_bus[joining])
    graph = sparse.coo_array((np.ones(joining.sum()), ends), shape=(n, n))
    label = sparse.csgraph.connected_components(graph, directed=False)[1]
    _, first, node = np.unique(label, return_index=True, return_inverse=True)
    at = np.argsort(np.argsort(first))[node].astype(np.int64)
    inside = at[lines.from_bus] == at[lines.to_bus]
    charging = _charging(network, inside & lines.in_service)
    shunts = Shunts(*(np.concatenate([getattr(t, c.name) for t in (network.shunts, charging)]) for c in fields(Shunts)))
    return replace(
        network,
        buses=_rows(network.buses, np.isin(np.arange(n), first)),
        lines=_at(_rows(lines, ~inside), at),
        transformers=_at(network.transformers, at),
        slacks=_at(network.slacks, at),
        loads=_at(network.loads, at),
        shunts=_at(shunts, at),
        generators=_at(network.generators, at),
    )


def _charging(network: NetworkTables, inside: Flags) -> Shunts:
    """Shunts in place of lines whose ends become one bus."""
    lines: Lines = network.lines
    row = np.flatnonzero(inside & ((lines.b_us != 0) | (lines.g_us != 0)))
    draw_kva = 1e-3 * (lines.g_us - 1j * lines.b_us)[row] * network.buses.base_kv[lines.from_bus[row]] ** 2
    names = np.array([f"{name} (charging)" for name in lines.id[row]], dtype=str)
    return Shunts(names, lines.from_bus[row], draw_kva.real, draw_kva.imag, np.ones(len(row), dtype=bool))


def _rows(table: T, keep: Flags) -> T:
    return replace(table, **{c.name: getattr(table, c.name)[keep] for c in fields(table)})  # type: ignore[arg-type,type-var]


def _at(table: T, position: Ints) -> T:
    """Translate the bus positions of a table."""
    names = {c.name for c in fields(table)} & {"bus", "from_bus", "to_bus"}  # type: ignore[arg-type]
    return replace(table, **{name: position[getattr(table, name)] for name in names})  # type: ignore[type-var]
