"""The given loads of a power flow: from labelled or plain arrays to flat memory the kernels read in place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from data.errors import InvalidInput, Problem, ProblemList
from grid.admittance import BASE_KVA
from grid.elements import Complexes, Flags, Floats, Ints
from grid.load_models import LoadModel, carried_loads, shunt_draw
from grid.network import Network
from grid.sweep_tables import GivenLoads

_LEADING = (("time",), ("scenario", "time"))


@dataclass(frozen=True)
class StepLoads:
    """Loads of every step, consumption positive.

    Attributes
    ----------
    p_kw, q_kvar
        (steps, buses), scenarios laid after one another; None where nothing is drawn.
    shape
        Lengths of the leading dims: (time,) or (scenario, time).
    dims, coords
        Their names, and what labels the user gave.
    """

    p_kw: Floats | None
    q_kvar: Floats | None
    shape: tuple[int, ...]
    dims: tuple[str, ...]
    coords: dict[str, NDArray[np.generic]]

    @property
    def steps(self) -> int:
        """Number of power flows."""
        return int(np.prod(self.shape))

    @classmethod
    def from_arrays(cls, network: Network, p_kw: Floats | None, q_kvar: Floats | None) -> StepLoads:
        """Take plain arrays in the order of the bus table."""
        problems = ProblemList()
        shape = (1,) if p_kw is None else np.shape(p_kw)[:-1]
        arrays = {"p_kw": p_kw, "q_kvar": q_kvar}
        for name, array in arrays.items():
            if array is not None and (np.ndim(array) not in {2, 3} or np.shape(array) != (*shape, len(network.buses))):
                what = f"shape {np.shape(array)} does not fit {len(network.buses)} buses and leading dims {shape}"
                problems.add("loads", what, "give (steps, buses) or (scenarios, steps, buses)", field=name)
        if p_kw is None and q_kvar is not None:
            problems.add("loads", "reactive power is given without active power", "give both", field="q_kvar")
        problems.raise_if_any()
        dims = _LEADING[len(shape) - 1]
        coords: dict[str, NDArray[np.generic]] = {dim: np.arange(size) for dim, size in zip(dims, shape, strict=True)}
        return cls(_flat(p_kw), _flat(q_kvar), shape, dims, coords)

    def drawn_kva(self, network: Network, model: LoadModel | None, v_pu: Floats, steps: slice) -> Complexes:
        """Power drawn at each bus (buses, steps) by given and carried loads and shunts, at voltages `v_pu`."""
        carried = carried_loads(network)
        drawn = carried.power[:, None] + carried.current[:, None] * v_pu
        # Shunts stand in the admittance matrix, constant-impedance loads do not.
        drawn = (drawn + (carried.impedance - shunt_draw(network))[:, None] * v_pu**2) * BASE_KVA
        if self.p_kw is None:
            return drawn
        given = self.p_kw[steps].T + 1j * (0.0 if self.q_kvar is None else self.q_kvar[steps].T)
        if model is not None:
            z, i = model.z_share[:, None], model.i_share[:, None]
            given *= 1.0 - z - i + i * v_pu + z * v_pu**2
        return drawn + given

    def pick(self, steps: Ints) -> StepLoads:
        """Return a copy with these steps only."""
        p = None if self.p_kw is None else self.p_kw[steps]
        q = None if self.q_kvar is None else self.q_kvar[steps]
        return StepLoads(p, q, (len(steps),), ("time",), {})

    def bus_kva(self, step: int, n_buses: int) -> Complexes:
        """Given load of one step (buses,) as p + jq."""
        p = np.zeros(n_buses) if self.p_kw is None else self.p_kw[step]
        load: Complexes = p + 1j * (np.zeros(n_buses) if self.q_kvar is None else self.q_kvar[step])
        return load

    def any_at(self, buses: Ints) -> Flags:
        """Whether each step (steps,) has any load at one of `buses`."""
        some = np.zeros(self.steps, dtype=bool)
        for array in (self.p_kw, self.q_kvar):
            if array is not None:
                some |= (array[:, buses] != 0).any(axis=1)
        return some

    def finite_steps(self) -> Flags:
        """Whether each step (steps,) has finite loads only."""
        finite = np.ones(self.steps, dtype=bool)
        for array in (self.p_kw, self.q_kvar):
            if array is not None:
                finite &= np.isfinite(array).all(axis=1)
        return finite

    def given(self) -> GivenLoads:
        """Return the memory of both arrays with their strides."""
        nothing = np.zeros(1)
        p, q = self.p_kw, self.q_kvar
        p_step, p_bus = (0, 0) if p is None else (stride // p.itemsize for stride in p.strides)
        q_step, q_bus = (0, 0) if q is None else (stride // q.itemsize for stride in q.strides)
        return GivenLoads(
            p=nothing if p is None else p.ravel(order="K"),
            p_step=p_step,
            p_bus=p_bus,
            q=nothing if q is None else q.ravel(order="K"),
            q_step=q_step,
            q_bus=q_bus,
            steps=self.steps,
            to_pu=1.0 / BASE_KVA,
        )


def _flat(array: Floats | None) -> Floats | None:
    """Lay scenarios after one another; keep C and Fortran order in place, copy anything else."""
    if array is None:
        return None
    flat = np.asarray(array, dtype=np.float64)
    if flat.ndim == 3:
        flat = flat.reshape(-1, flat.shape[-1])
    return flat if flat.flags.c_contiguous or flat.flags.f_contiguous else np.ascontiguousarray(flat)


def read_loads(network: Network, load_kw: xr.DataArray | None, load_kvar: xr.DataArray | None) -> StepLoads:
    """Check labels and dims of the given loads and bring them to the order of the bus table."""
    if load_kw is None:
        if load_kvar is not None:
            raise InvalidInput([Problem("load_kvar", 0, "", "reactive power is given without load_kw", "give both")])
        return StepLoads.from_arrays(network, None, None)
    problems = ProblemList()
    p = _in_order(network, load_kw, "load_kw", problems)
    q = None if load_kvar is None else _in_order(network, load_kvar, "load_kvar", problems)
    problems.raise_if_any()
    if q is not None and (q.dims != p.dims or q.shape != p.shape or not _same_labels(p, q)):
        what = f"dims {dict(q.sizes)} or labels differ from those of load_kw {dict(p.sizes)}"
        raise InvalidInput([Problem("load_kvar", 0, "", what, "give both on the same time and scenario labels")])
    lead = tuple(str(dim) for dim in p.dims[:-1])
    coords = {dim: p[dim].to_numpy() if dim in p.coords else np.arange(p.sizes[dim]) for dim in lead}
    values = StepLoads.from_arrays(network, p.to_numpy(), None if q is None else q.to_numpy())
    return StepLoads(values.p_kw, values.q_kvar, values.shape, lead, coords)


def _same_labels(one: xr.DataArray, two: xr.DataArray) -> bool:
    return all(
        one.indexes[dim].equals(two.indexes[dim]) for dim in one.dims if dim in one.indexes and dim in two.indexes
    )


def _in_order(network: Network, load: xr.DataArray, name: str, problems: ProblemList) -> xr.DataArray:
    """Bring one array to dims ([scenario,] time, bus) in bus-table order, noting what does not fit."""
    lead = next((dims for dims in _LEADING if set(load.dims) == {*dims, "bus"}), None)
    if lead is None:
        problems.add(name, f"dims are {load.dims}", "give (time, bus) or (scenario, time, bus)")
        return load
    if "bus" not in load.coords:
        problems.add(name, "the bus dimension has no labels", "give the bus ids of the network as coordinate 'bus'")
        return load
    labels, ids = load["bus"].to_numpy().astype(str), network.buses.id.astype(str)
    if len(labels) == len(ids) and (labels == ids).all():
        return load.transpose(*lead, "bus")
    for kind, some in (("missing", np.setdiff1d(ids, labels)), ("unknown", np.setdiff1d(labels, ids))):
        if len(some):
            shown = ", ".join(some[:5]) + (" …" if len(some) > 5 else "")
            problems.add(name, f"{len(some)} {kind} bus labels: {shown}", "give one column per bus", field="bus")
    if len(np.unique(labels)) != len(labels):
        problems.add(name, "bus labels occur twice", "give one column per bus", field="bus")
    if len(problems):
        return load
    position = np.empty(len(ids), dtype=np.int64)
    position[np.argsort(ids)] = np.argsort(labels)
    return load.isel(bus=position).transpose(*lead, "bus")
