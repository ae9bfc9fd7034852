"""The network: its tables of elements, and the ways to read and write one.

`Network` is a map, not a place: its methods are one line each over free functions of the sibling modules.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from grid.cgmes import from_cgmes
from grid.elements import Buses, Generators, Lines, Loads, Shunts, Slacks, Transformers
from grid.matpower import from_matpower
from grid.merging import merge_joined_buses
from grid.network_tables import NetworkTables
from grid.pandapower_import import from_pandapower
from grid.pandapower_json import from_pandapower_json
from grid.pandapower_transformers import UntypedTaps
from grid.simbench_io import from_simbench
from grid.tables_io import from_tables, to_tables

__all__ = ["Buses", "Generators", "Lines", "Loads", "Network", "Shunts", "Slacks", "Transformers"]


@dataclass(frozen=True, eq=False)
class Network(NetworkTables):
    """One electrical network; see `NetworkTables` for its parts."""

    @staticmethod
    def from_pandapower(
        net: object, *, ignore: Collection[str] = (), untyped_taps: UntypedTaps = UntypedTaps.REFUSE
    ) -> Network:
        """Convert a pandapower network in memory; see :func:`grid.pandapower_import.from_pandapower`."""
        return Network(**vars(from_pandapower(net, ignore=ignore, untyped_taps=untyped_taps)))

    @staticmethod
    def from_pandapower_json(
        path: str | Path, *, ignore: Collection[str] = (), untyped_taps: UntypedTaps = UntypedTaps.REFUSE
    ) -> Network:
        """Read a pandapower JSON file as plain data; see :func:`grid.pandapower_json.from_pandapower_json`."""
        return Network(**vars(from_pandapower_json(path, ignore=ignore, untyped_taps=untyped_taps)))

    @staticmethod
    def from_matpower(path: str | Path, *, ignore: Collection[str] = ()) -> Network:
        """Read a MATPOWER case file with its unit conversions; see :func:`grid.matpower.from_matpower`."""
        return Network(**vars(from_matpower(path, ignore=ignore)))

    @staticmethod
    def from_simbench(code: str, *, ignore: Collection[str] = ()) -> Network:
        """Load a SimBench network with its taps applied; see :func:`grid.simbench_io.from_simbench`."""
        return Network(**vars(from_simbench(code, ignore=ignore)))

    @staticmethod
    def from_cgmes(path: str | Path, *, ignore: Collection[str] = ()) -> Network:
        """Read a CGMES model; see :func:`grid.cgmes.from_cgmes`."""
        return Network(**vars(from_cgmes(path, ignore=ignore)))

    @staticmethod
    def from_tables(folder: str | Path) -> Network:
        """Read a folder of plain CSV tables; see :func:`grid.tables_io.from_tables`."""
        return Network(**vars(from_tables(folder)))

    def to_tables(self, folder: str | Path) -> None:
        """Write a folder of plain CSV tables; see :func:`grid.tables_io.to_tables`."""
        to_tables(self, folder)

    def merge_joined_buses(self) -> Network:
        """Make buses that lines without impedance join one; see :func:`grid.merging.merge_joined_buses`."""
        return Network(**vars(merge_joined_buses(self)))
