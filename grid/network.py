"""The network: its tables of elements, and the ways to read and write one.

`Network` is a map, not a place: its methods are one line each over free functions of the sibling modules.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from grid.elements import Buses, Generators, Lines, Loads, Shunts, Slacks, Transformers
from grid.network_tables import NetworkTables
from grid.pandapower_import import from_pandapower
from grid.pandapower_transformers import UntypedTaps

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
