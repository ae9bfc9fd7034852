"""One district from its spec to its tables: the steps of a synthesis in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from grid.elements import Flags, Floats, Ints
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
from grid.synthesis_ground import Ground
from grid.synthesis_open_land import open_land_shape
from grid.synthesis_plane import Plane, plane_of
from grid.synthesis_spec import DedicatedCustomer, DistrictSpec, GridSpec
from grid.synthesis_streets import Streets, lay_streets
from grid.synthesis_ties import TieEnds, street_ties

TRUNK_END_WORTH = 2.0
"""Ends of ties on a trunk count as this many km further out."""
DENSITY_NOISE = 0.25
SHORTEST_AREA_KM = 0.1


@dataclass(frozen=True)
class Layout:
    """Feeders on the ground: their trees, with dedicated customers, where they start, and which are cables.

    `transformer` is the row of the customers at each element or -1; feeders from `ordinary_feeders` on are dedicated.
    """

    trees: Trees
    transformer: Ints
    load_kw: Floats
    site: Ints
    substation_of_feeder: Ints
    underground: Flags
    ordinary_feeders: int


@dataclass(frozen=True)
class DistrictPlan:
    """A district's grid before it is numbered: elements, their lines, and what hangs at them.

    `site_km` is the position of each substation, `feeder_load_kw` has shape (feeders, planning hours).
    """

    spec: DistrictSpec
    plane: Plane
    dedicated: tuple[DedicatedCustomer, ...]
    customers: Customers
    rating_kva: Floats
    customer_rating_kva: Floats
    layout: Layout
    wires: Wires
    distance_km: Floats
    ties: TieEnds
    site_km: Floats
    feeder_load_kw: Floats
    bank_of_feeder: Ints
    substation_of_bank: Ints


def plan_district(district: DistrictSpec, dedicated: Sequence[DedicatedCustomer], spec: GridSpec) -> DistrictPlan:
    """Plan the grid of one district; `dedicated` are the customers inside it. Depends on nothing outside it."""
    seed = [spec.seed, crc32(district.id.encode())]
    ground = _survey(district, spec, seed)
    layout = _lay_out(district, dedicated, ground, spec, seed)
    return _equip(district, dedicated, ground, layout, spec, seed)


def _survey(district: DistrictSpec, spec: GridSpec, seed: list[int]) -> Ground:
    """Streets wide enough apart for the transformers that the demand asks for, and these at their crossings."""
    plane = plane_of(district.polygon)
    shape = plane.shape_to_km(district.polygon)
    unbuilt = open_land_shape(spec.open_land, plane)
    demands = draw_demands(district, spec.classes, [*seed, 1])
    crossings = int(np.ceil(sum(len(kw) for kw in demands.values()) * spec.rules.street_density))
    streets = lay_streets(shape, unbuilt, crossings, spec.rules.arterial_blocks, [*seed, 2])
    customers = place_customers(district, demands, spec.classes, streets, [*seed, 3])
    node_kw = np.zeros((len(streets.line), customers.load_kw.shape[1]))
    node_kw[customers.node] = customers.load_kw
    return Ground(plane, shape, streets, customers, node_kw, node_kw.max(axis=1))


def _lay_out(
    district: DistrictSpec, dedicated: Sequence[DedicatedCustomer], ground: Ground, spec: GridSpec, seed: list[int]
) -> Layout:
    """Service areas, feeder trees through them, and the dedicated customers."""
    rules, streets = spec.rules, ground.streets
    feeders = feeder_count(district, spec)
    substations = min(substation_count(float(ground.node_kw.sum(axis=0).max()), spec.bank, rules), feeders)
    areas = divide(streets, ground.size_kw, feeders, substations, rules.feeder_spread, [*seed, 4])
    trees = grow_trees(streets, areas, ground.size_kw > 0, ground.shape, [*seed, 5])
    feeder_kw = _sum_by(areas.feeder_of_node, ground.node_kw, feeders)
    peak_kw = feeder_kw.max(axis=1)
    underground = _underground(trees, peak_kw, district.underground_share, [*seed, 6])
    joined = connect_customers(dedicated, trees, areas, ground, peak_kw, rules)
    trees = joined.trees
    transformer = _transformer_at(trees, streets, ground.customers, feeders)
    load_kw = np.zeros((len(trees.feeder), ground.node_kw.shape[1]))
    load_kw[transformer >= 0] = ground.customers.load_kw[transformer[transformer >= 0]]
    for element in np.flatnonzero(trees.customer >= 0):
        load_kw[element] = dedicated[trees.customer[element]].demand_kw
    own_feeders = np.ones(len(joined.substation_of_feeder) - feeders, dtype=bool)
    cables = np.concatenate([underground, own_feeders])
    return Layout(trees, transformer, load_kw, areas.site, joined.substation_of_feeder, cables, feeders)


def _equip(
    district: DistrictSpec,
    dedicated: Sequence[DedicatedCustomer],
    ground: Ground,
    layout: Layout,
    spec: GridSpec,
    seed: list[int],
) -> DistrictPlan:
    """Cables and conductors, transformer sizes, banks, ties."""
    rules, trees, station = spec.rules, layout.trees, layout.substation_of_feeder
    flow = flow_kw(trees, layout.load_kw)
    length_km = line_lengths(trees, rules.route_factor)
    wires = choose_conductors(trees, flow, layout.underground, length_km, spec.conductors, rules)
    feeder_load = _sum_by(trees.feeder, layout.load_kw, len(station))
    bank_of_feeder, substation_of_bank = assign_banks(feeder_load, station, spec.bank, rules)
    distance_km = distances(trees, length_km)
    worth = distance_km + TRUNK_END_WORTH * wires.trunk
    loaded = layout.transformer >= 0
    site_underground = np.zeros(len(ground.customers.node), dtype=bool)
    site_underground[layout.transformer[loaded]] = layout.underground[trees.feeder[loaded]]
    return DistrictPlan(
        spec=district,
        plane=ground.plane,
        dedicated=tuple(dedicated),
        customers=ground.customers,
        rating_kva=transformer_ratings(ground.customers.peak_kw, site_underground, spec, [*seed, 7]),
        customer_rating_kva=customer_ratings(dedicated, spec),
        layout=layout,
        wires=wires,
        distance_km=distance_km,
        ties=street_ties(trees, ground.streets, worth, bank_of_feeder, station, rules.ties_per_feeder),
        site_km=ground.streets.xy_km[layout.site],
        feeder_load_kw=feeder_load,
        bank_of_feeder=bank_of_feeder,
        substation_of_bank=substation_of_bank,
    )


def _sum_by(group: Ints, values: Floats, groups: int) -> Floats:
    """Sum of the rows of each group, shape (groups, columns)."""
    return np.stack([np.bincount(group, weights=column, minlength=groups) for column in values.T], axis=1)


def feeder_count(district: DistrictSpec, spec: GridSpec) -> int:
    """Feeders of a district: given, or as many as its peak asks for."""
    if district.feeders is not None:
        return district.feeders
    peak_kw = max(sum(hour) for hour in zip(*district.class_kw.values(), strict=True))
    return max(1, int(np.ceil(peak_kw / spec.rules.feeder_target_kw)))


def _transformer_at(trees: Trees, streets: Streets, customers: Customers, feeders: int) -> Ints:
    """Row of the transformer at each element, -1 at junctions; a crossing passed twice has it in its area's tree."""
    at_node = np.full(len(streets.line), -1, dtype=np.int64)
    at_node[customers.node] = np.arange(len(customers.node))
    own = ~trees.express & ~trees.lateral & (trees.feeder < feeders)
    return np.where(own, at_node[trees.node], -1)


def _underground(trees: Trees, peak_kw: Floats, share: float, seed: list[int]) -> Flags:
    """Feeders laid as cables: those of the highest load a km outside their express run, with some noise."""
    length_km = np.bincount(trees.feeder, weights=trees.length_km * ~trees.express, minlength=len(peak_kw))
    noise = np.random.default_rng(seed).normal(0.0, DENSITY_NOISE, len(peak_kw))
    density = peak_kw / np.maximum(length_km, SHORTEST_AREA_KM) * np.exp(noise)
    return underground_feeders(trees, density, share)
