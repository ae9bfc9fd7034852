"""Loads for pandapower, which knows one mix of voltage dependence a bus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import InvalidInput, Problem, ProblemList
from grid.admittance import fused_buses
from grid.elements import Complexes, Flags, Floats, Ids, Ints
from grid.network import Network
from grid.powerflow_result import PowerFlow


@dataclass(frozen=True)
class ExportedLoads:
    """Rows of pandapower's load table, P and Q each with its shares of impedance and current (as complex p + jq)."""

    id: Ids
    bus: Ints
    kva: Complexes
    z: Complexes
    i: Complexes
    in_service: Flags

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the columns of the table `load`."""
        return {
            "name": self.id.astype(object),
            "bus": self.bus,
            "p_mw": self.kva.real / 1e3,
            "q_mvar": self.kva.imag / 1e3,
            "const_z_p_percent": 100.0 * self.z.real,
            "const_i_p_percent": 100.0 * self.i.real,
            "const_z_q_percent": 100.0 * self.z.imag,
            "const_i_q_percent": 100.0 * self.i.imag,
            "scaling": np.ones(len(self.id)),
            "in_service": self.in_service,
        }

    def drawn_kva(self, v_pu: Floats) -> Complexes:
        """Return what each row draws at the bus voltages."""
        v = v_pu[self.bus]
        p = self.kva.real * (1.0 - self.z.real - self.i.real + self.i.real * v + self.z.real * v**2)
        q = self.kva.imag * (1.0 - self.z.imag - self.i.imag + self.i.imag * v + self.z.imag * v**2)
        return np.where(self.in_service, p + 1j * q, 0.0)


def exported_loads(network: Network, flow: PowerFlow | None, step: int) -> ExportedLoads:
    """Collect the loads of the network and those given to one step of a power flow.

    Raises
    ------
    InvalidInput
        For a step that does not exist, and where loads that depend on voltage add up to a mix with shares beyond 0 … 1.
    """
    given = _given(network, flow, step)
    table = network.loads
    own = ExportedLoads(
        table.id,
        table.bus,
        table.p_kw + 1j * table.q_kvar,
        _alike(table.z_share),
        _alike(table.i_share),
        table.in_service,
    )
    columns = (np.concatenate([getattr(own, name), getattr(given, name)]) for name in vars(own))
    return _one_mix_a_bus(network, ExportedLoads(*columns))


def _given(network: Network, flow: PowerFlow | None, step: int) -> ExportedLoads:
    none = np.zeros(0, dtype=complex)
    if flow is None:
        no_bus = np.zeros(0, dtype=np.int64)
        return ExportedLoads(np.zeros(0, dtype=str), no_bus, none, none, none, np.zeros(0, dtype=bool))
    if not 0 <= step < flow.loads.steps:
        what = f"there is no step {step} in {flow.loads.steps}"
        raise InvalidInput([Problem("flow", 0, "step", what, "Give a step of the power flow, counted from 0")])
    kva = flow.loads.bus_kva(step, len(network.buses))
    bus = np.flatnonzero(kva != 0)
    ids: Ids = np.array([f"given {name}" for name in network.buses.id[bus]], dtype=str)
    model = flow.load_model
    shares = [np.zeros(len(bus)), np.zeros(len(bus))] if model is None else [model.z_share[bus], model.i_share[bus]]
    z, i = (_alike(share) for share in shares)
    return ExportedLoads(ids, bus, kva[bus], z, i, np.ones(len(bus), dtype=bool))


def _alike(share: Floats) -> Complexes:
    """Return the same share for P and for Q."""
    both: Complexes = share + 1j * share
    return both


def _one_mix_a_bus(network: Network, loads: ExportedLoads) -> ExportedLoads:
    """Merge the loads of every node where one depends on voltage and is not alone, joined buses being one node."""
    node = fused_buses(network)
    on, at = loads.in_service, node[loads.bus]
    count = np.bincount(at[on], minlength=len(node))
    depends = np.zeros(len(node), dtype=bool)
    depends[at[on & ((loads.z != 0) | (loads.i != 0))]] = True
    merge = (depends & (count > 1))[at]
    nodes, place = np.unique(at[merge & on], return_inverse=True)
    bus = np.array([np.flatnonzero(node == number)[0] for number in nodes], dtype=np.int64)
    total, z, i = (np.zeros(len(bus), dtype=complex) for _ in range(3))
    kva = loads.kva[merge & on]
    np.add.at(total, place, kva)
    for sums, shares in ((z, loads.z[merge & on]), (i, loads.i[merge & on])):
        np.add.at(sums, place, kva.real * shares.real + 1j * kva.imag * shares.imag)
    z, i = (_parts_over(part, total) for part in (z, i))
    _check_mix(network, bus, z, i)
    ids: Ids = np.array([f"loads of {name}" for name in network.buses.id[bus]], dtype=str)
    merged = ExportedLoads(ids, bus, total, z, i, np.ones(len(bus), dtype=bool))
    columns = (np.concatenate([getattr(loads, name)[~merge], getattr(merged, name)]) for name in vars(loads))
    return ExportedLoads(*columns)


def _parts_over(part: Complexes, total: Complexes) -> Complexes:
    """Divide P by P and Q by Q; 0 / 0 is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        p, q = part.real / total.real, part.imag / total.imag
    p[(part.real == 0) & (total.real == 0)] = 0.0
    q[(part.imag == 0) & (total.imag == 0)] = 0.0
    whole: Complexes = p + 1j * q
    return whole


def _check_mix(network: Network, bus: Ints, z: Complexes, i: Complexes) -> None:
    problems = ProblemList()
    ends = [part for total in (z, i, z + i) for part in (total.real, total.imag)]
    fine = np.all([(part >= -1e-9) & (part <= 1 + 1e-9) for part in ends], axis=0)
    for name in network.buses.id[bus[~fine]]:
        what = f"loads and generation at bus {name} add up to a mix of voltage dependence that pandapower cannot have"
        problems.add("loads", what, "make them constant power, or put them on separate buses")
    problems.raise_if_any()
