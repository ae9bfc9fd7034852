"""Synthetic distribution grids: believable feeders for a city of which only totals are known.

Each district is an independent, separately seeded job: streets, customers, substations, service areas, feeder trees,
conductors, banks. The city is the districts put side by side plus tie switches across their borders.
"""

from __future__ import annotations

from grid.synthesis_assembly import tables_of
from grid.synthesis_checks import check_spec, customers_by_district
from grid.synthesis_city import side_by_side, with_border_ties
from grid.synthesis_district import plan_district
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
        The same for the same `spec`, bit for bit; the part of one district does not depend on the others, but for the
        ties that cross its border.

    Raises
    ------
    InvalidInput
        With every problem of the spec.
    """
    check_spec(spec, district)
    customers = customers_by_district(spec)
    chosen = [part for part in spec.districts if district in {None, part.id}]
    parts = [tables_of(plan_district(part, customers[part.id], spec), spec) for part in chosen]
    return SyntheticGrid(**vars(with_border_ties(side_by_side(parts), spec)))
