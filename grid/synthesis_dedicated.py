"""Dedicated customers: a lateral of their own from the nearest feeder with room, or a feeder of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import dijkstra
from shapely.geometry.base import BaseGeometry

from grid.elements import Floats, Ints
from grid.synthesis_areas import Areas
from grid.synthesis_feeders import Trees, by_feeder, length_along, path_between, with_fewer_stops
from grid.synthesis_ground import Ground
from grid.synthesis_spec import DedicatedCustomer, PlanningRules
from grid.synthesis_streets import Streets


@dataclass(frozen=True)
class Connected:
    """Trees with the dedicated customers, substation of every feeder (new ones last), customers' kW on each."""

    trees: Trees
    substation_of_feeder: Ints
    customer_kw: Floats


@dataclass(frozen=True)
class _Lateral:
    anchor: int
    feeder: int
    nodes: list[int]
    xy_km: Floats
    length_km: Floats


def connect_customers(
    customers: Sequence[DedicatedCustomer],
    trees: Trees,
    areas: Areas,
    ground: Ground,
    peak_kw: Floats,
    rules: PlanningRules,
) -> Connected:
    """Connect each customer, the largest first.

    A customer joins the nearest feeder (along streets) whose planning peak `peak_kw` plus the customers on it stays
    below the loading the rules allow. It gets a feeder of its own when it draws more than `customer_dedicated_kw`,
    when no feeder has room, or when a substation is nearer than any feeder with room.
    """
    streets = ground.streets
    room_kw = rules.feeder_rating_kw * rules.customer_feeder_loading - peak_kw
    substation = areas.substation_of_feeder.tolist()
    used_kw = np.zeros(len(substation)).tolist()
    laterals: list[_Lateral] = []
    order = sorted(range(len(customers)), key=lambda at: (-customers[at].demand_kw, customers[at].id))
    graph = streets.graph(streets.length_km)
    for customer in (customers[at] for at in order):
        xy = ground.plane.to_km(np.array([[customer.x, customer.y]]))[0]
        node = int(np.argmin(np.linalg.norm(streets.xy_km - xy, axis=1)))
        away, before = dijkstra(graph, directed=False, indices=node, return_predecessors=True)
        free = room_kw[trees.feeder] >= customer.demand_kw
        reach = np.where(free, away[trees.node], np.inf)
        anchor, station = int(np.argmin(reach)), int(np.argmin(away[areas.site]))
        own = customer.demand_kw > rules.customer_dedicated_kw or reach[anchor] > away[areas.site[station]]
        start = int(areas.site[station]) if own else int(trees.node[anchor])
        feeder = len(substation) if own else int(trees.feeder[anchor])
        path = path_between(before, start)[::-1]
        laterals.append(_lateral(streets, path, xy, ground.shape, -1 if own else anchor, feeder))
        if own:
            substation.append(station)
            used_kw.append(customer.demand_kw)
        else:
            room_kw[feeder] -= customer.demand_kw
            used_kw[feeder] += customer.demand_kw
    extended = _with_laterals(trees, laterals, order)
    return Connected(extended, np.array(substation, dtype=np.int64), np.array(used_kw))


def _lateral(streets: Streets, path: list[int], xy: Floats, shape: BaseGeometry, anchor: int, feeder: int) -> _Lateral:
    """Elements after the anchor: the stops of the path, then the customer's own bus."""
    last = float(np.linalg.norm(xy - streets.xy_km[path[-1]]))
    if len(path) == 1:
        return _Lateral(anchor, feeder, [path[-1]], xy[None, :], np.array([last]))
    stops = with_fewer_stops(streets, path, shape)
    nodes = [*stops[1:], path[-1]]
    lengths = np.append(length_along(streets, path, stops), last)
    return _Lateral(anchor, feeder, nodes, np.vstack([streets.xy_km[stops[1:]], xy]), lengths)


def _with_laterals(trees: Trees, laterals: list[_Lateral], order: list[int]) -> Trees:
    feeder, parent, node = trees.feeder.tolist(), trees.parent.tolist(), trees.node.tolist()
    customer = trees.customer.tolist()
    for lateral, who in zip(laterals, order, strict=True):
        above = lateral.anchor
        for stop in lateral.nodes:
            parent.append(above)
            above = len(feeder)
            feeder.append(lateral.feeder)
            node.append(stop)
            customer.append(-1)
        customer[-1] = who
    return by_feeder(
        Trees(
            feeder=np.array(feeder, dtype=np.int64),
            parent=np.array(parent, dtype=np.int64),
            node=np.array(node, dtype=np.int64),
            xy_km=np.vstack([trees.xy_km, *(lateral.xy_km for lateral in laterals)]),
            length_km=np.concatenate([trees.length_km, *(lateral.length_km for lateral in laterals)]),
            express=np.concatenate([trees.express, np.zeros(len(feeder) - len(trees.express), dtype=bool)]),
            lateral=np.arange(len(feeder)) >= len(trees.feeder),
            customer=np.array(customer, dtype=np.int64),
        )
    )
