"""Batch AC power flow: one network, many steps of load, one call."""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary

import numpy as np
import xarray as xr

from data.errors import InvalidInput, Problem
from grid.admittance import BASE_KVA
from grid.elements import Floats
from grid.load_input import StepLoads, read_loads
from grid.load_models import LoadModel, carried_loads
from grid.network import Network
from grid.network_checks import check_network
from grid.powerflow_result import PowerFlow, Sums
from grid.radial import RadialModel, compile_radial
from grid.radial_kernel import LANES, Results, sweep
from grid.status import Method, Status
from grid.workers import share_out

_MAX_PASSES = 100

_compiled: WeakKeyDictionary[Network, RadialModel] = WeakKeyDictionary()
_compiling = threading.Lock()


def power_flow(
    network: Network,
    load_kw: xr.DataArray | None = None,
    load_kvar: xr.DataArray | None = None,
    *,
    load_model: LoadModel | None = None,
    tolerance_pu: float = 1e-8,
    threads: int | None = None,
) -> PowerFlow:
    """Solve the network for every step of the loads.

    Parameters
    ----------
    network
        The network; the loads of its own table are drawn in every step, besides those given here.
    load_kw, load_kvar
        Dims (time, bus) or (scenario, time, bus), consumption positive; every bus of the network must have its label.
        Without `load_kvar` the given loads draw no reactive power; without both there is one step.
    load_model
        Voltage dependence of the given loads; constant power when absent.
    tolerance_pu
        Largest error of a voltage magnitude left when the sweep stops.
    threads
        Threads to use; all cores when absent. The result is the same bit for bit.

    Raises
    ------
    InvalidInput
        With every problem of the network and of the loads' labels. A step that cannot be solved raises nothing: see
        `PowerFlow.status` and `PowerFlow.reason`.
    """
    return _solve(network, read_loads(network, load_kw, load_kvar), load_model, tolerance_pu, threads)


def solve(
    network: Network,
    p_kw: Floats,
    q_kvar: Floats | None = None,
    *,
    load_model: LoadModel | None = None,
    tolerance_pu: float = 1e-8,
    threads: int | None = None,
) -> PowerFlow:
    """Solve for plain arrays (steps, buses) or (scenarios, steps, buses) in the order of the bus table.

    As :func:`power_flow` otherwise. The arrays are read in place, whichever their memory order, and are looked at again
    when a lazily computed field is asked for: leave them unchanged as long as the result lives.
    """
    return _solve(network, StepLoads.from_arrays(network, p_kw, q_kvar), load_model, tolerance_pu, threads)


def compiled(network: Network, load_model: LoadModel | None = None) -> RadialModel:
    """Return the checked, compiled form of a network, kept as long as the network lives."""
    if load_model is not None:
        check_network(network)
        return compile_radial(network, load_model)
    with _compiling:
        model = _compiled.get(network)
    if model is None:
        check_network(network)
        model = compile_radial(network)
        with _compiling:
            _compiled[network] = model
    return model


def _solve(
    network: Network, loads: StepLoads, load_model: LoadModel | None, tolerance_pu: float, threads: int | None
) -> PowerFlow:
    model = compiled(network, load_model)
    if len(model.forest.chords):
        raise InvalidInput(
            [Problem("network", 0, "lines", "the network has closed loops", "open a switch of each loop")]
        )
    given = loads.given()
    jobs, roots = len(model.rows.job_start) - 1, int((model.rows.parent < 0).sum())
    steps = loads.steps
    out = Results(
        v_pu=np.empty((len(network.buses), steps)),
        current_a=np.empty((len(model.ports), steps)),
        root_p=np.empty((roots, steps)),
        root_q=np.empty((roots, steps)),
        loss=np.empty((jobs, steps)),
        status=np.zeros((jobs, steps), dtype=np.int8),
        iterations=np.zeros((jobs, steps), dtype=np.int16),
    )
    _clear_unfed(model, out)
    units = jobs * -(-steps // LANES)
    share_out(
        lambda piece: sweep(model.rows, model.members, given, out, piece, tolerance_pu, _MAX_PASSES), units, threads
    )
    sums = _sums(network, model, loads, out)
    return PowerFlow(network, Method.SWEEP, model, loads, load_model, out.v_pu, out.current_a, sums)


def _clear_unfed(model: RadialModel, out: Results) -> None:
    """Set to 0 what the sweep never writes: buses without supply and branches that carry nothing."""
    out.v_pu[~model.forest.live] = 0.0
    idle = np.ones(len(model.ports), dtype=bool)
    idle[model.members.branch] = False
    out.current_a[idle] = 0.0


def _sums(network: Network, model: RadialModel, loads: StepLoads, out: Results) -> Sums:
    """Add the jobs up in a fixed order."""
    slacks = network.slacks.bus
    sharing = np.bincount(slacks, minlength=len(network.buses))[slacks]
    feeds = slacks[:, None] == model.row_bus[model.rows.parent < 0]
    share = feeds * (BASE_KVA / sharing[:, None])
    status = out.status.max(axis=0)
    unfed = np.flatnonzero(~model.forest.live)
    if len(unfed):
        carried = carried_loads(network)
        drawn = bool((carried.power[unfed] + carried.current[unfed] + carried.impedance[unfed]).any())
        status[loads.any_at(unfed) | drawn] = Status.ISLANDED
    return Sums(
        slack_kw=share @ out.root_p,
        slack_kvar=share @ out.root_q,
        losses_kw=out.loss.sum(axis=0) * BASE_KVA,
        status=status,
        iterations=out.iterations.max(axis=0),
    )
