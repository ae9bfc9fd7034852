"""From plans of districts to numbered tables: buses, lines, transformers, ids."""

from __future__ import annotations

import numpy as np

from grid.elements import Buses, Floats, Ids, Ints, Lines, Slacks, Transformers
from grid.network import Network
from grid.synthesis_banks import bank_impedance_ohm, tap_ratios
from grid.synthesis_conductors import trunk_conductor
from grid.synthesis_district import DistrictPlan
from grid.synthesis_spec import Conductor, GridSpec
from grid.synthesis_tables import Banks, BusFacts, BusKind, Feeders, GridTables, LineFacts, Substations, Ties


def tables_of(plan: DistrictPlan, spec: GridSpec) -> GridTables:
    """Turn one district's plan into tables: substations, busbars, then the feeders, numbered in this order."""
    names = _Names(plan)
    stations, banks, elements = len(plan.site_km), len(plan.substation_of_bank), len(plan.layout.trees.feeder)
    network = Network(
        buses=_buses(plan, spec, names),
        lines=_lines(plan, spec, names, stations, banks),
        transformers=_transformers(plan, spec, names, stations),
        slacks=Slacks(
            names.substation,
            np.arange(stations),
            np.full(stations, spec.rules.transmission_v_pu),
            np.zeros(stations),
        ),
        frequency_hz=spec.frequency_hz,
    )
    first = stations + banks
    return GridTables(
        network=network,
        buses=_bus_facts(plan),
        lines=_line_facts(plan, spec),
        substations=Substations(
            names.substation,
            np.full(stations, plan.spec.id),
            np.arange(stations),
            network.buses.x[:stations],
            network.buses.y[:stations],
        ),
        banks=Banks(
            names.bank,
            plan.substation_of_bank,
            np.arange(stations, first),
            np.arange(banks),
            np.full(banks, spec.bank.rated_kva),
            _bank_peaks(plan),
        ),
        feeders=_feeders(plan, spec, names),
        ties=Ties(
            elements + np.arange(len(plan.ties.a)),
            plan.layout.trees.feeder[plan.ties.a],
            plan.layout.trees.feeder[plan.ties.b],
        ),
    )


class _Names:
    """Ids of one district's parts; they do not depend on any other district."""

    def __init__(self, plan: DistrictPlan) -> None:
        code = plan.spec.id
        self.substation: Ids = np.array([f"{code}-S{n + 1}" for n in range(len(plan.site_km))])
        within = _running_number(plan.substation_of_bank)
        self.bank: Ids = np.array(
            [f"{self.substation[s]}-B{n + 1}" for s, n in zip(plan.substation_of_bank, within, strict=True)]
        )
        feeders = len(plan.layout.substation_of_feeder)
        self.feeder: Ids = np.array([f"{code}-F{n + 1:03d}" for n in range(feeders)])
        number = _running_number(plan.layout.trees.feeder)
        self.element: Ids = np.array(
            [
                f"{code}-F{f + 1:03d}-{n + 1:03d}"
                for f, n in zip(plan.layout.trees.feeder.tolist(), number.tolist(), strict=True)
            ]
        )


def _running_number(group: Ints) -> Ints:
    """Position of each entry within its group; groups are contiguous."""
    _, first, group_of = np.unique(group, return_index=True, return_inverse=True)
    number: Ints = np.arange(len(group)) - first[group_of]
    return number


def _buses(plan: DistrictPlan, spec: GridSpec, names: _Names) -> Buses:
    rules = spec.rules
    points = np.vstack([plan.site_km, plan.site_km[plan.substation_of_bank], plan.layout.trees.xy_km])
    degrees = plan.plane.to_degrees(points)
    ids = np.concatenate([names.substation, names.bank, names.element])
    base_kv = np.where(np.arange(len(ids)) < len(plan.site_km), rules.transmission_kv, rules.nominal_kv)
    return Buses(
        id=ids,
        base_kv=base_kv,
        v_min_pu=np.full(len(ids), rules.v_min_kv / rules.nominal_kv),
        v_max_pu=np.full(len(ids), rules.v_max_kv / rules.nominal_kv),
        x=degrees[:, 0],
        y=degrees[:, 1],
    )


