"""The columns of a network: what each kind of element is described by, one array entry per element.

Positions (`from_bus`, `to_bus`, `bus`) index the bus table. Columns are plain numpy arrays, read-only once they stand
in a table.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Ids = NDArray[np.str_]


def _no_floats() -> Floats:
    return np.zeros(0)


def _no_ints() -> Ints:
    return np.zeros(0, dtype=np.int64)


def _no_flags() -> Flags:
    return np.zeros(0, dtype=bool)


def _no_ids() -> Ids:
    return np.zeros(0, dtype="<U1")


class Table:
    """Base of every table: a frozen set of columns of one length."""

    def __post_init__(self) -> None:
        for column in fields(self):  # type: ignore[arg-type]
            array = np.asarray(getattr(self, column.name)).view()
            array.flags.writeable = False
            object.__setattr__(self, column.name, array)

    def __len__(self) -> int:
        return len(self.id)  # type: ignore[attr-defined]


@dataclass(frozen=True, eq=False)
class Buses(Table):
    """Nodes. `x`, `y` are map coordinates (longitude, latitude in degrees) or NaN; limits are per unit of `base_kv`."""

    id: Ids
    base_kv: Floats
    v_min_pu: Floats
    v_max_pu: Floats
    x: Floats
    y: Floats


@dataclass(frozen=True, eq=False)
class Lines(Table):
    """π-model lines.

    `b_us` and `g_us` are the total shunt susceptance and conductance in microsiemens at nominal frequency, half at each
    end. `rating_a` may be inf. A line that is not in service (an open tie) stays in the table.
    """

    id: Ids = field(default_factory=_no_ids)
    from_bus: Ints = field(default_factory=_no_ints)
    to_bus: Ints = field(default_factory=_no_ints)
    r_ohm: Floats = field(default_factory=_no_floats)
    x_ohm: Floats = field(default_factory=_no_floats)
    b_us: Floats = field(default_factory=_no_floats)
    g_us: Floats = field(default_factory=_no_floats)
    rating_a: Floats = field(default_factory=_no_floats)
    in_service: Flags = field(default_factory=_no_flags)


@dataclass(frozen=True, eq=False)
class Transformers(Table):
    """Two-winding transformers.

    Series impedance and shunt in ohm and microsiemens are referred to the `to` (low) side, half the shunt at each side
    of the series impedance, both behind the ideal ratio. `ratio` is the off-nominal turns ratio at the `from` (high)
    side relative to the ratio of the bus base voltages, `shift_deg` the phase by which the low side lags. `rating_kva`
    may be inf.
    """

    id: Ids = field(default_factory=_no_ids)
    from_bus: Ints = field(default_factory=_no_ints)
    to_bus: Ints = field(default_factory=_no_ints)
    r_ohm: Floats = field(default_factory=_no_floats)
    x_ohm: Floats = field(default_factory=_no_floats)
    b_us: Floats = field(default_factory=_no_floats)
    g_us: Floats = field(default_factory=_no_floats)
    ratio: Floats = field(default_factory=_no_floats)
    shift_deg: Floats = field(default_factory=_no_floats)
    rating_kva: Floats = field(default_factory=_no_floats)
    in_service: Flags = field(default_factory=_no_flags)


@dataclass(frozen=True, eq=False)
class Slacks(Table):
    """Stiff sources: voltage magnitude and angle are held at the bus."""

    id: Ids = field(default_factory=_no_ids)
    bus: Ints = field(default_factory=_no_ints)
    v_pu: Floats = field(default_factory=_no_floats)
    angle_deg: Floats = field(default_factory=_no_floats)


@dataclass(frozen=True, eq=False)
class Loads(Table):
    """Loads the network carries by itself, consumption positive, at 1 pu.

    `z_share` and `i_share` of each are constant
    impedance and constant current, the rest constant power. Generators of fixed P, Q are loads with negative sign.
    """

    id: Ids = field(default_factory=_no_ids)
    bus: Ints = field(default_factory=_no_ints)
    p_kw: Floats = field(default_factory=_no_floats)
    q_kvar: Floats = field(default_factory=_no_floats)
    z_share: Floats = field(default_factory=_no_floats)
    i_share: Floats = field(default_factory=_no_floats)
    in_service: Flags = field(default_factory=_no_flags)


@dataclass(frozen=True, eq=False)
class Shunts(Table):
    """Fixed shunts: power drawn at 1 pu, consumption positive (a capacitor has negative `q_kvar`)."""

    id: Ids = field(default_factory=_no_ids)
    bus: Ints = field(default_factory=_no_ints)
    p_kw: Floats = field(default_factory=_no_floats)
    q_kvar: Floats = field(default_factory=_no_floats)
    in_service: Flags = field(default_factory=_no_flags)


@dataclass(frozen=True, eq=False)
class Generators(Table):
    """Voltage-holding (PV) generators: power given positive as generation, as in their files."""

    id: Ids = field(default_factory=_no_ids)
    bus: Ints = field(default_factory=_no_ints)
    p_kw: Floats = field(default_factory=_no_floats)
    v_pu: Floats = field(default_factory=_no_floats)
    q_min_kvar: Floats = field(default_factory=_no_floats)
    q_max_kvar: Floats = field(default_factory=_no_floats)
    in_service: Flags = field(default_factory=_no_flags)
