"""City assets and batteries: counts, places, power, critical buses, and scenario fleets."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from data.errors import ProblemList
from tests.twin.ev_builders import STEPS, WORKDAY_UTC, folder, points_of, seoul_points
from twin.city_assets import CityAssets, city_assets, power_at_buses_kw, power_by_class_kw
from twin.city_assets_batteries import city_batteries

SEOUL = ZoneInfo("Asia/Seoul")
SEED = 3
TOTALS = {
    "public_bike": 45_000,
    "smart_parking": 592,
    "cctv": 200_000,
    "public_wifi": 34_000,
    "smart_pole": 872,
    "emergency_centre": 31,
    "emergency_institution": 18,
    "emergency_room": 21,
    "fire_station": 25,
    "autonomous_shuttles": 2,
}


def assets(scenario: str = "today") -> CityAssets:
    return city_assets(folder("seoul").tables, seoul_points(), scenario, SEED)


def test_the_city_has_the_units_its_sources_name():
    found = assets().units_by_class()
    assert {name: found[name] for name in TOTALS} == TOTALS


def test_every_unit_is_in_its_district():
    found, table = assets(), folder("seoul").tables["city_assets"]
    names = found.classes.id[found.kind]
    for name, district, units in zip(table["class"], table["district"], table["units"], strict=True):
        assert found.units[(names == name) & (found.district == district)].sum() == units


def test_power_is_units_times_power_times_profile_at_class_and_at_buses():
    found = assets()
    bus_count = int(seoul_points().bus.max()) + 1
    for only_added in (False, True):
        by_class = power_by_class_kw(found, WORKDAY_UTC, SEOUL, only_added=only_added)
        at_buses = power_at_buses_kw(found, WORKDAY_UTC, SEOUL, bus_count, only_added=only_added)
        assert at_buses.sum(axis=0) == pytest.approx(by_class.sum(axis=0))
        assert at_buses.shape == (bus_count, STEPS)
    kind = int(np.flatnonzero(found.classes.id == "cctv")[0])
    assert power_by_class_kw(found, WORKDAY_UTC, SEOUL, only_added=False)[kind].mean() == pytest.approx(200_000 * 0.025)
    assert not power_by_class_kw(found, WORKDAY_UTC, SEOUL, only_added=True)[kind].any()


def test_profiles_follow_the_local_clock():
    found = assets()
    kind = int(np.flatnonzero(found.classes.id == "electric_bike")[0])
    power = power_by_class_kw(found, WORKDAY_UTC, SEOUL, only_added=True)[kind]
    noon, midnight = power[8 * 4], power[20 * 4]
    assert midnight > 4 * noon  # charged at night: 12:00 is eight hours after the start, 00:00 twenty


def test_what_the_sales_already_hold_is_not_added_again():
    found = assets()
    shown = power_by_class_kw(found, WORKDAY_UTC, SEOUL, only_added=False).sum(axis=0).mean()
    added = power_by_class_kw(found, WORKDAY_UTC, SEOUL, only_added=True).sum(axis=0).mean()
    assert 50_000 < shown < 300_000
    assert 0 < added < 1_000


def test_hospitals_and_fire_stations_make_their_buses_critical():
    found = assets()
    critical = found.critical_buses()
    assert 100 < len(critical) < 300
    hospitals = found.bus[np.isin(found.classes.id[found.kind], ["emergency_centre", "fire_station"])]
    assert np.isin(hospitals, critical).all()
    cameras = found.classes.id[found.kind] == "cctv"
    assert not np.isin(found.bus[cameras], critical).all()
    large = seoul_points().rating_kva[np.isin(seoul_points().bus, hospitals)].mean()
    assert large > seoul_points().rating_kva.mean()


def test_a_district_is_a_cut_of_the_city_and_the_same_seed_gives_the_same_places():
    whole, again = assets(), assets()
    assert np.array_equal(whole.bus, again.bus)
    alone = city_assets(folder("seoul").tables, points_of(seoul_points(), "11680"), "today", SEED)
    part = whole.district == "11680"
    assert np.array_equal(whole.bus[part], alone.bus)
    assert np.array_equal(whole.units[part], alone.units)


def test_scenario_fleets_grow():
    assert assets("2035").units_by_class()["autonomous_shuttles"] == 300
    assert assets("nothing known").units_by_class()["autonomous_shuttles"] == 2
    town = folder("template_town")
    none_on_grid = city_assets(town.tables, seoul_points(), "today", SEED)
    assert not len(none_on_grid.bus)


def test_batteries_stand_at_the_largest_transformers_and_pass_the_optimizers_check():
    found = city_batteries(folder("seoul").tables, seoul_points())
    assert len(found.id) == found.batteries.count == 25
    assert len(np.unique(found.bus)) == 25
    problems = ProblemList()
    found.batteries.check(problems)
    assert not list(problems)
    points = seoul_points()
    for bus, district in zip(found.bus, found.district, strict=True):
        here = points.district == district
        assert points.rating_kva[points.bus == bus] == points.rating_kva[here].max()


def test_batteries_without_load_points_or_without_a_table_are_none():
    points = points_of(seoul_points(), "11680")
    assert city_batteries(folder("seoul").tables, points).id.tolist() == ["battery_11680"]
    assert city_batteries({}, points).batteries.count == 0
    assert city_batteries(folder("template_town").tables, points).batteries.count == 0
