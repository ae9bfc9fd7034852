"""Branches as two-ports in per unit, the nodal admittance matrix, and the residual of a solved network.

Nothing here knows how a power flow was solved: :func:`nodal_residual_kva` is the product's primary evidence, taken from
the network's tables and the voltages alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from grid.elements import Complexes, Flags, Floats, Ints
from grid.network import Network

BASE_KVA = 1000.0
"""Power base of the per-unit system inside this package; results do not depend on it."""


@dataclass(frozen=True)
class TwoPorts:
    r"""Every branch (lines, then transformers) as a π behind an ideal transformer at its `from` end.

    With :math:`t = \tau e^{j\theta}` (`ratio`), series impedance `z` and `y_half` at both sides of it, all per unit on
    the `to` side:

    .. math::
        I_f = ((V_f / t - V_t) / z + y_h V_f / t) / t^*, \qquad I_t = (V_t - V_f / t) / z + y_h V_t

    This is the convention of MATPOWER's branch (R. D. Zimmerman, MATPOWER User's Manual, section 3.2).
    """

    from_bus: Ints
    to_bus: Ints
    z: Complexes
    y_half: Complexes
    ratio: Complexes
    in_service: Flags
    from_base_a: Floats
    to_base_a: Floats
    rating_pu: Floats
    """Largest permitted current at either end, per unit of the base current of that end."""

    def __len__(self) -> int:
        return len(self.from_bus)

    def admittances(self) -> tuple[Complexes, Complexes, Complexes, Complexes]:
        """Return `y_ff, y_ft, y_tf, y_tt` of each branch; zero where it is out of service or has no impedance."""
        live = self.in_service & (self.z != 0)
        series: Complexes = np.where(live, 1.0 / np.where(live, self.z, 1.0), 0.0)
        y_tt: Complexes = series + np.where(self.in_service, self.y_half, 0.0)
        y_ff: Complexes = y_tt / np.abs(self.ratio) ** 2
        return y_ff, -series / self.ratio.conj(), -series / self.ratio, y_tt


def two_ports(network: Network, base_kva: float = BASE_KVA) -> TwoPorts:
    """Bring every line and transformer to per unit on `base_kva` and the base voltage of its `to` bus."""
    lines, transformers, base_kv = network.lines, network.transformers, network.buses.base_kv
    from_bus = np.concatenate([lines.from_bus, transformers.from_bus]).astype(np.int64)
    to_bus = np.concatenate([lines.to_bus, transformers.to_bus]).astype(np.int64)
    base_ohm = base_kv[to_bus] ** 2 * 1000.0 / base_kva
    r_ohm = np.concatenate([lines.r_ohm, transformers.r_ohm])
    x_ohm = np.concatenate([lines.x_ohm, transformers.x_ohm])
    y_us = np.concatenate([lines.g_us, transformers.g_us]) + 1j * np.concatenate([lines.b_us, transformers.b_us])
    shift = np.exp(1j * np.deg2rad(transformers.shift_deg))
    from_base_a = base_kva / (np.sqrt(3.0) * base_kv[from_bus])
    return TwoPorts(
        from_bus=from_bus,
        to_bus=to_bus,
        z=(r_ohm + 1j * x_ohm) / base_ohm,
        y_half=0.5e-6 * y_us * base_ohm,
        ratio=np.concatenate([np.ones(len(lines), dtype=complex), transformers.ratio * shift]),
        in_service=np.concatenate([lines.in_service, transformers.in_service]).astype(bool),
        from_base_a=from_base_a,
        to_base_a=base_kva / (np.sqrt(3.0) * base_kv[to_bus]),
        rating_pu=np.concatenate([lines.rating_a / from_base_a[: len(lines)], transformers.rating_kva / base_kva]),
    )


def bus_admittances(network: Network, base_kva: float = BASE_KVA) -> Complexes:
    """Shunts of each bus in per unit, without the halves of its branches and without constant-impedance loads."""
    shunts = network.shunts
    y = np.zeros(len(network.buses), dtype=complex)
    draw = np.where(shunts.in_service, shunts.p_kw - 1j * shunts.q_kvar, 0.0)
    np.add.at(y, shunts.bus, draw / base_kva)
    return y


def admittance_matrix(network: Network, base_kva: float = BASE_KVA) -> sparse.csr_array:
    """Nodal admittance matrix in per unit (n × n), with bus shunts, without lines that have no impedance."""
    ports = two_ports(network, base_kva)
    n, f, t = len(network.buses), ports.from_bus, ports.to_bus
    diagonal = np.arange(n)
    rows = np.concatenate([f, f, t, t, diagonal])
    columns = np.concatenate([f, t, f, t, diagonal])
    values = np.concatenate([*ports.admittances(), bus_admittances(network, base_kva)])
    return sparse.coo_array((values, (rows, columns)), shape=(n, n)).tocsr()


def fused_buses(network: Network) -> Ints:
    """Label of the electrical node of each bus: buses joined by in-service lines without impedance share one."""
    ports = two_ports(network)
    solid = ports.in_service & (ports.z == 0)
    n = len(network.buses)
    graph = sparse.coo_array((np.ones(solid.sum()), (ports.from_bus[solid], ports.to_bus[solid])), shape=(n, n))
    labels: Ints = sparse.csgraph.connected_components(graph, directed=False)[1].astype(np.int64)
    return labels


def nodal_residual_kva(network: Network, voltage: Complexes, load_kva: Complexes) -> Floats:
    r"""Worst power-balance residual of each step over all live buses but slacks; active power only at generators.

    .. math:: \max_i | S_i + V_i (Y V)_i^* |

    Parameters
    ----------
    network
        The network, from whose tables the admittance matrix is built anew.
    voltage
        Complex bus voltages in per unit (steps, buses); 0 at buses without supply, NaN where nothing was solved.
    load_kva
        What the loads draw at these voltages (steps, buses), consumption positive, all load models evaluated.

    Returns
    -------
    Floats
        Residual in kVA (steps,); NaN where a voltage is.
    """
    current = (admittance_matrix(network) @ voltage.T).T
    residual = load_kva + BASE_KVA * voltage * current.conj()
    generators = network.generators
    holding = generators.bus[generators.in_service]
    generated = np.bincount(holding, generators.p_kw[generators.in_service], minlength=len(network.buses))
    residual -= generated
    residual.imag[:, holding] = 0.0
    label = fused_buses(network)
    if label.max(initial=-1) + 1 < len(label):
        gather = sparse.coo_array((np.ones(len(label)), (label, np.arange(len(label)))))
        residual = (gather.tocsr() @ residual.T).T
    held = np.zeros(residual.shape[1], dtype=bool)
    held[label[network.slacks.bus]] = True
    fed = np.ones(residual.shape[1], dtype=bool)
    dead = (voltage == 0).all(axis=0)
    fed[label[dead]] = False
    worst: Floats = np.abs(residual[:, ~held & fed]).max(axis=1, initial=0.0)
    return worst
