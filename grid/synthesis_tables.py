"""The tables of a synthetic grid: what each bus and line stands for, feeders, banks, substations, ties."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from grid.elements import Flags, Floats, Ids, Ints
from grid.network import Network


class BusKind(IntEnum):
    """What a bus is."""

    SUBSTATION = 0
    BUSBAR = 1
    JUNCTION = 2
    LOAD = 3
    CUSTOMER = 4


@dataclass(frozen=True)
class Substations:
    """High-voltage supply points; `bus` is the slack bus."""

    id: Ids
    district: Ids
    bus: Ints
    x: Floats
    y: Floats


@dataclass(frozen=True)
class Banks:
    """High/medium-voltage transformers of the substations, each with its own busbar.

    `transformer` indexes the network's transformers, `peak_kw` is the load at the planning hour worst for the bank.
    """

    id: Ids
    substation: Ints
    busbar: Ints
    transformer: Ints
    rating_kva: Floats
    peak_kw: Floats


@dataclass(frozen=True)
class Feeders:
    """Radial feeders.

    `head_line` is the line leaving the busbar; `peak_kw` the load in the worst planning hour, dedicated customers at
    their full demand, losses not counted. A `dedicated` feeder serves one dedicated customer alone.
    """

    id: Ids
    district: Ids
    substation: Ints
    bank: Ints
    head_line: Ints
    rating_kw: Floats
    emergency_kw: Floats
    peak_kw: Floats
    length_km: Floats
    underground_share: Floats
    dedicated: Flags


@dataclass(frozen=True)
class Ties:
    """Normally-open tie switches: lines out of service that join two feeders."""

    line: Ints
    feeder_a: Ints
    feeder_b: Ints


@dataclass(frozen=True)
class BusFacts:
    """One entry a bus, in network order.

    Attributes
    ----------
    kind
        `BusKind` codes.
    district
        District id.
    feeder, bank, substation
        Index into the tables of that name; -1 where there is none (a busbar has no feeder).
    rating_kva
        MV/LV transformer rating, 0 where the bus is no transformer.
    contract_class
        Label of the one contract class the transformer serves, "" where there is none.
    energy_share
        Share of the energy of (district, contract class); sums to 1 over each district and class.
    distance_km
        Circuit length from the substation.
    critical
        Buses to be supplied first after a fault.
    customer
        Id of the dedicated customer at this bus, or "".
    """

    kind: Ints
    district: Ids
    feeder: Ints
    bank: Ints
    substation: Ints
    rating_kva: Floats
    contract_class: Ids
    energy_share: Floats
    distance_km: Floats
    critical: Flags
    customer: Ids


@dataclass(frozen=True)
class LineFacts:
    """One entry a line, in network order. `trunk` marks the main run of a feeder; a tie has feeder -1."""

    feeder: Ints
    conductor: Ids
    underground: Flags
    trunk: Flags
    length_km: Floats


@dataclass(frozen=True)
class GridTables:
    """All parts of a synthetic grid.

    Invariants: every bus but the slack buses has exactly one path to its slack over lines and transformers in service;
    buses of one feeder are contiguous, parents before children; lines in service are listed in the order of the buses
    they feed; ties come last.
    """

    network: Network
    buses: BusFacts
    lines: LineFacts
    substations: Substations
    banks: Banks
    feeders: Feeders
    ties: Ties
