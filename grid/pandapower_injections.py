"""Sources, loads, generators and shunts of pandapower tables."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from grid.elements import Flags, Floats, Generators, Ids, Ints, Lines, Loads, Shunts, Slacks
from grid.pandapower_tables import TableReader

Readers = Callable[[str], TableReader]

LARGEST_MW = 1e5
"""Power of one element beyond which a unit was mistaken: more than the largest power station there is."""


def read_slacks(readers: Readers, live: Flags) -> Slacks:
    """External grids, and generators marked as slack."""
    parts = []
    for table, prefix, angle in (("ext_grid", "ext_grid", "va_degree"), ("gen", "gen", "")):
        reader = readers(table)
        bus = reader.positions("bus", "bus")
        on = reader.flags("in_service", default=True) & live[bus]
        if table == "gen":
            on &= reader.flags("slack", default=False)
        v_pu = reader.numbers("vm_pu", 1.0 if table == "ext_grid" else None)
        reader.tell(v_pu <= 0, "vm_pu", "voltage is not positive", "give it in per unit")
        angle_deg = reader.numbers(angle, 0.0)
        parts.append((reader.ids(prefix)[on], bus[on], v_pu[on], angle_deg[on]))
    ids, bus, v_pu, angle_deg = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Slacks(ids, bus, v_pu, angle_deg)


def slack_nodes(joins: Lines, slack_bus: Ints, n_buses: int) -> Flags:
    """Whether each bus is held by a slack, at it or behind closed switches."""
    solid = joins.in_service & (joins.x_ohm == 0)
    ends = (joins.from_bus[solid], joins.to_bus[solid])
    graph = sparse.coo_array((np.ones(solid.sum()), ends), shape=(n_buses, n_buses))
    label = sparse.csgraph.connected_components(graph, directed=False)[1]
    held: Flags = np.isin(label, label[slack_bus])
    return held


def read_generators(readers: Readers, live: Flags, supplied: Flags) -> Generators:
    """Voltage-holding generators, those at a slack excepted."""
    reader = readers("gen")
    bus = reader.positions("bus", "bus")
    p_kw = _power(reader, "p_mw") * reader.numbers("scaling", 1.0)
    v_pu = reader.numbers("vm_pu")
    reader.tell(v_pu <= 0, "vm_pu", "voltage is not positive", "give it in per unit")
    low, high = reader.maybe_numbers("min_q_mvar"), reader.maybe_numbers("max_q_mvar")
    keep = ~supplied[bus]
    return Generators(
        id=reader.ids("gen")[keep],
        bus=bus[keep],
        p_kw=p_kw[keep],
        v_pu=v_pu[keep],
        q_min_kvar=np.where(np.isnan(low), -np.inf, 1e3 * low)[keep],
        q_max_kvar=np.where(np.isnan(high), np.inf, 1e3 * high)[keep],
        in_service=(reader.flags("in_service", default=True) & live[bus])[keep],
    )


def read_loads(readers: Readers, live: Flags, supplied: Flags) -> Loads:
    """Read loads with their ZIP shares, and all else of fixed P and Q: static generators, storage, motors, wards."""
    parts = [_zip_loads(readers("load"), live)]
    for table, sign, p_mw, q_mvar in (
        ("sgen", -1.0, "p_mw", "q_mvar"),
        ("storage", 1.0, "p_mw", "q_mvar"),
        ("ward", 1.0, "ps_mw", "qs_mvar"),
    ):
        reader = readers(table)
        scale = sign * reader.numbers("scaling", 1.0)
        power = (scale * _power(reader, p_mw), scale * _power(reader, q_mvar, 0.0))
        parts.append(_fixed(reader, table, live, *power))
    parts.append(_motors(readers("motor"), live))
    parts.append(_generators_at_slacks(readers("gen"), live, supplied))
    return Loads(*(np.concatenate(column) for column in zip(*parts, strict=True)))


LoadColumns = tuple[Ids, Ints, Floats, Floats, Floats, Floats, Flags]


def _power(reader: TableReader, column: str, default: float | None = None) -> Floats:
    """Power of one column in kW or kvar."""
    mega = reader.numbers(column, default)
    fix = f"check the unit: pandapower counts in MW and Mvar, and nothing takes {LARGEST_MW:g}"
    reader.tell(np.abs(mega) > LARGEST_MW, column, "absurdly large power", fix)
    return 1e3 * mega


def _fixed(reader: TableReader, prefix: str, live: Flags, p_kw: Floats, q_kvar: Floats) -> LoadColumns:
    bus, zero = reader.positions("bus", "bus"), np.zeros(len(reader))
    on = reader.flags("in_service", default=True) & live[bus]
    return reader.ids(prefix), bus, p_kw + 0.0, q_kvar + 0.0, zero, zero, on  # no negative zeros


def _zip_loads(reader: TableReader, live: Flags) -> LoadColumns:
    """Read loads; one whose P and Q depend on voltage in different ways becomes two, its P and its Q."""
    scale = reader.numbers("scaling", 1.0)
    p_kw, q_kvar = scale * _power(reader, "p_mw"), scale * _power(reader, "q_mvar", 0.0)
    z, i = ([_share(reader, kind, power) for power in "pq"] for kind in "zi")
    for power, sum_ in zip("pq", (z[0] + i[0], z[1] + i[1]), strict=True):
        reader.tell(
            sum_ > 1 + 1e-9, f"const_z_{power}_percent", "shares exceed 100 % in sum", "give shares of the load"
        )
    ids, bus, *_, on = _fixed(reader, "load", live, p_kw, q_kvar)
    split = ((z[0] != z[1]) | (i[0] != i[1])) & (p_kw != 0) & (q_kvar != 0)
    only_q = (p_kw == 0) & (q_kvar != 0)
    first = (
        ids,
        bus,
        p_kw,
        np.where(split, 0.0, q_kvar),
        np.where(only_q, z[1], z[0]),
        np.where(only_q, i[1], i[0]),
        on,
    )
    names: Ids = np.array([f"{name} reactive" for name in ids[split]], dtype=str)
    second = (names, bus[split], np.zeros(split.sum()), q_kvar[split], z[1][split], i[1][split], on[split])
    joined = [np.concatenate(pair) for pair in zip(first, second, strict=True)]
    return joined[0], joined[1], joined[2], joined[3], joined[4], joined[5], joined[6]


def _share(reader: TableReader, kind: str, power: str) -> Floats:
    """Share of constant impedance or current; files from before pandapower 3.1 have one column for P and Q."""
    new, old = f"const_{kind}_{power}_percent", f"const_{kind}_percent"
    share = reader.numbers(new if reader.has(new) else old, 0.0) / 100.0
    reader.tell((share < 0) | (share > 1), new, "share is not within 0 … 100 %", "give the share of the load")
    return share


def _motors(reader: TableReader, live: Flags) -> LoadColumns:
    """Motors as fixed P and Q: mechanical power over efficiency, at their power factor."""
    efficiency, cos_phi = reader.numbers("efficiency_percent"), reader.numbers("cos_phi")
    reader.tell(
        (efficiency <= 0) | (efficiency > 100), "efficiency_percent", "not within 0 … 100", "give it in percent"
    )
    reader.tell((cos_phi <= 0) | (cos_phi > 1), "cos_phi", "not within 0 … 1", "give the power factor")
    scale = reader.numbers("loading_percent", 100.0) / 100.0 * reader.numbers("scaling", 1.0)
    p_kw = _power(reader, "pn_mech_mw") * scale * 100.0 / np.where(efficiency > 0, efficiency, 100.0)
    return _fixed(reader, "motor", live, p_kw, p_kw * np.tan(np.arccos(np.clip(cos_phi, 1e-3, 1.0))))


def _generators_at_slacks(reader: TableReader, live: Flags, supplied: Flags) -> LoadColumns:
    """Take generators at a bus that a slack holds as loads: what they generate the slack need not."""
    bus = reader.positions("bus", "bus")
    p_kw = -_power(reader, "p_mw") * reader.numbers("scaling", 1.0)
    here = supplied[bus] & ~reader.flags("slack", default=False)
    ids, bus, p_kw, zero, *_, on = _fixed(reader, "gen", live, p_kw, np.zeros(len(reader)))
    return ids[here], bus[here], p_kw[here], zero[here], zero[here], zero[here], on[here]


def read_shunts(readers: Readers, base_kv: Floats, live: Flags) -> Shunts:
    """Shunts by step and rated voltage, and the constant-impedance part of wards."""
    shunt, ward = readers("shunt"), readers("ward")
    tabled = shunt.flags("step_dependency_table", default=False)
    shunt.tell(tabled, "step_dependency_table", "steps by a table are not supported", "enter the values of this step")
    bus, ward_bus = shunt.positions("bus", "bus"), ward.positions("bus", "bus")
    rated_kv = shunt.maybe_numbers("vn_kv")
    shunt.tell(rated_kv <= 0, "vn_kv", "rated voltage is not positive", "give it in kV")
    rated_kv = np.where(rated_kv > 0, rated_kv, base_kv[bus])
    scale = shunt.numbers("step", 1.0) * (base_kv[bus] / rated_kv) ** 2
    on = [reader.flags("in_service", default=True) & live[at] for reader, at in ((shunt, bus), (ward, ward_bus))]
    return Shunts(
        id=np.concatenate([shunt.ids("shunt"), ward.ids("ward")]),
        bus=np.concatenate([bus, ward_bus]),
        p_kw=np.concatenate([scale * _power(shunt, "p_mw", 0.0), _power(ward, "pz_mw", 0.0)]),
        q_kvar=np.concatenate([scale * _power(shunt, "q_mvar", 0.0), _power(ward, "qz_mvar", 0.0)]),
        in_service=np.concatenate(on),
    )
