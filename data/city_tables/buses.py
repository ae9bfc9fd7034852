"""Tables of electric buses: garages, fleets, chargers, vehicle types and the service they run."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from data.city_tables.rules import Check
from data.errors import ProblemList
from data.schema import Column, Kind, Parameter, TableSchema

DAY_TYPES = ("workday", "saturday", "holiday")

GARAGES = TableSchema(
    name="garages",
    columns=(
        Column("id", Kind.TEXT, "Short name.", unique=True),
        Column("name_ko", Kind.TEXT, "Name in the local language."),
        Column("name_en", Kind.TEXT, "Name in Latin letters."),
        Column("district", Kind.TEXT, "Code of the district.", refers_to="districts.code"),
        Column("longitude", Kind.NUMBER, "Longitude, WGS 84.", unit="°", lower=-180, upper=180),
        Column("latitude", Kind.NUMBER, "Latitude, WGS 84.", unit="°", lower=-90, upper=90),
        Column("kind", Kind.CHOICE, "Who owns it.", choices=("public", "company")),
        Column("base_kw", Kind.NUMBER, "Mean power of workshop, washing and light.", unit="kW", lower=0, upper=5000),
    ),
    key=("id",),
    meaning="One bus garage.",
    located=True,
)

GARAGE_FLEETS = TableSchema(
    name="garage_fleets",
    columns=(
        Column("scenario", Kind.TEXT, "Name of the scenario."),
        Column("garage", Kind.TEXT, "Garage.", refers_to="garages.id"),
        Column("bus_type", Kind.TEXT, "Type of the buses.", refers_to="bus_types.id"),
        Column("buses", Kind.INTEGER, "Electric buses at home there.", lower=1, upper=2000),
    ),
    key=("scenario", "garage", "bus_type"),
    meaning="Electric buses of one type at one garage in one scenario.",
)

GARAGE_SITES = TableSchema(
    name="garage_sites",
    columns=(
        Column("scenario", Kind.TEXT, "Name of the scenario."),
        Column("garage", Kind.TEXT, "Garage.", refers_to="garages.id"),
        Column("chargers", Kind.INTEGER, "Outlets.", lower=1, upper=2000),
        Column("charger_kw", Kind.NUMBER, "Power of an outlet at the bus.", unit="kW", lower=5, upper=1000),
        Column("charger_efficiency", Kind.NUMBER, "From the meter to the bus.", lower=0.5, upper=1),
        Column("contract_kw", Kind.NUMBER, "Contract power of the connection.", unit="kW", lower=20, upper=40_000),
        Column("tariff", Kind.TEXT, "Tariff plan it pays.", refers_to="tariffs.tariff"),
        Column("billed_peak_kw", Kind.NUMBER, "Demand already billed this month.", unit="kW", lower=0, upper=40_000),
    ),
    key=("scenario", "garage"),
    meaning="Chargers and grid connection of one garage in one scenario.",
)

BUS_TYPES = TableSchema(
    name="bus_types",
    columns=(
        Column("id", Kind.TEXT, "Short name.", unique=True),
        Column("name", Kind.TEXT, "Description."),
        Column("battery_kwh", Kind.NUMBER, "Size of the battery.", unit="kWh", lower=10, upper=2000),
        Column("min_soc", Kind.NUMBER, "Lowest state of charge in service, 0 to 1.", lower=0, upper=1),
        Column("max_soc", Kind.NUMBER, "Highest state of charge, 0 to 1.", lower=0, upper=1),
        Column("max_charge_kw", Kind.NUMBER, "Charging power of the bus.", unit="kW", lower=5, upper=1000),
        Column("charge_efficiency", Kind.NUMBER, "From inlet to cells.", lower=0.5, upper=1),
        Column("drive_kwh_per_km", Kind.NUMBER, "Driving energy without climate.", "kWh/km", lower=0.1, upper=5),
        Column("standing_kw", Kind.NUMBER, "Drawn from the battery in the garage.", unit="kW", lower=0, upper=20),
        Column("taper_from_soc", Kind.NUMBER, "State of charge from which power falls.", lower=0, upper=1),
        Column("taper_end_share", Kind.NUMBER, "Share of the power left when full.", lower=0.01, upper=1),
        Column("v2g_kw", Kind.NUMBER, "Power it could feed back.", unit="kW", lower=0, upper=1000),
    ),
    key=("id",),
    meaning="One type of electric bus.",
)

ROUTE_TYPES = TableSchema(
    name="bus_route_types",
    columns=(
        Column("route_type", Kind.TEXT, "Short name.", unique=True),
        Column("routes", Kind.INTEGER, "Routes of the type.", lower=1, upper=10_000),
        Column("authorised_buses", Kind.INTEGER, "Buses on them.", lower=1, upper=100_000),
        Column("round_trip_km_mean", Kind.NUMBER, "Mean round trip.", unit="km", lower=1, upper=500),
        Column("round_trip_km_sd", Kind.NUMBER, "Its standard deviation.", unit="km", lower=0, upper=200),
        Column("first_departure_h", Kind.NUMBER, "First departure, local hour.", unit="h", lower=0, upper=36),
        Column("last_return_h", Kind.NUMBER, "Last return, local hour, may pass 24.", unit="h", lower=0, upper=36),
        Column("layover_min_h", Kind.NUMBER, "Shortest layover at the garage.", unit="h", lower=0, upper=5),
        Column("layover_max_h", Kind.NUMBER, "Longest ordinary layover.", unit="h", lower=0, upper=5),
    ),
    key=("route_type",),
    meaning="One kind of bus route.",
)

SPEEDS = TableSchema(
    name="bus_speeds",
    columns=(
        Column("hour", Kind.INTEGER, "Hour of the local day, 0 to 23.", lower=0, upper=23),
        Column("speed_km_per_h", Kind.NUMBER, "Speed with stops.", unit="km/h", lower=2, upper=120),
    ),
    key=("hour",),
    meaning="Commercial speed of buses in one hour of the day.",
)

CLIMATE = TableSchema(
    name="bus_climate",
    columns=(
        Column("temp_c", Kind.NUMBER, "Outdoor temperature.", unit="°C", lower=-60, upper=60),
        Column("climate_kw", Kind.NUMBER, "Heating, cooling and auxiliaries on the road.", "kW", lower=0, upper=60),
    ),
    key=("temp_c",),
    meaning="One point of the power of climate and auxiliaries; linear between points, constant outside.",
)

SERVICE_DAYS = TableSchema(
    name="bus_day_types",
    columns=(
        Column("day_type", Kind.CHOICE, "Kind of day.", choices=DAY_TYPES),
        Column("in_service_share", Kind.NUMBER, "Share of the fleet on duty.", lower=0.05, upper=1),
        Column("distance_factor", Kind.NUMBER, "Fleet distance over that of the mean day.", lower=0.05, upper=3),
        Column("km_per_bus", Kind.NUMBER, "Mean day's distance per registered bus.", unit="km", lower=1, upper=800),
    ),
    key=("day_type",),
    meaning="How much service runs on one kind of day.",
)

TABLES: tuple[TableSchema, ...] = (
    GARAGES,
    GARAGE_FLEETS,
    GARAGE_SITES,
    BUS_TYPES,
    ROUTE_TYPES,
    SPEEDS,
    CLIMATE,
    SERVICE_DAYS,
)

PARAMETERS: tuple[Parameter, ...] = (
    Parameter("bus_plug_min_h", "h", "Shortest time a bus is plugged to an outlet.", lower=0, upper=12),
    Parameter("bus_sessions_per_stay", "1", "Most times a bus is plugged in one stay.", lower=1, upper=20),
    Parameter("bus_handover_h", "h", "Time an outlet stays empty between two buses.", lower=0, upper=2),
    Parameter("bus_session_krw", "KRW", "Labour to plug and unplug a bus once.", lower=0, upper=1e6),
    Parameter("bus_reserve_soc", "1", "Energy above the need of a trip at departure.", lower=0, upper=0.5),
    Parameter("bus_start_soc", "1", "Mean filling of the allowed window at the day's start.", lower=0.5, upper=1),
    Parameter("bus_cell_krw_per_kwh", "KRW/kWh", "Price of a new battery, for its wear.", lower=0, upper=5e6),
    Parameter("bus_v2g_krw_per_kwh", "KRW/kWh", "Reward for energy a bus feeds back.", lower=0, upper=1e4),
    Parameter("bus_warranty_cycles_per_day", "1", "Full cycles a day feeding back may use.", lower=0, upper=10),
)


def check_sites(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    """Require a site for every garage with buses in a scenario, and a contract above the demand billed."""
    fleets, sites = tables.get("garage_fleets"), tables.get("garage_sites")
    if fleets is None or sites is None:
        return
    known = set(zip(sites["scenario"], sites["garage"], strict=True))
    for row, scenario, garage in zip(fleets.index, fleets["scenario"], fleets["garage"], strict=True):
        if (scenario, garage) not in known:
            what = f"garage {garage} has buses in scenario {scenario} but no chargers and no connection"
            fix = f"add its row to {GARAGE_SITES.filename}"
            problems.add(GARAGE_FLEETS.filename, what, fix, row=int(row), field="garage")
    for row, contract, peak in zip(sites.index, sites["contract_kw"], sites["billed_peak_kw"], strict=True):
        if peak > contract:
            what = f"the billed peak of {peak:g} kW is above the contract of {contract:g} kW"
            fix = "correct one of them"
            problems.add(GARAGE_SITES.filename, what, fix, row=int(row), field="billed_peak_kw")


def check_types(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    """Require an open window of the state of charge, and route types that run forward in time."""
    types = tables.get("bus_types")
    if types is not None:
        for row in types.index[types["min_soc"] >= types["max_soc"]]:
            what, fix = "min_soc is not below max_soc", "give the lower one first"
            problems.add(BUS_TYPES.filename, what, fix, row=int(row), field="min_soc")
    routes = tables.get("bus_route_types")
    if routes is None:
        return
    for row in routes.index[routes["last_return_h"] <= routes["first_departure_h"]]:
        what, fix = "the last return is not after the first departure", "count hours past midnight as 24 and more"
        problems.add(ROUTE_TYPES.filename, what, fix, row=int(row), field="last_return_h")
    for row in routes.index[routes["layover_max_h"] < routes["layover_min_h"]]:
        what, fix = "the longest layover is shorter than the shortest", "exchange them"
        problems.add(ROUTE_TYPES.filename, what, fix, row=int(row), field="layover_max_h")


def check_complete(tables: Mapping[str, pd.DataFrame], problems: ProblemList) -> None:
    """Require speeds for the whole day and service for every kind of day."""
    speeds = tables.get("bus_speeds")
    if speeds is not None and set(speeds["hour"]) != set(range(24)):
        missing = ", ".join(str(hour) for hour in sorted(set(range(24)) - set(speeds["hour"])))
        problems.add(SPEEDS.filename, f"hours {missing} are missing", "give one row for every hour", field="hour")
    days = tables.get("bus_day_types")
    if days is not None:
        for day_type in sorted(set(DAY_TYPES) - set(days["day_type"])):
            problems.add(SERVICE_DAYS.filename, f"{day_type} is missing", "add its row", field="day_type")


CHECKS: tuple[Check, ...] = (check_sites, check_types, check_complete)
