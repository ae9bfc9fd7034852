"""The result of a synthesis: a city's distribution grid with ways to cut out a part, fingerprint it and keep it.

`SyntheticGrid` is a map, not a place: its methods are one line each over free functions of the sibling modules.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grid.elements import Floats, Ints
from grid.synthesis_selection import nearest_buses, select_district, select_feeder, select_substation
from grid.synthesis_store import hash_of_arrays, read_tables, write_tables
from grid.synthesis_tables import GridTables


@dataclass(frozen=True)
class SyntheticGrid(GridTables):
    """A city's distribution grid; see `GridTables` for its parts and invariants."""

    def content_hash(self) -> str:
        """SHA-256 over every array: equal for equal grids."""
        return hash_of_arrays(self)

    def for_district(self, district_id: str) -> SyntheticGrid:
        """Return the part of the grid that lies in one district; ties that leave it are dropped."""
        return SyntheticGrid(**vars(select_district(self, district_id)))

    def for_substation(self, substation_id: str) -> SyntheticGrid:
        """Return one substation with all its feeders."""
        return SyntheticGrid(**vars(select_substation(self, substation_id)))

    def for_feeder(self, feeder_id: str, sending_pu: float) -> SyntheticGrid:
        """Return one feeder behind a stiff busbar held at `sending_pu`; its bank and substation are left out."""
        return SyntheticGrid(**vars(select_feeder(self, feeder_id, sending_pu)))

    def nearest_buses(self, x: Floats, y: Floats, contract_class: str | None = None) -> Ints:
        """Bus of the MV/LV transformer (of one class, if given) nearest to each longitude and latitude."""
        return nearest_buses(self, x, y, contract_class)

    def save(self, path: Path) -> None:
        """Write the grid as plain arrays with a schema version (npz, no pickle)."""
        write_tables(self, path)

    @staticmethod
    def load(path: Path) -> SyntheticGrid:
        """Read a grid written by `save`; raises `InvalidInput` for another schema or a damaged file."""
        return SyntheticGrid(**vars(read_tables(path)))
