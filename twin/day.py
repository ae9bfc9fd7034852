"""One planning day of a city: weather, loads nobody moves, vehicles and garages that can be planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from data.errors import ProblemList
from data.weather import Weather
from twin.buses_day import GarageDay, garage_days
from twin.buses_rules import HORIZON_H, PlanningDay, depot_rules
from twin.city import City
from twin.city_assets import CityAssets, city_assets, power_at_buses_kw, power_by_class_kw
from twin.city_assets_batteries import CityBatteries, city_batteries
from twin.demand import at_medium_voltage_kw, district_demand_kw
from twin.demand_buses import bus_load, sum_at_buses
from twin.ev_envelopes import EnvelopeSet, envelopes
from twin.ev_sessions import Sessions, draw_sessions
from twin.solar import solar_generation_kw
from twin.solar_buses import bus_share, generation_at_buses_kw

MISSING_SHARE = 0.05
"""Share of a garage's energy that may be handed on to buses of other kinds before its tables are taken for wrong."""

Floats = NDArray[np.float64]
Times = NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class CityDay:
    """A city on one planning day, before anybody plans.

    Attributes
    ----------
    city, planning, weather
        The city, the day's steps (T), and the weather as means of those steps.
    demand_kw
        (time, district, contract_class) load at medium voltage.
    solar_kw
        (T, D) generation by district, D as `City.districts`.
    fixed_kw, fixed_kvar
        (T, N) load at every bus that nobody plans: demand and other assets less solar. Consumption positive.
    solar_at_buses_kw, assets_at_buses_kw
        (T, N) what of `fixed_kw` is solar (generation positive) and other assets besides the demand.
    sessions, vehicles
        Charging sessions and what they add up to at each bus.
    garages
        The day of every garage, with its depot problem, by garage id.
    assets, batteries
        The city's other assets, and its stationary batteries.
    asset_kw
        (T, C) power of each class of other assets; those the sales statistics hold already are in `demand_kw`.
    """

    city: City
    planning: PlanningDay
    weather: Weather
    demand_kw: xr.DataArray
    solar_kw: Floats
    fixed_kw: Floats
    fixed_kvar: Floats
    solar_at_buses_kw: Floats
    assets_at_buses_kw: Floats
    sessions: Sessions
    vehicles: EnvelopeSet
    garages: Mapping[str, GarageDay]
    assets: CityAssets
    batteries: CityBatteries
    asset_kw: Floats

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.planning.times_utc)

    @property
    def step_h(self) -> float:
        """Length of a step."""
        return self.planning.step_h


def day_steps_utc(service_date: date, city: City) -> Times:
    """Return the starts of the steps of a planning day, UTC: 24 hours from the city's start of the day."""
    settings = city.folder.settings
    start = datetime.combine(service_date, settings.day_start, tzinfo=settings.zone).astimezone(ZoneInfo("UTC"))
    first = np.datetime64(start.replace(tzinfo=None), "ns")
    steps = round(HORIZON_H / settings.step_h)
    return np.asarray(first + np.arange(steps) * np.timedelta64(settings.step_min, "m").astype("timedelta64[ns]"))


def city_day(city: City, service_date: date, weather: Weather) -> CityDay:
    """Draw and add up everything that happens on a day.

    Parameters
    ----------
    city
        The city.
    service_date
        Local date on which the planning day begins.
    weather
        Must cover the day; the four days before it are used where it has them.

    Raises
    ------
    InvalidInput
        When the weather does not cover the day.
    """
    settings, folder = city.folder.settings, city.folder
    times, step_h = day_steps_utc(service_date, city), settings.step_h
    steps = weather.at(times, step_h)
    planning = PlanningDay(times, step_h, settings.zone, folder.calendar, service_date, steps.temp_c)
    metered = district_demand_kw(city.demand, weather, times, step_h, city.local_days)
    metered = metered.sel(district=list(city.districts))
    demand_kw = at_medium_voltage_kw(city.demand, metered)
    load_kw, load_kvar = bus_load(city.demand, metered, city.load_points, seed=settings.seed)
    buses = len(city.grid.network.buses.id)
    solar_kw, solar_at_buses = _solar(city, steps)
    assets = city_assets(folder.tables, city.ev_points, city.scenario.name, settings.seed)
    added_kw = power_at_buses_kw(assets, times, settings.zone, buses, only_added=True)
    sessions = draw_sessions(
        city.ev,
        city.ev_points,
        times,
        step_h,
        folder.calendar.day_type(service_date),
        float(steps.temp_c.mean()),
        settings.seed,
        settings.timezone,
    )
    garages = garage_days(
        city.buses, city.tariffs, planning, depot_rules(folder), settings.seed, districts=frozenset(city.districts)
    )
    _require_served(garages)
    return CityDay(
        city=city,
        planning=planning,
        weather=steps,
        demand_kw=demand_kw,
        solar_kw=solar_kw,
        fixed_kw=sum_at_buses(load_kw, city.load_points, buses) - solar_at_buses + added_kw.T,
        fixed_kvar=sum_at_buses(load_kvar, city.load_points, buses),
        solar_at_buses_kw=solar_at_buses,
        assets_at_buses_kw=added_kw.T,
        sessions=sessions,
        vehicles=envelopes(sessions, len(times), step_h),
        garages=garages,
        assets=assets,
        batteries=city_batteries(folder.tables, city.ev_points),
        asset_kw=power_by_class_kw(assets, times, settings.zone, only_added=False).T,
    )


def _require_served(garages: Mapping[str, GarageDay]) -> None:
    """Refuse garages whose outlets cannot give their buses the energy of a day; a few trips handed on are normal."""
    problems = ProblemList()
    for name, day in garages.items():
        wanted_kwh = float(day.problem.trip_kwh.sum()) + day.handed_on_kwh
        missing_kwh = day.handed_on_kwh + day.short_kwh
        if missing_kwh > MISSING_SHARE * wanted_kwh:
            what = (
                f"{day.garage.bus_count} buses of garage {name} need {wanted_kwh:,.0f} kWh on the day, its "
                f"{day.garage.charger_count} outlets of {day.garage.charger_kw:g} kW leave {missing_kwh:,.0f} missing"
            )
            problems.add(
                "garage_sites.csv", what, "add outlets or power, or move buses to another garage", field="chargers"
            )
    problems.raise_if_any()


def _solar(city: City, weather: Weather) -> tuple[Floats, Floats]:
    """Return generation by district (T, D) and at every bus (T, N); roofs go with the size of the transformer."""
    fleet = city.solar
    generation = solar_generation_kw(weather, fleet, weather.times_utc, weather.step_h)
    inside = np.isin(fleet.district, city.districts)
    share = bus_share(fleet, city.grid.buses.district, city.grid.buses.rating_kva, systems=inside)
    by_district = np.stack([generation[:, fleet.district == code].sum(axis=1) for code in city.districts], axis=1)
    return by_district, generation_at_buses_kw(generation, share)
