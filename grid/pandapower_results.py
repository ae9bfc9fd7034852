"""Results of one step of a power flow as the `res_*` tables of pandapower."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from grid.elements import Complexes, Floats, Ints, Shunts
from grid.network import Network
from grid.pandapower_loads import ExportedLoads
from grid.powerflow_result import PowerFlow

ResultColumns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Exported:
    """What became of the tables: loads, shunts, which of them were taken out of branches, lines and switches by row.

    `moved` holds the shunts taken out of the branches `moved_rows`: all at the `from` ends, then all at the `to` ends.
    """

    loads: ExportedLoads
    shunts: Shunts
    moved: Shunts
    moved_rows: Ints
    line_rows: Ints
    switch_rows: Ints


def results_of(flow: PowerFlow, step: int, exported: Exported) -> dict[str, ResultColumns]:
    """Return result columns by name of the element; buses without supply have no number."""
    network, loads, line_rows, switch_rows = flow.network, exported.loads, exported.line_rows, exported.switch_rows

    def at_step(values: xr.DataArray, width: int) -> Floats:
        return np.array(values.to_numpy().reshape(-1, width)[step])

    n, branches, first = len(network.buses), len(network.branch_ids), len(network.lines)
    v_pu = np.where(flow.energised, at_step(flow.v_pu, n), np.nan)
    angle = np.where(flow.energised, at_step(flow.angle_deg, n), np.nan)
    kva = [
        (at_step(p, branches) + 1j * at_step(q, branches))
        for p, q in ((flow.branch_kw, flow.branch_kvar), (flow.branch_to_kw, flow.branch_to_kvar))
    ]
    amperes = [at_step(flow.branch_a, branches), at_step(flow.branch_to_a, branches)]
    bus_kva = _bus_kva(network, kva)
    _take_out(network, exported, kva, amperes, v_pu)
    ends = _branch_columns(network, kva, amperes, v_pu, angle)
    loading = 100.0 * at_step(flow.loading, branches)
    loading[first:] = _transformer_loading(network, amperes)
    slacks = at_step(flow.slack_kw, len(network.slacks)) + 1j * at_step(flow.slack_kvar, len(network.slacks))
    drawn, shunts = loads.drawn_kva(v_pu), _shunt_kva(exported.shunts, v_pu)
    own = _shunt_kva(network.shunts, v_pu)
    standing = bus_kva + _at_buses(network, exported.moved.bus, _shunt_kva(exported.moved, v_pu))
    return {
        "bus": {"vm_pu": v_pu, "va_degree": angle, **_power(np.where(flow.energised, standing, 0.0))},
        "line": {**_named(ends, ("from", "to"), line_rows), "loading_percent": loading[line_rows]},
        "trafo": {
            **_named(ends, ("hv", "lv"), np.arange(first, branches)),
            "loading_percent": loading[first:],
        },
        "switch": _switch_columns(network, ends, switch_rows),
        "ext_grid": _power(slacks),
        "gen": _generators(network, bus_kva, loads, drawn, own, v_pu, angle),
        "load": _power(drawn),
        "shunt": {**_power(shunts), "vm_pu": v_pu[exported.shunts.bus]},
    }


def _power(kva: Complexes, p: str = "p_mw", q: str = "q_mvar") -> ResultColumns:
    return {p: kva.real / 1e3, q: kva.imag / 1e3}


def _bus_kva(network: Network, kva: list[Complexes]) -> Complexes:
    """Power each bus draws out of the network: what comes in through its branches."""
    total = np.zeros(len(network.buses), dtype=complex)
    for end, power in zip(("from_bus", "to_bus"), kva, strict=True):
        at = np.concatenate([getattr(network.lines, end), getattr(network.transformers, end)])
        np.subtract.at(total, at, np.nan_to_num(power))
    return total


def _branch_columns(
    network: Network, kva: list[Complexes], amperes: list[Floats], v_pu: Floats, angle: Floats
) -> dict[str, Floats]:
    """Columns of every branch with the ends named A and B."""
    columns: dict[str, Floats] = {}
    for side, end, power, current in zip("AB", ("from_bus", "to_bus"), kva, amperes, strict=True):
        at = np.concatenate([getattr(network.lines, end), getattr(network.transformers, end)])
        columns |= _power(power, f"p_{side}_mw", f"q_{side}_mvar")
        columns |= {f"i_{side}_ka": current / 1e3, f"vm_{side}_pu": v_pu[at], f"va_{side}_degree": angle[at]}
    loss = kva[0] + kva[1]
    return {**columns, "pl_mw": loss.real / 1e3, "ql_mvar": loss.imag / 1e3}


def _named(ends: dict[str, Floats], names: tuple[str, str], rows: Ints) -> ResultColumns:
    columns = {
        column.replace("_A_", f"_{names[0]}_").replace("_B_", f"_{names[1]}_"): values[rows]
        for column, values in ends.items()
    }
    if names[0] == "from":
        columns["i_ka"] = np.maximum(columns["i_from_ka"], columns["i_to_ka"])
    return columns


def _switch_columns(network: Network, ends: dict[str, Floats], rows: Ints) -> ResultColumns:
    named = _named(ends, ("from", "to"), rows)
    keep = ("i_ka", "p_from_mw", "q_from_mvar", "p_to_mw", "q_to_mvar")
    loading = 100.0 * named["i_ka"] / (network.lines.rating_a[rows] / 1e3)
    return {**{name: named[name] for name in keep}, "loading_percent": loading}


def _take_out(network: Network, exported: Exported, kva: list[Complexes], amperes: list[Floats], v_pu: Floats) -> None:
    """Take the shunts that stand by themselves in the export out of what their branches carry."""
    moved, row = exported.moved, exported.moved_rows
    for power, current, at_end in zip(kva, amperes, np.arange(len(moved)).reshape(2, -1), strict=True):
        bus = moved.bus[at_end]
        power[row] -= _shunt_kva(moved, v_pu)[at_end]
        current[row] = np.abs(power[row]) / (np.sqrt(3.0) * network.buses.base_kv[bus] * v_pu[bus])


def _transformer_loading(network: Network, amperes: list[Floats]) -> Floats:
    """Larger end current over the rated current in percent."""
    table, first = network.transformers, len(network.lines)
    kva = [
        np.sqrt(3.0) * network.buses.base_kv[bus] * current[first:]
        for bus, current in zip((table.from_bus, table.to_bus), amperes, strict=True)
    ]
    loading: Floats = 100.0 * np.maximum(*kva) / table.rating_kva
    return loading


def _at_buses(network: Network, bus: Ints, kva: Complexes) -> Complexes:
    total = np.zeros(len(network.buses), dtype=complex)
    np.add.at(total, bus, np.nan_to_num(kva))
    return total


def _shunt_kva(table: Shunts, v_pu: Floats) -> Complexes:
    return np.where(table.in_service, (table.p_kw + 1j * table.q_kvar) * v_pu[table.bus] ** 2, 0.0)


def _generators(
    network: Network,
    bus_kva: Complexes,
    loads: ExportedLoads,
    drawn: Complexes,
    shunts: Complexes,
    v_pu: Floats,
    angle: Floats,
) -> ResultColumns:
    """Reactive power by the balance of the bus, shared evenly by the generators in service there."""
    table = network.generators
    supplied = -bus_kva.imag.copy()
    np.add.at(supplied, loads.bus, np.nan_to_num(drawn.imag))
    np.add.at(supplied, network.shunts.bus, np.nan_to_num(shunts.imag))
    sharing = np.bincount(table.bus[table.in_service], minlength=len(network.buses))
    q_kvar = np.where(table.in_service, supplied[table.bus] / np.maximum(sharing[table.bus], 1), 0.0)
    return {
        **_power(np.where(table.in_service, table.p_kw, 0.0) + 1j * q_kvar),
        "va_degree": angle[table.bus],
        "vm_pu": v_pu[table.bus],
    }
