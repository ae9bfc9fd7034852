"""Calibration: what went in comes out, statistics are met, and real sales of Seoul are reproduced."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from data.contract_class import CONTRACT_CLASSES
from data.errors import InvalidInput
from data.weather_files import read_weather
from tests.twin.demand_builders import SEOUL, SEOUL_DAYS, seoul_model, seoul_tables, year_weather
from twin.demand import at_medium_voltage_kw, district_demand_kw
from twin.demand_calibration import Sales, calibrate, levels_table, sales_of_table, year_hours_utc
from twin.demand_calibration_run import calibrate_demand, calibrate_folder
from twin.demand_tables import demand_model

MODEL = seoul_model()
WEATHER = year_weather()
HOURS = year_hours_utc(2023, "Asia/Seoul")
PEAK_KW = 8.9e6


def monthly_kwh(model, weather=WEATHER, months: tuple[int, ...] = (1, 2, 3, 4)) -> np.ndarray:
    demand_kw = district_demand_kw(model, weather, HOURS, 1.0, SEOUL_DAYS).to_numpy()
    month = pd.DatetimeIndex(HOURS).tz_localize("UTC").tz_convert("Asia/Seoul").month.to_numpy()
    return np.stack([demand_kw[month == m].sum(axis=0) for m in months], axis=2)


def sales_of(model, months: tuple[int, ...] = (1, 2, 3, 4)) -> Sales:
    return Sales(2023, months, model.districts, monthly_kwh(model, months=months))


def test_a_year_of_local_hours() -> None:
    assert len(HOURS) == 8760
    assert HOURS[0] == np.datetime64("2022-12-31T15:00")
    assert len(year_hours_utc(2024, "Asia/Seoul")) == 8784


def test_levels_that_made_the_sales_are_found_again() -> None:
    """Sales made by the model itself, without billing lag: base and heating return in every district and class."""
    peak_kw = float(
        at_medium_voltage_kw(MODEL, district_demand_kw(MODEL, WEATHER, HOURS, 1.0, SEOUL_DAYS))
        .sum(("district", "contract_class"))
        .max()
    )
    ratio = MODEL.heating_kw_per_k.sum(axis=0) / MODEL.base_kw.sum(axis=0)
    made = replace(MODEL, heating_kw_per_k=MODEL.base_kw * ratio)
    found = calibrate(sales_of(made), MODEL.response, WEATHER, SEOUL_DAYS, peak_kw)
    assert found.billing_lag.tolist() == [0.0] * 7
    assert found.model.base_kw == pytest.approx(made.base_kw, rel=2e-3)
    assert found.model.heating_kw_per_k == pytest.approx(made.heating_kw_per_k, rel=0.03, abs=0.05)
    assert found.model.cooling_kw_per_k == pytest.approx(made.cooling_kw_per_k, rel=0.03, abs=1e-9)


def test_districts_keep_a_heating_of_their_own() -> None:
    """Homes of every second district heat twice as much per base load: the calibration tells them apart."""
    twice = np.where(np.arange(25) % 2 == 0, 1.4, 0.7)[:, None]
    ratio = MODEL.heating_kw_per_k.sum(axis=0) / MODEL.base_kw.sum(axis=0)
    made = replace(MODEL, heating_kw_per_k=MODEL.base_kw * ratio * twice)
    found = calibrate(sales_of(made), MODEL.response, WEATHER, SEOUL_DAYS, PEAK_KW).model
    residential = CONTRACT_CLASSES.index("residential")
    own = found.heating_kw_per_k[:, residential] / found.base_kw[:, residential]
    assert own[::2].min() > 1.3 * own[1::2].max()
    assert own[::2].max() < 2.0 * own[1::2].min() * 1.05


def test_calendar_energy_is_the_sales_and_the_peak_is_met() -> None:
    rng = np.random.default_rng(1)
    sales = sales_of(MODEL)
    noisy = replace(sales, energy_kwh=sales.energy_kwh * rng.uniform(0.9, 1.1, sales.energy_kwh.shape))
    result = calibrate(noisy, MODEL.response, WEATHER, SEOUL_DAYS, PEAK_KW)
    assert result.calendar_kwh.sum(axis=2) == pytest.approx(noisy.energy_kwh.sum(axis=2), rel=1e-9)
    assert monthly_kwh(result.model) == pytest.approx(result.calendar_kwh, rel=1e-9)
    load = at_medium_voltage_kw(MODEL, district_demand_kw(result.model, WEATHER, HOURS, 1.0, SEOUL_DAYS))
    assert float(load.sum(("district", "contract_class")).max()) == pytest.approx(PEAK_KW, rel=1e-4)


def test_staggered_reading_is_recognised() -> None:
    """Sales as read on days spread over the month: each month billed half from the month before."""
    truth = calibrate(sales_of(MODEL), MODEL.response, WEATHER, SEOUL_DAYS, PEAK_KW)
    month = pd.DatetimeIndex(HOURS).tz_localize("UTC").tz_convert("Asia/Seoul")
    part = (month.day.to_numpy() - 1 + (month.hour.to_numpy() + 0.5) / 24) / month.days_in_month.to_numpy()
    demand_kw = district_demand_kw(truth.model, WEATHER, HOURS, 1.0, SEOUL_DAYS).to_numpy()
    billed = []
    for m in (1, 2, 3, 4):
        own, before = month.month.to_numpy() == m, month.month.to_numpy() == (12 if m == 1 else m - 1)
        billed.append(np.einsum("t,tdc->dc", own * (1 - part) + before * part, demand_kw))
    sales = Sales(2023, (1, 2, 3, 4), MODEL.districts, np.stack(billed, axis=2))
    result = calibrate(sales, MODEL.response, WEATHER, SEOUL_DAYS, PEAK_KW)
    at = [CONTRACT_CLASSES.index(name) for name in ("residential", "general", "education")]
    assert (result.billing_lag[at] >= 0.9).all()
    shape = result.billed_kwh[:, at].sum(axis=0) / sales.energy_kwh[:, at].sum(axis=0)
    assert shape / shape.mean(axis=1, keepdims=True) == pytest.approx(np.ones_like(shape), rel=5e-3)


def test_a_class_without_customers_stays_without() -> None:
    sales = sales_of(MODEL)
    sales.energy_kwh[3, CONTRACT_CLASSES.index("agriculture")] = 0.0
    result = calibrate(sales, MODEL.response, WEATHER, SEOUL_DAYS, PEAK_KW)
    assert result.model.base_kw[3, CONTRACT_CLASSES.index("agriculture")] == 0.0


@pytest.mark.parametrize("peak_kw", [2e6, 9e8])
def test_a_peak_out_of_reach_says_what_can_be_reached(peak_kw: float) -> None:
    with pytest.raises(InvalidInput, match="cannot be reached"):
        calibrate(sales_of(MODEL), MODEL.response, WEATHER, SEOUL_DAYS, peak_kw)


def test_weather_of_another_year_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no weather for"):
        calibrate(sales_of(MODEL), MODEL.response, year_weather(2020), SEOUL_DAYS, PEAK_KW)


def test_sales_with_a_hole_are_refused() -> None:
    tables = seoul_tables("district_energy")
    table = tables["district_energy"]
    districts = tuple(tables["districts"]["code"])
    assert sales_of_table(table, districts).energy_kwh.shape == (25, 7, 4)
    hole = table[~((table["district"] == "11680") & (table["month"].dt.month == 2))]
    with pytest.raises(InvalidInput, match="residential in 11680 has sales in some months of 2023 only") as refused:
        sales_of_table(hole, districts)
    assert len(refused.value.problems) == 7


def test_levels_survive_their_table() -> None:
    tables = seoul_tables()
    tables["demand_levels"] = levels_table(MODEL, {"source": "x", "assumed": "true"})
    again = demand_model(tables, MODEL.districts)
    for name in ("base_kw", "heating_kw_per_k", "cooling_kw_per_k"):
        assert getattr(again, name) == pytest.approx(getattr(MODEL, name), rel=1e-12)


def test_the_command_lists_what_is_wrong(tmp_path: Path) -> None:
    shutil.copytree(SEOUL, tmp_path / "city")
    (tmp_path / "city" / "demand_response.csv").unlink()
    (tmp_path / "city" / "districts.csv").write_text("code\n", encoding="utf-8")
    result = CliRunner().invoke(calibrate_demand, [str(tmp_path / "city"), str(tmp_path / "none.csv")])
    assert result.exit_code == 2
    assert "demand_response.csv" in result.output
    assert "districts.csv" in result.output


# --- the real year --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real_2023(real_seoul: Path) -> Path:
    return real_seoul / "weather" / "openmeteo_era5_seoul_37.50N_127.00E_2023.csv"


@pytest.mark.real_data
def test_shipped_levels_are_what_the_calibration_finds(real_2023: Path) -> None:
    calibration, _, _ = calibrate_folder(SEOUL, real_2023)
    assert MODEL.base_kw == pytest.approx(calibration.model.base_kw, rel=1e-4, abs=1e-3)
    assert MODEL.heating_kw_per_k == pytest.approx(calibration.model.heating_kw_per_k, rel=1e-3, abs=1e-4)
    assert MODEL.cooling_kw_per_k == pytest.approx(calibration.model.cooling_kw_per_k, rel=1e-3, abs=1e-4)


@pytest.mark.real_data
def test_sales_of_every_district_and_class_are_reproduced(real_seoul: Path, real_2023: Path) -> None:
    """Against KEPCO's own file, not our table of it: within 1 % over the four months, read by hand."""
    sold = pd.read_csv(real_seoul / "load" / "kepco_seoul_gu_contract_kwh_2023_01-04.csv")
    names = pd.read_csv(real_seoul / "seoul_gu_table.csv", dtype={"code": str}).set_index("name_ko")["code"]
    korean = dict(
        zip(("주택용", "일반용", "산업용", "교육용", "가로등", "심야", "농사용"), CONTRACT_CLASSES, strict=True)
    )
    weather = read_weather(real_2023)
    ours = monthly_kwh(MODEL, weather).sum(axis=2)
    seen = 0
    for row in sold[sold["계약종별"] != "합계"].itertuples(index=False):
        d = MODEL.districts.index(names[row[2]])
        c = CONTRACT_CLASSES.index(korean[row[3]])
        assert ours[d, c] == pytest.approx(sum(row[4:8]), rel=0.01), (row[2], row[3])
        seen += 1
    assert seen == 173
    assert ours.sum() == pytest.approx(16_116.6e6, rel=1e-3)


