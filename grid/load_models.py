"""How loads depend on voltage (constant power, current, impedance: ZIP), and the loads a network carries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid.admittance import BASE_KVA
from grid.elements import Complexes, Floats
from grid.network import Network


@dataclass(frozen=True)
class LoadModel:
    """How the given load of each bus (buses,) depends on voltage; what is neither share is constant power."""

    z_share: Floats
    i_share: Floats


@dataclass(frozen=True)
class CarriedLoads:
    """Loads of the network's own table summed by bus, per unit p + jq: constant, and proportional to V and V²."""

    power: Complexes
    current: Complexes
    impedance: Complexes


def carried_loads(network: Network) -> CarriedLoads:
    """Sum the load and shunt tables by bus; a shunt is a constant impedance."""
    n, loads = len(network.buses), network.loads
    power, current, impedance = (np.zeros(n, dtype=complex) for _ in range(3))
    s = np.where(loads.in_service, loads.p_kw + 1j * loads.q_kvar, 0.0) / BASE_KVA
    np.add.at(power, loads.bus, s * (1.0 - loads.z_share - loads.i_share))
    np.add.at(current, loads.bus, s * loads.i_share)
    np.add.at(impedance, loads.bus, s * loads.z_share)
    return CarriedLoads(power, current, impedance + shunt_draw(network))


def shunt_draw(network: Network) -> Complexes:
    """Draw of the shunt table at 1 pu by bus, per unit p + jq."""
    draw, shunts = np.zeros(len(network.buses), dtype=complex), network.shunts
    np.add.at(draw, shunts.bus, np.where(shunts.in_service, shunts.p_kw + 1j * shunts.q_kvar, 0.0) / BASE_KVA)
    return draw
