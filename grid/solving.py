"""From a network and plain load arrays to a solved batch: check, compile once, choose the solver by topology, solve."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from grid.elements import Floats
from grid.load_input import StepLoads
from grid.load_models import LoadModel
from grid.meshed import MOST_CHORDS_A_JOB, chord_counts, compile_chords
from grid.meshed_kernel import Chords
from grid.network import Network
from grid.network_checks import check_network
from grid.nodal import solve_by_batch_newton, solve_by_newton
from grid.powerflow_result import PowerFlow
from grid.radial import RadialModel, compile_radial
from grid.solution import Solution
from grid.status import Method
from grid.sweep import solve_by_sweeps

_compiled: WeakKeyDictionary[Network, Compiled] = WeakKeyDictionary()
_compiling = threading.Lock()


def solve(
    network: Network,
    p_kw: Floats,
    q_kvar: Floats | None = None,
    *,
    load_model: LoadModel | None = None,
    tolerance_pu: float = 1e-8,
    threads: int | None = None,
    with_loading: bool = False,
) -> PowerFlow:
    """Solve for plain arrays (steps, buses) or (scenarios, steps, buses) in the order of the bus table.

    As :func:`grid.powerflow.power_flow` otherwise. The arrays are read in place, whichever their memory order, and are
    looked at again when a lazily computed field is asked for: leave them unchanged as long as the result lives.
    `with_loading` computes loadings along with the solution, which is quicker than afterwards when they are sure to be
    read.
    """
    loads = StepLoads.from_arrays(network, p_kw, q_kvar)
    return solve_steps(network, loads, load_model, tolerance_pu, threads, with_loading=with_loading)


@dataclass(frozen=True)
class Compiled:
    """A checked network in the form the solvers take, with the solver its topology asks for."""

    model: RadialModel
    chords: Chords | None
    method: Method


def compiled(network: Network, load_model: LoadModel | None = None) -> Compiled:
    """Return the checked, compiled form of a network, kept as long as the network lives."""
    if load_model is not None:
        return _compile(network, load_model)
    with _compiling:
        form = _compiled.get(network)
    if form is None:
        form = _compile(network, None)
        with _compiling:
            _compiled[network] = form
    return form


def _compile(network: Network, load_model: LoadModel | None) -> Compiled:
    check_network(network)
    model = compile_radial(network, load_model)
    if network.generators.in_service.any():
        return Compiled(model, None, Method.NEWTON)
    if chord_counts(model).max(initial=0) > MOST_CHORDS_A_JOB:
        return Compiled(model, None, Method.BATCH_NEWTON)
    method = Method.COMPENSATED_SWEEP if len(model.chords) else Method.SWEEP
    return Compiled(model, compile_chords(network, model), method)


def solve_steps(
    network: Network,
    loads: StepLoads,
    load_model: LoadModel | None,
    tolerance_pu: float,
    threads: int | None,
    *,
    with_loading: bool = False,
) -> PowerFlow:
    """Solve loads that were read and checked."""
    form = compiled(network, load_model)
    model = form.model
    solution: Solution
    if form.chords is not None:
        solution = solve_by_sweeps(
            network,
            model,
            form.chords,
            loads,
            tolerance_pu=tolerance_pu,
            threads=threads,
            with_loading=with_loading,
        )
    elif form.method is Method.BATCH_NEWTON:
        solution = solve_by_batch_newton(network, model, loads, load_model, tolerance_pu, threads)
    else:
        solution = solve_by_newton(network, model, loads, load_model, tolerance_pu)
    return PowerFlow(network, model, loads, load_model, solution)
