"""Laws every synthetic grid obeys, written without the code that builds it."""

from __future__ import annotations

from collections import defaultdict, deque

import numpy as np
import shapely

from grid.synthesis_grid import SyntheticGrid
from grid.synthesis_spec import GridSpec
from grid.synthesis_tables import BusKind

BORDER_TOLERANCE_DEG = 1e-6


def assert_radial(grid: SyntheticGrid) -> None:
    """Every bus is reached from exactly one slack, by exactly one path over what is in service."""
    net = grid.network
    neighbours: dict[int, list[int]] = defaultdict(list)
    edges = 0
    for table in (net.lines, net.transformers):
        for a, b in zip(
            table.from_bus[table.in_service].tolist(), table.to_bus[table.in_service].tolist(), strict=True
        ):
            neighbours[a].append(b)
            neighbours[b].append(a)
            edges += 1
    reached = set(net.slacks.bus.tolist())
    assert edges == len(net.buses.id) - len(reached)  # a forest with one slack a tree, if all are reached
    waiting = deque(reached)
    while waiting:
        for other in neighbours[waiting.popleft()]:
            if other not in reached:
                reached.add(other)
                waiting.append(other)
    assert len(reached) == len(net.buses.id)


def assert_ordered(grid: SyntheticGrid) -> None:
    """Line k in service feeds a later bus than line k - 1, from an earlier one; feeders are contiguous."""
    lines = grid.network.lines
    on = lines.in_service
    assert not on[np.count_nonzero(on) :].any()
    assert (lines.from_bus[on] < lines.to_bus[on]).all()
    assert (grid.lines.feeder[on] == grid.buses.feeder[lines.to_bus[on]]).all()
    feeder = grid.buses.feeder[grid.buses.feeder >= 0]
    assert np.count_nonzero(np.diff(feeder)) == len(np.unique(feeder)) - 1
    head = grid.network.lines.from_bus[grid.feeders.head_line]
    assert (grid.buses.kind[head] == BusKind.BUSBAR).all()
    assert (grid.banks.busbar[grid.feeders.bank] == head).all()


def assert_inside(grid: SyntheticGrid, spec: GridSpec) -> None:
    """Every line in service lies in the outline of its district."""
    buses, lines = grid.network.buses, grid.network.lines
    xy = np.column_stack([buses.x, buses.y])
    assert len(np.unique(buses.id)) == len(buses.id)
    assert len(np.unique(lines.id)) == len(lines.id)
    ends = np.stack([xy[lines.from_bus], xy[lines.to_bus]], axis=1)
    for district in spec.districts:
        mine = lines.in_service & (grid.buses.district[lines.to_bus] == district.id)
        outline = shapely.buffer(district.polygon, BORDER_TOLERANCE_DEG)
        shapely.prepare(outline)
        assert shapely.covers(outline, shapely.linestrings(ends[mine])).all(), district.id


def assert_shares(grid: SyntheticGrid, spec: GridSpec) -> None:
    """Shares of each district and class sum to 1; junctions have none; every transformer carries its peak."""
    loads = grid.buses.kind == BusKind.LOAD
    assert (grid.buses.energy_share[~loads] == 0).all()
    assert (grid.buses.energy_share[loads] > 0).all()
    for district in spec.districts:
        for name, hours in district.class_kw.items():
            mine = (grid.buses.district == district.id) & (grid.buses.contract_class == name)
            if mine.any():
                assert abs(grid.buses.energy_share[mine].sum() - 1.0) < 1e-12
                peak_kva = grid.buses.energy_share[mine] * max(hours) / spec.rules.power_factor
                assert (peak_kva <= grid.buses.rating_kva[mine] * spec.rules.transformer_loading_high + 1e-6).all()
            else:
                assert max(hours) == 0


def assert_ties(grid: SyntheticGrid) -> None:
    """Ties are open lines between distinct feeders, at most one for a pair."""
    lines = grid.network.lines
    assert (np.flatnonzero(~lines.in_service) == np.sort(grid.ties.line)).all()
    a, b = grid.buses.feeder[lines.from_bus[grid.ties.line]], grid.buses.feeder[lines.to_bus[grid.ties.line]]
    assert (a == grid.ties.feeder_a).all()
    assert (b == grid.ties.feeder_b).all()
    assert (a != b).all()
    pairs = np.sort(np.column_stack([a, b]), axis=1)
    assert len(np.unique(pairs, axis=0)) == len(pairs)


def hourly_load_kw(grid: SyntheticGrid, spec: GridSpec) -> np.ndarray:
    """Load of every bus in each planning hour, shape (hours, buses); dedicated customers in full."""
    powers = {(d.id, name): np.array(kw) for d in spec.districts for name, kw in d.class_kw.items()}
    hours = len(next(iter(powers.values())))
    demand = {customer.id: customer.demand_kw for customer in spec.customers}
    load = np.zeros((hours, len(grid.buses.kind)))
    for bus in np.flatnonzero(grid.buses.kind == BusKind.LOAD):
        key = (str(grid.buses.district[bus]), str(grid.buses.contract_class[bus]))
        load[:, bus] = grid.buses.energy_share[bus] * powers[key]
    for bus in np.flatnonzero(grid.buses.kind == BusKind.CUSTOMER):
        load[:, bus] = demand[str(grid.buses.customer[bus])]
    return load
