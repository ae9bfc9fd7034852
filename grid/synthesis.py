"""Synthetic distribution grids: believable feeders for a city of which only totals are known.

Each district is an independent, separately seeded job: streets, customers, substations, service areas, feeder trees,
conductors, banks. The city is the districts put side by side plus tie switches across their borders.
"""

from __future__ import annotations

from grid.synthesis_grid import SyntheticGrid
from grid.synthesis_spec import GridSpec

__all__ = ["GridSpec", "SyntheticGrid", "synthesize"]


def synthesize(spec: GridSpec, district: str | None = None) -> SyntheticGrid:
    """Build the grid of a city, or of one of its districts.

    Parameters
    ----------
    spec
        Districts with their demand, equipment, planning rules, dedicated customers and seed.
    district
        Id of the one district to build; all of them when None.

    Returns
    -------
    SyntheticGrid
        The same for the same `spec`, bit for bit; the part of one district does not depend on the others.

    Raises
    ------
    InvalidInput
        With every problem of the spec.
    """
    raise NotImplementedError
