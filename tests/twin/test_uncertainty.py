"""Ways a day may go: drawn from stated errors, reproducible, and gathered into outcomes that lose no energy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.city_folder import read_city_folder
from data.errors import InvalidInput
from data.weather import Weather
from optimizers.coordination import CoordinationSettings
from optimizers.fleet import FleetSettings
from tests.twin.town import SERVICE_DATE, write_town
from twin.city import build_city, embedded_weather
from twin.city_problem import city_problem
from twin.day import CityDay, city_day
from twin.scenario import scenario_of
from twin.schedule_answers import uncertain_sentences
from twin.schedule_scenario import depot_plans
from twin.uncertain_plan import plan_under_uncertainty
from twin.uncertainty import buses_served, draw_days, fading, outcomes_of, protected, with_energy


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> tuple[CityDay, Weather]:
    folder: Path = tmp_path_factory.mktemp("town")
    city = read_city_folder(write_town(folder))
    weather = embedded_weather(city, SERVICE_DATE.year)
    built = build_city(city, scenario_of(city, "today"), folder / "cache", None)
    return city_day(built, SERVICE_DATE, weather), weather


def test_errors_fade_with_their_memory_and_have_their_spread() -> None:
    series = fading(6.0, 40_000, 0.5, np.random.default_rng(1))
    assert series.std() == pytest.approx(1.0, abs=0.05)
    later = np.corrcoef(series[:-12], series[12:])[0, 1]
    assert later == pytest.approx(np.exp(-1.0), abs=0.05)
    assert fading(0.0, 3, 1.0, np.random.default_rng(2)).shape == (3,)


def test_the_same_seed_gives_the_same_days(town: tuple[CityDay, Weather]) -> None:
    one, two = draw_days(*town, 1, 5)[0], draw_days(*town, 1, 5)[0]
    other = draw_days(*town, 1, 6)[0]
    assert (one.day.fixed_kw == two.day.fixed_kw).all()
    assert one.bus_factor == two.bus_factor != other.bus_factor
    assert not np.array_equal(one.day.fixed_kw, other.day.fixed_kw)


def test_outcomes_hold_the_energy_of_their_sessions(town: tuple[CityDay, Weather]) -> None:
    drawn = draw_days(*town, 2, 3)
    buses = town[0].fixed_kw.shape[1]
    for one, outcome in zip(drawn, outcomes_of(drawn, buses), strict=True):
        assert outcome.vehicles.envelopes.latest_kwh[:, -1].sum() == pytest.approx(one.day.sessions.energy_kwh.sum())
    first, second = outcomes_of(drawn, buses)
    assert first.vehicles.bus.tolist() == second.vehicles.bus.tolist()


def test_no_session_needs_more_than_its_stay_allows(town: tuple[CityDay, Weather]) -> None:
    sessions = town[0].sessions
    more = with_energy(sessions, 3.0)
    room = sessions.max_kw * (sessions.depart_h - sessions.start_h)
    assert (more.energy_kwh <= room + 1e-9).all()
    assert (more.energy_kwh >= sessions.energy_kwh - 1e-6).all()


def test_plan_for_many_days_is_tested_on_fresh_ones(town: tuple[CityDay, Weather]) -> None:
    day, weather = town
    careful, factor = protected(day, 0.95)
    assert factor == pytest.approx(np.exp(0.05 * 1.6449), rel=1e-3)
    fleet = FleetSettings(20.0, 1e-2, 1, 1)
    problem = city_problem(careful, depot_plans(careful, fleet), fleet)
    found = plan_under_uncertainty(careful, weather, problem, 2, CoordinationSettings(30.0, 5e-3, 1), 1, factor)
    assert found.known_krw <= found.inside.mean_krw
    assert found.inside.lower_bound_krw <= found.inside.mean_krw
    assert 0.0 <= found.kept_share <= 1.0
    for lang in ("ko", "en"):
        assert len(uncertain_sentences(found, lang)) == 3


def test_buses_go_short_when_duties_take_more_than_is_stored(town: tuple[CityDay, Weather]) -> None:
    day = town[0]
    stored = {
        name: np.tile(garage.problem.buses.max_kwh[:, None], (1, day.steps + 1)) for name, garage in day.garages.items()
    }
    assert buses_served(day, stored, 1.0)
    assert not buses_served(day, stored, 50.0)


@pytest.mark.parametrize("count", [0, -3])
def test_no_scenario_is_refused(town: tuple[CityDay, Weather], count: int) -> None:
    with pytest.raises(InvalidInput, match="at least 1"):
        draw_days(*town, count, 1)


def test_city_without_forecast_errors_is_refused(town: tuple[CityDay, Weather]) -> None:
    day, weather = town
    folder = day.city.folder
    tables = {name: table for name, table in folder.tables.items() if name != "forecast_errors"}
    bare = replace(day, city=replace(day.city, folder=replace(folder, tables=tables)))
    with pytest.raises(InvalidInput, match="bus_energy, solar, temperature_c, vehicle_energy"):
        draw_days(bare, weather, 1, 1)
