r"""How a day may go: sun, temperature, vehicles and the energy of buses drawn from the twin's own models.

Errors of a forecast fade with time: :math:`z_{t+1} = a z_t + \sqrt{1 - a^2}\,\epsilon_t`, :math:`a = e^{-h/\tau}`, with
the spread σ and the memory τ of the table `forecast_errors`. Temperature errs by σ z, the sun by the factor
:math:`e^{\sigma z - \sigma^2 / 2}`; vehicles are drawn anew; their energy, and that of
buses, errs by one factor a day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from data.errors import InvalidInput, Problem
from data.weather import BOUNDS, Weather
from optimizers.arrays import Floats
from optimizers.assets.charging import Charging
from optimizers.envelopes import Envelopes
from optimizers.two_stage import Outcome
from twin.city_problem import charging_block
from twin.day import CityDay, city_day
from twin.ev_sessions import Sessions

BRIGHTEST = 0.75
"""Share of what irradiance can be on Earth that an error makes of a duller hour at most."""

IRRADIANCE = ("ghi_w_per_m2", "dni_w_per_m2", "dhi_w_per_m2")


@dataclass(frozen=True)
class ForecastError:
    """Spread and memory (h) of the error of one forecast."""

    spread: float
    memory_h: float


@dataclass(frozen=True, eq=False)
class DrawnDay:
    """One way a day may go.

    Attributes
    ----------
    day
        The day as it turns out.
    bus_factor
        Energy of every duty over what was expected.
    """

    day: CityDay
    bus_factor: float


def forecast_errors(day: CityDay) -> dict[str, ForecastError]:
    """Return how far each forecast of a city errs.

    Raises
    ------
    InvalidInput
        When the city has no table of them, or it leaves one out.
    """
    table = day.city.folder.tables.get("forecast_errors")
    rows = [] if table is None else table.to_dict("records")
    found = {str(row["quantity"]): ForecastError(float(row["spread"]), float(row["memory_h"])) for row in rows}
    missing = {"temperature_c", "solar", "vehicle_energy", "bus_energy"} - set(found)
    if missing:
        what = f"no error of {', '.join(sorted(missing))}"
        raise InvalidInput([Problem("forecast_errors.csv", 0, "quantity", what, "add a row for each")])
    return found


def protected(day: CityDay, sure: float) -> tuple[CityDay, float]:
    """Return a day whose duties take what they take at most with a probability, and that factor."""
    factor = float(np.exp(forecast_errors(day)["bus_energy"].spread * NormalDist().inv_cdf(sure)))
    garages = {
        name: replace(garage, problem=replace(garage.problem, trip_kwh=factor * garage.problem.trip_kwh))
        for name, garage in day.garages.items()
    }
    return replace(day, garages=garages), factor


def draw_days(day: CityDay, weather: Weather, count: int, seed: int) -> list[DrawnDay]:
    """Draw ways a day may go; the same seed gives the same days.

    Parameters
    ----------
    day
        The day as it is expected.
    weather
        The weather it was made from.
    count, seed
        How many, and from where. Different seeds give independent days.

    Raises
    ------
    InvalidInput
        For fewer than one, and as `forecast_errors`.
    """
    if count < 1:
        raise InvalidInput([Problem("scenarios", 0, "", f"{count} scenarios", "ask for at least 1")])
    errors = forecast_errors(day)
    return [_draw(day, weather, errors, np.random.default_rng([seed, k]), 1 + seed * 10_000 + k) for k in range(count)]


def _draw(
    day: CityDay, weather: Weather, errors: dict[str, ForecastError], rng: np.random.Generator, number: int
) -> DrawnDay:
    city = day.city
    changed = drawn_weather(weather, errors, rng)
    own_seed = replace(city.folder.settings, seed=city.folder.settings.seed + number)
    other = replace(city, folder=replace(city.folder, settings=own_seed))
    drawn = city_day(other, day.planning.service_date, changed)
    energy = float(np.exp(errors["vehicle_energy"].spread * rng.standard_normal()))
    bus = float(np.exp(errors["bus_energy"].spread * rng.standard_normal()))
    return DrawnDay(replace(drawn, sessions=with_energy(drawn.sessions, energy), garages=day.garages), bus)


def drawn_weather(weather: Weather, errors: dict[str, ForecastError], rng: np.random.Generator) -> Weather:
    """Return the weather as it may turn out."""
    steps, hours = len(weather.times_utc), weather.step_h
    warmer = errors["temperature_c"].spread * fading(errors["temperature_c"].memory_h, steps, hours, rng)
    spread = errors["solar"].spread
    brighter = np.exp(spread * fading(errors["solar"].memory_h, steps, hours, rng) - spread**2 / 2)
    sun = {}
    for name in IRRADIANCE:
        expected = getattr(weather, name)
        sun[name] = np.minimum(expected * brighter, np.maximum(expected, BRIGHTEST * BOUNDS[name][1]))
    return replace(weather, temp_c=np.clip(weather.temp_c + warmer, *BOUNDS["temp_c"]), **sun)


def fading(memory_h: float, steps: int, step_h: float, rng: np.random.Generator) -> Floats:
    """Return (T,) a stationary series of mean 0 and spread 1 whose memory fades with a time constant."""
    keep = float(np.exp(-step_h / memory_h)) if memory_h > 0 else 0.0
    noise = rng.standard_normal(steps)
    series = np.empty(steps)
    series[0] = noise[0]
    for step in range(1, steps):
        series[step] = keep * series[step - 1] + np.sqrt(1.0 - keep**2) * noise[step]
    return series


def with_energy(sessions: Sessions, factor: float) -> Sessions:
    """Return sessions that need more or less energy, no more than their stay allows."""
    room = sessions.max_kw * (sessions.depart_h - sessions.start_h)
    return replace(sessions, energy_kwh=np.minimum(sessions.energy_kwh * factor, room))


def outcomes_of(days: list[DrawnDay], buses: int) -> list[Outcome]:
    """Return days as outcomes: the vehicles of each bus and tariff are one asset, the same in every outcome.

    `buses` is the number of buses of the network. The sum of the envelopes of vehicles lets them take turns, which each
    vehicle alone may not: what a site is given is shared out among its vehicles as they come.
    """
    blocks = [charging_block(drawn.day) for drawn in days]
    key = [block.bus * len(block.price_krw_per_kwh) + block.price_row for block in blocks]
    assets = np.unique(np.concatenate(key))
    return [
        Outcome(drawn.day.fixed_kw, drawn.day.fixed_kvar, _gathered(block, own, assets))
        for drawn, block, own in zip(days, blocks, key, strict=True)
        if drawn.day.fixed_kw.shape[1] == buses
    ]


def _gathered(block: Charging, key: np.ndarray, assets: np.ndarray) -> Charging:
    """Return one asset for each key, the envelopes of its sessions added up."""
    place = np.searchsorted(assets, key)

    def added(values: Floats) -> Floats:
        total = np.zeros((len(assets), values.shape[1]))
        np.add.at(total, place, values)
        return total

    own = block.envelopes
    envelopes = Envelopes(added(own.power_limit_kw), added(own.latest_kwh), added(own.earliest_kwh))
    bus, row = np.divmod(assets, len(block.price_krw_per_kwh))
    return replace(block, bus=bus, price_row=row, envelopes=envelopes)


def buses_served(day: CityDay, energy_kwh: dict[str, Floats], factor: float) -> bool:
    """Return whether every bus has what it needs when all duties take `factor` of what the day's problems say.

    `energy_kwh` is (B, T + 1) stored energy of each garage's buses under the plan.
    """
    for name, garage in day.garages.items():
        problem = garage.problem
        used = np.cumsum(problem.trip_kwh, axis=1) * (factor - 1.0)
        left = energy_kwh[name][:, 1:] - used
        if (left < problem.buses.min_kwh[:, np.newaxis] - 1e-6).any():
            return False
    return True
