"""Demand brought to single buses: every bus its own curve, all together exactly the district's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from data.contract_class import CONTRACT_CLASSES
from data.errors import ProblemList
from twin.demand import DemandModel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Ids = NDArray[np.str_]

PERIODS_H: tuple[float, ...] = (24.0, 12.0, 8.0, 5.3, 3.1, 1.9, 67.0, 168.0)
"""Periods of the waves that make single buses differ: shape of the day, appliances, days and weeks of their own."""

SHARE_TOLERANCE = 1e-6
HOUR_NS = 3.6e12


@dataclass(frozen=True, eq=False)
class LoadPoints:
    """Where demand is drawn: one entry per bus and contract class (n).

    Attributes
    ----------
    bus
        Position of the bus in the network's table; a bus may have several points.
    district
        Code of the district.
    contract_class
        Contract class.
    energy_share
        Share of the energy of this district and class drawn here; the shares of a group sum to 1.
    power_factor
        Lagging power factor of the load at the 22.9 kV bus.

    Raises
    ------
    InvalidInput
        When lengths differ, a class is unknown, a share is not positive or not finite, the shares of a group do not sum
        to 1, or a power factor is outside (0, 1].
    """

    bus: Ints
    district: Ids
    contract_class: Ids
    energy_share: Floats
    power_factor: Floats

    def __post_init__(self) -> None:
        problems = ProblemList()
        n = len(self.bus)
        columns = (self.district, self.contract_class, self.energy_share, self.power_factor)
        if any(len(column) != n for column in columns):
            problems.add("load points", "columns of different lengths", "Give every point all its values")
            problems.raise_if_any()
        unknown = sorted(set(self.contract_class.tolist()) - set(CONTRACT_CLASSES))
        if unknown:
            what = f"unknown classes {', '.join(unknown)}"
            problems.add("load points", what, "Use " + ", ".join(CONTRACT_CLASSES), field="contract_class")
        if not (np.isfinite(self.energy_share).all() and (self.energy_share > 0).all()):
            problems.add("load points", "a share is not positive", "Leave such a point out", field="energy_share")
        else:
            _check_shares(self, problems)
        if not ((self.power_factor > 0) & (self.power_factor <= 1)).all():
            what = "a power factor is outside (0, 1]"
            problems.add("load points", what, "Give cos φ of a lagging load", field="power_factor")
        problems.raise_if_any()

    def groups(self) -> dict[tuple[str, str], Ints]:
        """Positions of the points of each district and contract class."""
        order = np.lexsort((self.contract_class, self.district))
        district, name = self.district[order], self.contract_class[order]
        edges = np.flatnonzero((district[1:] != district[:-1]) | (name[1:] != name[:-1])) + 1
        return {
            (str(self.district[at[0]]), str(self.contract_class[at[0]])): at for at in np.split(order, edges) if len(at)
        }


def _check_shares(points: LoadPoints, problems: ProblemList) -> None:
    for (district, name), at in points.groups().items():
        total = points.energy_share[at].sum()
        if abs(total - 1.0) > SHARE_TOLERANCE:
            what = f"the shares of {name} in {district} sum to {total:.6f}"
            problems.add("load points", what, "Divide them by their sum", field="energy_share")


def bus_load(model: DemandModel, demand_kw: xr.DataArray, points: LoadPoints, *, seed: int) -> tuple[Floats, Floats]:
    r"""Load of every point at its 22.9 kV bus.

    Point i of a group takes the part :math:`w_i g_i(t) / \sum_j w_j g_j(t)` of the group's demand, with its energy
    share w and a factor :math:`g_i = e^{\sigma_c z_i(t)}` of its own, z a sum of waves with random phases and unit
    variance. So no load is negative, and the points of a group sum to the group's load at every step, however much they
    differ.
    A point's curve depends on the seed, its place in its group and the time, not on the period asked for.

    Parameters
    ----------
    model
        For low-voltage losses and diversity of the classes.
    demand_kw
        Metered demand, dimensions (time, district, contract_class).
    points
        Where it is drawn.
    seed
        Of the diversity.

    Returns
    -------
    load_kw, load_kvar
        Shape (T, n), consumption positive.

    Raises
    ------
    InvalidInput
        When demand of a district and class has no point to be drawn at, or a point has no demand table.
    """
    groups = points.groups()
    _check_coverage(demand_kw, groups)
    load_kw = np.empty((demand_kw.sizes["time"], len(points.bus)))
    districts = [str(code) for code in demand_kw.district.values]
    classes = [str(name) for name in demand_kw.contract_class.values]
    values = demand_kw.transpose("time", "district", "contract_class").values
    waves = _waves(demand_kw.time.values, float(demand_kw.attrs.get("step_h", 0.0)))
    for (district, name), at in groups.items():
        c = CONTRACT_CLASSES.index(name)
        group_kw = values[:, districts.index(district), classes.index(name)] * (1.0 + model.response.lv_loss_share[c])
        stream = np.random.default_rng([seed, c, *district.encode()])
        part = points.energy_share[at] * np.exp(model.response.diversity[c] * _own_curves(stream, waves, len(at)))
        load_kw[:, at] = part * (group_kw / part.sum(axis=1))[:, None]
    return load_kw, load_kw * np.sqrt(1.0 / points.power_factor**2 - 1.0)


def _waves(times: NDArray[np.datetime64], step_h: float) -> Floats:
    """Cosine and sine of every period at the middles of the steps, shape (T, 2 · periods)."""
    hours = times.astype("datetime64[ns]").astype(np.int64) / HOUR_NS + step_h / 2
    angle = 2.0 * np.pi * hours[:, None] / np.array(PERIODS_H)
    return np.concatenate([np.cos(angle), np.sin(angle)], axis=1)


def _own_curves(stream: np.random.Generator, waves: Floats, count: int) -> Floats:
    """Curves of unit variance with random weights of the waves, shape (T, count)."""
    weight = stream.standard_normal((count, waves.shape[1]))
    return np.asarray(waves @ (weight / np.sqrt(len(PERIODS_H))).T)


def _check_coverage(demand_kw: xr.DataArray, groups: dict[tuple[str, str], Ints]) -> None:
    problems = ProblemList()
    total = demand_kw.sum("time")
    known = {(str(d), str(c)) for d in demand_kw.district.values for c in demand_kw.contract_class.values}
    for district, name in sorted(known - set(groups)):
        if float(total.sel(district=district, contract_class=name)) > 0:
            what = f"{name} in {district} has demand but no point where it is drawn"
            problems.add("load points", what, "Add a point, or leave the district out of the demand", field="district")
    for district, name in sorted(set(groups) - known):
        what = f"{name} in {district} has points but the demand does not know it"
        problems.add("load points", what, "Leave the points out, or add the district to the demand", field="district")
    problems.raise_if_any()


def sum_at_buses(values: Floats, points: LoadPoints, bus_count: int) -> Floats:
    """Add the points of each bus: (T, n) of the points to (T, `bus_count`) of the network's buses."""
    if len(points.bus) and (points.bus.min() < 0 or points.bus.max() >= bus_count):
        problems = ProblemList()
        what = f"bus positions from {points.bus.min()} to {points.bus.max()} in a network of {bus_count} buses"
        problems.add("load points", what, "Use positions of this network's table of buses", field="bus")
        problems.raise_if_any()
    order = np.argsort(points.bus, kind="stable")
    bus, first = np.unique(points.bus[order], return_index=True)
    at_bus = np.zeros((len(values), bus_count))
    if len(bus):
        at_bus[:, bus] = np.add.reduceat(values[:, order], first, axis=1)
    return at_bus
