"""Sensitivities from the Jacobian of a solved step, for networks that are no trees: one factorisation a step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

from grid.admittance import BASE_KVA
from grid.elements import Complexes, Floats, Ints
from grid.load_models import LoadModel
from grid.network import Network
from grid.newton import NewtonModel, jacobian, newton_model
from grid.powerflow_result import PowerFlow
from grid.status import Status


class Quantity(Enum):
    """What derivatives are asked of."""

    VOLTAGE = "magnitude of a bus's voltage, pu"
    CURRENT = "current at the from end of a branch, A"
    POWER = "active power at the from end of a branch, kW"


def nodal_rows(
    network: Network, flow: PowerFlow, asked: Ints, quantity: Quantity
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Find the derivatives of the asked quantities (position, step) by every load, per kW and kvar."""
    n = len(network.buses)
    model = newton_model(network, flow.energised, flow.model.base_angle(network))
    by_p, by_q = sparse.lil_array((len(asked), n)), sparse.lil_array((len(asked), n))
    for step in np.unique(asked[:, 1]):
        solved = _SolvedStep.of(network, flow, model, int(step))
        for k in np.flatnonzero(asked[:, 1] == step):
            place = int(asked[k, 0])
            if quantity is Quantity.VOLTAGE:
                slope = np.zeros(n), np.eye(1, n, place)[0]
            else:
                slope = (_current_slope if quantity is Quantity.CURRENT else _power_slope)(flow, solved.v, place)
            p, q = solved.by_loads(model, *slope)
            by_p[k, model.angled], by_q[k, model.held] = p, q
    return by_p.tocsr(), by_q.tocsr()


def nodal_supply(network: Network, flow: PowerFlow, by_kw: Floats, by_kvar: Floats) -> None:
    """Fill (buses, steps) derivatives of what all slacks supply together, kW per kW and kvar."""
    model = newton_model(network, flow.energised, flow.model.base_angle(network))
    slacks = np.unique(network.slacks.bus)
    from_slacks = model.matrix[slacks]
    status = flow.solution.sums.status
    for step in np.flatnonzero(~np.isin(status, [Status.DIVERGED, Status.BAD_LOAD])):
        solved = _SolvedStep.of(network, flow, model, int(step))
        v = solved.v
        # rows of the slacks: S_s = v_s conj(sum_k Y_sk v_k); slack voltages are held, so only other buses matter
        across = (v[slacks].conj() @ from_slacks.multiply(v[np.newaxis, :])).conj()
        slope = np.real(-1j * across), np.real(across) / np.where(np.abs(v) > 0, np.abs(v), 1.0)
        p, q = solved.by_loads(model, BASE_KVA * slope[0], BASE_KVA * slope[1])
        by_kw[model.angled, step], by_kvar[model.held, step] = p, q
        by_kw[slacks, step] = solved.mix[slacks]


@dataclass(frozen=True, eq=False)
class _SolvedStep:
    """One step's voltages, the factors of its Jacobian, and what of each given load counts at its voltage."""

    v: Complexes
    factors: SuperLU
    mix: Floats

    @staticmethod
    def of(network: Network, flow: PowerFlow, model: NewtonModel, step: int) -> _SolvedStep:
        n = len(network.buses)
        shares = flow.load_model or LoadModel(np.zeros(n), np.zeros(n))
        v = flow.solution.voltages_pu[:, step] * np.exp(1j * flow.solution.angles_rad()[:, step])
        size = np.abs(v)
        given = flow.loads.bus_kva(step, n) / BASE_KVA
        linear, square = model.current + given * shares.i_share, model.impedance + given * shares.z_share
        mix = 1.0 - shares.z_share - shares.i_share + shares.i_share * size + shares.z_share * size**2
        return _SolvedStep(v, splu(jacobian(model, v, linear + 2.0 * square * size)), mix)

    def by_loads(self, model: NewtonModel, by_angle: Floats, by_size: Floats) -> tuple[Floats, Floats]:
        """Return derivatives per kW at `model.angled` and per kvar at `model.held` of what has these slopes."""
        split = len(model.angled)
        multiplier = self.factors.solve(np.concatenate([by_angle[model.angled], by_size[model.held]]), trans="T")
        p = -multiplier[:split] * self.mix[model.angled] / BASE_KVA
        return p, -multiplier[split:] * self.mix[model.held] / BASE_KVA


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


def _power_slope(flow: PowerFlow, v: Complexes, branch: int) -> tuple[Floats, Floats]:
    """Slopes of the active power in kW entering at the `from` end by every angle and voltage magnitude."""
    ports = flow.model.ports
    y_ff, y_ft, _, _ = (part[branch] for part in ports.admittances())
    f, t = ports.from_bus[branch], ports.to_bus[branch]
    entering = v[f] * np.conj(y_ff * v[f] + y_ft * v[t])
    own, across = v[f] * np.conj(y_ff * v[f]), v[f] * np.conj(y_ft * v[t])
    by_angle, by_size = np.zeros(len(v)), np.zeros(len(v))
    by_angle[f] = BASE_KVA * np.real(1j * entering - 1j * own)
    by_angle[t] = BASE_KVA * np.real(-1j * across)
    by_size[f] = BASE_KVA * np.real(entering + own) / abs(v[f])
    by_size[t] = BASE_KVA * np.real(across) / abs(v[t])
    return by_angle, by_size
