"""The tables a network consists of: what every reader of a file hands back, and what `Network` is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from grid.elements import Buses, Generators, Ids, Lines, Loads, Shunts, Slacks, Transformers


@dataclass(frozen=True, eq=False)
class NetworkTables:
    """One electrical network at one frequency, as tables of elements.

    The branch dimension of every result is `lines` followed by `transformers`, in table order. Two networks are equal
    only when they are the same object, so that compiled forms can be kept beside them.
    """

    buses: Buses
    lines: Lines = field(default_factory=Lines)
    transformers: Transformers = field(default_factory=Transformers)
    slacks: Slacks = field(default_factory=Slacks)
    loads: Loads = field(default_factory=Loads)
    shunts: Shunts = field(default_factory=Shunts)
    generators: Generators = field(default_factory=Generators)
    frequency_hz: float = 60.0

    @property
    def branch_ids(self) -> Ids:
        """Labels of the branch dimension: lines, then transformers."""
        return np.concatenate([self.lines.id, self.transformers.id])
