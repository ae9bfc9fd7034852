"""Demand of districts and classes: laws of the model, and what the embedded city comes to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.calendar import Calendar, DayType
from data.contract_class import CONTRACT_CLASSES
from data.errors import InvalidInput
from tests.twin.demand_builders import SEOUL_DAYS, seoul_model, seoul_tables, steps, weather_of, year_weather
from twin.demand import (
    at_medium_voltage_kw,
    coincident_peak_kw,
    district_demand_kw,
    saturating_k,
    unit_demand,
)
from twin.demand_calibration import year_hours_utc
from twin.demand_clock import LocalDays, local_hours
from twin.demand_tables import demand_model
from twin.demand_temperature import air_temperature_c, felt_temperature_c

MODEL = seoul_model()
WEATHER = year_weather()
AUGUST_DAY = steps("2023-08-07T19:00", 96)  # 04:00 in Seoul
CLASS = {str(name): at for at, name in enumerate(CONTRACT_CLASSES)}


def demand(times: np.ndarray, step_h: float = 0.25, weather=WEATHER, days=SEOUL_DAYS, model=MODEL):
    return district_demand_kw(model, weather, times, step_h, days)


def test_dimensions_labels_and_unit() -> None:
    result = demand(AUGUST_DAY)
    assert result.dims == ("time", "district", "contract_class")
    assert result.shape == (96, 25, 7)
    assert result.attrs["unit"] == "kW"
    assert list(result.contract_class.values) == [str(name) for name in CONTRACT_CLASSES]
    assert (result.time.values == AUGUST_DAY).all()


@settings(max_examples=25, deadline=None)
@given(
    temp_c=st.lists(st.floats(-30, 42), min_size=48, max_size=48),
    start=st.dates(date(2020, 1, 1), date(2027, 12, 1)),
)
def test_demand_is_never_negative_and_finite(temp_c: list[float], start: date) -> None:
    weather = weather_of(np.array(temp_c), start.isoformat())
    times = steps(start.isoformat(), 96)
    values = demand(times, weather=weather).values
    assert np.isfinite(values).all()
    assert (values >= 0).all()


@settings(max_examples=25, deadline=None)
@given(rise=st.lists(st.floats(0, 6), min_size=120, max_size=120))
def test_a_hotter_summer_never_lowers_demand(rise: list[float]) -> None:
    temp_c = 27.0 + 4.0 * np.sin(np.arange(120) / 24 * 2 * np.pi)
    times = steps("2023-08-08T00:00", 192)
    cool = demand(times, weather=weather_of(temp_c, "2023-08-06")).values
    hot = demand(times, weather=weather_of(temp_c + np.array(rise), "2023-08-06")).values
    assert (hot >= cool - 1e-9).all()


def test_cold_raises_heating_and_the_classes_that_heat() -> None:
    times = steps("2023-01-10T00:00", 96)
    cold, mild = (demand(times, weather=weather_of(np.full(96, t), "2023-01-09")).sum("time") for t in (-12.0, 2.0))
    for name in ("residential", "general", "education", "night"):
        assert float(cold.sel(contract_class=name).sum()) > 1.05 * float(mild.sel(contract_class=name).sum())


def test_between_heating_and_cooling_temperature_does_not_matter() -> None:
    times = steps("2023-04-11T00:00", 96)
    one, other = (demand(times, weather=weather_of(np.full(96, t), "2023-04-10")).values for t in (16.2, 16.9))
    assert one == pytest.approx(other, rel=1e-12)


@pytest.mark.parametrize("month", [1, 4, 8, 10])
def test_holidays_and_weekends_lower_general_and_industrial(month: int) -> None:
    """The same hours of the same weather, once as a working day and once as a holiday of the calendar."""
    day = date(2023, month, 11)
    times = steps(f"2023-{month:02d}-10T15:00", 96)
    assert SEOUL_DAYS.calendar.day_type(day) is DayType.WORKDAY
    off = LocalDays(Calendar("KR", added=frozenset({day})), "Asia/Seoul")
    work, rest = demand(times).sum(("time", "district")), demand(times, days=off).sum(("time", "district"))
    for name in ("general", "industrial", "education"):
        assert float(rest.sel(contract_class=name)) < 0.97 * float(work.sel(contract_class=name))
    assert float(rest.sel(contract_class="residential")) > float(work.sel(contract_class="residential"))


def test_quarter_hours_and_hours_tell_the_same_day() -> None:
    quarter = demand(steps("2023-08-07T15:00", 96, 0.25), 0.25).values.sum(axis=(1, 2))
    hour = demand(steps("2023-08-07T15:00", 24, 1.0), 1.0).values.sum(axis=(1, 2))
    assert quarter.reshape(24, 4).mean(axis=1) == pytest.approx(hour, rel=0.015)
    assert quarter.sum() * 0.25 == pytest.approx(hour.sum(), rel=1e-3)


def test_a_day_cut_out_of_a_week_is_the_same_day() -> None:
    week = demand(steps("2023-08-06T15:00", 7 * 96))
    day = demand(steps("2023-08-08T15:00", 96))
    assert week.sel(time=day.time).values == pytest.approx(day.values, rel=2e-3)


def test_the_curve_has_no_jump_at_midnight() -> None:
    city_kw = demand(steps("2023-09-01T15:00", 3 * 96)).sum(("district", "contract_class")).values
    assert (np.abs(np.diff(city_kw)) < 0.06 * city_kw.mean()).all()


def test_the_same_call_gives_the_same_bits() -> None:
    assert (demand(AUGUST_DAY).values == demand(AUGUST_DAY).values).all()


def test_district_subset_is_a_slice() -> None:
    alone = demand(AUGUST_DAY, model=demand_model(seoul_tables(), ("11680",)))
    assert (alone.sel(district="11680").values == demand(AUGUST_DAY).sel(district="11680").values).all()


def test_street_lights_burn_at_night_and_longer_in_winter() -> None:
    def lights(start: str) -> np.ndarray:
        return demand(steps(start, 24, 1.0), 1.0).sel(contract_class="street_lighting").sum("district").values

    january, july = lights("2023-01-16T15:00"), lights("2023-07-16T15:00")
    assert january[[0, 3, 22]].min() > 5 * january[[11, 13]].max()
    assert january.sum() > 1.15 * july.sum()
    assert january[6] > 2 * july[6]


def test_losses_of_the_low_voltage_side_are_added_once() -> None:
    metered = demand(AUGUST_DAY)
    load = at_medium_voltage_kw(MODEL, metered)
    ratio = load.sum(("time", "district")) / metered.sum(("time", "district"))
    assert ratio.values == pytest.approx(1.0 + MODEL.response.lv_loss_share, rel=1e-12)
    assert load.attrs["unit"] == "kW"


def test_coincident_peak_is_the_city_at_its_highest_moment() -> None:
    metered = demand(AUGUST_DAY)
    peak = coincident_peak_kw(MODEL, metered)
    city_kw = at_medium_voltage_kw(MODEL, metered).sum(("district", "contract_class"))
    assert peak.dims == ("district", "contract_class")
    assert float(peak.sum()) == pytest.approx(float(city_kw.max()), rel=1e-12)
    assert peak.time.values == city_kw.time.values[int(np.argmax(city_kw.values))]


@pytest.mark.parametrize("repeats", [False, True])
def test_temperature_of_fine_steps_lies_on_the_line_between_hours(repeats: bool) -> None:
    hourly = replace(weather_of(np.arange(8760.0) % 40, "2023-01-01"), repeats_yearly=repeats)
    temp_c, before = air_temperature_c(hourly, steps("2023-03-01T00:00", 8), 0.25)
    assert before == 4 * 96
    expected = hourly.temp_c[59 * 24] + np.array([-0.375, -0.125, 0.125, 0.375, 0.625, 0.875, 1.125, 1.375])
    assert temp_c[before:] == pytest.approx(expected, abs=1e-9)


def test_history_is_cut_where_a_series_begins() -> None:
    temp_c, before = air_temperature_c(weather_of(np.full(48, 3.0), "2023-01-01"), steps("2023-01-01T06:00", 4), 0.25)
    assert before == 24
    assert temp_c == pytest.approx(np.full(28, 3.0))


# --- parts ----------------------------------------------------------------------------------------------------------


def test_felt_temperature_is_the_explicit_recursion() -> None:
    rng = np.random.default_rng(3)
    temp_c = rng.normal(10, 8, 200)
    tau, share, step = 18.0, 0.6, 0.5
    keep = np.exp(-step / tau)
    slow, expected = temp_c[:48].mean(), []
    for value in temp_c:
        slow = keep * slow + (1 - keep) * value
        expected.append((1 - share) * value + share * slow)
    assert felt_temperature_c(temp_c, step, tau, share) == pytest.approx(np.array(expected), rel=1e-12)


def test_felt_temperature_of_constant_weather_is_that_weather() -> None:
    assert felt_temperature_c(np.full(50, -3.5), 1.0, 24.0, 0.7) == pytest.approx(np.full(50, -3.5), abs=1e-12)


@given(excess=st.floats(-50, 200), more=st.floats(0, 50), scale=st.floats(1, 100))
def test_saturation_rises_towards_its_scale_and_starts_at_slope_one(excess: float, more: float, scale: float) -> None:
    one, two = saturating_k(np.array([excess, excess + more]), np.array(scale))
    assert 0 <= one <= two <= scale
    assert one <= max(excess, 0.0) + 1e-12
    assert saturating_k(np.array(1e-6), np.array(scale)) == pytest.approx(1e-6, rel=1e-5)


def test_hours_know_local_time_and_holidays() -> None:
    hours = local_hours(steps("2023-01-20T15:00", 24, 1.0), 1.0, SEOUL_DAYS)
    assert hours.hour[:24].tolist() == list(range(24))
    assert set(hours.day_type[:24].tolist()) == {int(DayType.HOLIDAY)}  # 21 January 2023: the lunar new year's eve
    assert hours.season_weight.sum(axis=1) == pytest.approx(np.ones(len(hours.hour)))
    assert hours.at_times(hours.hour.astype(float))[:24] == pytest.approx(np.arange(24.0))


def test_months_blend_between_their_middles() -> None:
    middle = local_hours(steps("2023-04-15T06:00", 1, 1.0), 1.0, SEOUL_DAYS).month_weight[0]
    edge = local_hours(steps("2023-04-30T02:00", 1, 1.0), 1.0, SEOUL_DAYS).month_weight[0]
    assert middle[3] > 0.97
    assert edge[3] == pytest.approx(edge[4], abs=0.04)
    new_year = local_hours(steps("2023-01-01T02:00", 1, 1.0), 1.0, SEOUL_DAYS).month_weight[0]
    assert new_year[0] == pytest.approx(new_year[11], abs=0.04)


def test_steps_across_an_hour_mix_its_neighbours() -> None:
    """The middle of 08:00 to 08:15 lies 0.375 h before 08:30: five eighths of the hour 8, three of the hour 7."""
    hours = local_hours(steps("2023-04-11T23:00", 4), 0.25, SEOUL_DAYS)
    assert hours.at_times(hours.hour.astype(float)) == pytest.approx([7.625, 7.875, 8.125, 8.375])


def test_unit_demand_rebuilds_the_whole() -> None:
    unit = unit_demand(MODEL.response, WEATHER, AUGUST_DAY, 0.25, SEOUL_DAYS)
    d, c = 22, CLASS["general"]
    by_hand = (
        MODEL.base_kw[d, c] * unit.base[:, c]
        + MODEL.heating_kw_per_k[d, c] * unit.heating_k[:, c]
        + MODEL.cooling_kw_per_k[d, c] * unit.cooling_k[:, c]
    )
    assert demand(AUGUST_DAY).values[:, d, c] == pytest.approx(by_hand, rel=1e-12)
    assert (unit.heating_k == 0).all()
    assert (unit.cooling_k[:, c] > 0).all()


# --- refusals -------------------------------------------------------------------------------------------------------


def test_weather_that_does_not_cover_the_steps_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no weather for"):
        demand(steps("2025-08-07T19:00", 96))


def test_a_model_with_a_negative_level_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"base_kw.*negative"):
        replace(MODEL, base_kw=-MODEL.base_kw)


def test_a_model_with_nan_or_a_wrong_shape_lists_both() -> None:
    with pytest.raises(InvalidInput) as refused:
        replace(MODEL, base_kw=np.full_like(MODEL.base_kw, np.nan), cooling_kw_per_k=MODEL.cooling_kw_per_k[:3])
    assert {problem.field for problem in refused.value.problems} == {"base_kw", "cooling_kw_per_k"}


def test_a_response_with_a_missing_class_is_refused() -> None:
    with pytest.raises(InvalidInput, match="a class is missing"):
        replace(MODEL, response=replace(MODEL.response, activity=MODEL.response.activity[:6]))


# --- the embedded city ----------------------------------------------------------------------------------------------


def test_a_year_of_the_embedded_city_is_believable() -> None:
    """Bounds that hold for any ordinary year of Seoul's climate; the exact figures stand in docs/demand.md."""
    hours = year_hours_utc(2023, "Asia/Seoul")
    load = at_medium_voltage_kw(MODEL, demand(hours, 1.0)).sum(("district", "contract_class")).values
    local = hours + np.timedelta64(9, "h")
    peak = local[load.argmax()]
    assert 47.5e9 < load.sum() < 52.5e9
    assert 8.0e6 < load.max() < 9.6e6
    assert str(peak)[5:7] in {"07", "08"}
    assert 13 <= int(str(peak)[11:13]) <= 17
    assert 3.2e6 < load.min() < 4.0e6
    assert 2 <= int(str(local[load.argmin()])[11:13]) <= 5