@pytest.mark.real_data
@pytest.mark.parametrize(
    "file", ["openmeteo_era5_seoul_37.50N_127.00E_2023.csv", "openmeteo_era5_seoul_37.50N_127.00E_2024.csv"]
)
def test_years_and_peaks_of_real_weather(real_seoul: Path, file: str) -> None:
    weather = read_weather(real_seoul / "weather" / file)
    year = int(file[-8:-4])
    hours = year_hours_utc(year, "Asia/Seoul")
    metered = district_demand_kw(MODEL, weather, hours, 1.0, SEOUL_DAYS)
    load = at_medium_voltage_kw(MODEL, metered).sum(("district", "contract_class")).to_numpy()
    local = hours + np.timedelta64(9, "h")
    assert 49e9 < load.sum() < 51.5e9
    assert 49e9 < float(metered.sum()) < 51.5e9
    peak = str(local[load.argmax()])
    assert peak[5:7] == "08"
    assert 13 <= int(peak[11:13]) <= 17
    assert load.max() == pytest.approx(9.131e6, rel=0.05)
    assert load.min() == pytest.approx(3.7e6, rel=0.08)
    winter = np.isin(pd.DatetimeIndex(local).month, (12, 1, 2))
    evening = winter & (pd.DatetimeIndex(local).hour >= 17)
    assert 7.5e6 < load[winter].max() < load.max()
    assert load[evening].max() > 0.93 * load[winter].max()
