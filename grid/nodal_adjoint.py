"""Sensitivities from the Jacobian of a solved step, for networks that are no trees: one factorisation a step."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from grid.admittance import BASE_KVA
from grid.elements import Complexes, Floats, Ints
from grid.load_models import LoadModel
from grid.network import Network
from grid.newton import jacobian, newton_model
from grid.powerflow_result import PowerFlow


def nodal_rows(
    network: Network,
    flow: PowerFlow,
    asked: Ints,
    branches: bool,  # noqa: FBT001
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Find the derivatives of the asked voltages or `from` currents (position, step) by every load, per kW and kvar."""
    n = len(network.buses)
    model = newton_model(network, flow.energised, flow.model.base_angle(network))
    shares = flow.load_model or LoadModel(np.zeros(n), np.zeros(n))
    by_p, by_q = sparse.lil_array((len(asked), n)), sparse.lil_array((len(asked), n))
    v_all = flow.solution.voltages_pu
    angles = flow.solution.angles_rad()
    for step in np.unique(asked[:, 1]):
        v = v_all[:, step] * np.exp(1j * angles[:, step])
        size = np.abs(v)
        given = flow.loads.bus_kva(int(step), n) / BASE_KVA
        linear, square = model.current + given * shares.i_share, model.impedance + given * shares.z_share
        factors = splu(jacobian(model, v, linear + 2.0 * square * size))
        mix = 1.0 - shares.z_share - shares.i_share + shares.i_share * size + shares.z_share * size**2
        for k in np.flatnonzero(asked[:, 1] == step):
            place = int(asked[k, 0])
            slope = _current_slope(flow, v, place) if branches else (np.zeros(n), np.eye(1, n, place)[0])
            multiplier = factors.solve(np.concatenate([slope[0][model.angled], slope[1][model.held]]), trans="T")
            by_p[k, model.angled] = -multiplier[: len(model.angled)] * mix[model.angled] / BASE_KVA
            by_q[k, model.held] = -multiplier[len(model.angled) :] * mix[model.held] / BASE_KVA
    return by_p.tocsr(), by_q.tocsr()


def _current_slope(flow: PowerFlow, v: Complexes, branch: int) -> tuple[Floats, Floats]:
    """Slopes of the `from` current in A by every angle and voltage magnitude."""
    ports = flow.model.ports
    y_ff, y_ft, _, _ = (part[branch] for part in ports.admittances())
    f, t = ports.from_bus[branch], ports.to_bus[branch]
    parts = {f: y_ff * v[f], t: y_ft * v[t]}
    current = sum(parts.values())
    by_angle, by_size = np.zeros(len(v)), np.zeros(len(v))
    for bus, part in parts.items():
        along = np.conj(current) * part / np.abs(current) * ports.from_base_a[branch]
        by_angle[bus] = -along.imag
        by_size[bus] = along.real / abs(v[bus])
    return by_angle, by_size
