"""Solving a batch by sweeps: radial jobs by the branch-flow sweep, jobs with closed ties by the compensated one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from grid.admittance import BASE_KVA
from grid.elements import Floats
from grid.load_input import StepLoads
from grid.load_models import carried_loads
from grid.meshed_kernel import ChordFlows, Chords, meshed_sweep
from grid.network import Network
from grid.radial import RadialModel
from grid.radial_details import Details, details
from grid.radial_kernel import sweep
from grid.solution import Flows, Sums
from grid.status import Method, Status
from grid.sweep_tables import LANES, Results
from grid.workers import share_out

MAX_PASSES = 100


@dataclass(frozen=True)
class SweepSolution:
    """A batch solved by sweeps; angles and flows come from one more pass over the rows."""

    network: Network
    model: RadialModel
    chords: Chords
    loads: StepLoads
    voltages_pu: Floats
    currents_a: Floats
    loadings: Floats
    chord_flows: ChordFlows
    sums: Sums
    threads: int | None

    @property
    def method(self) -> Method:
        """Which of the two sweeps it took."""
        return Method.COMPENSATED_SWEEP if len(self.model.chords) else Method.SWEEP

    def angles_rad(self) -> Floats:
        """Angle of each voltage (buses, steps), 0 without supply."""
        angle = np.zeros_like(self.voltages_pu)
        self._details(angle=angle)
        live = self.model.forest.live
        angle[live] += self.model.base_angle(self.network)[live, None]
        return angle

    def to_currents_a(self) -> Floats:
        """Return the current at the `to` ends (branches, steps)."""
        ports = self.model.ports
        if not ports.y_half.any() and np.diff(self.model.rows.member_start).max(initial=0) <= 1:
            return self.currents_a * (np.abs(ports.ratio) * ports.to_base_a / ports.from_base_a)[:, None]
        current = np.zeros_like(self.currents_a)
        self._details(to_current_a=current)
        return current

    def flows(self) -> Flows:
        """Power at both ends of each branch."""
        flows = Flows(*(np.zeros_like(self.currents_a) for _ in Flows._fields))
        self._details(from_p=flows.from_kw, from_q=flows.from_kvar, to_p=flows.to_kw, to_q=flows.to_kvar)
        for array in flows:
            np.multiply(array, BASE_KVA, out=array)
        return flows

    def _details(self, **wanted: Floats) -> None:
        nothing = np.empty((0, 0))
        out = Details(**{name: wanted.get(name, nothing) for name in Details._fields})
        rows, members, given = self.model.rows, self.model.members, self.loads.given()
        solved = (self.voltages_pu, self.chord_flows)
        units = (len(rows.job_start) - 1) * -(-self.loads.steps // LANES)
        share_out(lambda piece: details(rows, members, self.chords, given, solved, out, piece), units, self.threads)


def solve_by_sweeps(
    network: Network,
    model: RadialModel,
    chords: Chords,
    loads: StepLoads,
    *,
    tolerance_pu: float,
    threads: int | None,
    with_loading: bool = False,
) -> SweepSolution:
    """Solve every step of every job; loadings at once with it where they are sure to be read."""
    rows, members, given, steps = model.rows, model.members, loads.given(), loads.steps
    jobs, radial_jobs, blocks = len(rows.job_start) - 1, model.layout.radial_jobs, -(-steps // LANES)
    roots = int(model.layout.is_root.sum())
    out = Results(
        v_pu=np.empty((len(network.buses), steps)),
        current_a=np.empty((len(model.ports), steps)),
        loading=np.empty((len(model.ports), steps) if with_loading else (0, 0)),
        root_p=np.empty((roots, steps)),
        root_q=np.empty((roots, steps)),
        loss=np.empty((jobs, steps)),
        status=np.zeros((jobs, steps), dtype=np.int8),
        iterations=np.zeros((jobs, steps), dtype=np.int16),
    )
    carried = ChordFlows(*(np.empty((len(chords.branch), steps)) for _ in ChordFlows._fields))
    _clear_unfed(model, out)
    share_out(
        lambda piece: sweep(rows, members, given, out, piece, tolerance_pu, MAX_PASSES), radial_jobs * blocks, threads
    )
    if jobs > radial_jobs:
        limits = (tolerance_pu, MAX_PASSES)
        share_out(
            lambda piece: meshed_sweep(rows, members, chords, given, out, carried, radial_jobs, piece, *limits),
            (jobs - radial_jobs) * blocks,
            threads,
        )
    sums = _sums(network, model, loads, out)
    return SweepSolution(network, model, chords, loads, out.v_pu, out.current_a, out.loading, carried, sums, threads)


def _clear_unfed(model: RadialModel, out: Results) -> None:
    """Set to 0 what the sweep never writes: buses without supply and branches that carry nothing."""
    out.v_pu[~model.forest.live] = 0.0
    idle = np.ones(len(model.ports), dtype=bool)
    idle[model.members.branch] = False
    out.current_a[idle] = 0.0
    if out.loading.size:
        out.loading[idle] = 0.0


def _sums(network: Network, model: RadialModel, loads: StepLoads, out: Results) -> Sums:
    """Add the jobs up in a fixed order."""
    slacks = network.slacks.bus
    sharing = np.bincount(slacks, minlength=len(network.buses))[slacks]
    share = (slacks[:, None] == model.layout.bus[model.layout.is_root]) * (BASE_KVA / sharing[:, None])
    status = out.status.max(axis=0)
    status[islanded(network, model, loads) & (status == Status.CONVERGED)] = Status.ISLANDED
    return Sums(
        slack_kw=share @ out.root_p,
        slack_kvar=share @ out.root_q,
        losses_kw=out.loss.sum(axis=0) * BASE_KVA,
        status=status,
        iterations=out.iterations.max(axis=0),
    )


def islanded(network: Network, model: RadialModel, loads: StepLoads) -> np.ndarray:
    """Whether each step (steps,) has load at a bus without any path to a slack."""
    unfed = np.flatnonzero(~model.forest.live)
    if not len(unfed):
        return np.zeros(loads.steps, dtype=bool)
    carried = carried_loads(network)
    drawn = (carried.power[unfed] != 0) | (carried.current[unfed] != 0) | (carried.impedance[unfed] != 0)
    return loads.any_at(unfed) | bool(drawn.any())
