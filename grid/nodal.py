"""Solving a batch by nodal matrices: heavy meshes by power-grid-model, networks with PV buses by Newton-Raphson."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from power_grid_model import ComponentType

from data.errors import InvalidInput, Problem
from grid.admittance import BASE_KVA, TwoPorts, admittance_matrix
from grid.batch_newton import load_network, run_batch
from grid.elements import Complexes, Flags, Floats
from grid.load_input import StepLoads
from grid.load_models import LoadModel
from grid.network import Network
from grid.newton import newton_model, newton_step
from grid.radial import RadialModel
from grid.solution import Flows, Sums
from grid.status import ABSURD_LOADING, Method, Status
from grid.sweep import islanded


@dataclass(frozen=True)
class NodalSolution:
    """A batch solved for its complex voltages (buses, steps); everything else follows by the branches' two-ports."""

    method: Method
    ports: TwoPorts
    voltage: Complexes
    voltages_pu: Floats
    currents_a: Floats
    sums: Sums

    @property
    def loadings(self) -> Floats:
        """Nothing: they follow from the currents."""
        return np.empty((0, 0))

    def angles_rad(self) -> Floats:
        """Angle of each voltage (buses, steps), 0 without supply."""
        angles: Floats = np.angle(self.voltage)
        return angles

    def to_currents_a(self) -> Floats:
        """Return the current at the `to` ends (branches, steps)."""
        _, to_current = _end_currents(self.ports, self.voltage)
        current: Floats = np.abs(to_current) * self.ports.to_base_a[:, None]
        return current

    def flows(self) -> Flows:
        """Power at both ends of each branch."""
        at_from, at_to = _end_currents(self.ports, self.voltage)
        from_kva = BASE_KVA * self.voltage[self.ports.from_bus] * at_from.conj()
        to_kva = BASE_KVA * self.voltage[self.ports.to_bus] * at_to.conj()
        return Flows(from_kva.real, from_kva.imag, to_kva.real, to_kva.imag)


def _end_currents(ports: TwoPorts, voltage: Complexes) -> tuple[Complexes, Complexes]:
    y_ff, y_ft, y_tf, y_tt = (part[:, None] for part in ports.admittances())
    at_from, at_to = voltage[ports.from_bus], voltage[ports.to_bus]
    return y_ff * at_from + y_ft * at_to, y_tf * at_from + y_tt * at_to


def solve_by_batch_newton(
    network: Network,
    model: RadialModel,
    loads: StepLoads,
    load_model: LoadModel | None,
    tolerance_pu: float,
    threads: int | None,
) -> NodalSolution:
    """Hand the batch to power-grid-model."""
    _refuse_no_impedance(model.ports)
    live = np.flatnonzero(model.forest.live)
    engine = load_network(network, live)
    outputs = {ComponentType.node: ["u_pu", "u_angle"]}
    finite = loads.finite_steps()
    solvable = loads.pick(np.flatnonzero(finite))
    result, failed = run_batch(
        engine, solvable, live, load_model, tolerance_pu=tolerance_pu, threads=threads or 0, outputs=outputs
    )
    nodes = result[ComponentType.node]
    voltage = np.zeros((len(network.buses), loads.steps), dtype=complex)
    solved = np.full((len(live), loads.steps), np.nan + 0j)
    solved[:, finite] = (nodes["u_pu"] * np.exp(1j * nodes["u_angle"])).T
    solved[:, np.flatnonzero(finite)[failed]] = np.nan
    voltage[live] = solved
    return _solution(Method.BATCH_NEWTON, network, model, loads, load_model, voltage, np.zeros(loads.steps, np.int16))


def solve_by_newton(
    network: Network, model: RadialModel, loads: StepLoads, load_model: LoadModel | None, tolerance_pu: float
) -> NodalSolution:
    """Solve step after step; generators hold their voltage whatever reactive power it takes."""
    _refuse_no_impedance(model.ports)
    n, steps = len(network.buses), loads.steps
    live = model.forest.live
    newton = newton_model(network, live, model.base_angle(network))
    shares = load_model or LoadModel(np.zeros(n), np.zeros(n))
    voltage = np.full((n, steps), np.nan + 0j)
    iterations = np.zeros(steps, dtype=np.int16)
    finite = loads.finite_steps()
    for step in np.flatnonzero(finite):
        given = np.where(live, loads.bus_kva(int(step), n) / BASE_KVA, 0.0)
        v, iterations[step], converged = newton_step(newton, given, shares.z_share, shares.i_share, tolerance_pu)
        if converged:
            voltage[:, step] = v
    voltage[~live] = 0.0
    return _solution(Method.NEWTON, network, model, loads, load_model, voltage, iterations)


def _refuse_no_impedance(ports: TwoPorts) -> None:
    solid = np.flatnonzero(ports.in_service & (ports.z == 0))
    fix = "merge the two buses, or give the line its impedance"
    what = "a line without impedance in a heavily meshed network or one with voltage-holding generators"
    if len(solid):
        raise InvalidInput(Problem("lines", int(row) + 2, "x_ohm", what, fix) for row in solid[:20])


def _solution(
    method: Method,
    network: Network,
    model: RadialModel,
    loads: StepLoads,
    load_model: LoadModel | None,
    voltage: Complexes,
    iterations: np.ndarray,
) -> NodalSolution:
    size = np.abs(voltage)
    at_from, at_to = _end_currents(model.ports, voltage)
    loss = (voltage[model.ports.from_bus] * at_from.conj() + voltage[model.ports.to_bus] * at_to.conj()).real.sum(
        axis=0
    )
    slack_kva = _slack_kva(network, loads, load_model, voltage)
    status = _status(network, model, loads, np.asarray(np.isfinite(size).all(axis=0)))
    absurd = (np.abs(at_from) > ABSURD_LOADING * model.ports.rating_pu[:, None]).any(axis=0)
    status[absurd & (status == Status.CONVERGED)] = Status.ABSURD
    sums = Sums(slack_kva.real, slack_kva.imag, loss * BASE_KVA, status, iterations)
    currents = np.abs(at_from) * model.ports.from_base_a[:, None]
    return NodalSolution(method, model.ports, voltage, size, currents, sums)


def _slack_kva(network: Network, loads: StepLoads, load_model: LoadModel | None, voltage: Complexes) -> Complexes:
    """Power each slack supplies (slacks, steps): into the network and to the loads at its bus."""
    slack = network.slacks.bus
    flow = BASE_KVA * voltage[slack] * (admittance_matrix(network) @ voltage)[slack].conj()
    drawn = loads.drawn_kva(network, load_model, np.abs(voltage), slice(None))[slack]
    generated = np.zeros(len(network.buses))
    generators = network.generators
    np.add.at(generated, generators.bus, np.where(generators.in_service, generators.p_kw, 0.0))
    sharing = np.bincount(slack, minlength=len(network.buses))[slack]
    supplied: Complexes = (flow + drawn - generated[slack][:, None]) / sharing[:, None]
    return supplied


def _status(network: Network, model: RadialModel, loads: StepLoads, solved: Flags) -> np.ndarray:
    status = np.where(solved, Status.CONVERGED, Status.DIVERGED).astype(np.int8)
    status[solved & islanded(network, model, loads)] = Status.ISLANDED
    status[~loads.finite_steps()] = Status.BAD_LOAD
    return status
