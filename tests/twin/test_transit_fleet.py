"""Fewest buses for a timetable: against brute force, against the most trips at one time, and by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from tests.twin.transit_builders import DRIVING, RULES, one_place, random_day, trips_at
from twin.buses_energy import travel_time_h, trip_energy_kwh
from twin.transit_fleet import LAST, chains, successors
from twin.transit_links import Links, links
from twin.transit_trips import Driving, LinkRules, time_before_h


def cost(ways: Links, before: int, after: int) -> float:
    """Energy of one bus going on from a trip to another, the way an operator would reckon it."""
    street = ways.direct_kwh[before, after]
    garage = ways.in_kwh[before] + ways.out_kwh[after] if ways.by_garage[before, after] else np.inf
    return float(min(street, garage))


def total(ways: Links, after: np.ndarray) -> tuple[int, float]:
    """Buses and energy of all empty trips and waits."""
    first = np.setdiff1d(np.arange(len(after)), after)
    linked = np.flatnonzero(after != LAST)
    energy = ways.out_kwh[first].sum() + ways.in_kwh[after == LAST].sum()
    return len(first), float(energy + sum(cost(ways, int(i), int(after[i])) for i in linked))


def best_by_force(ways: Links) -> tuple[int, float]:
    """Best (buses, energy) over every way of giving trips successors."""
    count = len(ways.trip_kwh)
    options = [*range(count), *([LAST] * count)]
    best = (count + 1, np.inf)
    for chosen in set(permutations(options, count)):
        if all(j == LAST or np.isfinite(cost(ways, i, j)) for i, j in enumerate(chosen)):
            best = min(best, total(ways, np.array(chosen)), key=lambda found: (found[0], round(found[1], 9)))
    return best


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 4))
def test_no_way_of_linking_trips_is_better(seed: int, count: int) -> None:
    trips, places = random_day(seed, count)
    ways = links(trips, places, DRIVING, replace(RULES, longest_wait_h=4.0))
    buses, energy = total(ways, successors(ways))
    best_buses, best_energy = best_by_force(ways)
    assert buses == best_buses
    assert energy == pytest.approx(best_energy, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 60))
def test_without_distances_the_fleet_is_the_most_trips_at_one_time(seed: int, count: int) -> None:
    trips, places = random_day(seed, count, distances=False)
    ways = links(trips, places, DRIVING, LinkRules(0.0, 24.0, 0.0))
    at_once = max(int(((trips.start_h <= moment) & (moment < trips.end_h)).sum()) for moment in trips.start_h)
    assert len(chains(successors(ways))) == at_once


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(1, 80))
def test_the_fleet_is_that_of_the_largest_matching(seed: int, count: int) -> None:
    trips, places = random_day(seed, count)
    ways = links(trips, places, DRIVING, RULES)
    edges = csr_array((np.isfinite(ways.direct_kwh) | ways.by_garage).astype(np.int8))
    matched = int((maximum_bipartite_matching(edges, perm_type="column") >= 0).sum())
    plan = chains(successors(ways))
    assert len(plan) == count - matched
    assert sorted(trip for chain in plan for trip in chain) == list(range(count))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_link_can_be_driven(seed: int) -> None:
    trips, places = random_day(seed, 40)
    ways = links(trips, places, DRIVING, RULES)
    for chain in chains(successors(ways)):
        for before, after in pairwise(chain):
            gap = trips.start_h[after] - trips.end_h[before]
            km = places.between_km[trips.end_place[before], trips.start_place[after]]
            home = places.garage_km[[trips.end_place[before], trips.start_place[after]]].sum()
            street = RULES.layover_h - 1e-9 <= gap - km / 20 <= RULES.longest_wait_h + 1e-9
            garage = gap - home / 20 >= RULES.garage_layover_h - 1e-9
            assert street or garage
            assert np.isfinite(ways.direct_kwh[before, after]) == street
            assert ways.by_garage[before, after] == garage


def test_energies_by_hand() -> None:
    trips, places = trips_at([(6, 7), (7.5, 8.5), (12, 13)], km=10), one_place(4.0)
    ways = links(trips, places, DRIVING, RULES)
    np.testing.assert_allclose(ways.trip_kwh, 10 * 1.0 + 1 * 5.0)
    np.testing.assert_allclose(ways.out_kwh, 4 * 1.0 + 0.2 * 5.0)
    np.testing.assert_allclose(ways.in_kwh, 5.0)
    np.testing.assert_allclose(ways.alone_kwh, 25.0)
    assert ways.direct_kwh[0, 1] == pytest.approx(0.5 * 5.0)
    assert np.isinf(ways.direct_kwh[[1, 0], [2, 2]]).all()  # more than an hour to wait
    assert ways.by_garage.tolist() == [[False, False, True], [False, False, True], [False, False, False]]
    # the half hour is 0.4 h of driving home and back: too short for 0.25 h in the garage
    assert list(successors(ways)) == [1, 2, LAST]


def test_trips_that_cannot_follow_need_a_bus_each() -> None:
    ways = links(trips_at([(6, 7), (6.5, 7.5)]), one_place(1.0), DRIVING, RULES)
    assert list(successors(ways)) == [LAST, LAST]
    assert chains(successors(ways)) == ((0,), (1,))


def test_rush_hours_slow_empty_trips_by_the_hour_they_are_driven_in() -> None:
    speed = np.full(24, 30.0)
    speed[8] = 10.0
    way_home = links(trips_at([(6, 7.9)]), one_place(6.0), Driving(1, 0, speed), RULES)
    assert way_home.in_h[0] == pytest.approx(0.1 + 3 / 10)
    way_out = links(trips_at([(9.1, 10)]), one_place(6.0), Driving(1, 0, speed), RULES)
    assert way_out.out_h[0] == pytest.approx(0.1 + 3 / 10)


@given(arrive=st.floats(0, 30), km=st.floats(0.1, 60), speeds=st.lists(st.floats(5, 60), min_size=24, max_size=24))
def test_leaving_so_long_before_arrives_on_time(arrive: float, km: float, speeds: list[float]) -> None:
    speed, distance = np.array(speeds), np.array([km])
    before = time_before_h(np.array([arrive]), distance, speed)
    again = travel_time_h(np.array([arrive]) - before, distance, speed)
    np.testing.assert_allclose(again, before, atol=1e-6)


def test_trip_energy_is_that_of_the_bus_model() -> None:
    trips, places = random_day(3, 10)
    ways = links(trips, places, DRIVING, RULES)
    hours = trips.end_h - trips.start_h
    expected = trip_energy_kwh(trips.distance_km, hours, np.array(1.0), np.array(5.0))
    np.testing.assert_allclose(ways.trip_kwh, expected)


def test_no_saving_of_energy_is_worth_a_bus() -> None:
    """Linking 0 to 2 alone saves 100 kWh; linking 0 to 3 and 1 to 2 saves nothing, but a bus."""
    zero = np.zeros(4)
    direct = np.full((4, 4), np.inf)
    direct[0, 2], direct[0, 3], direct[1, 2] = 0.0, 100.0, 100.0
    ways = Links(
        zero, zero, zero, zero + 50, zero, zero, zero + 50, direct, np.zeros((4, 4)), np.zeros((4, 4), dtype=bool)
    )
    assert list(successors(ways)) == [3, 2, LAST, LAST]
