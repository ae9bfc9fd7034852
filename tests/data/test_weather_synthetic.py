"""The synthetic year has the climate it is drawn from, and says that it is synthetic."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from data.city_tables import table
from data.city_tables.weather import check_months
from data.errors import InvalidInput, ProblemList
from data.schema import read_table
from data.solar_position import Place, mean_horizontal_extraterrestrial_w_per_m2, sun_at
from data.weather import WeatherKind
from data.weather_climate import MonthlyClimate, monthly_climate
from data.weather_files import read_weather
from data.weather_synthetic import synthetic_year
from tests.data.weather_builders import SEOUL, SEOUL_FOLDER, seoul_climate

SEEDS = (1, 2, 3)


@pytest.fixture(scope="module", params=SEEDS)
def drawn(request: pytest.FixtureRequest):
    return synthetic_year(2026, request.param, seoul_climate(), SEOUL)


def test_it_says_what_it_is(drawn) -> None:
    assert drawn.kind is WeatherKind.SYNTHETIC
    assert "synthetic" in drawn.description
    assert "synthetic" in drawn.notes[0]
    assert drawn.repeats_yearly


def test_the_year_is_seouls(drawn) -> None:
    """Totals of three files: GHI 1,442 to 1,529 kWh/m², DNI 1,479 to 1,669, DHI 560 to 600, mean 12.3 to 13.3 °C."""
    assert 1440 < drawn.ghi_w_per_m2.sum() / 1e3 < 1530
    assert 1470 < drawn.dni_w_per_m2.sum() / 1e3 < 1670
    assert 560 < drawn.dhi_w_per_m2.sum() / 1e3 < 600
    assert 12.3 < drawn.temp_c.mean() < 13.3
    assert -20 < drawn.temp_c.min() < -9
    assert 32 < drawn.temp_c.max() < 39
    assert 2.0 < drawn.wind_m_per_s.mean() < 2.6


def test_months_have_their_means(drawn) -> None:
    climate = seoul_climate()
    local = drawn.times_utc + np.timedelta64(8, "h")
    month = local.astype("datetime64[M]").astype(int) % 12
    above = mean_horizontal_extraterrestrial_w_per_m2(drawn.times_utc, 1.0, SEOUL)
    for index in range(12):
        hours = month == index
        clearness = drawn.ghi_w_per_m2[hours].reshape(-1, 24).sum(1) / above[hours].reshape(-1, 24).sum(1)
        assert clearness.mean() == pytest.approx(climate.clearness_mean[index], rel=0.01)
        assert clearness.std() == pytest.approx(climate.clearness_std[index], rel=0.12)
        assert clearness.max() <= climate.clearness_high[index] + 1e-9
        assert drawn.temp_c[hours].mean() == pytest.approx(climate.temp_mean_c[index], abs=0.02)
        daily = drawn.temp_c[hours].reshape(-1, 24).mean(1)
        date = np.arange(len(daily))
        anomaly = daily - np.polyval(np.polyfit(date, daily, 1), date)
        assert anomaly.std() == pytest.approx(climate.temp_day_std_c[index], rel=0.2)
        assert drawn.wind_m_per_s[hours].mean() == pytest.approx(climate.wind_mean_m_per_s[index], rel=0.02)
        share = drawn.dhi_w_per_m2[hours].sum() / drawn.ghi_w_per_m2[hours].sum()
        assert share == pytest.approx(climate.diffuse_share[index], abs=0.02)


def test_light_is_physical(drawn) -> None:
    sun = sun_at(drawn.times_utc + np.timedelta64(30, "m"), SEOUL)
    closure = drawn.dhi_w_per_m2 + drawn.dni_w_per_m2 * sun.cos_zenith - drawn.ghi_w_per_m2
    assert np.abs(closure).max() < 1e-6
    assert drawn.ghi_w_per_m2[sun.cos_zenith == 0.0].max() == 0.0
    assert (drawn.ghi_w_per_m2 <= sun.extraterrestrial_w_per_m2).all()
    assert drawn.dni_w_per_m2.max() < 1000


def test_the_warmest_hour_is_in_the_afternoon_and_clear_days_swing_more(drawn) -> None:
    days = drawn.temp_c.reshape(-1, 24)
    assert 12 <= days.mean(axis=0).argmax() <= 15
    swing, light = np.ptp(days, axis=1), drawn.ghi_w_per_m2.reshape(-1, 24).sum(axis=1)
    summer = slice(150, 270)
    assert np.corrcoef(swing[summer], light[summer])[0, 1] > 0.3


def test_same_seed_same_bits_other_seed_other_year() -> None:
    one, same, other = (synthetic_year(2026, seed, seoul_climate(), SEOUL) for seed in (5, 5, 6))
    assert one.sha256 == same.sha256 != other.sha256


def test_measuring_what_was_drawn_gives_the_statistics_back() -> None:
    """The estimator and the generator are two methods; over some years they agree."""
    climate = seoul_climate()
    measured = monthly_climate([synthetic_year(2026, seed, climate, SEOUL) for seed in range(4)])
    for name, tolerance in {
        "clearness_mean": 0.004,
        "clearness_std": 0.004,
        "diffuse_share": 0.005,
        "temp_mean_c": 0.01,
        "temp_swing_c": 0.1,
        "temp_peak_h": 0.15,
        "wind_mean_m_per_s": 0.002,
        "wind_std_m_per_s": 0.005,
        "wind_hour_lag1": 0.05,
        "temp_day_std_c": 0.08,
    }.items():
        assert np.abs(getattr(measured, name) - getattr(climate, name)).max() < tolerance, name
    # one month's thirty days under-estimate a correlation by about (1 + 4 rho)/30 and scatter by 0.2
    for name in ("clearness_lag1", "temp_day_lag1"):
        assert -0.2 < (getattr(measured, name) - getattr(climate, name)).mean() < 0.05, name


def test_the_southern_year_has_its_summer_light_in_january() -> None:
    south = synthetic_year(2026, 1, seoul_climate(), Place(-33.9, 151.2, 20.0))
    assert south.ghi_w_per_m2[: 31 * 24].sum() > 1.5 * south.ghi_w_per_m2[24 * 160 : 24 * 191].sum()


def test_climate_refuses_gaps() -> None:
    broken = seoul_climate().temp_mean_c.copy()
    broken[3] = np.nan
    with pytest.raises(InvalidInput, match="temp_mean_c: not twelve finite numbers"):
        replace(seoul_climate(), temp_mean_c=broken)
    with pytest.raises(InvalidInput, match="not twelve"):
        replace(seoul_climate(), wind_std_m_per_s=np.ones(11))


def test_climate_is_measured_from_whole_years_of_hours() -> None:
    year = synthetic_year(2026, 1, seoul_climate(), SEOUL)
    quarter = year.at(year.times_utc[0] + np.arange(400) * np.timedelta64(900, "s"), 0.25)
    with pytest.raises(InvalidInput, match=r"its steps are 0.25 h"):
        monthly_climate([quarter])
    with pytest.raises(InvalidInput, match="month 12 has 0 days"):
        monthly_climate([year.at(year.times_utc[:5000], 1.0)])


def _table(tmp_path: Path, change) -> ProblemList:
    text = (SEOUL_FOLDER / "weather_statistics.csv").read_text(encoding="utf-8")
    path = tmp_path / "weather_statistics.csv"
    path.write_text(change(text), encoding="utf-8")
    problems = ProblemList()
    statistics = read_table(path, table("weather_statistics"), problems, file="weather_statistics.csv")
    check_months({"weather_statistics": statistics} if statistics is not None else {}, problems)
    return problems


def test_the_table_of_statistics_is_checked(tmp_path: Path) -> None:
    assert not len(_table(tmp_path, lambda text: text))
    assert "months 12 are missing" in str(next(iter(_table(tmp_path, lambda t: t[: t.index("\n12,") + 1]))))
    low = _table(tmp_path, lambda text: text.replace("\n3,0.5", "\n3,0.05"))
    assert "not between the lowest and the highest" in str(next(iter(low)))


@pytest.mark.real_data
def test_the_shipped_statistics_are_those_of_the_files(real_seoul: Path) -> None:
    files = sorted((real_seoul / "weather").iterdir())
    measured = monthly_climate([read_weather(path) for path in files if path.suffix in {".epw", ".csv"}])
    for field in fields(MonthlyClimate):
        shipped = getattr(seoul_climate(), field.name)
        assert np.allclose(shipped, getattr(measured, field.name), rtol=2e-3, atol=2e-3), field.name
