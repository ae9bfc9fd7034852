"""Bus trips of a day of a feed: hours, distances, repeated trips; gtfs-kit as the second way."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import InvalidInput
from data.gtfs import read_gtfs
from data.gtfs_distance import (
    EARTH_KM,
    DistanceSource,
    DistanceUnit,
    along_shape_km,
    chain_km,
    great_circle_km,
    infer_unit,
)
from data.gtfs_trips import DistanceRule, bus_trips, is_bus, service_day_zero_utc
from tests.data.gtfs_builders import TABLES, feed_folder

FRIDAY = date(2026, 11, 20)
DEGREE_KM = np.pi / 180 * EARTH_KM
RULE = DistanceRule(stop_circuity=1.25)


def test_hours_and_distances_of_the_days_bus_trips(tmp_path: Path) -> None:
    trips = bus_trips(read_gtfs(feed_folder(tmp_path / "feed")), FRIDAY, RULE)
    assert list(trips.id) == ["out1", "back1", "express", "night"]
    assert list(trips.route) == ["100", "100", "r3", "100"]
    np.testing.assert_allclose(trips.start_h, [5, 6, 7, 24 + 50 / 60])
    np.testing.assert_allclose(trips.end_h, [5 + 40 / 60, 6 + 40 / 60, 7 + 20 / 60, 25.5])
    np.testing.assert_allclose(trips.distance_km, 1.25 * 0.1 * DEGREE_KM)
    assert set(trips.source) == {DistanceSource.STOPS}
    assert trips.other_modes == 1
    assert trips.zero_utc == np.datetime64("2026-11-19T15:00", "ns")


def test_routes_can_be_chosen_by_name_or_id_and_unknown_ones_are_listed(tmp_path: Path) -> None:
    feed = read_gtfs(feed_folder(tmp_path / "feed"))
    assert list(bus_trips(feed, FRIDAY, RULE, frozenset({"r3"})).id) == ["express"]
    assert list(bus_trips(feed, FRIDAY, RULE, frozenset({"100"})).id) == ["out1", "back1", "night"]
    with pytest.raises(InvalidInput, match="no route 'x'"):
        bus_trips(feed, FRIDAY, RULE, frozenset({"x"}))


def test_a_day_without_trips_names_the_days_of_the_feed(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="2026-06-01 to 2026-12-31"):
        bus_trips(read_gtfs(feed_folder(tmp_path / "feed")), date(2026, 11, 22), RULE)


def test_distances_need_a_factor_where_there_is_no_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="--stop-circuity"):
        bus_trips(read_gtfs(feed_folder(tmp_path / "feed")), FRIDAY, DistanceRule())


def test_impossible_speed_is_listed(tmp_path: Path) -> None:
    stops = TABLES["stops"].replace("s3,끝,37.60", "s3,끝,38.60")
    with pytest.raises(InvalidInput, match="trip express runs") as refused:
        bus_trips(read_gtfs(feed_folder(tmp_path / "feed", {"stops": stops})), FRIDAY, RULE)
    assert {bad.row for bad in refused.value.problems} == {2, 3, 4, 7}


def with_distances(per_unit: float) -> str:
    """Stop times whose stated distances are 1.3 times the straight line, in a unit of so many per km."""
    rows = [line.split(",") for line in TABLES["stop_times"].splitlines()]
    seen: dict[str, int] = {}
    lines = [",".join([*rows[0], "shape_dist_traveled"])]
    last = {"out1": 3}
    for row in rows[1:]:
        seen[row[0]] = seen.get(row[0], 0) + 1
        share = (seen[row[0]] - 1) / (last.get(row[0], 2) - 1)
        lines.append(",".join([*row, f"{share * 1.3 * 0.1 * DEGREE_KM * per_unit:.6f}"]))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(("unit", "per_km"), [("m", 1000.0), ("ft", 3280.8399), ("km", 1.0), ("mi", 0.6213712)])
def test_stated_distances_in_every_unit(tmp_path: Path, unit: str, per_km: float) -> None:
    feed = read_gtfs(feed_folder(tmp_path / "feed", {"stop_times": with_distances(per_km)}))
    said = bus_trips(feed, FRIDAY, DistanceRule(unit=DistanceUnit(unit)))
    np.testing.assert_allclose(said.distance_km, 1.3 * 0.1 * DEGREE_KM, rtol=1e-5)
    assert set(said.source) == {DistanceSource.STATED}
    np.testing.assert_allclose(bus_trips(feed, FRIDAY, DistanceRule()).distance_km, said.distance_km)


def test_a_unit_that_is_not_plain_is_asked_for(tmp_path: Path) -> None:
    feed = read_gtfs(feed_folder(tmp_path / "feed", {"stop_times": with_distances(1.1 / 1.3)}))
    with pytest.raises(InvalidInput, match="--distance-unit"):
        bus_trips(feed, FRIDAY, DistanceRule())


def test_lines_tell_kilometres_from_miles() -> None:
    km = np.array([10.0, 20.0])
    assert infer_unit(km, km, along_line=True) is DistanceUnit.KM
    assert infer_unit(km / 1.609344, km, along_line=True) is DistanceUnit.MI
    assert infer_unit(km * 3, km, along_line=True) is None


def test_trips_are_measured_along_their_shape(tmp_path: Path) -> None:
    changes = {
        "trips": TABLES["trips"].replace("out1,", "out1,bow").replace("express,", "express,back"),
        "shapes": (
            "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"
            "bow,37.45,127.0,1\nbow,37.5,127.0,2\nbow,37.55,127.05,3\nbow,37.6,127.0,4\nbow,37.7,127.0,5\n"
            "back,37.6,127.0,1\nback,37.5,127.0,2\n"
        ),
    }
    trips = bus_trips(read_gtfs(feed_folder(tmp_path / "feed", changes)), FRIDAY, RULE)
    by_id = dict(zip(trips.id, zip(trips.distance_km, trips.source, strict=True), strict=True))
    bow = chain_km(np.array([127.0, 127.05, 127.0]), np.array([37.5, 37.55, 37.6]))
    assert by_id["out1"] == (pytest.approx(bow, rel=1e-6), DistanceSource.SHAPE)
    # a line drawn against the trip measures nothing: the stops do
    assert by_id["express"][1] == DistanceSource.STOPS


def test_frequencies_become_trips(tmp_path: Path) -> None:
    changes = {
        "frequencies": "trip_id,start_time,end_time,headway_secs\n"
        "out1,07:00:00,08:00:00,1200\nout1,23:30:00,24:30:00,1800\n"
    }
    trips = bus_trips(read_gtfs(feed_folder(tmp_path / "feed", changes)), FRIDAY, RULE, frozenset({"100"}))
    own = [name.startswith("out1") for name in trips.id]
    np.testing.assert_allclose(trips.start_h[own], [7, 7 + 1 / 3, 7 + 2 / 3, 23.5, 24])
    np.testing.assert_allclose(trips.end_h[own] - trips.start_h[own], 40 / 60)
    assert len(set(trips.id)) == len(trips.id)
    assert "out1" not in set(trips.id)


@pytest.mark.parametrize(
    ("day", "zone", "zero"),
    [
        (date(2026, 11, 20), "Asia/Seoul", "2026-11-19T15:00"),
        (date(2026, 3, 29), "Europe/Berlin", "2026-03-28T22:00"),  # clocks go forward: 23:00 of the day before
        (date(2026, 10, 25), "Europe/Berlin", "2026-10-24T23:00"),  # clocks go back: 01:00
        (date(2026, 3, 8), "America/New_York", "2026-03-08T04:00"),
    ],
)
def test_service_days_count_from_noon_minus_twelve_hours(day: date, zone: str, zero: str) -> None:
    assert service_day_zero_utc(day, ZoneInfo(zone)) == np.datetime64(zero, "ns")


def test_bus_types_of_the_specification() -> None:
    kinds = np.array([0, 1, 2, 3, 4, 11, 12, 699, 700, 715, 799, 800, np.nan])
    assert list(is_bus(kinds)) == [False, False, False, True, False, True, False, False, True, True, True, False, False]


@given(st.floats(-170, 170), st.floats(-80, 80), st.floats(0.001, 0.2), st.floats(0.001, 0.2), st.floats(0, 1))
def test_great_circles_are_symmetric_and_add_up_along_a_meridian(
    lon: float, lat: float, up: float, more: float, share: float
) -> None:
    a, b, c = ((np.array(lon), np.array(lat + step)) for step in (0, up, up + more))
    assert great_circle_km(*a, *b) == pytest.approx(float(great_circle_km(*b, *a)))
    assert great_circle_km(*a, *c) == pytest.approx(float(great_circle_km(*a, *b) + great_circle_km(*b, *c)))
    assert great_circle_km(*a, *b) == pytest.approx(up * DEGREE_KM)


def test_loops_are_measured_from_the_first_passing_to_the_last() -> None:
    lon, lat = np.array([127.0, 127.1, 127.1, 127.0, 127.0]), np.array([37.5, 37.5, 37.6, 37.6, 37.5])
    assert along_shape_km(lon, lat, (127.0, 37.5), (127.0, 37.5)) == pytest.approx(chain_km(lon, lat), rel=1e-9)
    assert np.isnan(along_shape_km(lon[:2], lat[:2], (127.1, 37.5), (127.0, 37.5)))


SECOND_WAY = """
import json, sys, warnings
warnings.simplefilter("ignore")
import gtfs_kit
from gtfs_kit.helpers import timestr_to_seconds
feed = gtfs_kit.read_feed(sys.argv[1], dist_units="km")
feed = gtfs_kit.append_dist_to_stop_times(feed.expand_frequencies())
trips = feed.get_trips("20261120")
times = feed.stop_times[feed.stop_times.trip_id.isin(trips.trip_id)].sort_values(["trip_id", "stop_sequence"])
found = []
for trip, own in times.groupby("trip_id"):
    km = own.shape_dist_traveled.astype(float)
    found.append([timestr_to_seconds(own.departure_time.iloc[0]) / 3600,
                  timestr_to_seconds(own.arrival_time.iloc[-1]) / 3600, float(km.iloc[-1] - km.iloc[0])])
