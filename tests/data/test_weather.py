"""Weather keeps its invariants, and irradiation survives every change of steps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InvalidInput
from data.solar_position import Place, clear_sky, sun_at
from data.weather import BOUNDS, Weather, WeatherKind
from tests.data.weather_builders import HOUR, SEOUL, hours_utc, seoul_year

LIGHT = ("ghi_w_per_m2", "dni_w_per_m2", "dhi_w_per_m2")
MEASURED = replace(seoul_year(), kind=WeatherKind.MEASURED_OR_REANALYSIS, repeats_yearly=False)


def steps(start: str, count: int, step_min: int) -> np.ndarray:
    return np.datetime64(start, "ns") + np.arange(count) * np.timedelta64(step_min * 60, "s").astype("timedelta64[ns]")


@settings(max_examples=40, deadline=None)
@given(
    day=st.integers(0, 362),
    step_min=st.sampled_from([1, 5, 10, 15, 20, 30, 60, 120, 180, 360, 1440]),
    start_min=st.sampled_from([0, 1, 10, 15, 30, 45]),
    hours=st.integers(1, 3),
)
def test_irradiation_is_conserved_on_any_grid(day: int, step_min: int, start_min: int, hours: int) -> None:
    """Cut into any steps, whole source hours keep their sums of GHI, DNI and DHI, and their mean temperature."""
    whole_h = hours * max(1, step_min // 60)
    begin = MEASURED.times_utc[0] + (24 * day) * HOUR
    if start_min == 0:
        wanted = begin + np.arange(max(2, whole_h * 60 // step_min)) * np.timedelta64(step_min * 60, "s")
        fine = MEASURED.at(wanted, step_min / 60)
        rows = slice(24 * day, 24 * day + len(wanted) * step_min // 60)
        for name in BOUNDS:
            energy = getattr(fine, name).sum() * step_min / 60
            assert energy == pytest.approx(getattr(MEASURED, name)[rows].sum(), rel=1e-9, abs=1e-9)
    else:  # two half-shifted tilings of the same span agree where they overlap
        wanted = begin + np.timedelta64(start_min * 60, "s") + np.arange(12) * np.timedelta64(3600, "s")
        hourly = MEASURED.at(wanted, 1.0)
        minutes = MEASURED.at(wanted[0] + np.arange(12 * 60) * np.timedelta64(60, "s"), 1 / 60)
        for name in LIGHT:
            mean = getattr(minutes, name).reshape(12, 60).mean(axis=1)
            # cells of another length see the sun at other instants inside the first and the last hour
            assert np.allclose(mean, getattr(hourly, name), rtol=2e-2, atol=3.0)


def test_quarter_hours_follow_the_sun_inside_the_hour() -> None:
    """On a day that is a cloudless sky, hourly means give the quarter hours of that sky back."""
    times = hours_utc("2024-06-10T15:00", 24)
    fine = steps("2024-06-10T15:00", 24 * 60, 1)
    sky = clear_sky(sun_at(fine + np.timedelta64(30, "s"), SEOUL), altitude_m=SEOUL.altitude_m)
    hourly = {name: getattr(sky, name).reshape(24, 60).mean(axis=1) for name in LIGHT}
    weather = Weather(
        times,
        **hourly,
        temp_c=np.full(24, 20.0),
        wind_m_per_s=np.full(24, 2.0),
        latitude=SEOUL.latitude,
        longitude=SEOUL.longitude,
        altitude_m=SEOUL.altitude_m,
        source="sky",
        kind=WeatherKind.SYNTHETIC,
    )
    quarter = weather.at(steps("2024-06-10T15:00", 96, 15), 0.25)
    for name in LIGHT:
        true = getattr(sky, name).reshape(96, 15).mean(axis=1)
        assert np.abs(getattr(quarter, name) - true).max() < 6.0
        if name == "dhi_w_per_m2":
            continue
        stairs = np.abs(np.repeat(hourly[name], 4) - true).max()
        assert stairs > 50.0  # what holding the hour's mean would have cost


def test_values_stay_physical_and_the_parts_stay_a_whole_on_quarter_hours() -> None:
    quarter = MEASURED.at(steps("2023-01-01T00:00", 96 * 300, 15), 0.25)
    for name in LIGHT:
        assert getattr(quarter, name).min() >= 0.0
    sun = sun_at(quarter.times_utc + np.timedelta64(450, "s"), SEOUL)
    assert quarter.ghi_w_per_m2[sun.zenith_deg > 95.0].max() == 0.0
    gap = quarter.dhi_w_per_m2 + quarter.dni_w_per_m2 * sun.cos_zenith - quarter.ghi_w_per_m2
    high = sun.cos_zenith > 0.2
    assert np.abs(gap[high]).sum() < 0.02 * quarter.ghi_w_per_m2[high].sum()


def test_rounding_that_lifts_dhi_above_ghi_costs_no_energy() -> None:
    hours = slice(100, 400)
    dull = replace(MEASURED, ghi_w_per_m2=np.floor(MEASURED.dhi_w_per_m2), dni_w_per_m2=np.zeros(8760))
    fine = dull.at(MEASURED.times_utc[hours][0] + np.arange(1200) * np.timedelta64(900, "s"), 0.25)
    assert np.allclose(fine.ghi_w_per_m2.reshape(-1, 4).mean(axis=1), dull.ghi_w_per_m2[hours])
    assert fine.ghi_w_per_m2.min() >= 0.0


def test_same_steps_give_the_same_numbers() -> None:
    same = MEASURED.at(MEASURED.times_utc[100:400], 1.0)
    for name in BOUNDS:
        assert np.allclose(getattr(same, name), getattr(MEASURED, name)[100:400], rtol=1e-12)


def test_wind_is_drawn_between_the_middles_of_hours_and_keeps_its_means() -> None:
    quarter = MEASURED.at(MEASURED.times_utc[50] + np.arange(4) * np.timedelta64(900, "s"), 0.25).wind_m_per_s
    before, here, after = MEASURED.wind_m_per_s[49:52]
    line = np.array([here + (before - here) * 3 / 8, here + (before - here) / 8, here + (after - here) / 8])
    assert np.allclose(quarter[:3] / quarter[0], line / line[0])
    assert quarter.mean() == pytest.approx(here)


def test_uncovered_time_is_refused_with_the_span() -> None:
    with pytest.raises(InvalidInput, match=r"no weather for 2025-06-01T00:00 to 2025-06-01T23:00 UTC") as caught:
        MEASURED.at(hours_utc("2025-06-01", 24), 1.0)
    assert "same calendar day" in str(caught.value)
    last = MEASURED.times_utc[-1]
    assert len(MEASURED.at(last + np.arange(4) * np.timedelta64(900, "s"), 0.25).times_utc) == 4
    with pytest.raises(InvalidInput, match="no weather"):
        MEASURED.at(last + np.arange(5) * np.timedelta64(900, "s"), 0.25)


def test_a_measured_year_stands_for_another_only_when_told_and_says_so() -> None:
    mapped = MEASURED.mapped_to(2026)
    assert "its calendar days of 2023 used for 2026" in mapped.description
    day = mapped.at(hours_utc("2026-06-01", 24), 1.0)
    original = MEASURED.at(hours_utc("2023-06-01", 24), 1.0)
    assert np.allclose(day.ghi_w_per_m2, original.ghi_w_per_m2)
    assert day.kind is WeatherKind.MEASURED_OR_REANALYSIS
    assert MEASURED.mapped_to(2023).source == MEASURED.source


def test_two_years_cannot_stand_for_one() -> None:
    hours = 8760 + 8784
    both = replace(
        MEASURED,
        times_utc=hours_utc("2023-01-01", hours),
        **{name: np.resize(getattr(MEASURED, name), hours) for name in BOUNDS},
    )
    with pytest.raises(InvalidInput, match="more than once"):
        both.mapped_to(2026)


def test_a_typical_year_covers_any_date_also_the_turn_of_the_year() -> None:
    year = seoul_year()
    over = year.at(hours_utc("2027-12-31T10:00", 24), 1.0)
    assert over.times_utc[0] == np.datetime64("2027-12-31T10:00")
    first_of_january = year.at(hours_utc("2023-01-01T00:00", 10), 1.0)
    assert np.allclose(over.temp_c[14:], first_of_january.temp_c)


def test_29_february_of_a_leap_year_is_the_day_before_where_the_year_has_none() -> None:
    common, leap = seoul_year(2023), seoul_year(2024)
    assert len(common.times_utc) == 8760
    assert len(leap.times_utc) == 8784
    assert np.allclose(
        common.at(hours_utc("2028-02-29", 24), 1.0).temp_c[1:-1],
        common.at(hours_utc("2023-02-28", 24), 1.0).temp_c[1:-1],
    )
    own = leap.at(hours_utc("2028-02-29", 24), 1.0)
    assert np.allclose(own.temp_c, leap.at(hours_utc("2024-02-29", 24), 1.0).temp_c)
    march = common.at(hours_utc("2028-03-01", 24), 1.0)
    assert np.allclose(march.temp_c[1:], common.at(hours_utc("2023-03-01", 24), 1.0).temp_c[1:])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ghi_w_per_m2": np.full(8760, np.nan)}, "not finite"),
        ({"temp_c": np.full(8760, np.inf)}, "not finite"),
        ({"dni_w_per_m2": np.full(8760, -1.0)}, "outside 0 to 1200"),
        ({"temp_c": np.full(8760, 290.0)}, "outside -60 to 60"),
        ({"wind_m_per_s": np.zeros(12)}, r"shape \(12,\)"),
        ({"times_utc": hours_utc("2023-01-01", 8760)[::-1]}, "not regular and increasing"),
        (
            {"times_utc": np.sort(np.append(hours_utc("2023-01-01", 8759), np.datetime64("2023-01-01", "ns")))},
            "regular",
        ),
        ({"latitude": 120.0}, "not a place on Earth"),
        ({"altitude_m": 1e5}, "not on the Earth's surface"),
    ],
)
def test_the_constructor_refuses(change: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        replace(MEASURED, **change)


def test_one_step_is_no_weather() -> None:
    with pytest.raises(InvalidInput, match="fewer than two"):
        Weather(
            hours_utc("2023-01-01", 1), *(np.zeros(1) for _ in BOUNDS), 37.0, 127.0, 0.0, "one", WeatherKind.FORECAST
        )


def test_every_problem_of_the_constructor_is_listed() -> None:
    with pytest.raises(InvalidInput) as caught:
        replace(MEASURED, temp_c=np.full(8760, np.nan), ghi_w_per_m2=np.full(8760, 2e4), latitude=100.0)
    assert {problem.field for problem in caught.value.problems} == {"temp_c", "ghi_w_per_m2", "latitude, longitude"}


@pytest.mark.parametrize(
    ("times", "step_h", "words"),
    [
        (hours_utc("2023-06-01", 0), 1.0, "fewer than two times"),
        (np.array(["NaT", "NaT"], dtype="datetime64[ns]"), 1.0, "fewer than two times"),
        (hours_utc("2023-06-01", 4), 0.25, "do not advance"),
        (hours_utc("2023-06-01", 4), 0.0, "whole number of seconds"),
        (hours_utc("2023-06-01", 4), 1 / 3.7, "whole number of seconds"),
    ],
)
def test_at_refuses_times_that_are_no_steps(times: np.ndarray, step_h: float, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        MEASURED.at(times, step_h)


def test_the_digest_is_of_the_content() -> None:
    assert replace(MEASURED, source="elsewhere").sha256 == MEASURED.sha256
    warmer = MEASURED.temp_c.copy()
    warmer[4000] += 1e-9
    assert replace(MEASURED, temp_c=warmer).sha256 != MEASURED.sha256
    assert replace(MEASURED, kind=WeatherKind.SYNTHETIC).sha256 != MEASURED.sha256


def test_arrays_cannot_be_changed_and_are_not_shared() -> None:
    temperature = MEASURED.temp_c.copy()
    weather = replace(MEASURED, temp_c=temperature)
    temperature[:] = 0.0
    assert weather.temp_c.max() > 0.0
    with pytest.raises(ValueError, match="read-only"):
        weather.temp_c[0] = 1.0


def test_the_kind_is_part_of_the_description() -> None:
    assert seoul_year().description.endswith("[synthetic]")
    assert seoul_year().place == Place(37.5665, 126.978, 38.0)
