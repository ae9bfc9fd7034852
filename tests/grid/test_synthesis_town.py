"""A small town: properties for any outline, dedicated customers, parts and storage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity
from shapely.geometry import Polygon

from data.errors import InvalidInput
from grid.powerflow import solve
from grid.synthesis import synthesize
from grid.synthesis_grid import SyntheticGrid
from grid.synthesis_spec import DedicatedCustomer, OpenLand
from grid.synthesis_tables import BusKind
from tests.grid.grid_laws import (
    assert_inside,
    assert_ordered,
    assert_radial,
    assert_shares,
    assert_ties,
    hourly_load_kw,
)
from tests.grid.small_town import CLASS_KW, district, rectangle, town_spec

GARAGE = DedicatedCustomer("garage", 127.212, 37.312, 3_000.0)
L_SHAPE = Polygon([(0, 0), (1, 0), (1, 0.35), (0.4, 0.35), (0.4, 1), (0, 1)])


@pytest.fixture(scope="module")
def town() -> SyntheticGrid:
    return synthesize(town_spec())


@settings(max_examples=25, deadline=None)
@given(
    width_km=st.floats(0.8, 4.0),
    height_km=st.floats(0.8, 4.0),
    turn_deg=st.floats(0, 90),
    concave=st.booleans(),
    feeders=st.one_of(st.none(), st.integers(4, 12)),
    scale=st.floats(0.1, 1.0),
    underground=st.floats(0, 1),
    seed=st.integers(0, 2**31),
)
def test_laws_hold_for_any_outline(
    width_km: float,
    height_km: float,
    turn_deg: float,
    concave: bool,
    feeders: int | None,
    scale: float,
    underground: float,
    seed: int,
) -> None:
    outline = rectangle(width_km, height_km)
    if concave:
        west, south, east, north = outline.bounds
        outline = affinity.translate(affinity.scale(L_SHAPE, east - west, north - south, origin=(0, 0)), west, south)
    outline = affinity.rotate(outline, turn_deg)
    class_kw = {name: tuple(scale * kw for kw in hours) for name, hours in CLASS_KW.items()}
    spec = town_spec(
        district(polygon=outline, class_kw=class_kw, feeders=feeders, underground_share=underground), seed=seed
    )
    grid = synthesize(spec)
    assert_radial(grid)
    assert_ordered(grid)
    assert_inside(grid, spec)
    assert_shares(grid, spec)
    assert_ties(grid)
    expected = feeders or int(np.ceil(max(np.sum(list(class_kw.values()), axis=0)) / spec.rules.feeder_target_kw))
    assert len(grid.feeders.id) == expected
    cable_km = grid.feeders.length_km * grid.feeders.underground_share
    longest = grid.feeders.length_km.max() / grid.feeders.length_km.sum()
    assert abs(cable_km.sum() / grid.feeders.length_km.sum() - underground) <= longest / 2 + 1e-9


def test_open_land_carries_no_customers() -> None:
    stroke = OpenLand(127.20, 37.312, 127.224, 37.312, 0.4)
    spec = town_spec(district(), open_land=(stroke,))
    grid = synthesize(spec)
    loads = grid.buses.kind == BusKind.LOAD
    north_km = np.abs(grid.network.buses.y - 37.312) * 111.195
    assert north_km[loads].min() > 0.39
    assert_radial(grid)
    assert_inside(grid, spec)


def test_garage_hangs_on_a_near_feeder_and_changes_no_other_bus() -> None:
    before, after = synthesize(town_spec()), synthesize(town_spec(customers=(GARAGE,)))
    at = np.flatnonzero(after.buses.kind == BusKind.CUSTOMER)
    assert list(after.buses.customer[at]) == ["garage"]
    assert after.network.buses.x[at] == pytest.approx(GARAGE.x)
    assert after.network.buses.y[at] == pytest.approx(GARAGE.y)
    assert after.buses.rating_kva[at] >= GARAGE.demand_kw / 0.95
    assert after.buses.energy_share[at] == 0
    feeder = int(after.buses.feeder[at[0]])
    assert not after.feeders.dedicated.any()
    assert after.feeders.peak_kw[feeder] == pytest.approx(before.feeders.peak_kw[feeder] + GARAGE.demand_kw)
    assert after.feeders.peak_kw[feeder] <= 0.9 * after.feeders.rating_kw[feeder]
    same = np.isin(after.network.buses.id, before.network.buses.id)
    kept = after.network.buses.id[same]
    position = {name: place for place, name in enumerate(before.network.buses.id.tolist())}
    old = np.array([position[name] for name in kept.tolist()])
    assert len(kept) == len(before.network.buses.id)
    assert (after.network.buses.x[same] == before.network.buses.x[old]).all()
    assert (after.buses.rating_kva[same] == before.buses.rating_kva[old]).all()
    assert_radial(after)
    assert_inside(after, town_spec())


def test_large_customer_gets_a_feeder_of_its_own() -> None:
    works = DedicatedCustomer("works", 127.212, 37.312, 25_000.0, critical=True)
    spec = town_spec(customers=(GARAGE, works))
    grid = synthesize(spec)
    at = int(np.flatnonzero(grid.buses.customer == "works")[0])
    feeder = int(grid.buses.feeder[at])
    assert grid.feeders.dedicated[feeder]
    assert grid.feeders.rating_kw[feeder] == 25_000.0
    assert grid.buses.critical[at]
    assert np.count_nonzero(grid.buses.critical) == 1
    others = grid.buses.feeder == feeder
    assert not (grid.buses.kind[others] == BusKind.LOAD).any()
    load_kw = hourly_load_kw(grid, spec)
    result = solve(grid.network, load_kw, load_kw * np.tan(np.arccos(0.95)))
    assert float(result.loading.max()) < 1
    assert_radial(grid)


def test_customer_without_room_on_any_feeder_gets_its_own() -> None:
    garage = replace(GARAGE, demand_kw=5_000.0)
    full = town_spec(district(feeders=4), customers=(garage,))
    grid = synthesize(full)
    assert (grid.feeders.peak_kw[~grid.feeders.dedicated] > 6_500).all()
    assert np.count_nonzero(grid.feeders.dedicated) == 1


def test_parts_solve_to_the_voltages_of_the_whole(town: SyntheticGrid) -> None:
    spec = town_spec()
    load_kw = hourly_load_kw(town, spec)
    whole = solve(town.network, load_kw, 0.3 * load_kw).v_pu.to_numpy()
    where = {name: place for place, name in enumerate(town.network.buses.id.tolist())}
    station = str(town.substations.id[0])
    feeder = 2
    busbar = town.banks.busbar[town.feeders.bank[feeder]]
    parts = [
        (town.for_substation(station), slice(0, 2)),
        (town.for_district("east"), slice(0, 2)),
        (town.for_feeder(str(town.feeders.id[feeder]), float(whole[0, busbar])), slice(0, 1)),
    ]
    for part, hours in parts:
        at = np.array([where[name] for name in part.network.buses.id.tolist()])
        alone = solve(part.network, load_kw[hours, at], 0.3 * load_kw[hours, at]).v_pu.to_numpy()
        assert np.abs(alone - whole[hours, at]).max() < 1e-7
    assert len(parts[2][0].feeders.id) == 1
    assert len(parts[0][0].banks.id) == np.count_nonzero(town.banks.substation == 0)


@pytest.mark.parametrize(("method", "name"), [("for_district", "x"), ("for_substation", "x"), ("for_feeder", "x")])
def test_unknown_parts_are_refused_with_the_known_ones(town: SyntheticGrid, method: str, name: str) -> None:
    arguments = (name, 1.0) if method == "for_feeder" else (name,)
    with pytest.raises(InvalidInput, match=r"has no \w+ 'x'"):
        getattr(town, method)(*arguments)


def test_nearest_bus_is_the_nearest_transformer(town: SyntheticGrid) -> None:
    buses = town.network.buses
    wanted = np.flatnonzero(town.buses.contract_class == "general")[[0, 5]]
    found = town.nearest_buses(buses.x[wanted] + 1e-7, buses.y[wanted], "general")
    assert (found == wanted).all()
    anything = town.nearest_buses(buses.x[:1], buses.y[:1])
    assert town.buses.kind[anything] == BusKind.LOAD
    with pytest.raises(InvalidInput, match="agriculture"):
        town.nearest_buses(buses.x[:1], buses.y[:1], "agriculture")


def test_stored_grid_is_the_same_grid(town: SyntheticGrid, tmp_path: Path) -> None:
    town.save(tmp_path / "town.npz")
    again = SyntheticGrid.load(tmp_path / "town.npz")
    assert again.content_hash() == town.content_hash()
    assert again.network.frequency_hz == 60.0
    assert [path.name for path in tmp_path.iterdir()] == ["town.npz"]
    assert_radial(again)


def test_damaged_and_foreign_files_are_refused(town: SyntheticGrid, tmp_path: Path) -> None:
    whole = tmp_path / "town.npz"
    town.save(whole)
    content = whole.read_bytes()
    torn = tmp_path / "torn.npz"
    torn.write_bytes(content[: len(content) // 2])
    foreign = tmp_path / "foreign.npz"
    np.savez(foreign, schema_version=np.array(999))
    empty = tmp_path / "empty.npz"
    np.savez(empty, schema_version=np.array(1))
    text = tmp_path / "text.npz"
    text.write_text("not a grid", encoding="utf-8")
    for path, words in (
        (torn, "read"),
        (foreign, "999"),
        (empty, "missing"),
        (text, "read"),
        (tmp_path / "no", "read"),
    ):
        with pytest.raises(InvalidInput, match=words):
            SyntheticGrid.load(path)


def test_every_array_counts_in_the_fingerprint(town: SyntheticGrid) -> None:
    reference = town.content_hash()
    rating = town.buses.rating_kva.copy()
    rating[-1] += 1e-9
    changed = replace(town, buses=replace(town.buses, rating_kva=rating))
    renamed = town.feeders.id.copy()
    renamed[0] = "other"
    assert changed.content_hash() != reference
    other = replace(town, feeders=replace(town.feeders, id=renamed))
    assert other.content_hash() != reference
