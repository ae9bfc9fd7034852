"""Transformers of the grid: the buses at which customers, and so chargers, are connected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import ProblemList
from grid.synthesis_tables import BusKind, GridTables

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Ids = NDArray[np.str_]


@dataclass(frozen=True)
class Transformers:
    """MV/LV transformers of the grid, one entry each.

    Attributes
    ----------
    bus
        (N,) position in the network's buses, unique.
    district
        (N,) district id.
    contract_class
        (N,) the one contract class the transformer serves.
    energy_share
        (N,) share of the energy of its (district, contract class).
    rating_kva
        (N,) transformer rating.
    x, y
        (N,) longitude and latitude in degrees.
    """

    bus: Ints
    district: Ids
    contract_class: Ids
    energy_share: Floats
    rating_kva: Floats
    x: Floats
    y: Floats

    def __post_init__(self) -> None:
        problems = ProblemList()
        sizes = {name: len(values) for name, values in vars(self).items()}
        if len(set(sizes.values())) != 1:
            problems.add("transformers", f"columns of different length: {sizes}", "give one entry a transformer")
        if len(np.unique(self.bus)) != len(self.bus):
            problems.add("transformers", "a bus stands twice", "give each bus once", field="bus")
        for name in ("energy_share", "rating_kva", "x", "y"):
            if not np.isfinite(getattr(self, name)).all():
                problems.add("transformers", "values that are not finite", "give finite numbers", field=name)
        if (self.energy_share < 0).any():
            problems.add("transformers", "negative shares of energy", "give shares of at least 0", field="energy_share")
        problems.raise_if_any()

    def where(self, contract_class: str) -> Ints:
        """Positions of the transformers of one contract class."""
        return np.flatnonzero(self.contract_class == contract_class)


def transformers_of(grid: GridTables) -> Transformers:
    """Return the MV/LV transformers of a synthetic grid that have a contract class."""
    facts = grid.buses
    at = np.flatnonzero((facts.kind == BusKind.LOAD) & (facts.contract_class != ""))
    buses = grid.network.buses
    return Transformers(
        bus=at.astype(np.int64),
        district=facts.district[at],
        contract_class=facts.contract_class[at],
        energy_share=facts.energy_share[at],
        rating_kva=facts.rating_kva[at],
        x=buses.x[at],
        y=buses.y[at],
    )
