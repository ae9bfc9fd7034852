"""Electric buses: fleets, service days, energy of trips."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.calendar import DayType
from data.errors import InvalidInput
from tests.twin.ev_builders import folder
from twin.buses_energy import climate_power_kw, travel_time_h, trip_energy_kwh
from twin.buses_model import BusModel, bus_model, bus_scenarios
from twin.buses_service import DayClock, ServiceDay, service_day

CLOCK = DayClock(4.0, 0.25)
DAYS = {DayType.WORKDAY: date(2026, 11, 24), DayType.SATURDAY: date(2026, 11, 28), DayType.HOLIDAY: date(2026, 11, 29)}
DAYS_A_YEAR = {DayType.WORKDAY: 245, DayType.SATURDAY: 51, DayType.HOLIDAY: 69}


@lru_cache(maxsize=4)
def seoul_buses(scenario: str) -> BusModel:
    return bus_model(folder("seoul").tables, scenario)


@lru_cache(maxsize=8)
def services(scenario: str, day_type: DayType) -> tuple[ServiceDay, ...]:
    model = seoul_buses(scenario)
    return tuple(service_day(model, garage, day_type, DAYS[day_type], CLOCK, 1) for garage in model.garages)


def test_fleets_are_those_of_the_register_and_of_the_authorisation():
    assert bus_scenarios(folder("seoul").tables) == ("today", "full_fleet")
    assert seoul_buses("today").bus_count == 2_451
    assert seoul_buses("full_fleet").bus_count == 7_383
    garages = seoul_buses("full_fleet").garages
    assert len(garages) == 74
    assert sum(garage.public for garage in garages) == 15
    large = [garage for garage in garages if garage.contract_kw > 1_000]
    assert len(large) > 60
    assert all(garage.contract_kw <= 10_000 for garage in garages)


def test_electric_buses_of_today_are_in_the_district_that_registered_them():
    found: dict[str, int] = {}
    for garage in seoul_buses("today").garages:
        found[garage.district] = found.get(garage.district, 0) + garage.bus_count
    table = folder("seoul").tables["ev_registrations"]
    register = table[table["vehicle"] == "business_bus"].set_index("district")["count"]
    moved = sum(abs(found.get(district, 0) - int(count)) for district, count in register.items())
    assert moved <= 4  # Jung-gu has two and no garage


def test_buses_run_233_km_on_the_mean_day_of_the_year():
    model = seoul_buses("full_fleet")
    km = {day: sum(s.distance_km.sum() for s in services("full_fleet", day)) / model.bus_count for day in DayType}
    mean = sum(km[day] * DAYS_A_YEAR[day] for day in DayType) / 365
    assert mean == pytest.approx(233, rel=0.02)
    assert km[DayType.WORKDAY] > km[DayType.SATURDAY] > km[DayType.HOLIDAY]


@pytest.mark.parametrize("day_type", list(DayType))
def test_trips_of_a_bus_follow_each_other_with_a_whole_step_between_and_end_within_the_day(day_type):
    for service in services("full_fleet", day_type):
        assert (service.depart_h >= 0).all()
        assert (service.return_h <= 24).all()
        assert (service.return_h > service.depart_h).all()
        same = np.diff(service.bus) == 0
        free_from = np.ceil(service.return_h[:-1] / 0.25 - 1e-9) * 0.25
        assert (service.depart_h[1:][same] >= free_from[same] + 0.25 - 1e-9).all()
        assert (np.diff(service.bus) >= 0).all()


def test_most_of_the_fleet_is_out_by_day_and_few_at_night():
    model = seoul_buses("full_fleet")
    out = np.zeros(24)
    for service in services("full_fleet", DayType.WORKDAY):
        for hour in range(24):
            out[hour] += ((service.depart_h <= hour + 0.5) & (service.return_h > hour + 0.5)).sum()
    out /= model.bus_count
    assert 0.5 < out[3:17].mean() < 0.9
    assert out[21:23].max() < 0.05  # 01 to 03 o'clock: night routes only
    assert out[21:23].max() > 0


def test_same_seed_same_service_whatever_the_other_garages_do():
    model = seoul_buses("today")
    garage = model.garage("jungnang")
    one = service_day(model, garage, DayType.WORKDAY, DAYS[DayType.WORKDAY], CLOCK, 1)
    two = services("today", DayType.WORKDAY)[[g.id for g in model.garages].index("jungnang")]
    assert all(np.array_equal(vars(one)[name], vars(two)[name]) for name in vars(one))
    other = service_day(model, garage, DayType.WORKDAY, date(2026, 11, 25), CLOCK, 1)
    assert not np.array_equal(one.depart_h[:20], other.depart_h[:20])


def test_trip_energy_by_hand():
    energy = trip_energy_kwh(np.array([48.0]), np.array([3.0]), np.array([0.95]), np.array([10.0]))
    assert energy.tolist() == pytest.approx([48 * 0.95 + 30])
    power = climate_power_kw(np.array([-40.0, -15.0, 60.0]), np.array([-20.0, -10.0, 20.0]), np.array([13.0, 9.0, 1.0]))
    assert power.tolist() == [13.0, 11.0, 1.0]


def test_travel_time_meets_the_rush_hour():
    speeds = np.full(24, 20.0)
    speeds[8] = 10.0
    # 07:30 at 20 km/h: 10 km until 08:00, 10 km in the hour to 09:00, the last 5 km in a quarter
    assert travel_time_h(np.array([7.5]), np.array([25.0]), speeds).tolist() == pytest.approx([1.75])


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 30), st.floats(0.5, 120), st.integers(0, 1000))
def test_travel_time_covers_exactly_the_distance(start, distance, seed):
    speeds = np.random.default_rng(seed).uniform(8, 40, 24)
    spent = float(travel_time_h(np.array([start]), np.array([distance]), speeds)[0])
    grid = np.linspace(start, start + spent, 20_001)
    middle = (grid[1:] + grid[:-1]) / 2
    driven = (speeds[np.floor(middle).astype(int) % 24] * np.diff(grid)).sum()
    assert driven == pytest.approx(distance, rel=2e-3)


def test_an_unknown_scenario_is_refused():
    with pytest.raises(InvalidInput, match="no fleet of electric buses for scenario 'mars'"):
        bus_model(folder("seoul").tables, "mars")
