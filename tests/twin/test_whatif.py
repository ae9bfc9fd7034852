"""What-ifs on a small town: against the power flow of the changed loads, and by the laws they must keep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InvalidInput
from grid.powerflow import power_flow
from tests.twin.whatif_town import TownDay, load_bus, ordinary_feeder, town_day
from twin.summary_grid_types import LimitKind
from twin.whatif import part_of, touched_buses, what_if
from twin.whatif_battery import peak_shaving_kw
from twin.whatif_change import (
    Addition,
    Change,
    GarageMove,
    Hours,
    PlaceKind,
    Resource,
    SwitchMove,
    change_from_json,
)
from twin.whatif_loads import added_loads, charging_share, shares_at
from twin.whatif_result import WhatIfResult, result_from_json


@pytest.fixture(scope="module")
def day() -> TownDay:
    return town_day()


def ask(day: TownDay, change: Change, **garage_kw: Any) -> WhatIfResult:
    return what_if("run", day.grid, day.loads, change, garage_kw, day.levers, day.clock)


def bus_name(day: TownDay, feeder: int = 0) -> str:
    return str(day.grid.network.buses.id[load_bus(day.grid, feeder)])


def chargers(bus: str, kw: float, **fields: Any) -> Addition:
    return Addition(Resource.CHARGERS, PlaceKind.BUS, bus, kw, **fields)


@pytest.mark.parametrize("resource", list(Resource))
def test_nothing_added_changes_nothing(day: TownDay, resource: Resource) -> None:
    found = ask(day, Change(additions=(Addition(resource, PlaceKind.BUS, bus_name(day), 0.0, 1.0),)))
    assert found.before == found.after
    assert found.feeders == ()
    assert found.appeared == found.disappeared == ()


@pytest.mark.parametrize("resource", [Resource.CHARGERS, Resource.SOLAR])
def test_two_megawatts_are_what_a_power_flow_of_the_changed_loads_says(day: TownDay, resource: Resource) -> None:
    bus = load_bus(day.grid)
    change = Change(additions=(Addition(resource, PlaceKind.BUS, bus_name(day), 2_000.0, hours=Hours.ALL_DAY),))
    found = ask(day, change)
    kw, kvar = day.loads.kw.copy(), day.loads.kvar.copy()
    if resource is Resource.CHARGERS:
        kw[:, bus] += 2_000.0
        kvar[:, bus] += 2_000.0 * np.tan(np.arccos(0.98))
    else:
        kw[:, bus] -= 2_000.0 * day.levers.solar_pu
    coords = {"time": np.arange(len(kw)), "bus": day.grid.network.buses.id}
    flow = power_flow(
        day.grid.network,
        xr.DataArray(kw, coords, ("time", "bus")),
        xr.DataArray(kvar, coords, ("time", "bus")),
    )
    assert found.after.energy_mwh == pytest.approx(float(flow.slack_kw.sum()) / 1e3, rel=1e-6)
    assert found.after.losses_mwh == pytest.approx(float(flow.losses_kw.sum()) / 1e3, rel=1e-4)
    feeder = int(day.grid.buses.feeder[bus])
    own = np.flatnonzero(day.grid.buses.feeder == feeder)
    changed = {change.feeder: change for change in found.feeders}[str(day.grid.feeders.id[feeder])]
    assert changed.after.lowest_v_pu == pytest.approx(float(flow.v_pu[:, own].min()), abs=1e-6)
    head = day.grid.feeders.head_line[feeder]
    np.testing.assert_allclose(found.curves[0].after_kw, flow.branch_kw[:, head], atol=0.06)
    assert found.curves[0].feeder == changed.feeder


def test_energy_that_is_added_is_supplied_with_its_losses(day: TownDay) -> None:
    found = ask(day, Change(additions=(chargers(bus_name(day), 1_000.0, hours=Hours.ALL_DAY),)))
    more = found.after.energy_mwh - found.before.energy_mwh
    assert more == pytest.approx(24.0 + found.after.losses_mwh - found.before.losses_mwh, abs=2e-3)


@pytest.mark.parametrize("place", [PlaceKind.FEEDER, PlaceKind.DISTRICT])
def test_what_is_spread_adds_up(day: TownDay, place: PlaceKind) -> None:
    name = str(day.grid.feeders.id[1]) if place is PlaceKind.FEEDER else "west"
    addition = Addition(Resource.CHARGERS, place, name, 3_000.0, hours=Hours.ALL_DAY)
    at, share = shares_at(day.grid, addition)
    assert share.sum() == pytest.approx(1.0)
    assert len(at) > 5
    loads = added_loads(day.grid, day.loads, Change(additions=(addition,)), {}, day.levers, day.clock)
    np.testing.assert_allclose(loads.kw.sum(axis=1) - day.loads.kw.sum(axis=1), 3_000.0)


def test_one_after_the_other_is_both_at_once(day: TownDay) -> None:
    one, two = chargers(bus_name(day), 700.0), Addition(Resource.SOLAR, PlaceKind.DISTRICT, "east", 900.0)
    first = added_loads(day.grid, day.loads, Change(additions=(one,)), {}, day.levers, day.clock)
    both = added_loads(day.grid, first, Change(additions=(two,)), {}, day.levers, day.clock)
    once = added_loads(day.grid, day.loads, Change(additions=(two, one)), {}, day.levers, day.clock)
    np.testing.assert_allclose(both.kw, once.kw)
    np.testing.assert_allclose(both.own_kvar, once.own_kvar)


def test_a_connection_of_its_own_spares_the_transformer(day: TownDay) -> None:
    name = bus_name(day)
    behind = ask(day, Change(additions=(chargers(name, 2_000.0, own_connection=False),)))
    beside = ask(day, Change(additions=(chargers(name, 2_000.0),)))
    overloaded = {(f.kind, f.element) for f in behind.appeared}
    assert (LimitKind.TRANSFORMER, name) in overloaded
    assert (LimitKind.TRANSFORMER, name) not in {(f.kind, f.element) for f in beside.appeared}
    assert behind.after.energy_mwh == beside.after.energy_mwh


def downstream_kw(day: TownDay, line: int) -> float:
    """Highest load of the buses fed through a line, found by walking up from every bus."""
    lines = day.grid.network.lines
    parent = {int(to): (int(f), n) for n, (f, to) in enumerate(zip(lines.from_bus, lines.to_bus, strict=True))}
    ties = set(day.grid.ties.line.tolist())
    parent = {to: (f, n) for to, (f, n) in parent.items() if n not in ties}
    for tie in ties:  # a tie may be the last line listed at a bus: look for the one in service
        for n in np.flatnonzero(lines.to_bus == lines.to_bus[tie]):
            if n not in ties:
                parent[int(lines.to_bus[tie])] = (int(lines.from_bus[n]), int(n))
    total = np.zeros(len(day.loads.kw))
    for bus in range(len(day.grid.network.buses.id)):
        here = bus
        while here in parent:
            here, above = parent[here]
            if above == line:
                total += day.loads.kw[:, bus]
                break
    return float(total.max())


def test_an_open_switch_leaves_what_is_behind_it_without_supply(day: TownDay) -> None:
    feeder = ordinary_feeder(day.grid)
    line = int(np.flatnonzero((day.grid.lines.feeder == feeder) & day.grid.lines.trunk)[2])
    opened = SwitchMove(str(day.grid.network.lines.id[line]), closed=False)
    found = ask(day, Change(switches=(opened,)))
    assert found.after.unserved_buses > 0
    assert found.after.unserved_kw == pytest.approx(downstream_kw(day, line), abs=0.1)
    assert found.after.converged_steps == found.steps
    assert found.after.outside["undervoltage"] == found.before.outside["undervoltage"], "no supply is no low voltage"
    assert found.after.energy_mwh < found.before.energy_mwh


def test_a_tie_takes_over_what_an_open_switch_left(day: TownDay) -> None:
    feeder = ordinary_feeder(day.grid)
    tie = int(day.grid.ties.line[0])
    end = next(
        int(bus)
        for bus in (day.grid.network.lines.from_bus[tie], day.grid.network.lines.to_bus[tie])
        if day.grid.buses.feeder[bus] == feeder
    )
    fed_by = int(np.flatnonzero((day.grid.network.lines.to_bus == end) & day.grid.network.lines.in_service)[0])
    names = day.grid.network.lines.id
    closed = SwitchMove(str(names[tie]), closed=True)
    both = ask(day, Change(switches=(SwitchMove(str(names[fed_by]), closed=False), closed)))
    assert both.after.unserved_buses == both.after.rings == 0
    assert both.after.converged_steps == 24
    heads = {change.feeder: change for change in both.feeders}
    mine = heads[str(day.grid.feeders.id[feeder])]
    assert mine.after.loading < mine.before.loading
    ring = ask(day, Change(switches=(closed,)))
    assert ring.after.rings == 1
    assert ring.after.unserved_buses == 0
    assert ring.after.energy_mwh == pytest.approx(ring.before.energy_mwh, rel=1e-2)


def test_a_moved_garage_draws_elsewhere_and_no_less(day: TownDay) -> None:
    power = np.linspace(0.0, 500.0, 24)
    target = bus_name(day, feeder=4)
    change = Change(garages=(GarageMove("west", target),))
    loads = added_loads(day.grid, day.loads, change, {"west": power}, day.levers, day.clock)
    np.testing.assert_allclose(loads.kw.sum(axis=1), day.loads.kw.sum(axis=1))
    gained = loads.kw - day.loads.kw
    np.testing.assert_allclose(gained[:, load_bus(day.grid, 4)], power)
    old = np.flatnonzero(day.grid.network.buses.id == day.levers.bus[0])[0]
    np.testing.assert_allclose(gained[:, old], -power)
    assert len(ask(day, change, west=power).feeders) >= 2


def test_only_whole_substations_that_are_touched_are_solved(day: TownDay) -> None:
    name = bus_name(day)
    change = Change(additions=(chargers(name, 100.0),))
    keep = touched_buses(day.grid, change, day.levers)
    assert keep.sum() < len(keep)
    part = part_of(day.grid, keep)
    whole = ask(day, change)
    alone = what_if(
        "run",
        part,
        type(day.loads).of(day.loads.kw[:, keep], day.loads.kvar[:, keep]),
        change,
        {},
        day.levers,
        day.clock,
    )
    assert {f.feeder: f.after for f in alone.feeders} == {f.feeder: f.after for f in whole.feeders}


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(0.0, 5_000.0), min_size=24, max_size=24),
    st.floats(1.0, 2_000.0),
    st.floats(1.0, 8_000.0),
    st.floats(0.8, 1.0),
)
def test_a_battery_keeps_its_limits_and_never_raises_the_peak(
    base: list[float], power_kw: float, energy_kwh: float, efficiency: float
) -> None:
    load = np.array(base)
    net = peak_shaving_kw(load, power_kw, energy_kwh, efficiency, 1.0)
    assert np.abs(net).max() <= power_kw + 1e-6
    stored = np.cumsum(np.where(net > 0, net * efficiency, net / efficiency))
    assert stored[-1] == pytest.approx(0.0, abs=1e-4), "the day ends as it began"
    assert stored.max() - stored.min() <= energy_kwh + 1e-4
    assert (load + net).max() <= load.max() + 1e-6
    assert (load + net).max() >= load.max() - power_kw - 1e-6


def test_a_large_battery_levels_a_day_of_two_levels() -> None:
    """Twelve hours of 0 and twelve of 100 kW without losses: 50 kW everywhere is the lowest peak there is."""
    load = np.r_[np.zeros(12), np.full(12, 100.0)]
    np.testing.assert_allclose(load + peak_shaving_kw(load, 50.0, 600.0, 1.0, 1.0), 50.0, atol=1e-6)
    half = load + peak_shaving_kw(load, 50.0, 300.0, 1.0, 1.0)
    assert half.max() == pytest.approx(75.0, abs=1e-6)


@pytest.mark.parametrize(
    ("hours", "drawn"),
    [(Hours.ALL_DAY, 24), (Hours.EVENING, 5), (Hours.NIGHT, 7), (Hours.DAYTIME, 9)],
)
def test_chargers_draw_in_their_hours(day: TownDay, hours: Hours, drawn: int) -> None:
    share = charging_share(hours, day.levers, day.clock)
    assert share.sum() == drawn
    assert set(share.tolist()) <= {0.0, 1.0}


def test_every_unknown_id_is_named(day: TownDay) -> None:
    change = Change(
        additions=(chargers("nowhere", 1.0), Addition(Resource.SOLAR, PlaceKind.FEEDER, "F999", 1.0)),
        switches=(SwitchMove("L999", closed=True),),
        garages=(GarageMove("g999", "b999"),),
    )
    with pytest.raises(InvalidInput) as raised:
        ask(day, change)
    text = str(raised.value)
    for name in ("nowhere", "F999", "L999", "g999", "b999"):
        assert name in text


def test_a_change_survives_its_document(day: TownDay) -> None:
    change = Change(
        additions=(
            chargers("b", 12.5, hours=Hours.NIGHT, own_connection=False),
            Addition(Resource.BATTERY, PlaceKind.DISTRICT, "d", 5.0, 9.0),
        ),
        switches=(SwitchMove("l", closed=False),),
        garages=(GarageMove("g", "b"),),
    )
    assert change_from_json(change.as_json()) == change


GOOD: dict[str, Any] = {"resource": "chargers", "place": "bus", "id": "b", "power_kw": 1.0}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"extra": []}, "no such part"),
        ({"additions": "x"}, "not a list"),
        ({"additions": [GOOD] * 51}, "51 entries"),
        ({"additions": [GOOD | {"resource": "coal"}]}, "'coal' is not known"),
        ({"additions": [GOOD | {"place": "moon"}]}, "'moon' is not known"),
        ({"additions": [GOOD | {"hours": "noon"}]}, "'noon' is not known"),
        ({"additions": [GOOD | {"power_kw": -1.0}]}, "not a number between"),
        ({"additions": [GOOD | {"power_kw": float("nan")}]}, "not a number between"),
        ({"additions": [GOOD | {"power_kw": True}]}, "not a number between"),
        ({"additions": [GOOD | {"power_kw": 1e9}]}, "not a number between"),
        ({"additions": [GOOD | {"id": ""}]}, "no id is given"),
        ({"additions": [GOOD | {"own_connection": 1}]}, "neither true nor false"),
        ({"additions": [GOOD | {"resource": "battery"}]}, "without energy"),
        ({"switches": [{"line": "l", "closed": "yes"}]}, "neither true nor false"),
        ({"garages": [{"garage": "g", "bus": 3}]}, "no id is given"),
    ],
)
def test_each_bad_entry_is_refused(document: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        change_from_json(document)


def test_all_bad_entries_are_told_at_once() -> None:
    with pytest.raises(InvalidInput) as raised:
        change_from_json({"additions": [GOOD | {"resource": "coal"}, GOOD | {"power_kw": "x"}], "switches": [{}]})
    assert len(raised.value.problems) == 4


def test_a_result_survives_its_document(day: TownDay) -> None:
    found = ask(day, Change(additions=(chargers(bus_name(day), 9_000.0),)))
    assert found.appeared
    assert result_from_json(found.as_json()) == found
    with pytest.raises(InvalidInput, match="schema version 0"):
        result_from_json(found.as_json() | {"schema_version": 0})