def _lines(plan: DistrictPlan, spec: GridSpec, names: _Names, stations: int, banks: int) -> Lines:
    trees, wires = plan.layout.trees, plan.wires
    first = stations + banks
    ends = np.arange(len(trees.feeder)) + first
    above = np.where(trees.parent >= 0, trees.parent + first, stations + plan.bank_of_feeder[trees.feeder])
    tie = tie_lines(plan.ties.length_km, _tie_conductors(plan, spec), spec.rules.route_factor)
    tie_ids = np.array([f"{plan.spec.id}-T{n + 1:03d}" for n in range(len(plan.ties.a))], dtype="<U16")
    return Lines(
        id=np.concatenate([np.char.add(names.element, "-L"), tie_ids]),
        from_bus=np.concatenate([above, plan.ties.a + first]),
        to_bus=np.concatenate([ends, plan.ties.b + first]),
        r_ohm=np.concatenate([wires.r_ohm, tie.r_ohm]),
        x_ohm=np.concatenate([wires.x_ohm, tie.x_ohm]),
        b_us=np.concatenate([wires.b_us, tie.b_us]),
        g_us=np.zeros(len(ends) + len(tie.b_us)),
        rating_a=np.concatenate([wires.rating_a, tie.rating_a]),
        in_service=np.arange(len(ends) + len(tie.b_us)) < len(ends),
    )


def tie_lines(length_km: Floats, conductors: list[Conductor], route_factor: float) -> Lines:
    """Columns of ties (without ids and ends) for their lengths along the street and their conductors."""
    length = length_km * route_factor
    return Lines(
        r_ohm=length * np.array([c.r_ohm_per_km for c in conductors]),
        x_ohm=length * np.array([c.x_ohm_per_km for c in conductors]),
        b_us=length * np.array([c.b_us_per_km for c in conductors]),
        rating_a=np.array([c.ampacity_a for c in conductors]),
    )


def _tie_conductors(plan: DistrictPlan, spec: GridSpec) -> list[Conductor]:
    """Conductor of each tie: a cable when one of its ends is."""
    cable = plan.wires.underground[plan.ties.a] | plan.wires.underground[plan.ties.b]
    choice = {kind: trunk_conductor(spec.conductors, spec.rules, underground=kind) for kind in (False, True)}
    return [choice[bool(kind)] for kind in cable]


def _transformers(plan: DistrictPlan, spec: GridSpec, names: _Names, stations: int) -> Transformers:
    banks = len(plan.substation_of_bank)
    z = bank_impedance_ohm(spec.bank, spec.rules.nominal_kv)
    return Transformers(
        id=names.bank,
        from_bus=plan.substation_of_bank,
        to_bus=np.arange(stations, stations + banks),
        r_ohm=np.full(banks, z.real),
        x_ohm=np.full(banks, z.imag),
        b_us=np.zeros(banks),
        g_us=np.zeros(banks),
        ratio=tap_ratios(_bank_peaks(plan), _bank_charging_kvar(plan, spec), spec.bank, spec.rules),
        shift_deg=np.zeros(banks),
        rating_kva=np.full(banks, spec.bank.rated_kva),
        in_service=np.ones(banks, dtype=bool),
    )


def _bank_peaks(plan: DistrictPlan) -> Floats:
    banks = len(plan.substation_of_bank)
    hours = [np.bincount(plan.bank_of_feeder, weights=hour, minlength=banks) for hour in plan.feeder_load_kw.T]
    return np.array(hours, dtype=np.float64).max(axis=0)  # type: ignore[no-any-return]


def _bank_charging_kvar(plan: DistrictPlan, spec: GridSpec) -> Floats:
    """Reactive power that the lines behind each bank give at nominal voltage."""
    bank = plan.bank_of_feeder[plan.layout.trees.feeder]
    siemens = np.bincount(bank, weights=plan.wires.b_us * 1e-6, minlength=len(plan.substation_of_bank))
    return siemens.astype(np.float64) * (spec.rules.nominal_kv**2 * 1000.0)


