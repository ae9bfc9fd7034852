"""Prices and bills: hand-computed cases, an independent replay of the rules, and laws every tariff must keep."""

from __future__ import annotations

import dataclasses
import json
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.calendar import Calendar
from data.city_tables import table
from data.contract_class import ContractClass
from data.errors import ProblemList
from data.schema import read_table
from data.tariffs import (
    BaseBasis,
    DayRule,
    Period,
    Season,
    Tariff,
    bill,
    billing_demand_kw,
    demand_charge_krw,
    demand_price_krw_per_kw_month,
    energy_price_krw_per_kwh,
    energy_rate_krw_per_kwh,
    monthly_peaks_kw,
    period,
    tariffs_of,
)
from data.tariffs_classes import class_prices_krw_per_kwh, stepped_price_krw_per_kwh

SEOUL = Path(__file__).parents[2] / "data" / "seoul"
ZONE = ZoneInfo("Asia/Seoul")
KOREA = Calendar("KR", excluded=frozenset({date(2024, 10, 1)}))
NAMES = (
    "tariffs",
    "tariff_seasons",
    "tariff_hours",
    "tariff_rates",
    "tariff_steps",
    "tariff_discounts",
    "class_tariffs",
    "parameters",
)


@pytest.fixture(scope="module")
def class_tariffs() -> pd.DataFrame:
    frame = read_table(SEOUL / "class_tariffs.csv", table("class_tariffs"), ProblemList())
    assert frame is not None
    return frame


@pytest.fixture(scope="module")
def seoul() -> dict[str, Tariff]:
    problems = ProblemList()
    tables = {}
    for name in NAMES:
        frame = read_table(SEOUL / f"{name}.csv", table(name), problems)
        assert frame is not None, list(problems)
        tables[name] = frame
    return tariffs_of(tables)


def local_month(year: int, month: int, step_min: int = 60) -> np.ndarray:
    """Starts of the steps of a local month, UTC."""
    start = datetime(year, month, 1, tzinfo=ZONE)
    end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=ZONE)
    utc = [np.datetime64(edge.astimezone(ZoneInfo("UTC")).replace(tzinfo=None), "ns") for edge in (start, end)]
    return np.arange(utc[0], utc[1], np.timedelta64(step_min, "m"))


def at(text: str) -> np.ndarray:
    """One local instant as a UTC array."""
    moment = datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(ZoneInfo("UTC"))
    return np.array([moment.replace(tzinfo=None)], dtype="datetime64[ns]")


# -- hand-computed cases; prices: KEPCO's tariff table of 2026-06-01, days: calendar of July 2026 ---------------------


def test_depot_that_charges_at_night_pays_the_floor(seoul: dict[str, Tariff]) -> None:
    # 200 kW from 22 to 08 h on 31 days is 62,000 kWh at 79.2; the night does not count for the demand, so the billing
    # demand is 30 % of 1,000 kW; 300 kW at 2,580. Climate 9 and fuel 5 KRW/kWh; value added tax 10 %, fund 2.7 %.
    tariff, times = seoul["ev_self_hv"], local_month(2026, 7)
    hour = (times.astype("datetime64[h]").astype(int) + 9) % 24
    power_kw = np.where((hour >= 22) | (hour < 8), 200.0, 0.0)
    months, peaks_kw = monthly_peaks_kw(tariff, times, power_kw, ZONE, KOREA)
    billed_kw = billing_demand_kw(tariff, 1000.0, np.datetime64("2026-07"), months, peaks_kw)
    assert months.tolist() == [date(2026, 7, 1)]
    assert (peaks_kw[0], billed_kw) == (0.0, 300.0)
    result = bill(tariff, times, power_kw, billed_kw, ZONE, KOREA)
    assert result.energy_kwh == 62_000
    assert result.energy_krw == pytest.approx(4_910_400)
    assert result.base_krw == pytest.approx(774_000)
    assert result.climate_krw + result.fuel_krw == pytest.approx(868_000)
    assert result.vat_krw == pytest.approx(655_240)
    assert result.fund_krw == pytest.approx(176_914.8)
    assert result.total_krw == pytest.approx(7_384_554.8)


