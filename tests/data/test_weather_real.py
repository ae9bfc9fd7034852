"""Real weather files of Seoul: what their labels are, measured against the sun."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data.solar_position import sun_at
from data.weather import Weather, WeatherKind
from data.weather_files import read_weather
from data.weather_labels import alignment

pytestmark = pytest.mark.real_data

ERA5_2023 = "openmeteo_era5_seoul_37.50N_127.00E_2023.csv"
ERA5_2024 = "openmeteo_era5_seoul_37.50N_127.00E_2024.csv"
TMYX = "KOR_SO_Seoul.WS.471080_TMYx.2011-2025.epw"


@pytest.fixture(scope="module")
def real(real_seoul: Path) -> dict[str, Weather]:
    return {name: read_weather(real_seoul / "weather" / name) for name in (ERA5_2023, ERA5_2024, TMYX)}


@pytest.mark.parametrize(
    ("name", "ghi", "dni", "dhi", "mean_c"),
    [(ERA5_2023, 1442, 1479, 593, 12.29), (ERA5_2024, 1473, 1507, 595, 12.92), (TMYX, 1529, 1669, 560, 13.28)],
)
def test_yearly_totals_are_the_published_ones(
    real: dict[str, Weather], name: str, ghi: float, dni: float, dhi: float, mean_c: float
) -> None:
    weather = real[name]
    assert weather.ghi_w_per_m2.sum() / 1e3 == pytest.approx(ghi, abs=1)
    assert weather.dni_w_per_m2.sum() / 1e3 == pytest.approx(dni, abs=1)
    assert weather.dhi_w_per_m2.sum() / 1e3 == pytest.approx(dhi, abs=1)
    assert weather.temp_c.mean() == pytest.approx(mean_c, abs=0.01)


def test_reanalysis_is_labelled_as_documented(real: dict[str, Weather]) -> None:
    for name in (ERA5_2023, ERA5_2024):
        assert real[name].notes == ()
        assert real[name].kind is WeatherKind.MEASURED_OR_REANALYSIS
        fit = alignment(real[name].times_utc, 1.0, real[name].ghi_w_per_m2, real[name].place)
        assert fit.shift_h == 0.0
        assert fit.night_share == 0.0
    assert len(real[ERA5_2023].times_utc) == 8760
    assert len(real[ERA5_2024].times_utc) == 8784


def test_the_typical_year_is_half_an_hour_late_and_moved(real: dict[str, Weather]) -> None:
    assert "moved 0.5 h later" in real[TMYX].notes[0]
    moved = real[TMYX]
    assert alignment(moved.times_utc, 1.0, moved.ghi_w_per_m2, moved.place).shift_h == 0.0


def test_the_move_agrees_with_the_reanalysis_of_the_same_month(real: dict[str, Weather]) -> None:
    """January of the typical year is January 2023: an independent check that half an hour is right."""
    january = real[ERA5_2023].times_utc[24 : 30 * 24]
    theirs = real[ERA5_2023].at(january, 1.0)

    def agreement(name: str, minutes: int) -> float:
        ours = real[TMYX].at(january + np.timedelta64(minutes, "m"), 1.0)
        return float(np.corrcoef(getattr(ours, name), getattr(theirs, name))[0, 1])

    assert agreement("ghi_w_per_m2", 0) > 0.985
    assert agreement("ghi_w_per_m2", 0) > max(agreement("ghi_w_per_m2", minutes) for minutes in (-30, 30))
    assert agreement("temp_c", 0) > max(agreement("temp_c", minutes) for minutes in (-60, 60))


def test_the_parts_of_light_are_a_whole(real: dict[str, Weather]) -> None:
    for weather in real.values():
        cosine = sun_at(weather.times_utc + np.timedelta64(30, "m"), weather.place).cos_zenith
        high = cosine > 0.2
        gap = weather.dhi_w_per_m2 + weather.dni_w_per_m2 * cosine - weather.ghi_w_per_m2
        assert np.abs(gap[high]).sum() < 0.01 * weather.ghi_w_per_m2[high].sum()
