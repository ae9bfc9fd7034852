"""What the pages about the grid show of a run, gathered when it is published: small tables, never whole results."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]
Ids = NDArray[np.str_]
Flags = NDArray[np.bool_]


class PlanIndex(IntEnum):
    """First axis of everything that differs between charging on arrival and the plan."""

    UNMANAGED = 0
    PLAN = 1


class LimitKind(IntEnum):
    """A limit of the grid, and so a kind of element that may be outside it."""

    FEEDER = 0
    BANK = 1
    LINE = 2
    TRANSFORMER = 3
    UNDERVOLTAGE = 4
    OVERVOLTAGE = 5


@dataclass(frozen=True, eq=False)
class OverviewFeeders:
    """One row a feeder (F); `west`, `south`, `east`, `north` bound its buses in degrees.

    `substation` and `bank` are positions in the tables of that name; `transformers` counts its MV/LV transformers,
    `critical` those to be supplied first after a fault.
    """

    id: Ids
    district: Ids
    substation: Ints
    bank: Ints
    rating_kw: Floats
    emergency_kw: Floats
    length_km: Floats
    dedicated: Flags
    transformers: Ints
    critical: Ints
    west: Floats
    south: Floats
    east: Floats
    north: Floats


@dataclass(frozen=True, eq=False)
class OverviewStations:
    """Substations and, in the second half, their banks; `x`, `y` in degrees."""

    id: Ids
    district: Ids
    x: Floats
    y: Floats
    bank_id: Ids
    bank_substation: Ints
    bank_rating_kva: Floats


@dataclass(frozen=True, eq=False)
class OverviewSeries:
    """Every step (T) of every feeder (F) and bank (K), for both plans (2, T, …).

    Attributes
    ----------
    feeder_kw, feeder_loading
        Power entering at the head, consumption positive; share of the rating (see `GridState.feeder_loading`).
    lowest_v_pu, highest_v_pu
        Extremes of the voltages along the feeder.
    transformer_loading
        Loading of the feeder's most loaded MV/LV transformer, kVA drawn over its rating.
    bank_kw, bank_loading
        Power entering at the high side, and loading.
    converged
        (2, T) steps that were solved everywhere.
    """

    feeder_kw: Singles
    feeder_loading: Singles
    lowest_v_pu: Singles
    highest_v_pu: Singles
    transformer_loading: Singles
    bank_kw: Singles
    bank_loading: Singles
    converged: Flags


@dataclass(frozen=True, eq=False)
class LimitTable:
    """Elements by how they stand to their limit, one row an element, plan and kind.

    It holds every element outside its limit, and of each kind those that come closest to it.

    Attributes
    ----------
    plan, kind
        `PlanIndex` and `LimitKind`.
    element
        Id of the feeder, bank, line, or of the bus of a transformer or voltage.
    feeder, bank
        Positions, -1 where there is none.
    step
        Step at which it is worst.
    value, limit
        What is found there and what is permitted: kW, kVA, A or pu by `kind`.
    use
        `value` as a share of the permitted: loading, or deviation from 1 pu over the permitted deviation. Above 1 is
        outside.
    severity_h
        Excess of `use` over 1, added up over the steps and times their length: severity × duration.
    minutes, first_step, last_step
        How long it is outside, and from when to when (-1 where it is not).
    """

    plan: Ints
    kind: Ints
    element: Ids
    feeder: Ints
    bank: Ints
    step: Ints
    value: Floats
    limit: Floats
    use: Floats
    severity_h: Floats
    minutes: Floats
    first_step: Ints
    last_step: Ints

    def __len__(self) -> int:
        return len(self.element)


@dataclass(frozen=True, eq=False)
class Levers:
    """What a what-if may add or move.

    Attributes
    ----------
    garage, bus
        Garages of the run and the bus each is connected at.
    chargers_pu
        (T,) power of all vehicles that charge on arrival, as a share of its highest.
    solar_pu
        (T,) generation of all solar systems, as a share of their DC rating.
    power_factor
        Of charging, lagging.
    battery_efficiency
        Energy stored over energy drawn, and the same again when it is given back.
    """

    garage: Ids
    bus: Ids
    chargers_pu: Floats
    solar_pu: Floats
    power_factor: float
    battery_efficiency: float


@dataclass(frozen=True, eq=False)
class GridOverview:
    """The grid of a run in brief; `v_min_pu`, `v_max_pu` are the band of medium voltage."""

    feeders: OverviewFeeders
    stations: OverviewStations
    series: OverviewSeries
    limits: LimitTable
    levers: Levers
    v_min_pu: float
    v_max_pu: float
