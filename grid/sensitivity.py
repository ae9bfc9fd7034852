"""How voltages, currents and powers answer to loads: one adjoint solve for each (element, step) asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import sparse

from data.errors import ProblemList
from grid.admittance import BASE_KVA
from grid.elements import Floats, Ids, Ints
from grid.network import Network
from grid.nodal_adjoint import Quantity, nodal_rows, nodal_supply
from grid.powerflow_result import PowerFlow
from grid.status import Method, Status
from grid.tree_adjoint import supply_rows, tree_rows
from grid.workers import share_out


@dataclass(frozen=True)
class Sensitivity:
    """Derivatives of the asked quantities by the given load of every bus, consumption positive.

    Attributes
    ----------
    of
        What was asked for: (bus or branch id, step).
    bus
        Ids of the columns.
    by_kw, by_kvar
        Sparse (asked, buses), per kW and kvar: pu for voltages, A for currents, kW for powers. What is fed by other
        feeders of a stiff source does not answer and is not stored.
    """

    of: tuple[tuple[str, int], ...]
    bus: Ids
    by_kw: sparse.csr_array
    by_kvar: sparse.csr_array

    def row(self, position: int) -> xr.Dataset:
        """One asked quantity with labels: `by_kw` and `by_kvar` (bus)."""
        values = {
            name: ("bus", matrix[[position]].toarray()[0])
            for name, matrix in (("by_kw", self.by_kw), ("by_kvar", self.by_kvar))
        }
        return xr.Dataset(values, coords={"bus": self.bus})


def sensitivity(network: Network, flow: PowerFlow, of: Sequence[tuple[str, int]]) -> Sensitivity:
    """Find the derivatives d|V|/dP and d|V|/dQ of voltage magnitudes.

    Parameters
    ----------
    network, flow
        A network and its solution.
    of
        Bus id and step (position, scenarios laid after one another) of each voltage.

    Raises
    ------
    InvalidInput
        For an unknown id, a step out of range, a step that was not solved, a bus without supply.
    """
    return _sensitivity(network, flow, of, network.buses.id, Quantity.VOLTAGE)


def current_sensitivity(network: Network, flow: PowerFlow, of: Sequence[tuple[str, int]]) -> Sensitivity:
    """Find the derivatives of `from` currents in A per kW and kvar; as :func:`sensitivity` with branch ids.

    A current of 0 has no derivative: its row is NaN.
    """
    return _sensitivity(network, flow, of, network.branch_ids, Quantity.CURRENT)


def power_sensitivity(network: Network, flow: PowerFlow, of: Sequence[tuple[str, int]]) -> Sensitivity:
    """Find the derivatives of the active power entering branches at their `from` ends, per kW and kvar of load.

    As :func:`sensitivity` with branch ids.
    """
    return _sensitivity(network, flow, of, network.branch_ids, Quantity.POWER)


def supply_sensitivity(network: Network, flow: PowerFlow) -> tuple[Floats, Floats]:
    """Find how what all slacks supply together answers to loads, losses included, for every bus and step.

    Returns
    -------
    Two arrays (steps, buses), kW per kW and kW per kvar of load; 0 at buses without supply, NaN in steps that were not
    solved.
    """
    n, steps = len(network.buses), flow.loads.steps
    by_kw, by_kvar = np.zeros((n, steps)), np.zeros((n, steps))
    if flow.method is Method.SWEEP:
        rows, loads, v_pu = flow.model.rows, flow.loads.given(), flow.solution.voltages_pu
        jobs = len(rows.job_start) - 1
        share_out(lambda piece: supply_rows(rows, loads, v_pu, by_kw, by_kvar, piece), jobs, None)
    else:
        nodal_supply(network, flow, by_kw, by_kvar)
    unsolved = np.isin(flow.solution.sums.status, [Status.DIVERGED, Status.BAD_LOAD])
    by_kw[:, unsolved] = by_kvar[:, unsolved] = np.nan
    return by_kw.T, by_kvar.T


def _sensitivity(
    network: Network, flow: PowerFlow, of: Sequence[tuple[str, int]], ids: Ids, quantity: Quantity
) -> Sensitivity:
    branches = quantity is not Quantity.VOLTAGE
    asked = _positions(flow, of, ids, branches=branches)
    tree = flow.method is Method.SWEEP and (not branches or _alone(flow, asked[:, 0]))
    rows = _tree if tree else nodal_rows
    by_kw, by_kvar = rows(network, flow, asked, quantity)
    return Sensitivity(tuple((str(name), int(step)) for name, step in of), network.buses.id, by_kw, by_kvar)


def _positions(flow: PowerFlow, of: Sequence[tuple[str, int]], ids: Ids, *, branches: bool) -> Ints:
    """Position of bus or branch and step of each asked quantity (asked, 2)."""
    problems = ProblemList()
    wanted = {str(name) for name, _ in of}
    place = {str(name): k for k, name in enumerate(ids) if str(name) in wanted}
    status = flow.solution.sums.status
    fed = np.zeros(len(ids), dtype=bool) if branches else flow.energised
    if branches:
        ports = flow.model.ports
        fed = flow.energised[ports.from_bus] & ports.in_service
    for number, (name, step) in enumerate(of):
        if str(name) not in place:
            problems.add("of", f"no such id: {name}", "give ids of the network", row=number + 1)
        elif not 0 <= step < len(status):
            problems.add("of", f"step {step} is not in 0 … {len(status) - 1}", "give a position", row=number + 1)
        elif status[step] in {Status.DIVERGED, Status.BAD_LOAD}:
            problems.add("of", f"step {step} was not solved", "ask for solved steps", row=number + 1)
        elif not fed[place[str(name)]]:
            problems.add("of", f"{name} has no supply", "ask for what is energised", row=number + 1)
    problems.raise_if_any()
    return np.array([(place[str(name)], step) for name, step in of], dtype=np.int64).reshape(-1, 2)


def _alone(flow: PowerFlow, branches: Ints) -> bool:
    members, start = flow.model.members, flow.model.rows.member_start
    shared = np.repeat(np.diff(start) > 1, np.diff(start))
    return not np.isin(branches, members.branch[shared]).any()


def _tree(
    network: Network,
    flow: PowerFlow,
    asked: Ints,
    quantity: Quantity,
) -> tuple[sparse.csr_array, sparse.csr_array]:
    model = flow.model
    rows, members, layout = model.rows, model.members, model.layout
    job_of_row = np.repeat(np.arange(len(rows.job_start) - 1), np.diff(rows.job_start))
    member = np.full(len(asked), -1)
    if quantity is not Quantity.VOLTAGE:
        place = np.full(len(model.ports), -1)
        place[members.branch] = np.arange(len(members.branch))
        member = place[asked[:, 0]]
        row = np.searchsorted(rows.member_start, member, side="right") - 1
    else:
        row_of_bus = np.full(len(network.buses), -1)
        row_of_bus[rows.bus[rows.bus >= 0]] = np.flatnonzero(rows.bus >= 0)
        row = row_of_bus[asked[:, 0]]
    job = job_of_row[row]
    order = np.lexsort((asked[:, 1], job))
    power = np.full(len(asked), int(quantity is Quantity.POWER))
    table = np.stack([job, asked[:, 1], row - rows.job_start[job], member, power], axis=1)[order]
    size = np.diff(rows.job_start)[table[:, 0]]
    start = np.concatenate([[0], np.cumsum(size)])
    by_p, by_q = np.empty(start[-1]), np.empty(start[-1])
    loads, v_pu = flow.loads.given(), flow.solution.voltages_pu
    share_out(lambda piece: tree_rows(rows, members, loads, v_pu, table, start, by_p, by_q, piece), len(asked), None)
    first = rows.job_start[table[:, 0]]
    bus = layout.bus[np.arange(start[-1]) - np.repeat(start[:-1] - first, size)]
    shape, back = (len(asked), len(network.buses)), np.argsort(order)
    scale = 1.0 if quantity is Quantity.POWER else 1.0 / BASE_KVA
    by_kw = sparse.csr_array((by_p * scale, bus, start), shape=shape)[back]
    return by_kw, sparse.csr_array((by_q * scale, bus, start), shape=shape)[back]
