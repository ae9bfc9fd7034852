"""Solar generation of districts, shared out to the buses of the grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from data.errors import ProblemList
from twin.solar import SolarFleet
from twin.solar_module import Floats


def bus_share(
    fleet: SolarFleet, bus_district: NDArray[np.str_], bus_weight: Floats, *, systems: NDArray[np.bool_] | None = None
) -> sparse.csr_array:
    """Return the share of each system that stands at each bus, sparse, shape (S, N); each row sums to 1 or 0.

    Parameters
    ----------
    fleet
        S systems.
    bus_district
        Code of the district of each bus, shape (N,).
    bus_weight
        How much of a district's solar power stands at a bus relative to the others, zero or more (for instance the
        energy share or the transformer rating), shape (N,).
    systems
        The systems to share out, shape (S,); the rows of others stay empty. All when left out.

    Raises
    ------
    InvalidInput
        When a weight is negative or not finite, or a district with solar power has no bus with a weight.
    """
    problems = ProblemList()
    if bus_weight.shape != bus_district.shape or not (np.isfinite(bus_weight).all() and (bus_weight >= 0.0).all()):
        problems.add("bus_weight", "weights are not one finite number of 0 or more a bus", "Correct them")
        problems.raise_if_any()
    wanted = np.ones(len(fleet.district), dtype=bool) if systems is None else systems
    rows: list[NDArray[np.int64]] = []
    columns: list[NDArray[np.int64]] = []
    shares: list[Floats] = []
    for system in np.flatnonzero(wanted & (fleet.dc_kw > 0.0)):
        buses = np.flatnonzero((bus_district == fleet.district[system]) & (bus_weight > 0.0))
        if not len(buses):
            what = (
                f"district {fleet.district[system]} has {fleet.dc_kw[system]:.0f} kW of solar power and no bus for it"
            )
            problems.add("bus_weight", what, "Give one of its buses a weight", field=str(fleet.district[system]))
            continue
        rows.append(np.full(len(buses), system))
        columns.append(buses)
        shares.append(bus_weight[buses] / bus_weight[buses].sum())
    problems.raise_if_any()
    shape = (len(fleet.district), len(bus_district))
    if not rows:
        return sparse.csr_array(shape)
    return sparse.csr_array((np.concatenate(shares), (np.concatenate(rows), np.concatenate(columns))), shape=shape)


def generation_at_buses_kw(generation_kw: Floats, share: sparse.csr_array) -> Floats:
    """Return the generation at each bus, kW, shape (T, N), from that of the systems (T, S) and `bus_share`."""
    return np.asarray((share.T @ generation_kw.T).T, dtype=float)
