"""The bridge to power-grid-model, a well-kept C++ engine, for networks too meshed for the sweep.

Every element goes over one to one: lines and transformers as generic branches, loads by their three
voltage dependences, slacks as sources of practically unlimited short-circuit power.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from power_grid_model import (
    CalculationMethod,
    ComponentType,
    DatasetType,
    LoadGenType,
    PowerGridModel,
    initialize_array,
)

from grid.admittance import BASE_KVA, TwoPorts, two_ports
from grid.elements import Floats, Ints
from grid.load_input import StepLoads
from grid.load_models import LoadModel, carried_loads
from grid.network import Network

_STIFF_VA = 1e25
_TYPES = (LoadGenType.const_power, LoadGenType.const_current, LoadGenType.const_impedance)


@dataclass(frozen=True)
class BatchNewton:
    """A network loaded into power-grid-model.

    Attributes
    ----------
    model
        The engine's model; nodes have the bus number as id, branches follow.
    load_ids
        Ids of the given loads of each bus by voltage dependence: power, current, impedance (3, buses).
    branches
        Branches in service, in the order of the engine's output.
    """

    model: PowerGridModel
    load_ids: Ints
    branches: Ints


def load_network(network: Network, live: Ints) -> BatchNewton:
    """Build the engine's model of the live buses and the in-service branches between them."""
    ports = two_ports(network)
    alive = np.zeros(len(network.buses), dtype=bool)
    alive[live] = True
    branches = np.flatnonzero(ports.in_service & alive[ports.from_bus])
    n, nb = len(network.buses), len(branches)
    node = initialize_array(DatasetType.input, ComponentType.node, len(live))
    node["id"], node["u_rated"] = live, network.buses.base_kv[live] * 1e3
    carried = carried_loads(network)
    first = n + nb
    source = _sources(network, first)
    own = _loads(first + len(source), live, (carried.power, carried.current, carried.impedance))
    nothing = np.zeros(n, dtype=complex)
    given = _loads(first + len(source) + len(own), live, (nothing, nothing, nothing))
    load_ids = np.full((3, n), -1)
    load_ids[:, live] = given["id"].reshape(3, -1)
    tables = {
        ComponentType.node: node,
        ComponentType.generic_branch: _branches(network, ports, branches, n),
        ComponentType.source: source,
        ComponentType.sym_load: np.concatenate([own, given]),
    }
    return BatchNewton(PowerGridModel(tables, system_frequency=network.frequency_hz), load_ids, branches)


def _branches(network: Network, ports: TwoPorts, branches: Ints, first_id: int) -> Any:
    base_ohm = network.buses.base_kv[ports.to_bus[branches]] ** 2 * 1000.0 / BASE_KVA
    table = initialize_array(DatasetType.input, ComponentType.generic_branch, len(branches))
    table["id"] = first_id + np.arange(len(branches))
    table["from_node"], table["to_node"] = ports.from_bus[branches], ports.to_bus[branches]
    table["from_status"] = table["to_status"] = 1
    table["r1"], table["x1"] = ports.z[branches].real * base_ohm, ports.z[branches].imag * base_ohm
    table["g1"] = 2.0 * ports.y_half[branches].real / base_ohm
    table["b1"] = 2.0 * ports.y_half[branches].imag / base_ohm
    table["k"], table["theta"] = np.abs(ports.ratio[branches]), np.angle(ports.ratio[branches])
    table["sn"] = BASE_KVA * 1e3
    return table


def _sources(network: Network, first_id: int) -> Any:
    slacks = network.slacks
    table = initialize_array(DatasetType.input, ComponentType.source, len(slacks))
    table["id"], table["node"], table["status"] = first_id + np.arange(len(slacks)), slacks.bus, 1
    table["u_ref"], table["u_ref_angle"], table["sk"] = slacks.v_pu, np.deg2rad(slacks.angle_deg), _STIFF_VA
    return table


def _loads(first_id: int, live: Ints, parts: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Any:
    table = initialize_array(DatasetType.input, ComponentType.sym_load, 3 * len(live))
    table["id"], table["status"] = first_id + np.arange(3 * len(live)), 1
    table["node"] = np.tile(live, 3)
    table["type"] = np.repeat(np.array(_TYPES), len(live))
    power = np.concatenate([part[live] for part in parts]) * BASE_KVA * 1e3
    table["p_specified"], table["q_specified"] = power.real, power.imag
    return table


def run_batch(
    engine: BatchNewton,
    loads: StepLoads,
    live: Ints,
    load_model: LoadModel | None = None,
    *,
    tolerance_pu: float = 1e-8,
    threads: int = 0,
    method: CalculationMethod = CalculationMethod.newton_raphson,
    outputs: dict[ComponentType, list[str]] | None = None,
) -> tuple[dict[ComponentType, np.ndarray], Ints]:
    """Solve all steps (loads finite); returns the outputs and the steps that failed, which disturb no other."""
    update = _update(engine, loads, live, load_model)
    result = engine.model.calculate_power_flow(
        symmetric=True,
        error_tolerance=tolerance_pu,
        max_iterations=100,
        calculation_method=method,
        update_data={ComponentType.sym_load: update},
        threading=threads,
        output_component_types=outputs,
        continue_on_batch_error=True,
    )
    error = engine.model.batch_error
    return result, np.zeros(0, dtype=np.int64) if error is None else np.asarray(error.failed_scenarios, dtype=np.int64)


def _update(engine: BatchNewton, loads: StepLoads, live: Ints, load_model: LoadModel | None) -> dict[str, np.ndarray]:
    parts = 1 if load_model is None else 3
    p, q = _watts(loads.p_kw, loads.steps, live), _watts(loads.q_kvar, loads.steps, live)
    if load_model is not None:
        z, i = load_model.z_share[live], load_model.i_share[live]
        p, q = (np.concatenate([part * (1.0 - z - i), part * i, part * z], axis=1) for part in (p, q))
    ids = np.broadcast_to(engine.load_ids[:parts, live].ravel().astype(np.int32), p.shape)
    return {"id": np.ascontiguousarray(ids), "p_specified": p, "q_specified": q}


def _watts(array: Floats | None, steps: int, live: Ints) -> Floats:
    return np.zeros((steps, len(live))) if array is None else np.ascontiguousarray(array[:, live]) * 1e3