def test_constant_load_of_an_office_in_july(seoul: dict[str, Tariff]) -> None:
    # July 2026: 22 working days (10 h off, 8 h mid, 6 h peak), 4 Saturdays (10 off, 14 mid), 4 Sundays and the 17th
    # (24 off): 380, 232, 132 h. 100 kW cost 100 x (380 x 87.3 + 232 x 140.2 + 132 x 222.3) = 9,504,400.
    tariff, times = seoul["general_b_high_a_2"], local_month(2026, 7)
    hours = np.bincount(period(tariff, times, ZONE, KOREA), minlength=3)
    assert hours.tolist() == [380, 232, 132]
    power_kw = np.full(len(times), 100.0)
    months, peaks_kw = monthly_peaks_kw(tariff, times, power_kw, ZONE, KOREA)
    result = bill(tariff, times, power_kw, billing_demand_kw(tariff, 200, months[0], months, peaks_kw), ZONE, KOREA)
    assert result.energy_krw == pytest.approx(9_504_400)
    assert result.base_krw == pytest.approx(832_000)
    assert result.untaxed_krw == pytest.approx(11_378_000)
    assert result.total_krw == pytest.approx(12_823_006)


@pytest.mark.parametrize(
    ("month", "kwh", "energy_krw", "base_krw"),
    [
        (10, 350, 200 * 120 + 150 * 214.6, 1600),
        (8, 350, 300 * 120 + 50 * 214.6, 1600),
        (1, 200, 200 * 120, 910),
        (1, 500, 200 * 120 + 200 * 214.6 + 100 * 307.3, 7300),
        (7, 450, 300 * 120 + 150 * 214.6, 1600),
    ],
)
def test_household_pays_by_steps(
    seoul: dict[str, Tariff], month: int, kwh: float, energy_krw: float, base_krw: float
) -> None:
    times = local_month(2026, month)
    result = bill(seoul["residential_low"], times, np.full(len(times), kwh / len(times)), 0, ZONE, KOREA)
    assert result.energy_krw == pytest.approx(energy_krw)
    assert result.base_krw == base_krw
    assert result.total_krw == pytest.approx((energy_krw + base_krw + 14 * kwh) * 1.127)


def test_price_of_a_household_is_that_of_its_step(seoul: dict[str, Tariff]) -> None:
    tariff, when = seoul["residential_low"], at("2026-10-14T12:00")
    for kwh, rate in ((0, 120), (200, 120), (200.5, 214.6), (1000, 307.3)):
        assert energy_rate_krw_per_kwh(tariff, when, ZONE, KOREA, customer_kwh_per_month=kwh)[0] == rate
    with pytest.raises(ValueError, match="steps"):
        energy_price_krw_per_kwh(tariff, when, ZONE, KOREA)


@pytest.mark.parametrize(
    ("when", "rate"),
    [
        ("2026-08-12T07:45", 79.2),  # summer working day
        ("2026-08-12T08:00", 137.4),
        ("2026-08-12T14:45", 137.4),
        ("2026-08-12T15:00", 190.4),
        ("2026-08-12T20:45", 190.4),
        ("2026-08-12T21:00", 137.4),
        ("2026-08-12T22:00", 79.2),
        ("2026-08-15T16:00", 79.2),  # Liberation Day, a Saturday
        ("2026-08-22T16:00", 137.4),  # Saturday
        ("2026-08-23T16:00", 79.2),  # Sunday
        ("2026-08-17T16:00", 79.2),  # substitute for Liberation Day
        ("2026-10-14T16:00", 94.9),  # autumn
        ("2026-12-09T08:00", 127.7),  # winter
        ("2026-12-09T09:00", 165.5),
        ("2026-12-09T12:00", 127.7),
        ("2026-12-09T16:00", 165.5),
        ("2026-12-09T19:00", 127.7),
        ("2025-01-27T10:00", 165.5),  # a holiday declared once does not count
        ("2024-10-01T16:00", 94.9),  # nor does this one
        ("2026-06-03T16:00", 79.2),  # an election does
    ],
)
def test_rate_at_an_hour(seoul: dict[str, Tariff], when: str, rate: float) -> None:
    assert energy_rate_krw_per_kwh(seoul["ev_self_hv"], at(when), ZONE, KOREA)[0] == rate
    paid = energy_price_krw_per_kwh(seoul["ev_self_hv"], at(when), ZONE, KOREA)[0]
    assert paid == pytest.approx((rate + 9 + 5) * 1.127)


