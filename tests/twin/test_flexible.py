"""What a town can move, curtail or lend: tables to blocks, and the load that leaves the base load for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.city_folder import read_city_folder
from data.errors import InvalidInput, ProblemList
from optimizers.assets.building import Buildings
from optimizers.assets.hot_water import HotWaterTanks
from optimizers.assets.solar import SolarInverters
from optimizers.assets.vehicles import Vehicles
from optimizers.coordination_assets import BusPrices
from tests.twin.town import edit_table, write_town
from twin.city import build_city, embedded_weather
from twin.city_assets import CityAssets
from twin.day import CityDay, city_day
from twin.flexible_assets import FlexibleAssets, flexible_assets
from twin.flexible_fleets import at_chargers, stretch_curves_kwh
from twin.flexible_vehicles import lent_sessions
from twin.flexible_water import unmanaged_level_kwh
from twin.scenario import scenario_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_town(tmp_path_factory.mktemp("flexible"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("grids")


def day_of(folder: Path, cache: Path, service_date: date) -> CityDay:
    city = read_city_folder(folder)
    twin = build_city(city, scenario_of(city, "today"), cache)
    return city_day(twin, service_date, embedded_weather(city, service_date.year))


@pytest.fixture(scope="module")
def summer(folder: Path, cache: Path) -> CityDay:
    return day_of(folder, cache, date(2026, 8, 12))


@pytest.fixture(scope="module")
def flexible(summer: CityDay) -> FlexibleAssets:
    return flexible_assets(summer)


def of_kind(flexible: FlexibleAssets, kind: type) -> list:
    return [block for block in flexible.blocks if isinstance(block, kind)]


def test_every_kind_is_sound_and_answers(flexible: FlexibleAssets, summer: CityDay) -> None:
    problems = ProblemList()
    for block in flexible.blocks:
        block.check(summer.steps, summer.step_h, problems)
    assert list(problems) == []
    found = {type(block) for block in flexible.blocks}
    assert {Buildings, HotWaterTanks, SolarInverters, Vehicles} <= found


def test_doing_nothing_is_a_plan_of_rooms_and_tanks(flexible: FlexibleAssets, summer: CityDay) -> None:
    """Their plans are deviations from the base load, so the best of them never costs more than nothing."""
    for block in (*of_kind(flexible, Buildings), *of_kind(flexible, HotWaterTanks)):
        answer = block.best_response(BusPrices.zero(len(block.bus), summer.steps))
        assert (answer.plan.cost_krw <= 1e-6).all()
        assert answer.plan.cost_krw.sum() < -1.0


def test_rooms_cool_in_summer_and_heat_in_winter(flexible: FlexibleAssets, folder: Path, cache: Path) -> None:
    assert {block.kind.split(",")[0] for block in of_kind(flexible, Buildings)} == {"cooling"}
    winter = flexible_assets(day_of(folder, cache, date(2026, 1, 14)))
    assert {block.kind.split(",")[0] for block in of_kind(winter, Buildings)} == {"heating"}


def test_rooms_plan_a_part_of_what_their_bus_draws(flexible: FlexibleAssets, summer: CityDay) -> None:
    drawn = np.zeros_like(summer.fixed_kw)
    for block in of_kind(flexible, Buildings):
        np.add.at(drawn.T, block.bus, block.baseline_kw)
    demand = summer.fixed_kw + summer.solar_at_buses_kw
    assert (drawn <= demand + 1e-9).all()


def test_solar_power_that_is_planned_leaves_the_base_load(flexible: FlexibleAssets, summer: CityDay) -> None:
    (inverters,) = of_kind(flexible, SolarInverters)
    full = np.zeros_like(summer.fixed_kw)
    np.add.at(full.T, inverters.bus, -inverters.available_kw)
    (fleet,) = [block for block in of_kind(flexible, Vehicles) if block.name == "autonomous shuttles"]
    taken = flexible.base_kw + full
    assert (taken <= 1e-9).all()
    assert -taken.sum() * summer.step_h == pytest.approx(fleet.earliest_kwh[:, -1].sum())
    assert (inverters.available_kw <= inverters.rating_kva[:, None] + 1e-9).all()


def test_fleet_charges_its_energy_at_its_hours(flexible: FlexibleAssets, summer: CityDay) -> None:
    (fleet,) = [block for block in of_kind(flexible, Vehicles) if block.name == "autonomous shuttles"]
    plan = fleet.best_response(BusPrices.zero(len(fleet.bus), summer.steps)).plan
    assert plan.kw.sum(axis=1) * summer.step_h == pytest.approx(fleet.earliest_kwh[:, -1])
    local_h = (np.arange(summer.steps) * summer.step_h + 4.0 + summer.step_h / 2) % 24.0
    assert (plan.kw[:, (local_h > 5.0) & (local_h < 21.0)] == 0).all()


@settings(max_examples=40, deadline=None)
@given(
    come=st.integers(0, 23), leave=st.integers(0, 23), power=st.floats(1.0, 50.0), steps=st.sampled_from([24, 48, 96])
)
def test_stretches_charge_the_whole_energy_and_never_cross(come: int, leave: int, power: float, steps: int) -> None:
    if come == leave:
        return
    step_h = 24.0 / steps
    clock_h = (4.0 + (np.arange(steps) + 0.5) * step_h) % 24.0
    here = at_chargers(clock_h, come, leave)
    assert here.sum() * step_h == pytest.approx((leave - come) % 24)
    energy = np.array([0.7 * power * here.sum() * step_h])
    latest, earliest = stretch_curves_kwh(here, energy, np.array([power]), step_h)
    assert (latest <= earliest + 1e-9).all()
    assert latest[0, -1] == pytest.approx(energy[0])
    assert earliest[0, -1] == pytest.approx(energy[0])
    assert (np.diff(earliest)[:, ~here] == 0).all()
    assert (np.diff(latest)[:, ~here] == 0).all()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), keep=st.floats(0.9, 1.0))
def test_unmanaged_tanks_touch_empty_once_and_never_run_dry(seed: int, keep: float) -> None:
    rng = np.random.default_rng(seed)
    heated, draw = rng.uniform(0.0, 3.0, (2, 24)), rng.uniform(0.0, 3.0, (2, 24))
    level = unmanaged_level_kwh(heated, draw, keep)
    assert (level >= 0).all()
    assert level.min(axis=1) == pytest.approx(0.0, abs=1e-9)
    assert level[:, 1:] == pytest.approx(keep * level[:, :-1] + heated - draw, abs=1e-9)


def with_sockets(day: CityDay, bus: int, sockets: int) -> CityDay:
    assets = day.assets
    kind = int(np.flatnonzero(assets.classes.id == "smart_parking")[0])
    mine = assets.kind == kind
    others = CityAssets(
        assets.classes, assets.kind[~mine], assets.bus[~mine], assets.district[~mine], assets.units[~mine]
    )
    added = CityAssets(
        assets.classes,
        np.append(others.kind, kind),
        np.append(others.bus, bus),
        np.append(others.district, assets.district[0]),
        np.append(others.units, sockets),
    )
    return replace(day, assets=added)


def test_sockets_hold_no_more_vehicles_than_there_are(summer: CityDay) -> None:
    slow = summer.sessions.cohort == 1
    bus = int(np.bincount(summer.sessions.bus[slow]).argmax())
    there = np.flatnonzero(slow & (summer.sessions.bus == bus))
    assert len(there) > 1
    day = with_sockets(summer, bus, 1)
    lent = lent_sessions(day)
    assert 0 < len(lent) <= len(there)
    assert (day.sessions.bus[lent] == bus).all()
    order = np.argsort(day.sessions.arrive_h[lent])
    assert (day.sessions.depart_h[lent][order][:-1] <= day.sessions.arrive_h[lent][order][1:] + 1e-9).all()
    assert len(lent_sessions(with_sockets(summer, bus, 100))) >= len(there)


def test_lent_vehicles_leave_charged_and_may_feed_back(summer: CityDay) -> None:
    slow = summer.sessions.cohort == 1
    bus = int(np.bincount(summer.sessions.bus[slow]).argmax())
    day = with_sockets(summer, bus, 100)
    flexible = flexible_assets(day)
    (cars,) = [block for block in of_kind(flexible, Vehicles) if block.name == "vehicles at smart parking"]
    assert len(cars.bus) == len(flexible.lent_sessions)
    problems = ProblemList()
    cars.check(day.steps, day.step_h, problems)
    assert list(problems) == []
    dear = np.where(np.arange(day.steps) % 8 < 4, 800.0, -100.0)[None]
    prices = BusPrices(dear, np.zeros_like(dear), np.zeros(len(cars.bus), dtype=np.int64))
    plan = cars.best_response(prices).plan
    assert plan.kw.min() < -1.0
    assert plan.detail.level_kwh[:, -1] == pytest.approx(day.sessions.energy_kwh[flexible.lent_sessions])


def test_a_city_without_the_tables_has_none_of_it(folder: Path, tmp_path: Path, cache: Path) -> None:
    bare = write_town(tmp_path)
    for name in ("flexible_loads", "hot_water_tanks", "fleet_charging", "solar_inverters", "vehicle_to_grid"):
        (bare / f"{name}.csv").unlink()
    found = flexible_assets(day_of(bare, cache, date(2026, 8, 12)))
    assert found.blocks == ()
    assert not found.base_kw.any()
    assert not found.lent_sessions.size


@pytest.mark.parametrize(
    ("table", "old", "new", "message"),
    [
        ("solar_inverters", "0.5,1,0.44,16,", "0.5,1,0.44,10,", "10 edges"),
        ("solar_inverters", "0.5,1,0.44,16,", "0.5,1,1.44,16,", "reactive_share"),
        ("fleet_charging", "autonomous_shuttles,21,5,", "autonomous_shuttles,5,5,", "leaves when it comes"),
        ("fleet_charging", "autonomous_shuttles,21,5,", "rockets,21,5,", "rockets"),
        ("hot_water_tanks", "night,0.6,", "night,1.6,", "energy_share"),
        ("flexible_loads", "general,cooling,0.2,8,", "general,cooling,0.2,0,", "time_constant_h"),
        ("vehicle_to_grid", "smart_parking,work,11,0.9", "smart_parking,work,11,1.9", "return_efficiency"),
    ],
)
def test_tables_that_make_no_sense_are_refused(tmp_path: Path, table: str, old: str, new: str, message: str) -> None:
    town = write_town(tmp_path)
    edit_table(town, table, old, new)
    with pytest.raises(InvalidInput, match=message):
        read_city_folder(town)


def test_two_rows_of_inverters_are_refused(tmp_path: Path) -> None:
    town = write_town(tmp_path)
    path = town / "solar_inverters.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([*lines, lines[-1]]), encoding="utf-8")
    with pytest.raises(InvalidInput, match="exactly one"):
        read_city_folder(town)
