"""A network, and what a power flow found, as a pandapower network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grid.admittance import BASE_KVA, two_ports
from grid.elements import Floats, Ints, Lines, Shunts
from grid.network import Network
from grid.pandapower_import import stack
from grid.pandapower_io import net_of
from grid.pandapower_loads import exported_loads
from grid.pandapower_results import Exported, results_of
from grid.pandapower_transformers import t_from_pi
from grid.powerflow_result import PowerFlow
from grid.status import Status
from grid.synthesis_grid import SyntheticGrid

ExportColumns = Mapping[str, NDArray[Any]]

UNRATED_KA = 99999.0
"""Rating that pandapower users give lines without one."""

UNRATED_MVA = 1e6
"""The same for transformers, whose percentages need a rating."""


def to_pandapower(grid: Network | SyntheticGrid, flow: PowerFlow | None = None, *, step: int = 0) -> Any:
    """Build the pandapower network that solves to the same voltages.

    Rows keep the order of the tables here and carry their ids as names. Lines without impedance become bus-bus
    switches; taps become ratio changers with one step of the whole deviation. Loads of one node become one where any of
    them depends on voltage, because pandapower averages their shares. Magnetising that is capacitive, which
    pandapower's transformer cannot have, becomes shunts at both of its ends.

    Parameters
    ----------
    grid
        A network, or a synthetic grid or a part of one (its districts become zones).
    flow
        A power flow of this network: its loads of `step` are exported as well, and its results are written into the
        `res_*` tables.
    step
        Which step, scenarios counted one after another.

    Raises
    ------
    InvalidInput
        When loads that depend on voltage cannot be told to pandapower (their sum at a bus has shares beyond 0 … 1), or
        the step does not exist.
    """
    network = grid.network if isinstance(grid, SyntheticGrid) else grid
    zones = grid.buses.district if isinstance(grid, SyntheticGrid) else None
    loads, (moved_rows, moved) = exported_loads(network, flow, step), _moved(network)
    shunts = stack(network.shunts, moved)
    solid = (network.lines.r_ohm == 0) & (network.lines.x_ohm == 0)
    line_rows, switch_rows = np.flatnonzero(~solid), np.flatnonzero(solid)
    tables: dict[str, ExportColumns] = {
        "bus": _buses(network, zones),
        "line": _lines(network.lines, line_rows, network.frequency_hz),
        "switch": _switches(network.lines, switch_rows),
        "trafo": _transformers(network),
        "ext_grid": _ext_grids(network),
        "gen": _generators(network),
        "load": loads.columns(),
        "shunt": _shunts(network, shunts),
    }
    filled = {name: columns for name, columns in tables.items() if len(columns["name"])}
    if flow is None:
        return net_of(filled, {}, network.frequency_hz)
    results = results_of(flow, step, Exported(loads, shunts, moved, moved_rows, line_rows, switch_rows))
    if np.ravel(flow.status)[step] != Status.CONVERGED:
        return net_of(filled, {}, network.frequency_hz)
    return net_of(filled, {name: results[name] for name in filled}, network.frequency_hz)


def _all(count: int, value: object) -> NDArray[Any]:
    return np.full(count, value)


def _buses(network: Network, zones: NDArray[np.str_] | None) -> ExportColumns:
    buses, n = network.buses, len(network.buses)
    places = [
        json.dumps({"coordinates": [float(x), float(y)], "type": "Point"}) if np.isfinite([x, y]).all() else None
        for x, y in zip(buses.x, buses.y, strict=True)
    ]
    return {
        "name": buses.id.astype(object),
        "vn_kv": buses.base_kv,
        "type": _all(n, "b"),
        "zone": np.full(n, None) if zones is None else zones.astype(object),
        "in_service": _all(n, value=True),
        "min_vm_pu": buses.v_min_pu,
        "max_vm_pu": buses.v_max_pu,
        "geo": np.array(places, dtype=object),
    }


def _lines(lines: Lines, rows: Ints, frequency_hz: float) -> ExportColumns:
    one = np.ones(len(rows))
    return {
        "name": lines.id[rows].astype(object),
        "from_bus": lines.from_bus[rows],
        "to_bus": lines.to_bus[rows],
        "length_km": one,
        "r_ohm_per_km": lines.r_ohm[rows],
        "x_ohm_per_km": lines.x_ohm[rows],
        "c_nf_per_km": 1e3 * lines.b_us[rows] / (2.0 * np.pi * frequency_hz),
        "g_us_per_km": lines.g_us[rows],
        "max_i_ka": np.minimum(lines.rating_a[rows] / 1e3, UNRATED_KA),
        "df": one,
        "parallel": one,
        "in_service": lines.in_service[rows],
    }


def _switches(lines: Lines, rows: Ints) -> ExportColumns:
    return {
        "name": lines.id[rows].astype(object),
        "bus": lines.from_bus[rows],
        "element": lines.to_bus[rows],
        "et": _all(len(rows), "b"),
        "closed": lines.in_service[rows],
        "z_ohm": np.zeros(len(rows)),
        "in_ka": np.minimum(lines.rating_a[rows] / 1e3, UNRATED_KA),
    }


def _transformers(network: Network) -> ExportColumns:
    table, n = network.transformers, len(network.transformers)
    hv_kv, lv_kv = network.buses.base_kv[table.from_bus], network.buses.base_kv[table.to_bus]
    sn_mva = np.minimum(table.rating_kva / 1e3, UNRATED_MVA)
    shunt = np.where(table.b_us > 0, 0.0, 1e-6 * (table.g_us + 1j * table.b_us))
    z, y = t_from_pi(table.r_ohm + 1j * table.x_ohm, shunt)
    percent = 100.0 * sn_mva / lv_kv**2
    return {
        "name": table.id.astype(object),
        "hv_bus": table.from_bus,
        "lv_bus": table.to_bus,
        "sn_mva": sn_mva,
        "vn_hv_kv": hv_kv,
        "vn_lv_kv": lv_kv,
        "vk_percent": np.where(z.imag < 0, -1.0, 1.0) * np.abs(z) * percent,
        "vkr_percent": z.real * percent,
        "pfe_kw": 1e3 * y.real * lv_kv**2,
        "i0_percent": 100.0 * np.abs(y) * lv_kv**2 / sn_mva,
        "shift_degree": table.shift_deg,
        "tap_side": _all(n, "hv"),
        "tap_neutral": np.zeros(n),
        "tap_min": np.zeros(n),
        "tap_max": np.ones(n),
        "tap_step_percent": 100.0 * (table.ratio - 1.0),
        "tap_step_degree": np.zeros(n),
        "tap_pos": np.ones(n),
        "tap_changer_type": _all(n, "Ratio").astype(object),
        "parallel": np.ones(n),
        "df": np.ones(n),
        "in_service": table.in_service,
    }


def _moved(network: Network) -> tuple[Ints, Shunts]:
    """Branches whose charging pandapower's element cannot have, and the halves of it as shunts at both of their ends.

    These are transformers with a capacitive shunt, and lines without impedance, which become switches.
    """
    ports = two_ports(network)
    first, b_us = len(network.lines), network.transformers.b_us
    capacitive = np.concatenate([(ports.z == 0)[:first], b_us > 0])
    row = np.flatnonzero(capacitive & ports.in_service & (ports.y_half != 0))
    draw_kva = BASE_KVA * ports.y_half[row].conj()
    both = np.concatenate([draw_kva / np.abs(ports.ratio[row]) ** 2, draw_kva])
    names = np.array([f"{network.branch_ids[k]} ({end})" for end in ("from", "to") for k in row], dtype=str)
    bus = np.concatenate([ports.from_bus[row], ports.to_bus[row]])
    return row, Shunts(names, bus, both.real, both.imag, np.ones(len(bus), dtype=bool))


def _shunts(network: Network, table: Shunts) -> ExportColumns:
    return {
        "name": table.id.astype(object),
        "bus": table.bus,
        "p_mw": table.p_kw / 1e3,
        "q_mvar": table.q_kvar / 1e3,
        "vn_kv": network.buses.base_kv[table.bus],
        "step": np.ones(len(table)),
        "max_step": np.ones(len(table)),
        "in_service": table.in_service,
    }


def _ext_grids(network: Network) -> ExportColumns:
    slacks, n = network.slacks, len(network.slacks)
    return {
        "name": slacks.id.astype(object),
        "bus": slacks.bus,
        "vm_pu": slacks.v_pu,
        "va_degree": slacks.angle_deg,
        "slack_weight": np.ones(n),
        "in_service": _all(n, value=True),
    }


def _generators(network: Network) -> ExportColumns:
    table, n = network.generators, len(network.generators)
    return {
        "name": table.id.astype(object),
        "bus": table.bus,
        "p_mw": table.p_kw / 1e3,
        "vm_pu": table.v_pu,
        "min_q_mvar": _finite(table.q_min_kvar) / 1e3,
        "max_q_mvar": _finite(table.q_max_kvar) / 1e3,
        "scaling": np.ones(n),
        "slack": _all(n, value=False),
        "slack_weight": np.zeros(n),
        "in_service": table.in_service,
    }


def _finite(values: Floats) -> Floats:
    """Limits as pandapower has them: no number for none."""
    return np.where(np.isfinite(values), values, np.nan)