@pytest.mark.parametrize(
    ("when", "rate"),
    [
        ("2026-05-09T12:00", 133.4 / 2),  # Saturday
        ("2026-05-10T12:00", 116.0 / 2),  # Sunday
        ("2026-05-09T11:00", 133.4 / 2),
        ("2026-05-09T13:45", 133.4 / 2),
        ("2026-05-09T10:45", 133.4),
        ("2026-05-09T14:00", 133.4),
        ("2026-05-08T12:00", 133.4),  # Friday
        ("2026-07-04T12:00", 163.8),  # summer
        ("2030-10-12T12:00", 133.4 / 2),  # last autumn of the discount
        ("2031-05-10T12:00", 133.4),  # over
    ],
)
def test_weekend_noon_of_spring_and_autumn_is_half_price_for_industry(
    seoul: dict[str, Tariff], when: str, rate: float
) -> None:
    tariff = seoul["industrial_b_high_a_2"]
    assert energy_rate_krw_per_kwh(tariff, at(when), ZONE, KOREA)[0] == pytest.approx(rate)
    assert not seoul["ev_self_hv"].discounts


def test_export_makes_no_peak_and_missing_power_is_refused(seoul: dict[str, Tariff]) -> None:
    tariff, times = seoul["ev_self_hv"], at("2026-08-12T16:00")[0] + np.arange(4) * np.timedelta64(15, "m")
    power_kw = np.array([-500.0, 20.0, -1.0, 10.0])
    assert monthly_peaks_kw(tariff, times, power_kw, ZONE, KOREA)[1].tolist() == [20.0]
    assert monthly_peaks_kw(tariff, times, -np.abs(power_kw), ZONE, KOREA)[1].tolist() == [0.0]
    with pytest.raises(ValueError, match="finite"):
        monthly_peaks_kw(tariff, times, power_kw * np.nan, ZONE, KOREA)


def test_ratchet_keeps_the_summer_peak_for_twelve_months(seoul: dict[str, Tariff]) -> None:
    tariff = seoul["general_b_high_a_2"]
    months = np.arange("2025-06", "2026-09", dtype="datetime64[M]")
    peaks_kw = np.full(len(months), 100.0)
    peaks_kw[months == np.datetime64("2025-07")] = 900.0
    peaks_kw[months == np.datetime64("2026-05")] = 500.0  # May is not a month that counts later
    history = (months, peaks_kw)

    def billed(month: str, contract_kw: float = 200) -> float:
        return billing_demand_kw(tariff, contract_kw, np.datetime64(month), *history)

    assert billed("2025-06") == 100
    assert billed("2025-07") == 900
    assert billed("2026-06") == 900
    assert billed("2026-07") == 100  # July 2025 has left the window
    assert billed("2026-05") == 900
    assert billed("2026-05", 10_000) == 3000  # 30 % of contract power
    no_summer = np.where(peaks_kw == 900, 100, peaks_kw)
    assert billing_demand_kw(tariff, 200, np.datetime64("2026-05"), months, no_summer) == 500  # the month itself
    assert billing_demand_kw(tariff, 200, np.datetime64("2026-06"), months, no_summer) == 100
    assert billing_demand_kw(seoul["education_b_high_a_1"], 10_000, np.datetime64("2026-06"), *history) == 1500
    assert billing_demand_kw(seoul["ev_self_lv"], 77, np.datetime64("2026-06"), *history) == 77
    assert billing_demand_kw(seoul["night"], 77, np.datetime64("2026-06"), *history) == 0


