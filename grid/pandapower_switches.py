"""Switches of pandapower tables: open ends of branches, and buses that closed switches join."""

from __future__ import annotations

import numpy as np

from grid.elements import Flags, Floats, Ints, Lines
from grid.open_ends import Ends
from grid.pandapower_tables import TableReader

RX_OF_SWITCH = 2.0
"""R/X that pandapower gives a switch whose impedance is stated as its magnitude alone."""


def open_ends(reader: TableReader, kind: str, table: str, from_bus: Ints, to_bus: Ints) -> Ends:
    """Which ends of the branches of `table` have an open switch; `kind` is pandapower's letter for them."""
    ends = Ends.closed(len(from_bus))
    mine = np.array(reader.texts("et"), dtype=object) == kind
    if not mine.any():
        return ends
    bus, branch = reader.positions("bus", "bus"), _elements(reader, mine, table)
    at_from, at_to = from_bus[branch] == bus, to_bus[branch] == bus
    reader.tell(mine & ~at_from & ~at_to, "bus", f"not an end of its {table}", f"give a bus of the {table}")
    opened = mine & ~reader.flags("closed", default=True)
    ends.from_open[branch[opened & at_from]] = True
    ends.to_open[branch[opened & at_to & ~at_from]] = True
    return ends


def check_kinds(reader: TableReader) -> None:
    """Note switches of a kind that is not known."""
    known = np.isin(np.array(reader.texts("et"), dtype=object), ["b", "l", "t", "t3"])
    reader.tell(~known, "et", "no kind of switch", "give b, l, t or t3")


def switch_lines(reader: TableReader, base_kv: Floats, bus_in_service: Flags) -> Lines:
    """Bus-bus switches as lines, without impedance unless they state one.

    Of switches that close a loop by themselves only as many are in service as join the buses: the current of the others
    is undetermined.
    """
    mine = np.array(reader.texts("et"), dtype=object) == "b"
    one, two = reader.positions("bus", "bus"), _elements(reader, mine, "bus")
    reader.tell(mine & (base_kv[one] != base_kv[two]), "element", "joins buses of different voltage", "check the buses")
    closed = reader.flags("closed", default=True) & bus_in_service[one] & bus_in_service[two]
    z_ohm = reader.numbers("z_ohm", 0.0)
    reader.tell(z_ohm < 0, "z_ohm", "impedance is negative", "give 0 or more")
    solid = mine & closed & (z_ohm == 0)
    active = mine & closed & (z_ohm > 0)
    active[_joining(np.flatnonzero(solid), one, two, len(base_kv))] = True
    rating_a = 1e3 * reader.numbers("in_ka", np.inf)
    row = np.flatnonzero(mine)
    x = z_ohm[row] / np.hypot(1.0, RX_OF_SWITCH)
    return Lines(
        id=reader.ids("switch")[row],
        from_bus=one[row],
        to_bus=two[row],
        r_ohm=RX_OF_SWITCH * x,
        x_ohm=x,
        b_us=np.zeros(len(row)),
        g_us=np.zeros(len(row)),
        rating_a=np.where(rating_a[row] > 0, rating_a[row], np.inf),
        in_service=active[row],
    )


def _elements(reader: TableReader, mine: Flags, table: str) -> Ints:
    """Rows of `table` that the switches of one kind stand at, 0 for the other switches."""
    raw, index = reader.column("element"), {label: k for k, label in enumerate(reader.tables.labels(table))}
    found = np.array([index.get(v, -1) if here else 0 for v, here in zip(raw, mine, strict=True)], dtype=np.int64)
    reader.tell(found < 0, "element", f"names no row of the table {table}", f"give an index of {table}")
    return np.maximum(found, 0)


def _joining(rows: Ints, one: Ints, two: Ints, n_buses: int) -> list[int]:
    leader = list(range(n_buses))

    def find(node: int) -> int:
        while leader[node] != node:
            leader[node] = leader[leader[node]]
            node = leader[node]
        return node

    joining = []
    for row in rows.tolist():
        a, b = find(int(one[row])), find(int(two[row]))
        if a != b:
            leader[a] = b
            joining.append(row)
    return joining
