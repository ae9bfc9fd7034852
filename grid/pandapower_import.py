"""From pandapower tables to a network: element by element, with everything unsupported listed."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import fields, replace
from typing import TypeVar

import numpy as np

from data.errors import InvalidInput, ProblemList
from grid.elements import Buses, Flags, Floats, Ids, Lines, Table
from grid.network_tables import NetworkTables
from grid.open_ends import Ends, charging_shunts
from grid.pandapower_injections import read_generators, read_loads, read_shunts, read_slacks, slack_nodes
from grid.pandapower_io import columns_of
from grid.pandapower_switches import check_kinds, open_ends, switch_lines
from grid.pandapower_tables import PandapowerTables, TableReader
from grid.pandapower_transformers import UntypedTaps, read_transformers

SUPPORTED = frozenset(
    {"bus", "line", "trafo", "switch", "load", "sgen", "storage", "motor", "ward", "shunt", "ext_grid", "gen"}
)
WITHOUT_EFFECT = frozenset(
    {
        *("measurement", "pwl_cost", "poly_cost", "group", "bus_geodata", "line_geodata", "characteristic"),
        *("trafo_characteristic_table", "trafo_characteristic_spline", "shunt_characteristic_table"),
        *("shunt_characteristic_spline", "q_capability_characteristic", "q_capability_curve_table"),
        *("substation", "loadcases", "profiles", "coordinates"),
    }
)
"""Tables that say nothing about the circuit."""

NO_LIMIT_PU = (0.0, 2.0)
"""Voltage limits of a bus that states none, as in pandapower's optimal power flow."""

T = TypeVar("T", bound=Table)


def from_pandapower(
    net: object, *, ignore: Collection[str] = (), untyped_taps: UntypedTaps = UntypedTaps.REFUSE
) -> NetworkTables:
    """Convert a pandapower network in memory.

    Buses are named by their index, lines `line 3`, transformers `trafo 0`, bus-bus switches `switch 5`; a branch
    with one open end is out of service, and a shunt at its closed end draws its charging.

    Parameters
    ----------
    net
        The network. Results in it are not looked at.
    ignore
        Names of unsupported tables (`trafo3w`, `dcline`, …) to leave out knowingly.
    untyped_taps
        What to do with taps off neutral whose tap changer has no type.

    Raises
    ------
    InvalidInput
        With every unsupported element by name and count, and every bad value.
    """
    return network_of(columns_of(net), ignore=ignore, untyped_taps=untyped_taps)


def network_of(
    tables: PandapowerTables, *, ignore: Collection[str] = (), untyped_taps: UntypedTaps = UntypedTaps.REFUSE
) -> NetworkTables:
    """Convert pandapower tables; see :func:`from_pandapower`."""
    problems = ProblemList()
    refuse_unsupported(tables, ignore, problems)
    if not tables.size("bus"):
        problems.add(f"{tables.source}: bus", "the network has no buses", "give at least one bus and one ext_grid")
        raise InvalidInput(problems)

    def reader(name: str) -> TableReader:
        return TableReader(tables, name, problems)

    buses, live = _read_buses(reader("bus"), reader("bus_geodata"))
    if len(problems):
        raise InvalidInput(problems)
    switches = reader("switch")
    check_kinds(switches)
    lines = _read_lines(reader("line"), buses.base_kv, tables.frequency_hz)
    transformers = read_transformers(reader("trafo"), buses.base_kv, untyped_taps)
    line_ends = _with_dead_buses(open_ends(switches, "l", "line", lines.from_bus, lines.to_bus), lines, live)
    trafo_ends = open_ends(switches, "t", "trafo", transformers.from_bus, transformers.to_bus)
    dead = ~(live[transformers.from_bus] & live[transformers.to_bus])
    transformers = replace(transformers, in_service=transformers.in_service & ~dead)
    joins = switch_lines(switches, buses.base_kv, live)
    slacks = read_slacks(reader, live)
    supplied = slack_nodes(joins, slacks.bus, len(buses))
    network = NetworkTables(
        buses=buses,
        lines=stack(_closed_only(lines, line_ends), joins),
        transformers=_closed_only(transformers, trafo_ends),
        slacks=slacks,
        loads=read_loads(reader, live, supplied),
        shunts=stack(
            read_shunts(reader, buses.base_kv, live),
            charging_shunts(lines, line_ends, buses.base_kv),
            charging_shunts(transformers, trafo_ends, buses.base_kv),
        ),
        generators=read_generators(reader, live, supplied),
        frequency_hz=tables.frequency_hz,
    )
    problems.raise_if_any()
    return network