# -- an independent replay of the rules, one instant at a time ---------------------------------------------------------


def replayed_period(tariff: Tariff, local: datetime, holidays: set[date]) -> str:
    hour = local.hour
    night = hour >= 22 or hour < 8
    winter = local.month in {11, 12, 1, 2}
    peak = hour in ({9, 10, 11, 16, 17, 18} if winter else {15, 16, 17, 18, 19, 20})
    if local.weekday() == 6 or local.date() in holidays or night:
        return "off_peak"
    return "peak" if peak and local.weekday() != 5 else "mid_peak"


def test_periods_agree_with_a_replay_of_a_year(seoul: dict[str, Tariff]) -> None:
    listed = (
        "01-01 02-16 02-17 02-18 03-02 05-01 05-05 05-25 06-03 06-06 07-17 08-15 08-17 09-24 09-25 09-26 10-03 10-05"
    )
    holidays = {date.fromisoformat(f"2026-{day}") for day in [*listed.split(), "10-09", "12-25"]}
    tariff = seoul["ev_service_hv_2"]
    start = datetime(2026, 1, 1, tzinfo=ZONE)
    moments = [start + timedelta(minutes=15 * i) for i in range(365 * 96)]
    times = at("2026-01-01T00:00")[0] + np.arange(365 * 96) * np.timedelta64(15, "m")
    ours = period(tariff, times, ZONE, KOREA)
    theirs = [Period[replayed_period(tariff, moment, holidays).upper()] for moment in moments]
    assert ours.tolist() == theirs


# -- laws --------------------------------------------------------------------------------------------------------------

PLANS = (
    "ev_self_hv",
    "ev_service_lv_4",
    "general_b_high_a_2",
    "industrial_b_high_a_2",
    "education_b_high_b_1",
    "night",
)
POWER = st.lists(st.floats(0, 5000), min_size=24, max_size=24)


@given(plan=st.sampled_from(PLANS), month=st.integers(1, 12), day=POWER, other=POWER, billed_kw=st.floats(0, 1e4))
@settings(max_examples=40, deadline=None)
def test_bill_is_price_times_energy_plus_demand_charge_and_adds_up(
    seoul: dict[str, Tariff], plan: str, month: int, day: list[float], other: list[float], billed_kw: float
) -> None:
    tariff, times = seoul[plan], local_month(2026, month)
    days = len(times) // 24
    energy, more = np.tile(day, days), np.tile(other, days)
    price = energy_price_krw_per_kwh(tariff, times, ZONE, KOREA)
    whole = bill(tariff, times, energy + more, billed_kw, ZONE, KOREA).total_krw
    assert whole == pytest.approx(price @ (energy + more) + demand_charge_krw(tariff, billed_kw), rel=1e-9, abs=1e-6)
    parts = [bill(tariff, times, part, billed_kw / 2, ZONE, KOREA).total_krw for part in (energy, more)]
    assert whole == pytest.approx(sum(parts), rel=1e-9, abs=1e-6)


