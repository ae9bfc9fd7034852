"""Duties the battery carries, and the buses that drive them."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from data.errors import InvalidInput
from tests.twin.transit_builders import DRIVING, RULES, one_place, random_day, trips_at
from twin.transit_blocks import garage_day
from twin.transit_buses import Battery, assign_buses
from twin.transit_duties import Duty, _carried, duties
from twin.transit_fleet import chains, successors
from twin.transit_links import links

BATTERY = Battery(usable_kwh=230.0, reserve_kwh=15.0, charge_kw=80.0)
ENDLESS = Battery(usable_kwh=1e6, reserve_kwh=0.0, charge_kw=0.0)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 60), usable=st.floats(60, 400))
def test_every_trip_is_driven_once_by_a_bus_that_has_the_energy(seed: int, count: int, usable: float) -> None:
    trips, places = random_day(seed, count)
    battery = replace(BATTERY, usable_kwh=usable)
    assume(links(trips, places, DRIVING, RULES).alone_kwh.max() <= battery.carried_kwh)
    day = garage_day("home", trips, places, DRIVING, RULES, battery)
    assert sorted(trip for duty in day.duties for trip in duty.trips) == list(range(count))
    assert day.bus_count >= day.fewest_buses
    assert all(duty.energy_kwh <= battery.carried_kwh + 1e-9 for duty in day.duties)
    for bus in range(day.bus_count):
        stored, back = battery.usable_kwh, -np.inf
        for duty in (duty for duty, driver in zip(day.duties, day.bus, strict=True) if driver == bus):
            assert duty.departure_h - back >= RULES.garage_layover_h - 1e-6
            if np.isfinite(back):
                stored = min(stored + battery.charge_kw * (duty.departure_h - back), battery.usable_kwh)
            stored -= duty.energy_kwh
            back = duty.return_h
            assert stored >= battery.reserve_kwh - 1e-6


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 60))
def test_an_endless_battery_needs_the_fewest_buses(seed: int, count: int) -> None:
    trips, places = random_day(seed, count)
    day = garage_day("home", trips, places, DRIVING, RULES, ENDLESS)
    assert day.bus_count == day.fewest_buses


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 40))
def test_energy_and_distance_are_those_of_trips_ways_and_waits(seed: int, count: int) -> None:
    """The climate runs from departure to return, the wheels over every kilometre: two sums of one day."""
    trips, places = random_day(seed, count)
    day = garage_day("home", trips, places, DRIVING, RULES, ENDLESS)
    for duty in day.duties:
        hours = duty.return_h - duty.departure_h
        assert duty.energy_kwh == pytest.approx(duty.distance_km * 1.0 + hours * 5.0)
        inner = sum(
            places.between_km[trips.end_place[a], trips.start_place[b]]
            for a, b in zip(duty.trips[:-1], duty.trips[1:], strict=True)
        )
        ends = places.garage_km[trips.start_place[duty.trips[0]]] + places.garage_km[trips.end_place[duty.trips[-1]]]
        assert duty.distance_km == pytest.approx(trips.distance_km[list(duty.trips)].sum() + inner + ends)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), carried=st.floats(50, 160))
def test_splits_are_the_best_of_all(seed: int, carried: float) -> None:
    """Every set of cuts of a run, tried: fewest changes of bus, then least energy."""
    trips, places = random_day(seed, 6, places=2)
    start = np.arange(6) * 1.0 + np.random.default_rng(seed).uniform(0, 0.4, 6)
    trips = replace(trips, start_h=start, end_h=start + 0.3)
    ways = links(trips, places, DRIVING, replace(RULES, layover_h=0.0, longest_wait_h=9.0, garage_layover_h=0.4))
    run = tuple(range(6))
    assume(np.isfinite(ways.direct_kwh[run[:-1], run[1:]]).all() and ways.alone_kwh.max() <= carried)

    def value(cuts: tuple[int, ...]) -> tuple[int, float]:
        parts = [list(run[a:b]) for a, b in zip((0, *cuts), (*cuts, 6), strict=True)]
        energies = [
            ways.out_kwh[p[0]] + ways.trip_kwh[p].sum() + ways.direct_kwh[p[:-1], p[1:]].sum() + ways.in_kwh[p[-1]]
            for p in parts
        ]
        if max(energies) > carried:
            return (99, 0.0)
        return sum(not ways.by_garage[cut - 1, cut] for cut in cuts), round(float(sum(energies)), 6)

    best = min(value(cuts) for size in range(6) for cuts in combinations(range(1, 6), size))
    parts = _carried(ways, run, carried)
    assert tuple(trip for part in parts for trip in part) == run
    assert value(tuple(part[0] for part in parts[1:])) == best


def test_a_long_day_is_split_by_hand() -> None:
    """Four trips of 15 kWh with half-hour waits of 2.5 kWh, 1 km from the garage (1.25 kWh each way)."""
    trips = trips_at([(6, 7), (7.5, 8.5), (9, 10), (10.5, 11.5)], km=10)
    ways = links(trips, one_place(1.0), DRIVING, replace(RULES, garage_layover_h=0.4))
    bus = chains(successors(ways))
    assert bus == ((0, 1, 2, 3),)
    # in and out take 2.5 kWh as the wait does, 0.1 h of the 0.5 h: 0.4 h in the garage are left
    assert [duty.trips for duty in duties(trips, ways, bus, 1000.0)] == [(0,), (1,), (2,), (3,)]
    street = links(trips, one_place(1.0), DRIVING, replace(RULES, garage_layover_h=0.45))
    whole = duties(trips, street, bus, 1000.0)
    assert [duty.trips for duty in whole] == [(0, 1, 2, 3)]
    assert whole[0].energy_kwh == pytest.approx(4 * 15 + 3 * 2.5 + 2 * 1.25)
    halves = duties(trips, street, bus, 40.0)
    assert [duty.trips for duty in halves] == [(0, 1), (2, 3)]
    assert [duty.energy_kwh for duty in halves] == pytest.approx([35.0, 35.0])


def test_trips_the_battery_cannot_carry_are_all_listed() -> None:
    trips, places = trips_at([(6, 7), (8, 9)], km=100), one_place(1.0)
    with pytest.raises(InvalidInput, match="trip t1 of route 100 takes 108 kWh") as refused:
        garage_day("home", trips, places, DRIVING, RULES, replace(BATTERY, usable_kwh=100.0))
    assert len(refused.value.problems) == 2


def test_too_many_trips_for_one_garage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.transit_blocks.LARGEST", 1)
    with pytest.raises(InvalidInput, match="runs 2 trips"):
        garage_day("home", trips_at([(6, 7), (8, 9)]), one_place(1.0), DRIVING, RULES, BATTERY)


def duty(departure_h: float, return_h: float, energy_kwh: float) -> Duty:
    return Duty((0,), departure_h, return_h, energy_kwh, 1.0)


def test_charging_between_duties_saves_a_bus() -> None:
    day = [duty(6, 8, 80), duty(9, 11, 80)]
    assert list(assign_buses(day, Battery(100, 10, 0.0), 0.25)) == [0, 1]
    assert list(assign_buses(day, Battery(100, 10, 69.0), 0.25)) == [0, 1]
    assert list(assign_buses(day, Battery(100, 10, 70.0), 0.25)) == [0, 0]
    assert list(assign_buses(day, Battery(100, 10, 70.0), 1.1)) == [0, 1]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(0, 40))
def test_without_need_for_energy_duties_take_the_most_at_one_time(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    day = [duty(float(start), float(start + rng.uniform(1, 5)), 1.0) for start in np.sort(rng.uniform(4, 20, count))]
    bus = assign_buses(day, ENDLESS, 0.5)
    at_once = max((sum(a.departure_h <= b.departure_h < a.return_h + 0.5 for a in day) for b in day), default=0)
    assert len(set(bus)) == at_once
