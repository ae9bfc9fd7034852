"""One district from its spec to its tables: the steps of a synthesis in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import shapely

from grid.elements import Floats, Ints
from grid.synthesis_areas import divide
from grid.synthesis_banks import assign_banks, substation_count
from grid.synthesis_conductors import (
    Wires,
    choose_conductors,
    distances,
    flow_kw,
    line_lengths,
    underground_feeders,
)
from grid.synthesis_customers import Customers, customer_ratings, draw_demands, place_customers, transformer_ratings
from grid.synthesis_dedicated import connect_customers
from grid.synthesis_feeders import Trees, grow_trees
from grid.synthesis_plane import Plane, plane_of
from grid.synthesis_spec import DedicatedCustomer, DistrictSpec, GridSpec
from grid.synthesis_streets import Streets, lay_streets
from grid.synthesis_ties import TieEnds, street_ties

TRUNK_END_WORTH = 2.0
"""Ends of ties on a trunk count as this many km further out."""
DENSITY_NOISE = 0.25


@dataclass(frozen=True)
class DistrictPlan:
    """A district's grid before it is numbered: elements, their lines, and what hangs at them.

    `transformer` is the row of `customers` at each element or -1, `site_km` the position of each substation.
    """

    spec: DistrictSpec
    plane: Plane
    dedicated: tuple[DedicatedCustomer, ...]
    customers: Customers
    rating_kva: Floats
    customer_rating_kva: Floats
    trees: Trees
    transformer: Ints
    wires: Wires
    distance_km: Floats
    ties: TieEnds
    site_km: Floats
    feeder_load_kw: Floats
    ordinary_feeders: int
    substation_of_feeder: Ints
    bank_of_feeder: Ints
    substation_of_bank: Ints


def plan_district(district: DistrictSpec, dedicated: Sequence[DedicatedCustomer], spec: GridSpec) -> DistrictPlan:
    """Plan the grid of one district; `dedicated` are the customers inside it. Depends on nothing outside it."""
    seed = [spec.seed, crc32(district.id.encode())]
    rules = spec.rules
    plane = plane_of(district.polygon)
    shape = plane.shape_to_km(district.polygon)
    unbuilt = None if district.unbuilt is None else plane.shape_to_km(district.unbuilt)
    demands = draw_demands(district, spec.classes, [*seed, 1])
    transformers = sum(len(kw) for kw in demands.values())
    crossings = int(np.ceil(transformers * rules.street_density))
    streets = lay_streets(shape, unbuilt, crossings, rules.arterial_blocks, [*seed, 2])
    customers = place_customers(district, demands, spec.classes, streets, [*seed, 3])
    node_kw = np.zeros((len(streets.line), customers.load_kw.shape[1]))
    node_kw[customers.node] = customers.load_kw
    size_kw = np.zeros(len(streets.line))
    size_kw[customers.node] = customers.load_kw.max(axis=1)
    peak_kw = float(node_kw.sum(axis=0).max()) + sum(customer.demand_kw for customer in dedicated)
    feeders = feeder_count(district, spec)
    substations = min(substation_count(peak_kw, spec.bank, rules), feeders)
    areas = divide(streets, size_kw, feeders, substations, rules.feeder_spread, [*seed, 4])
    trees = grow_trees(streets, areas, size_kw > 0, shapely.buffer(shape, 1e-6), [*seed, 5])
    feeder_kw = np.stack(
        [np.bincount(areas.feeder_of_node, weights=hour, minlength=feeders) for hour in node_kw.T], axis=1
    )
    joined = connect_customers(dedicated, trees, areas, streets, plane, shape, feeder_kw.max(axis=1), rules)
    trees, station = joined.trees, joined.substation_of_feeder
    transformer = _transformer_at(trees, streets, customers, feeders)
    load_kw = np.zeros((len(trees.feeder), node_kw.shape[1]))
    load_kw[transformer >= 0] = customers.load_kw[transformer[transformer >= 0]]
    for element in np.flatnonzero(trees.customer >= 0):
        load_kw[element] = dedicated[trees.customer[element]].demand_kw
    flow = flow_kw(trees, load_kw)
    length_km = line_lengths(trees, rules.route_factor)
    density = _load_density(trees, flow, len(station), np.random.default_rng([*seed, 6]))
    underground = underground_feeders(trees, length_km, density, district.underground_share)
    wires = choose_conductors(trees, flow, underground, length_km, spec.conductors, rules)
    feeder_load = np.stack([np.bincount(trees.feeder, weights=hour, minlength=len(station)) for hour in load_kw.T], 1)
    bank_of_feeder, substation_of_bank = assign_banks(feeder_load, station, spec.bank, rules)
    distance_km = distances(trees, length_km)
    site_underground = np.zeros(len(customers.node), dtype=bool)
    site_underground[transformer[transformer >= 0]] = underground[trees.feeder[transformer >= 0]]
    return DistrictPlan(
        spec=district,
        plane=plane,
        dedicated=tuple(dedicated),
        customers=customers,
        rating_kva=transformer_ratings(customers.peak_kw, site_underground, spec, [*seed, 7]),
        customer_rating_kva=customer_ratings(dedicated, spec),
        trees=trees,
        transformer=transformer,
        wires=wires,
        distance_km=distance_km,
        ties=street_ties(
            trees,
            streets,
            distance_km + TRUNK_END_WORTH * wires.trunk,
            bank_of_feeder,
            station,
            rules.ties_per_feeder,
        ),
        site_km=streets.xy_km[areas.site],
        feeder_load_kw=feeder_load,
        ordinary_feeders=feeders,
        substation_of_feeder=station,
        bank_of_feeder=bank_of_feeder,
        substation_of_bank=substation_of_bank,
    )


def feeder_count(district: DistrictSpec, spec: GridSpec) -> int:
    """Feeders of a district: given, or as many as its peak asks for."""
    if district.feeders is not None:
        return district.feeders
    peak_kw = max(sum(hour) for hour in zip(*district.class_kw.values(), strict=True))
    return max(1, int(np.ceil(peak_kw / spec.rules.feeder_target_kw)))


def _transformer_at(trees: Trees, streets: Streets, customers: Customers, feeders: int) -> Ints:
    """Row of the transformer at each element, -1 at junctions. A crossing passed twice has it in its own area's tree."""
    at_node = np.full(len(streets.line), -1, dtype=np.int64)
    at_node[customers.node] = np.arange(len(customers.node))
    own = ~trees.express & ~trees.lateral & (trees.feeder < feeders)
    return np.where(own, at_node[trees.node], -1)


def _load_density(trees: Trees, flow: Floats, feeders: int, rng: np.random.Generator) -> Floats:
    """Peak over length of each feeder's lines outside its express run, with some noise: dense areas have cables."""
    head = trees.parent < 0
    peak = np.bincount(trees.feeder[head], weights=flow[head].max(axis=1), minlength=feeders)
    length = np.bincount(trees.feeder, weights=trees.length_km * ~trees.express, minlength=feeders)
    density: Floats = peak / np.maximum(length, 0.1) * np.exp(rng.normal(0.0, DENSITY_NOISE, feeders))
    return density