@given(
    contract_kw=st.floats(0, 1e5), peaks=st.lists(st.floats(0, 1e5), min_size=12, max_size=12), month=st.integers(0, 11)
)
@settings(deadline=None)
def test_billing_demand_is_between_floor_and_highest_peak(
    seoul: dict[str, Tariff], contract_kw: float, peaks: list[float], month: int
) -> None:
    tariff = seoul["industrial_b_high_a_2"]
    months = np.arange("2026-01", "2027-01", dtype="datetime64[M]")
    peaks_kw = np.array(peaks)
    billed_kw = billing_demand_kw(tariff, contract_kw, months[month], months, peaks_kw)
    floor_kw = 0.3 * contract_kw
    assert billed_kw >= max(floor_kw, peaks[month])
    assert billed_kw <= max(floor_kw, peaks_kw[: month + 1].max())
    higher = billing_demand_kw(tariff, contract_kw, months[month], months, peaks_kw + 1)
    assert billed_kw <= higher <= billed_kw + 1 + 1e-6


def test_every_plan_prices_every_hour_of_a_year_and_off_peak_is_cheapest(seoul: dict[str, Tariff]) -> None:
    times = at("2026-01-01T00:00")[0] + np.arange(8760) * np.timedelta64(1, "h")
    for tariff in seoul.values():
        use = 250.0 if tariff.steps else None
        price = energy_price_krw_per_kwh(tariff, times, ZONE, KOREA, customer_kwh_per_month=use)
        assert price.shape == times.shape
        assert (price > 0).all()
        assert demand_price_krw_per_kw_month(tariff) >= 0
        for off, mid, peak in tariff.rates_krw_per_kwh.values():
            assert off <= mid <= peak


def test_discount_holds_on_its_last_day(seoul: dict[str, Tariff]) -> None:
    tariff = seoul["industrial_b_high_a_2"]
    last = tuple(dataclasses.replace(discount, until=date(2026, 5, 9)) for discount in tariff.discounts)
    times = np.concatenate([at("2026-05-09T12:00"), at("2026-05-10T12:00")])
    rates = energy_rate_krw_per_kwh(dataclasses.replace(tariff, discounts=last), times, ZONE, KOREA)
    assert rates.tolist() == [133.4 / 2, 116.0]


def test_periods_are_kept_by_the_quarter_hour(seoul: dict[str, Tariff]) -> None:
    pattern = (np.arange(96) * 7 % 3).astype(np.int8)
    tariff = dataclasses.replace(seoul["ev_self_hv"], periods=dict.fromkeys(Season, pattern))
    times = at("2026-08-12T00:00")[0] + np.arange(96) * np.timedelta64(15, "m")
    assert period(tariff, times, ZONE, KOREA).tolist() == pattern.tolist()
    inside = times + np.timedelta64(14, "m")
    assert period(tariff, inside, ZONE, KOREA).tolist() == pattern.tolist()


def test_day_rules_differ(seoul: dict[str, Tariff]) -> None:
    saturday = at("2026-08-22T16:00")
    tariff = seoul["ev_self_hv"]
    found = {rule: period(dataclasses.replace(tariff, saturday=rule), saturday, ZONE, KOREA)[0] for rule in DayRule}
    assert found == {
        DayRule.AS_WORKDAY: Period.PEAK,
        DayRule.PEAK_TO_MID: Period.MID_PEAK,
        DayRule.ALL_OFF_PEAK: Period.OFF_PEAK,
    }


def test_class_prices_are_what_the_bills_of_its_customers_come_to(
    seoul: dict[str, Tariff], class_tariffs: pd.DataFrame
) -> None:
    times = local_month(2026, 7)
    prices = class_prices_krw_per_kwh(seoul, class_tariffs, times, ZONE, KOREA)
    assert set(prices) == set(ContractClass)
    # residential: 45 % low voltage, 55 % high voltage, 252 kWh a month, all in the first step of July
    low = (252 * 120 + 910) / 252
    high = (252 * 105 + 730) / 252
    assert prices["residential"] == pytest.approx((0.45 * low + 0.55 * high + 14) * 1.127)
    # night storage: one price, no base charge
    assert prices["night"] == pytest.approx((80 + 14) * 1.127)
    # industry: a customer who draws evenly and is billed for mean power over load factor
    total = 0.0
    for row in class_tariffs[class_tariffs["contract_class"] == "industrial"].to_dict("records"):
        hours_kw = 730.0  # an average month of hours at one kilowatt
        energy = np.full(len(times), hours_kw / len(times))
        month = bill(seoul[row["tariff"]], times, energy, 1 / row["load_factor"], ZONE, KOREA)
        total += row["energy_share"] * month.total_krw / hours_kw
    assert prices["industrial"].mean() == pytest.approx(total)
    with pytest.raises(ValueError, match="steps"):
        stepped_price_krw_per_kwh(seoul["residential_low"], times, ZONE, float("nan"))