def refuse_unsupported(tables: PandapowerTables, ignore: Collection[str], problems: ProblemList) -> None:
    """Note every table with elements in service that this package cannot represent, by name and count."""
    for name in tables.tables:
        if name in SUPPORTED | WITHOUT_EFFECT or name.startswith("res_"):
            continue
        count = int(TableReader(tables, name, ProblemList()).flags("in_service", default=True).sum())
        if count and name not in ignore:
            what = f"{count} element{'s' if count != 1 else ''} of the unsupported kind '{name}'"
            problems.add(tables.source, what, f"replace them by supported elements, or ignore '{name}' knowingly")


def stack(*tables: T) -> T:
    """Rows of several tables of one kind, one after another."""
    kind = type(tables[0])
    return kind(**{c.name: np.concatenate([getattr(t, c.name) for t in tables]) for c in fields(kind)})  # type: ignore[arg-type]


def _read_buses(reader: TableReader, geodata: TableReader) -> tuple[Buses, Flags]:
    low, high = NO_LIMIT_PU
    base_kv = reader.numbers("vn_kv")
    reader.tell(base_kv <= 0, "vn_kv", "base voltage is not positive", "give the nominal voltage in kV")
    x, y = _places(reader, geodata)
    ids: Ids = np.array([str(label) for label in reader.index], dtype=str)
    _, first = np.unique(ids, return_index=True)
    again = np.ones(len(ids), dtype=bool)
    again[first] = False
    reader.tell(again, "index", "the index occurs before", "give every bus an index of its own")
    v_min, v_max = reader.numbers("min_vm_pu", low), reader.numbers("max_vm_pu", high)
    return Buses(ids, base_kv, v_min, v_max, x, y), reader.flags("in_service", default=True)


def _places(reader: TableReader, geodata: TableReader) -> tuple[Floats, Floats]:
    """Coordinates from GeoJSON points (pandapower 3) or from the table `bus_geodata` (before); NaN where unknown."""
    place = np.full((len(reader), 2), np.nan)
    if len(geodata):
        at = {label: k for k, label in enumerate(reader.index)}
        for label, *xy in zip(geodata.index, geodata.maybe_numbers("x"), geodata.maybe_numbers("y"), strict=True):
            if label in at:
                place[at[label]] = xy
    for row, text in enumerate(reader.texts("geo")):
        place[row] = _point(text, place[row])
    return place[:, 0], place[:, 1]


def _point(text: str, otherwise: Floats) -> Floats:
    """Longitude and latitude of a GeoJSON point; anything else on the map has no place, which harms nobody."""
    try:
        found = np.array(json.loads(text)["coordinates"], dtype=np.float64) if text.startswith("{") else otherwise
    except (ValueError, KeyError, TypeError, RecursionError):
        return otherwise
    return found[:2] if found.ndim == 1 and len(found) >= 2 and np.isfinite(found).all() else otherwise


def _read_lines(reader: TableReader, base_kv: Floats, frequency_hz: float) -> Lines:
    from_bus, to_bus = reader.positions("from_bus", "bus"), reader.positions("to_bus", "bus")
    length_km, parallel = reader.numbers("length_km"), reader.numbers("parallel", 1.0)
    reader.tell(length_km <= 0, "length_km", "length is not positive", "give the length in km")
    reader.tell(parallel <= 0, "parallel", "not positive", "give the number of circuits, at least 1")
    parallel = np.where(parallel > 0, parallel, 1.0)
    r, x = reader.numbers("r_ohm_per_km"), reader.numbers("x_ohm_per_km")
    reader.tell(r < 0, "r_ohm_per_km", "resistance is negative", "check sign and unit")
    reader.tell(base_kv[from_bus] != base_kv[to_bus], "to_bus", "joins buses of different voltage", "use a transformer")
    rating_ka = reader.numbers("max_i_ka", np.inf) * reader.numbers("df", 1.0)
    reader.tell(rating_ka <= 0, "max_i_ka", "rating is not positive", "give the rating, or leave it empty for none")
    per_s = 2.0 * np.pi * frequency_hz
    return Lines(
        id=reader.ids("line"),
        from_bus=from_bus,
        to_bus=to_bus,
        r_ohm=r * length_km / parallel,
        x_ohm=x * length_km / parallel,
        b_us=per_s * reader.numbers("c_nf_per_km", 0.0) * 1e-3 * length_km * parallel,
        g_us=reader.numbers("g_us_per_km", 0.0) * length_km * parallel,
        rating_a=1e3 * rating_ka * parallel,
        in_service=reader.flags("in_service", default=True),
    )


def _with_dead_buses(ends: Ends, lines: Lines, live: Flags) -> Ends:
    """Open the lines at buses that are out of service."""
    return Ends(ends.from_open | ~live[lines.from_bus], ends.to_open | ~live[lines.to_bus])


def _closed_only(table: T, ends: Ends) -> T:
    return replace(table, in_service=table.in_service & ~ends.from_open & ~ends.to_open)  # type: ignore[type-var,attr-defined]