def _feeders(plan: DistrictPlan, spec: GridSpec, names: _Names) -> Feeders:
    feeders = len(plan.layout.substation_of_feeder)
    length = np.bincount(plan.layout.trees.feeder, plan.wires.length_km, feeders).astype(np.float64)
    cable = np.bincount(
        plan.layout.trees.feeder, weights=plan.wires.length_km * plan.wires.underground, minlength=feeders
    )
    peak = plan.feeder_load_kw.max(axis=1)
    dedicated = np.arange(feeders) >= plan.layout.ordinary_feeders
    return Feeders(
        id=names.feeder,
        district=np.full(feeders, plan.spec.id),
        substation=plan.layout.substation_of_feeder,
        bank=plan.bank_of_feeder,
        head_line=np.searchsorted(plan.layout.trees.feeder, np.arange(feeders)),
        rating_kw=np.where(dedicated, np.maximum(peak, spec.rules.feeder_rating_kw), spec.rules.feeder_rating_kw),
        emergency_kw=np.where(
            dedicated, np.maximum(peak, spec.rules.feeder_emergency_kw), spec.rules.feeder_emergency_kw
        ),
        peak_kw=peak,
        length_km=length,
        underground_share=cable / length,
        dedicated=dedicated,
    )


def _bus_facts(plan: DistrictPlan) -> BusFacts:
    stations, banks, trees = len(plan.site_km), len(plan.substation_of_bank), plan.layout.trees
    first = stations + banks
    loaded = plan.layout.transformer >= 0
    customer = trees.customer >= 0
    who = trees.customer[customer]
    kind = np.select([loaded, customer], [BusKind.LOAD, BusKind.CUSTOMER], BusKind.JUNCTION)
    supply_kind = np.repeat([BusKind.SUBSTATION, BusKind.BUSBAR], [stations, banks])
    rating, share = np.zeros(len(kind)), np.zeros(len(kind))
    rating[loaded] = plan.rating_kva[plan.layout.transformer[loaded]]
    rating[customer] = plan.customer_rating_kva[who]
    share[loaded] = plan.customers.energy_share[plan.layout.transformer[loaded]]
    label = np.full(len(kind), "", dtype=plan.customers.contract_class.dtype)
    label[loaded] = plan.customers.contract_class[plan.layout.transformer[loaded]]
    names = np.array(["", *(customer.id for customer in plan.dedicated)])
    critical = np.array([False, *(customer.critical for customer in plan.dedicated)])
    none = np.full(first, -1, dtype=np.int64)
    bank = plan.bank_of_feeder[trees.feeder]
    blank = np.zeros(first)
    return BusFacts(
        kind=np.concatenate([supply_kind, kind]).astype(np.int64),
        district=np.full(first + len(kind), plan.spec.id),
        feeder=np.concatenate([none, trees.feeder]),
        bank=np.concatenate([none[:stations], np.arange(banks), bank]),
        substation=np.concatenate(
            [np.arange(stations), plan.substation_of_bank, plan.layout.substation_of_feeder[trees.feeder]]
        ),
        rating_kva=np.concatenate([blank, rating]),
        contract_class=np.concatenate([np.full(first, "", dtype=label.dtype), label]),
        energy_share=np.concatenate([blank, share]),
        distance_km=np.concatenate([blank, plan.distance_km]),
        critical=np.concatenate([np.zeros(first, dtype=bool), critical[trees.customer + 1]]),
        customer=np.concatenate([np.full(first, "", dtype=names.dtype), names[trees.customer + 1]]),
    )


def _line_facts(plan: DistrictPlan, spec: GridSpec) -> LineFacts:
    tie = _tie_conductors(plan, spec)
    count = len(tie)
    return LineFacts(
        feeder=np.concatenate([plan.layout.trees.feeder, np.full(count, -1, dtype=np.int64)]),
        conductor=np.concatenate(
            [plan.wires.conductor, np.array([c.name for c in tie], dtype=plan.wires.conductor.dtype)]
        ),
        underground=np.concatenate([plan.wires.underground, np.array([c.underground for c in tie], dtype=bool)]),
        trunk=np.concatenate([plan.wires.trunk, np.ones(count, dtype=bool)]),
        length_km=np.concatenate([plan.wires.length_km, plan.ties.length_km * spec.rules.route_factor]),
    )