# -- misuse ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("energy", "billed_kw", "message"),
    [
        (np.full(744, -1.0), 1.0, "not negative"),
        (np.full(744, np.nan), 1.0, "finite"),
        (np.ones(743), 1.0, "labels"),
        (np.ones(744), np.inf, "billed power"),
        (np.ones(744), -1.0, "billed power"),
    ],
)
def test_bill_refuses(seoul: dict[str, Tariff], energy: np.ndarray, billed_kw: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        bill(seoul["ev_self_hv"], local_month(2026, 7), energy, billed_kw, ZONE, KOREA)


def test_bill_refuses_two_months_and_times_without_label(seoul: dict[str, Tariff]) -> None:
    tariff, times = seoul["ev_self_hv"], np.concatenate([local_month(2026, 7), local_month(2026, 8)])
    with pytest.raises(ValueError, match="one month"):
        bill(tariff, times, np.ones(len(times)), 1.0, ZONE, KOREA)
    with pytest.raises(ValueError, match="NaT"):
        period(tariff, np.array(["NaT"], dtype="datetime64[ns]"), ZONE, KOREA)
    with pytest.raises(ValueError, match="contract power"):
        billing_demand_kw(tariff, np.nan, np.datetime64("2026-07"), times[:0], np.zeros(0))


def test_tariff_refuses_to_be_incomplete(seoul: dict[str, Tariff]) -> None:
    tariff, stepped = seoul["ev_self_hv"], seoul["residential_low"]
    with pytest.raises(ValueError, match="not 12"):
        dataclasses.replace(tariff, season_of_month=tariff.season_of_month[:11])
    with pytest.raises(ValueError, match="96 quarter hours"):
        dataclasses.replace(tariff, periods=dict.fromkeys(Season, np.zeros(24, dtype=np.int8)))
    with pytest.raises(ValueError, match="no rates"):
        dataclasses.replace(tariff, rates_krw_per_kwh={})
    with pytest.raises(ValueError, match="begin at 0"):
        dataclasses.replace(stepped, steps={Season.SUMMER: stepped.steps[Season.SUMMER]})


# -- against the source ------------------------------------------------------------------------------------------------


@pytest.mark.real_data
def test_typed_prices_are_those_of_the_transcription(seoul: dict[str, Tariff], real_seoul: Path) -> None:
    source = json.loads((real_seoul / "tariff" / "kwise_tariff_kr_20260601.json").read_text(encoding="utf-8"))
    seasons = {"summer": "summer", "spring_fall": "spring_autumn", "winter": "winter"}
    numbers = {"single": "", "I": "_1", "II": "_2", "III": "_3"}
    seen = 0
    for name, contract in source["contract_types"].items():
        for voltage, options in contract["voltages"].items():
            for option, plan in options.items():
                if option == "label":
                    continue
                tariff = seoul[f"{name}_{voltage}{numbers[option]}"]
                assert tariff.base.krw_per_kw_month == plan["base_won_per_kw"]
                assert tariff.base.floor_share == (contract["contract_floor_ratio"] or 0)
                assert (tariff.base.basis is BaseBasis.BILLING_DEMAND) == (
                    contract["base_fee_basis"] == "billing_demand"
                )
                for season, rates in plan["energy"].items():
                    assert tariff.rates_krw_per_kwh[Season(seasons[season])] == tuple(rates.values())
                    seen += 3
    assert seen == 378