services = {day: sorted(feed.get_active_services(day)) for day in ("20261120", "20261121", "20261122", "20261225")}
print(json.dumps([sorted(found), services]))
"""


def test_gtfs_kit_finds_the_same_trips_days_and_distances(tmp_path: Path) -> None:
    """The second way runs in a process of its own: the package's imports warn, and its tables are loosely typed."""
    changes = {
        "trips": "route_id,service_id,trip_id,shape_id\nr1,week,out1,bow\nr1,week,night,bow\nr1,sat,satout,bow\n",
        "stop_times": "".join(
            line
            for line in TABLES["stop_times"].splitlines(keepends=True)
            if line.startswith(("trip_id", "out1", "night", "satout"))
        ),
        "frequencies": "trip_id,start_time,end_time,headway_secs\nout1,07:00:00,08:00:00,1100\n",
        "shapes": (
            "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"
            "bow,37.45,127.0,1\nbow,37.5,127.0,2\nbow,37.55,127.001,3\nbow,37.6,127.0,4\nbow,37.7,127.0,5\n"
        ),
    }
    folder = feed_folder(tmp_path / "feed", changes)
    run = subprocess.run([sys.executable, "-c", SECOND_WAY, str(folder)], capture_output=True, text=True, check=True)
    found, services = json.loads(run.stdout)
    feed = read_gtfs(folder)
    for day, names in services.items():
        assert sorted(feed.services(date.fromisoformat(day))) == names
    trips = bus_trips(feed, FRIDAY, DistanceRule())
    own = np.sort(np.column_stack((trips.start_h, trips.end_h, trips.distance_km)), axis=0)
    np.testing.assert_allclose(own, np.sort(np.array(found), axis=0), rtol=3e-3)  # sphere against UTM
